//! Text that compresses about as source code does.

use super::random::Random;

/// Words that all files draw from.
pub(super) struct Words(Vec<Vec<u8>>);

impl Words {
    pub(super) fn new(count: usize) -> Self {
        let mut random = Random::new(0x0077_6f72_6473);
        let word = |_| {
            let parts = 1 + random.below(3);
            let mut word = Vec::new();
            for part in 0..parts {
                if part > 0 {
                    word.push(b'_');
                }
                for _ in 0..=random.below(3) {
                    word.extend_from_slice(pick(SYLLABLES, random.below(SYLLABLES.len())));
                }
            }
            word
        };
        Self((0..count).map(word).collect())
    }

    /// Appends lines like code until there are at least `length` bytes.
    ///
    /// A file has its own few words, which come again and again, and some of everybody's.
    pub(super) fn code(&self, random: &mut Random, out: &mut Vec<u8>, length: usize) {
        let own: Vec<usize> = (0..WORDS_A_FILE).map(|_| random.skewed(self.0.len())).collect();
        let mut depth = 1;
        while out.len() < length {
            let form = pick(FORMS, random.below(FORMS.len()));
            if form.first() == Some(&b'}') && depth > 1 {
                depth -= 1;
            }
            out.extend(std::iter::repeat_n(b' ', 4 * depth));
            for byte in form {
                match byte {
                    b'%' if random.below(9) > 0 => {
                        let chosen = random.skewed(own.len());
                        out.extend_from_slice(self.word(own.get(chosen).copied()));
                    }
                    b'%' => out.extend_from_slice(self.word(Some(random.below(self.0.len())))),
                    b'#' => {
                        let number = random.draw() % 1_000;
                        out.extend_from_slice(number.to_string().as_bytes());
                    }
                    _ => out.push(*byte),
                }
            }
            if form.last() == Some(&b'{') && depth < DEPTH_MAX {
                depth += 1;
            }
            out.push(b'\n');
        }
    }

    /// Appends sentences until there are at least `length` bytes.
    pub(super) fn prose(&self, random: &mut Random, out: &mut Vec<u8>, length: usize) {
        let mut column = 0;
        while out.len() < length {
            let word = self.word(Some(random.skewed(self.0.len())));
            out.extend_from_slice(word);
            column += word.len() + 1;
            out.push(if column > 90 { b'\n' } else { b' ' });
            if column > 90 {
                column = 0;
            }
        }
    }

    pub(super) fn word(&self, index: Option<usize>) -> &[u8] {
        index.and_then(|index| self.0.get(index)).map_or(b"it", Vec::as_slice)
    }

    pub(super) fn any<'a>(&'a self, random: &mut Random) -> &'a [u8] {
        self.word(Some(random.below(self.0.len())))
    }
}

fn pick<'a>(all: &[&'a [u8]], index: usize) -> &'a [u8] {
    all.get(index).copied().unwrap_or_default()
}

const SYLLABLES: &[&[u8]] = &[
    b"ar", b"be", b"ca", b"den", b"el", b"fo", b"ge", b"hi", b"in", b"jo", b"ka", b"lo", b"mer",
    b"no", b"or", b"pa", b"qui", b"re", b"ste", b"tion", b"un", b"ver", b"wi", b"xa", b"ty", b"zo",
];

/// `%` stands for a word, `#` for a number.
const FORMS: &[&[u8]] = &[
    b"let % = %.%(&%);",
    b"let % = %::%(%, #);",
    b"if %.%() == % {",
    b"}",
    b"}",
    b"%.%(%.%(), %)?;",
    b"/// % the % of every % that % has in %.",
    b"// % % % %, so the % % first",
    b"fn %(%: &%, %: usize) -> % {",
    b"assert_eq!(%.%(#), %);",
    b"match %.% {",
    b"% => %::%,",
    b"pub %: Option<%>,",
    b"use crate::%::%;",
    b"return %(%, %);",
    b"",
];

const WORDS_A_FILE: usize = 30;
const DEPTH_MAX: usize = 6;
