//! Writing canonical JSON.

use alloc::{format, vec::Vec};
use core::cmp::Ordering;

use super::{
    parse::is_kept_whole,
    text::{compare, put_text},
    value::{Member, Value},
};
use crate::{
    error::{Error, Fault},
    limits::{DOCUMENT_BYTES_MAX, JSON_DEPTH_MAX},
};

/// Writes `value` in its one form.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut due = alloc::vec![Due::Value(value)];
    let mut depth = 0;
    while let Some(next) = due.pop() {
        match next {
            Due::Byte(byte) => out.push(byte),
            Due::Name(name) => {
                put_text(&mut out, name);
                out.push(b':');
            }
            Due::End(byte) => {
                depth -= 1;
                out.push(byte);
            }
            Due::Value(value) => {
                put_value(&mut out, value, &mut due)?;
                if matches!(value, Value::Array(_) | Value::Object(_)) {
                    depth += 1;
                }
                if depth > JSON_DEPTH_MAX {
                    return Err(Error::TooDeep);
                }
            }
        }
        if out.len() > DOCUMENT_BYTES_MAX as usize {
            return Err(Error::malformed(Fault::OutOfRange));
        }
    }
    Ok(out)
}

/// What is still to be written, the next at the end.
enum Due<'a> {
    Byte(u8),
    Name(&'a str),
    Value(&'a Value),
    End(u8),
}

/// Writes a value, or the beginning of an array or object, and says what is due after it.
fn put_value<'a>(out: &mut Vec<u8>, value: &'a Value, due: &mut Vec<Due<'a>>) -> Result<(), Error> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Integer(integer) if is_kept_whole(*integer) => {
            out.extend_from_slice(format!("{integer}").as_bytes());
        }
        Value::Integer(_) => return Err(bad(out)),
        Value::Text(text) => put_text(out, text),
        Value::Array(values) => {
            out.push(b'[');
            due.push(Due::End(b']'));
            for (index, value) in values.iter().enumerate().rev() {
                due.push(Due::Value(value));
                if index > 0 {
                    due.push(Due::Byte(b','));
                }
            }
        }
        Value::Object(members) => {
            out.push(b'{');
            due.push(Due::End(b'}'));
            for (index, member) in in_order(members, out)?.into_iter().enumerate().rev() {
                due.extend([Due::Value(&member.value), Due::Name(&member.name)]);
                if index > 0 {
                    due.push(Due::Byte(b','));
                }
            }
        }
    }
    Ok(())
}

/// The members by the UTF-16 code units of their names, no name twice (JSON-1).
fn in_order<'a>(members: &'a [Member], out: &[u8]) -> Result<Vec<&'a Member>, Error> {
    let mut members: Vec<_> = members.iter().collect();
    let order = |a: &&Member, b: &&Member| compare(a.name.chars(), b.name.chars());
    members.sort_by(order);
    let ascends = members.is_sorted_by(|a, b| order(a, b) == Ordering::Less);
    if ascends { Ok(members) } else { Err(bad(out)) }
}

fn bad(out: &[u8]) -> Error {
    Error::BadJson { offset: u32::try_from(out.len()).unwrap_or(u32::MAX) }
}
