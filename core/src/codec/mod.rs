//! Canonical bytes: the only place that reads or writes them (`docs/spec/encoding.md`).

mod read;
mod write;

pub use read::{Reader, take_varint};
pub use write::{
    FORMAT, put_bool, put_byte, put_bytes, put_fixed, put_format, put_i64, put_option, put_u32,
    put_u64,
};

use alloc::vec::Vec;

use crate::error::{Error, Fault};

/// A value with exactly one encoding.
///
/// `decode(encode(x)) == x`, and `encode(decode(b)) == b` for every `b` that decodes (ENC-1).
pub trait Canonical: Sized {
    /// Longest input that is read at all (ENC-3).
    const BYTES_MAX: u32;

    /// Appends the fields in order.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads the fields in order, each checked before the next.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for the first rule that is broken (ENC-4).
    fn take(reader: &mut Reader<'_>) -> Result<Self, Error>;

    /// Checks the rules over the whole object, once nothing is left to read (ENC-8).
    ///
    /// # Errors
    ///
    /// As its kind says.
    fn check_whole(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The canonical bytes.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// Reads all of `input` or nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for the first rule that is broken.
    fn decode(input: &[u8]) -> Result<Self, Error> {
        if input.len() > Self::BYTES_MAX as usize {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        let mut reader = Reader::new(input);
        let value = Self::take(&mut reader)?;
        reader.finish()?;
        value.check_whole()?;
        Ok(value)
    }
}
