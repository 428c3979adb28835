//! Takes canonical fields off an input, strictly.

use core::ops::RangeInclusive;

use super::write::FORMAT;
use crate::error::{Error, Fault};

/// What is left of an input, and where it began.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    at: u32,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { rest: input, at: 0 }
    }

    /// Where the next field begins, in bytes from the start.
    pub const fn at(&self) -> u32 {
        self.at
    }

    /// Tells whether everything was taken.
    pub const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// A reader of the last `bytes` that this one took, for errors with the right place.
    pub fn within<'b>(&self, bytes: &'b [u8]) -> Reader<'b> {
        Reader { rest: bytes, at: self.at - bytes_u32(bytes.len()) }
    }

    /// Takes one byte.
    ///
    /// # Errors
    ///
    /// [`Fault::Truncated`].
    pub fn take_byte(&mut self) -> Result<u8, Error> {
        let [byte] = self.take_fixed()?;
        Ok(byte)
    }

    /// Takes `N` bytes as they are.
    ///
    /// # Errors
    ///
    /// [`Fault::Truncated`].
    pub fn take_fixed<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (bytes, rest) =
            self.rest.split_first_chunk().ok_or(fault(Fault::Truncated, self.at))?;
        self.rest = rest;
        self.at += bytes_u32(N);
        Ok(*bytes)
    }

    /// Takes a number of at most 64 bits.
    ///
    /// # Errors
    ///
    /// As ENC-5.
    pub fn take_u64(&mut self) -> Result<u64, Error> {
        let (value, rest) = take_varint(self.rest).map_err(|found| fault(found, self.at))?;
        self.at += bytes_u32(self.rest.len() - rest.len());
        self.rest = rest;
        Ok(value)
    }

    /// Takes a number of at most 32 bits.
    ///
    /// # Errors
    ///
    /// As ENC-5.
    pub fn take_u32(&mut self) -> Result<u32, Error> {
        let start = self.at;
        u32::try_from(self.take_u64()?).map_err(|_| fault(Fault::NumberTooLarge, start))
    }

    /// Takes a number within `range`.
    ///
    /// # Errors
    ///
    /// As [`Self::take_u32`], then [`Fault::OutOfRange`].
    pub fn take_u32_in(&mut self, range: RangeInclusive<u32>) -> Result<u32, Error> {
        let start = self.at;
        let value = self.take_u32()?;
        if range.contains(&value) { Ok(value) } else { Err(fault(Fault::OutOfRange, start)) }
    }

    /// Takes a number of at most `max`.
    ///
    /// # Errors
    ///
    /// As [`Self::take_u64`], then [`Fault::OutOfRange`].
    pub fn take_u64_to(&mut self, max: u64) -> Result<u64, Error> {
        let start = self.at;
        let value = self.take_u64()?;
        if value <= max { Ok(value) } else { Err(fault(Fault::OutOfRange, start)) }
    }

    /// Takes a signed number.
    ///
    /// # Errors
    ///
    /// As [`Self::take_u64`].
    pub fn take_i64(&mut self) -> Result<i64, Error> {
        let zigzag = self.take_u64()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    /// Takes `00` or `01`.
    ///
    /// # Errors
    ///
    /// [`Fault::Truncated`], [`Fault::BadFlag`].
    pub fn take_bool(&mut self) -> Result<bool, Error> {
        let start = self.at;
        match self.take_byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(fault(Fault::BadFlag, start)),
        }
    }

    /// Takes `00`, or `01` and what `take` takes.
    ///
    /// # Errors
    ///
    /// As [`Self::take_bool`] and `take`.
    pub fn take_option<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.take_bool()? { take(self).map(Some) } else { Ok(None) }
    }

    /// Takes a length within `range`, then as many bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::take_u32_in`], then [`Fault::Truncated`].
    pub fn take_bytes(&mut self, range: RangeInclusive<u32>) -> Result<&'a [u8], Error> {
        self.take_bytes_or(range, Fault::OutOfRange)
    }

    /// As [`Self::take_bytes`], with another fault for a length outside `range`.
    ///
    /// # Errors
    ///
    /// As [`Self::take_u32`], then `unfit`, then [`Fault::Truncated`].
    pub fn take_bytes_or(
        &mut self,
        range: RangeInclusive<u32>,
        unfit: Fault,
    ) -> Result<&'a [u8], Error> {
        let start = self.at;
        let length = self.take_u32()?;
        if !range.contains(&length) {
            return Err(fault(unfit, start));
        }
        let split = self.rest.split_at_checked(length as usize);
        let (bytes, rest) = split.ok_or(fault(Fault::Truncated, start))?;
        self.rest = rest;
        self.at += length;
        Ok(bytes)
    }

    /// Takes a text whose length in bytes is within `range`.
    ///
    /// # Errors
    ///
    /// As [`Self::take_bytes`], then [`Fault::BadUtf8`].
    pub fn take_string(&mut self, range: RangeInclusive<u32>) -> Result<&'a str, Error> {
        let start = self.at;
        let bytes = self.take_bytes(range)?;
        core::str::from_utf8(bytes).map_err(|_| fault(Fault::BadUtf8, start))
    }

    /// Takes the number of a format, which must be this one (ENC-7).
    ///
    /// # Errors
    ///
    /// As [`Self::take_u32`], then [`Fault::UnsupportedFormat`].
    pub fn take_format(&mut self) -> Result<(), Error> {
        let start = self.at;
        if self.take_u32()? == FORMAT {
            Ok(())
        } else {
            Err(fault(Fault::UnsupportedFormat, start))
        }
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    ///
    /// [`Fault::TrailingBytes`].
    pub const fn finish(&self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(fault(Fault::TrailingBytes, self.at)) }
    }

    /// An error in the field that began at `offset`.
    pub const fn fault<T>(&self, found: Fault, offset: u32) -> Result<T, Error> {
        Err(fault(found, offset))
    }
}

/// Splits off the first LEB128 `u64` (ENC-5).
///
/// ```
/// use markerbed_core::{Fault, codec::take_varint};
///
/// assert_eq!(take_varint(&[0xac, 0x02, 0xff]), Ok((300, &[0xff][..])));
/// assert_eq!(take_varint(&[0x80, 0x00]), Err(Fault::OverlongVarint));
/// ```
///
/// # Errors
///
/// [`Fault::Truncated`], [`Fault::NumberTooLarge`] above 64 bits, [`Fault::OverlongVarint`].
pub fn take_varint(input: &[u8]) -> Result<(u64, &[u8]), Fault> {
    let mut value = 0;
    let mut shift = 0;
    let mut rest = input;
    loop {
        let (&byte, after) = rest.split_first().ok_or(Fault::Truncated)?;
        rest = after;
        if shift == LAST_SHIFT && byte > 1 {
            return Err(Fault::NumberTooLarge);
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let overlong = byte == 0 && shift > 0;
            return if overlong { Err(Fault::OverlongVarint) } else { Ok((value, rest)) };
        }
        shift += 7;
    }
}

const fn fault(fault: Fault, offset: u32) -> Error {
    Error::Malformed { fault, offset }
}

/// Lengths here are those of inputs that passed ENC-3, so they fit; a larger one would only blur
/// a place.
fn bytes_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Bits before the tenth byte of a varint.
const LAST_SHIFT: u32 = 63;
