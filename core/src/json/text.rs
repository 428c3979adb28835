//! Strings: their escapes and their order (JSON-1, JSON-2).

use alloc::{string::String, vec::Vec};
use core::{cmp::Ordering, str::Chars};

/// The characters of a string whose escapes were checked.
pub(super) fn unescaped(raw: &str) -> Unescaped<'_> {
    Unescaped(raw.chars())
}

/// See [`unescaped`].
#[derive(Clone)]
pub(super) struct Unescaped<'a>(Chars<'a>);

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.0.next()? {
            '\\' => match self.0.next()? {
                'b' => Some('\u{8}'),
                'f' => Some('\u{c}'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'u' => {
                    let digits = self.0.by_ref().take(4);
                    let code = digits.map(|digit| digit.to_digit(16).unwrap_or_default());
                    char::from_u32(code.fold(0, |code, digit| code << 4 | digit))
                }
                itself => Some(itself),
            },
            character => Some(character),
        }
    }
}

/// The text of a string whose escapes were checked.
pub(super) fn unescape(raw: &str) -> String {
    // An escape is longer than what it stands for.
    let mut text = String::with_capacity(raw.len());
    text.extend(unescaped(raw));
    text
}

/// Compares two texts by UTF-16 code units (JSON-1).
pub(super) fn compare(
    left: impl Iterator<Item = char>,
    right: impl Iterator<Item = char>,
) -> Ordering {
    units(left).cmp(units(right))
}

/// Appends `text` in quotes, with the escapes that it needs and no other.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0x8 => out.extend_from_slice(b"\\b"),
            0x9 => out.extend_from_slice(b"\\t"),
            0xa => out.extend_from_slice(b"\\n"),
            0xc => out.extend_from_slice(b"\\f"),
            0xd => out.extend_from_slice(b"\\r"),
            0..0x20 => {
                let low = byte & 15;
                let digit = if low < 10 { b'0' + low } else { b'a' + low - 10 };
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[b'0' + (byte >> 4), digit]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn units(text: impl Iterator<Item = char>) -> impl Iterator<Item = u16> {
    text.flat_map(|character| {
        let mut units = [0; 2];
        let count = character.encode_utf16(&mut units).len();
        units.into_iter().take(count)
    })
}
