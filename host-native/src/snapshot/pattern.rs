//! One line of an ignore file, matched against raw bytes as git matches it.
//!
//! It is our own because a snapshot's root depends on it: what a pattern means must not change with
//! a library, names and patterns need not be UTF-8, and `{`, `}` and `[[:alpha:]]` mean what they
//! mean to git. A test compares it with `git check-ignore` on a table and on random patterns.

/// What one line of an ignore file says.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// It begins with `!`: what matches is taken in after all.
    pub(super) is_negated: bool,
    /// It ends with `/`: only directories match.
    only_directories: bool,
    /// Without a `/` inside it is about the last name alone, wherever that is.
    only_name: bool,
    glob: Glob,
}

impl Pattern {
    /// Reads a line without its line feed; `None` if it is blank or a comment or can match nothing.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        // To git a line ends at a NUL; no name holds one.
        let line = line.split(|byte| *byte == 0).next()?;
        if line.first() == Some(&b'#') {
            return None;
        }
        let line = without_trailing_spaces(line);
        let (is_negated, line) = match line.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (only_directories, line) = match line.strip_suffix(b"/") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let only_name = !line.contains(&b'/');
        let glob = Glob::parse(line.strip_prefix(b"/").unwrap_or(line))?;
        Some(Self { is_negated, only_directories, only_name, glob })
    }

    /// Tells whether it is about this entry: `name` is the last name of `path`, and `path` is
    /// relative to the directory of the ignore file.
    pub(super) fn matches(&self, name: &[u8], path: &[u8], is_directory: bool) -> bool {
        (is_directory || !self.only_directories)
            && self.glob.matches(if self.only_name { name } else { path })
    }
}

/// Takes unescaped spaces off the end; tabs stay.
fn without_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut end = 0;
    let mut bytes = line.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if *byte == b'\\' {
            bytes.next();
            end = (at + 2).min(line.len());
        } else if *byte != b' ' {
            end = at + 1;
        }
    }
    line.get(..end).unwrap_or(line)
}

/// A glob without its `!` and the slashes at its ends. The first two are what most lines are.
#[derive(Clone, Debug)]
enum Glob {
    /// These bytes.
    Literal(Vec<u8>),
    /// A star and these bytes, which hold no slash.
    Ending(Vec<u8>),
    /// Anything else.
    Parts(Vec<Part>),
}

#[derive(Clone, Debug)]
enum Part {
    /// This byte.
    Byte(u8),
    /// `?`: any byte but a slash.
    AnyByte,
    /// `[…]`: one of a set, never a slash.
    OneOf(Box<ByteSet>),
    /// `*`: any bytes but slashes.
    AnyName,
    /// `**` at the end: any bytes.
    AnyPath,
    /// `**/`: nothing, or any bytes up to a slash.
    AnyDirectories,
}

impl Glob {
    fn parse(pattern: &[u8]) -> Option<Self> {
        if pattern.is_empty() {
            return None;
        }
        if !pattern.iter().any(is_special) {
            return Some(Self::Literal(pattern.to_vec()));
        }
        match pattern.strip_prefix(b"*") {
            Some(ending) if !ending.iter().any(|byte| is_special(byte) || *byte == b'/') => {
                Some(Self::Ending(ending.to_vec()))
            }
            _ => parse_parts(pattern).map(Self::Parts),
        }
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Literal(literal) => text == literal,
            Self::Ending(ending) => match text.strip_suffix(ending.as_slice()) {
                Some(star) => !star.contains(&b'/'),
                None => false,
            },
            Self::Parts(parts) => matches_parts(parts, text),
        }
    }
}

/// Reads a glob; `None` if it can match nothing: it ends inside a set or after a `\`.
fn parse_parts(pattern: &[u8]) -> Option<Vec<Part>> {
    let first_special = pattern.iter().position(is_special)?;
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((&byte, after)) = rest.split_first() {
        let at = pattern.len() - rest.len();
        rest = after;
        match byte {
            b'\\' => {
                let (&escaped, after) = rest.split_first()?;
                rest = after;
                parts.push(Part::Byte(escaped));
            }
            b'?' => parts.push(Part::AnyByte),
            b'[' => {
                let (set, after) = ByteSet::parse(rest)?;
                rest = after;
                parts.push(Part::OneOf(Box::new(set)));
            }
            b'*' => {
                let stars = 1 + rest.iter().take_while(|byte| **byte == b'*').count();
                rest = rest.get(stars - 1..).unwrap_or_default();
                // git compares the bytes before the first special one by themselves, and to what
                // is left its stars stand at the beginning.
                let before = at.checked_sub(1).and_then(|before| pattern.get(before));
                let begins_name = before == Some(&b'/') || at == first_special;
                let any_depth = stars > 1 && begins_name;
                if any_depth && rest.is_empty() {
                    parts.push(Part::AnyPath);
                } else if any_depth && rest.first() == Some(&b'/') {
                    rest = rest.get(1..).unwrap_or_default();
                    parts.push(Part::AnyDirectories);
                } else if any_depth && rest.starts_with(b"\\/") {
                    parts.push(Part::AnyPath);
                } else {
                    parts.push(Part::AnyName);
                }
            }
            byte => parts.push(Part::Byte(byte)),
        }
    }
    Some(parts)
}

