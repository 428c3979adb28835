//! Appends canonical fields to a buffer.

use alloc::vec::Vec;

/// The number of this format, in every object that can grow.
pub const FORMAT: u32 = 1;

/// Appends one byte: a tag, a kind, a level.
pub fn put_byte(out: &mut Vec<u8>, byte: u8) {
    out.push(byte);
}

/// Appends bytes whose number needs no telling: ids, hashes, salts.
pub fn put_fixed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

/// Appends a LEB128 number in as few bytes as it needs (ENC-5).
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

/// Appends a LEB128 number of at most 32 bits.
pub fn put_u32(out: &mut Vec<u8>, value: u32) {
    put_u64(out, u64::from(value));
}

/// Appends a signed number, zigzag and LEB128.
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends `00` or `01`.
pub fn put_bool(out: &mut Vec<u8>, value: bool) {
    out.push(u8::from(value));
}

/// Appends `00`, or `01` and what `put` appends.
pub fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    put_bool(out, value.is_some());
    if let Some(value) = value {
        put(out, value);
    }
}

/// Appends the length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the number of this format.
pub fn put_format(out: &mut Vec<u8>) {
    put_u32(out, FORMAT);
}
