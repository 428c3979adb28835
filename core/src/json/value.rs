//! JSON values, and reading them.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{
    parse::{Sink, parse},
    text::unescape,
    write::write,
};
use crate::{error::Error, limits::JSON_INTEGER_MAX};

/// A JSON value without fractions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number within ±(2⁵³−1); larger counts are text (JSON-3).
    Integer(i64),
    /// A string.
    Text(String),
    /// Values in order.
    Array(Vec<Self>),
    /// Members; read in order of their names, written so whatever their order is here.
    Object(Vec<Member>),
}

/// A name and a value of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The name, unescaped.
    pub name: String,
    /// The value.
    pub value: Value,
}

impl Value {
    /// The largest number, and the least but for its sign: every reader of JSON keeps it whole.
    pub const INTEGER_MAX: i64 = JSON_INTEGER_MAX;

    /// Reads canonical JSON and nothing else (JSON-4).
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`](crate::Fault::OutOfRange) above 16 MiB, [`Error::TooDeep`],
    /// [`Error::BadJson`] for the first byte that the writer would not have written.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        let mut counter = Counter::default();
        parse(json, &mut counter)?;
        let mut builder =
            Builder { counts: counter.counts.into_iter(), open: Vec::new(), done: None };
        parse(json, &mut builder)?;
        builder.done.ok_or(Error::BadJson { offset: 0 })
    }

    /// Writes canonical JSON.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`](crate::Fault::OutOfRange) above 16 MiB, [`Error::TooDeep`],
    /// [`Error::BadJson`] for two members of one name or a number beyond ±(2⁵³−1).
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        write(self)
    }

    /// The member `name`, if it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let members = self.as_object()?;
        members.iter().find(|member| member.name == name).map(|member| &member.value)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub const fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(integer) = self { Some(*integer) } else { None }
    }

    /// The truth value, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The values, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[Member]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }
}

impl Member {
    /// A member of an object.
    pub fn new(name: &str, value: impl Into<Value>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Counts what each array and object holds, in the order in which they open, so that the second
/// pass reserves what is there and no more (ENC-9).
#[derive(Default)]
struct Counter {
    counts: Vec<u32>,
    open: Vec<usize>,
}

impl Counter {
    fn count(&mut self) {
        if let Some(count) = self.open.last().and_then(|open| self.counts.get_mut(*open)) {
            *count += 1;
        }
    }
}

impl Sink<'_> for Counter {
    fn open(&mut self, _is_object: bool) {
        self.count();
        self.open.push(self.counts.len());
        self.counts.push(0);
    }

    fn close(&mut self) {
        self.open.pop();
    }

    fn name(&mut self, _raw: &str) {}

    fn text(&mut self, _raw: &str) {
        self.count();
    }

    fn plain(&mut self, _value: Value) {
        self.count();
    }
}

/// Builds the value of JSON that was found to be canonical.
struct Builder {
    counts: alloc::vec::IntoIter<u32>,
    open: Vec<Open>,
    done: Option<Value>,
}

/// An array or object that is not yet complete, and the name of the member that comes next.
struct Open {
    value: Value,
    name: Option<String>,
}

impl Sink<'_> for Builder {
    fn open(&mut self, is_object: bool) {
        let count = self.counts.next().unwrap_or_default() as usize;
        let value = if is_object {
            Value::Object(Vec::with_capacity(count))
        } else {
            Value::Array(Vec::with_capacity(count))
        };
        self.open.push(Open { value, name: None });
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.plain(open.value);
        }
    }

    fn name(&mut self, raw: &str) {
        if let Some(open) = self.open.last_mut() {
            open.name = Some(unescape(raw));
        }
    }

    fn text(&mut self, raw: &str) {
        self.plain(Value::Text(unescape(raw)));
    }

    fn plain(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open { value: Value::Object(members), name }) => {
                members.push(Member { name: name.take().unwrap_or_default(), value });
            }
            Some(Open { value: Value::Array(values), .. }) => values.push(value),
            // Only arrays and objects are ever opened.
            Some(_) => {}
        }
    }
}