/// Matches all of `text`.
///
/// Goes back to the last star only, and behind it to the last `**` only: between two of these the
/// number of slashes is fixed, so the earliest match of what is between them is as good as any. The
/// time is at most the product of both lengths for each name of the path.
fn matches_parts(parts: &[Part], text: &[u8]) -> bool {
    let mut here = Place { part: 0, byte: 0 };
    let mut star: Option<Place> = None;
    let mut depth: Option<Place> = None;
    loop {
        let byte = text.get(here.byte).copied();
        let advance = match (parts.get(here.part), byte) {
            (None, None) => return true,
            (Some(Part::AnyName), _) => {
                star = Some(here);
                here.part += 1;
                continue;
            }
            (Some(Part::AnyPath | Part::AnyDirectories), _) => {
                (star, depth) = (None, Some(here));
                here.part += 1;
                continue;
            }
            (Some(part), Some(byte)) => part.takes(byte),
            _ => false,
        };
        if advance {
            here = Place { part: here.part + 1, byte: here.byte + 1 };
            continue;
        }
        // A star takes one byte more; then a `**` does.
        let longer_star = star.filter(|star| !matches!(text.get(star.byte), None | Some(b'/')));
        let again = match (longer_star, depth) {
            (Some(star), _) => Place { byte: star.byte + 1, ..star },
            (None, Some(depth)) => {
                star = None;
                let Some(rest) = text.get(depth.byte..).filter(|rest| !rest.is_empty()) else {
                    return false;
                };
                let step = match parts.get(depth.part) {
                    Some(Part::AnyPath) => Some(1),
                    _ => rest.iter().position(|byte| *byte == b'/').map(|slash| slash + 1),
                };
                let Some(step) = step else { return false };
                Place { byte: depth.byte + step, ..depth }
            }
            (None, None) => return false,
        };
        if longer_star.is_some() {
            star = Some(again);
        } else {
            depth = Some(again);
        }
        here = Place { part: again.part + 1, ..again };
    }
}

/// How far the parts and the text are used up.
#[derive(Clone, Copy)]
struct Place {
    part: usize,
    byte: usize,
}

impl Part {
    /// Whether it takes this one byte; stars do not come here.
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => byte == *wanted,
            Self::AnyByte => byte != b'/',
            Self::OneOf(set) => byte != b'/' && set.has(byte),
            Self::AnyName | Self::AnyPath | Self::AnyDirectories => false,
        }
    }
}

/// A set of bytes: one bit for each.
#[derive(Clone, Debug, Default)]
struct ByteSet([u64; 4]);

impl ByteSet {
    /// Reads a set after its `[`, up to and with its `]`.
    fn parse(input: &[u8]) -> Option<(Self, &[u8])> {
        let (is_negated, mut rest) = match input.split_first()? {
            (b'!' | b'^', rest) => (true, rest),
            _ => (false, input),
        };
        let mut set = Self::default();
        let mut is_first = true;
        // The byte before a `-`, if a range can begin with it.
        let mut before: Option<u8> = None;
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            match byte {
                b']' if !is_first => break,
                b'\\' => {
                    let (&escaped, after) = rest.split_first()?;
                    rest = after;
                    set.add(escaped..=escaped);
                    before = Some(escaped);
                }
                b'-' if before.is_some() && !matches!(rest.first(), None | Some(b']')) => {
                    let (last, after) = take_byte(rest)?;
                    rest = after;
                    set.add(before.unwrap_or(last)..=last);
                    before = None;
                }
                b'[' if rest.first() == Some(&b':') => {
                    let end = 1 + rest.get(1..)?.iter().position(|byte| *byte == b']')?;
                    match rest.get(1..end)?.split_last() {
                        Some((b':', class)) => {
                            set.add_class(class)?;
                            rest = rest.get(end + 1..)?;
                            before = None;
                        }
                        _ => {
                            set.add(b'['..=b'[');
                            before = Some(b'[');
                        }
                    }
                }
                byte => {
                    set.add(byte..=byte);
                    before = Some(byte);
                }
            }
            is_first = false;
        }
        if is_negated {
            set.0 = set.0.map(|bits| !bits);
        }
        Some((set, rest))
    }

    fn add(&mut self, bytes: std::ops::RangeInclusive<u8>) {
        for byte in bytes {
            if let Some(bits) = self.0.get_mut(usize::from(byte >> 6)) {
                *bits |= 1 << (byte & 63);
            }
        }
    }

    /// Adds a class such as `alpha`; `None` if there is none of that name.
    fn add_class(&mut self, name: &[u8]) -> Option<()> {
        let is_in: fn(&u8) -> bool = match name {
            b"alnum" => u8::is_ascii_alphanumeric,
            b"alpha" => u8::is_ascii_alphabetic,
            b"blank" => |byte| matches!(byte, b' ' | b'\t'),
            b"cntrl" => u8::is_ascii_control,
            b"digit" => u8::is_ascii_digit,
            b"graph" => u8::is_ascii_graphic,
            b"lower" => u8::is_ascii_lowercase,
            b"print" => |byte| (b' '..=b'~').contains(byte),
            b"punct" => u8::is_ascii_punctuation,
            b"space" => |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
            b"upper" => u8::is_ascii_uppercase,
            b"xdigit" => u8::is_ascii_hexdigit,
            _ => return None,
        };
        for byte in (0..=u8::MAX).filter(is_in) {
            self.add(byte..=byte);
        }
        Some(())
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|bits| bits >> (byte & 63) & 1 == 1)
    }
}

/// Takes one byte that may be escaped.
fn take_byte(input: &[u8]) -> Option<(u8, &[u8])> {
    match input.split_first()? {
        (b'\\', rest) => rest.split_first().map(|(byte, rest)| (*byte, rest)),
        (byte, rest) => Some((*byte, rest)),
    }
}

/// Bytes that are more than themselves in a glob.
fn is_special(byte: &u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}
