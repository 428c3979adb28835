//! Standard base64 with padding, for names that are not UTF-8 (NAME-7).

use alloc::{string::String, vec::Vec};

/// Writes `bytes` as text.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = 0;
        for index in 0..3 {
            bits = bits << 8 | u32::from(group.get(index).copied().unwrap_or_default());
        }
        for index in 0..4_u32 {
            let is_padding = index as usize > group.len();
            text.push(if is_padding { '=' } else { letter(bits >> (18 - 6 * index) & 63) });
        }
    }
    text
}

/// Reads what [`encode`] writes and nothing else.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (groups, []) = text.as_bytes().as_chunks::<4>() else { return None };
    for group in groups {
        let mut bits = 0;
        for letter in group {
            bits = bits << 6 | if *letter == b'=' { 0 } else { value(*letter)? };
        }
        let [_, first, second, third] = u32::to_be_bytes(bits);
        bytes.extend([first, second, third]);
    }
    let padding = text.bytes().rev().take(2).take_while(|letter| *letter == b'=').count();
    bytes.truncate(bytes.len() - padding.min(bytes.len()));
    // Padding elsewhere, or bits that stand for nothing, would be written otherwise.
    (encode(&bytes) == text).then_some(bytes)
}

fn letter(value: u32) -> char {
    char::from(LETTERS.get(value as usize).copied().unwrap_or(b'='))
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
