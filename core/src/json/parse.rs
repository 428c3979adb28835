//! The grammar of canonical JSON, strictly and without recursion (JSON-1 to JSON-4).

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{
    text::{compare, unescaped},
    value::Value,
};
use crate::{
    error::{Error, Fault},
    limits::{DOCUMENT_BYTES_MAX, JSON_DEPTH_MAX},
};

/// Hears what stands in JSON, in order.
pub(super) trait Sink<'a> {
    /// An array or object begins.
    fn open(&mut self, is_object: bool);
    /// The innermost array or object ends.
    fn close(&mut self);
    /// The name of a member, between its quotes.
    fn name(&mut self, raw: &'a str);
    /// A string, between its quotes.
    fn text(&mut self, raw: &'a str);
    /// A number or a word.
    fn plain(&mut self, value: Value);
}

/// Reads all of `json`, which must be one canonical value.
pub(super) fn parse<'a>(json: &'a [u8], sink: &mut impl Sink<'a>) -> Result<(), Error> {
    if json.len() > DOCUMENT_BYTES_MAX as usize {
        return Err(Error::malformed(Fault::OutOfRange));
    }
    let text = core::str::from_utf8(json).map_err(|error| bad(error.valid_up_to()))?;
    let mut scanner = Scanner { text, at: 0 };
    let mut open: Vec<Open<'a>> = Vec::new();
    loop {
        let mut value_ended = scanner.take_value(&mut open, sink)?;
        while value_ended {
            let Some(innermost) = open.last_mut() else {
                return if scanner.peek().is_none() { Ok(()) } else { Err(scanner.bad()) };
            };
            let end = if let Open::Array = innermost { b']' } else { b'}' };
            if scanner.skip(end) {
                open.pop();
                sink.close();
                continue;
            }
            scanner.expect(b',')?;
            if let Open::Object { name_before } = innermost {
                let start = scanner.at;
                let name = scanner.take_name(sink)?;
                if compare(unescaped(name_before), unescaped(name)) != Ordering::Less {
                    return Err(bad(start));
                }
                *name_before = name;
            }
            value_ended = false;
        }
    }
}

/// An array or object that has begun and not ended.
enum Open<'a> {
    Array,
    Object { name_before: &'a str },
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Takes a whole value, or the beginning of an array or object up to its first value.
    ///
    /// Tells whether a value ended.
    fn take_value(
        &mut self,
        open: &mut Vec<Open<'a>>,
        sink: &mut impl Sink<'a>,
    ) -> Result<bool, Error> {
        match self.peek().ok_or_else(|| self.bad())? {
            byte @ (b'[' | b'{') => {
                if open.len() >= JSON_DEPTH_MAX as usize {
                    return Err(Error::TooDeep);
                }
                self.at += 1;
                let is_object = byte == b'{';
                sink.open(is_object);
                if self.skip(if is_object { b'}' } else { b']' }) {
                    sink.close();
                    return Ok(true);
                }
                open.push(if is_object {
                    Open::Object { name_before: self.take_name(sink)? }
                } else {
                    Open::Array
                });
                return Ok(false);
            }
            b'"' => {
                let raw = self.take_string()?;
                sink.text(raw);
            }
            b'-' | b'0'..=b'9' => sink.plain(Value::Integer(self.take_integer()?)),
            _ => sink.plain(self.take_word()?),
        }
        Ok(true)
    }

    /// Takes the name of a member and the colon after it.
    fn take_name(&mut self, sink: &mut impl Sink<'a>) -> Result<&'a str, Error> {
        let name = self.take_string()?;
        self.expect(b':')?;
        sink.name(name);
        Ok(name)
    }

    /// Takes a string and gives what is between its quotes (JSON-2).
    fn take_string(&mut self) -> Result<&'a str, Error> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek().ok_or_else(|| self.bad())? {
                b'"' => {
                    let raw = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(raw);
                }
                b'\\' => self.at += self.escape_bytes().ok_or_else(|| self.bad())?,
                0..0x20 => return Err(self.bad()),
                _ => self.at += 1,
            }
        }
    }

    /// How long the escape is that begins here; none if the writer would not write it.
    fn escape_bytes(&self) -> Option<usize> {
        match self.rest() {
            [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(2),
            [b'\\', b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'\\', b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => Some(6),
            _ => None,
        }
    }

    /// Takes an integer (JSON-3).
    fn take_integer(&mut self) -> Result<i64, Error> {
        let start = self.at;
        self.skip(b'-');
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let has_other_form = match self.rest() {
            [b'0', ..] => digits > 1 || start != self.at,
            _ => digits == 0,
        };
        self.at += digits;
        let text = self.text.get(start..self.at).unwrap_or_default();
        match text.parse::<i64>() {
            Ok(integer) if !has_other_form && is_kept_whole(integer) => Ok(integer),
            _ => Err(bad(start)),
        }
    }

    /// Takes `null`, `true` or `false`.
    fn take_word(&mut self) -> Result<Value, Error> {
        let words =
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
        let mut words = words.into_iter();
        let (word, value) = words
            .find(|(word, _)| self.rest().starts_with(word.as_bytes()))
            .ok_or_else(|| self.bad())?;
        self.at += word.len();
        Ok(value)
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Takes `byte` if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.skip(byte) { Ok(()) } else { Err(self.bad()) }
    }

    fn bad(&self) -> Error {
        bad(self.at)
    }
}

fn bad(at: usize) -> Error {
    // Inputs are at most DOCUMENT_BYTES_MAX long.
    Error::BadJson { offset: u32::try_from(at).unwrap_or(u32::MAX) }
}

/// JSON-3.
pub(super) const fn is_kept_whole(integer: i64) -> bool {
    integer.unsigned_abs() <= Value::INTEGER_MAX.unsigned_abs()
}
