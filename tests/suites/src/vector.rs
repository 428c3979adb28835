//! Reads the golden vectors (`docs/spec/vectors.md`): a member that is absent or of another type
//! fails the test and names the case.
#![expect(clippy::panic, clippy::expect_used, reason = "this is how a test fails")]

use std::fmt::{Debug, Write};

use markerbed_core::Error;
use serde_json::Value;

/// One case of a vector file, or a part of one.
#[derive(Clone, Debug)]
pub struct Case {
    name: String,
    value: Value,
}

/// Reads the cases of a file, of which there are at least `floor`.
///
/// # Panics
///
/// If there are fewer, or if two have one name.
pub fn cases_of(file: &str, floor: usize) -> Vec<Case> {
    let file: Value = serde_json::from_str(file).expect("a vector file is JSON");
    let spec = file.get("spec").and_then(Value::as_str).expect("a vector file names its page");
    let cases = file.get("cases").and_then(Value::as_array).expect("a vector file has cases");
    let case = |value: &Value| {
        let name = value.get("name").and_then(Value::as_str).expect("a case has a name");
        Case { name: format!("{spec}: {name}"), value: value.clone() }
    };
    let cases: Vec<Case> = cases.iter().map(case).collect();
    crate::print_count(spec, cases.len() as u64, floor as u64);
    let mut names: Vec<&str> = cases.iter().map(Case::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "{spec}: two cases have one name");
    cases
}

/// Compares a verdict with the case's `error`; gives the value if the case accepts.
///
/// # Panics
///
/// If one accepts and the other does not, or the codes differ.
pub fn check_code<T: Debug>(case: &Case, verdict: Result<T, Error>) -> Option<T> {
    match (verdict, case.text_or_null("error")) {
        (Ok(value), None) => Some(value),
        (Err(error), Some(code)) => {
            assert_eq!(error.code(), code, "{}: {error}", case.name);
            None
        }
        (Ok(value), Some(code)) => panic!("{}: wanted {code}, accepted {value:?}", case.name),
        (Err(error), None) => panic!("{}: refused: {} ({error})", case.name, error.code()),
    }
}

impl Case {
    /// The page of the spec and the case's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The member, unless it is absent or null.
    pub fn get(&self, member: &str) -> Option<Self> {
        let value = self.value.get(member).filter(|value| !value.is_null())?;
        Some(Self { name: format!("{} {member}", self.name), value: value.clone() })
    }

    /// The member as JSON.
    ///
    /// # Panics
    ///
    /// If it is absent.
    pub fn value(&self, member: &str) -> Value {
        let value = self.value.get(member);
        value.unwrap_or_else(|| panic!("{}: no {member}", self.name)).clone()
    }

    /// The member as text.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn text(&self, member: &str) -> String {
        self.text_or_null(member).unwrap_or_else(|| panic!("{}: no {member}", self.name)).to_owned()
    }

    /// The member as text, unless it is absent or null.
    ///
    /// # Panics
    ///
    /// If it is something else.
    pub fn text_or_null(&self, member: &str) -> Option<&str> {
        let value = self.value.get(member).filter(|value| !value.is_null())?;
        Some(value.as_str().unwrap_or_else(|| panic!("{}: {member} is no text", self.name)))
    }

    /// The member as a number, written as one or as decimal digits.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn number(&self, member: &str) -> u64 {
        let value = self.value(member);
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.unwrap_or_else(|| panic!("{}: {member} is no number", self.name))
    }

    /// The member as a signed number, written as one or as decimal digits.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn signed(&self, member: &str) -> i64 {
        let value = self.value(member);
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number.unwrap_or_else(|| panic!("{}: {member} is no number", self.name))
    }

    /// The member as true or false.
    ///
    /// # Panics
    ///
    /// If it is neither.
    pub fn flag(&self, member: &str) -> bool {
        let flag = self.value(member).as_bool();
        flag.unwrap_or_else(|| panic!("{}: {member} is neither true nor false", self.name))
    }

    /// The member as bytes, from hexadecimal digits.
    ///
    /// # Panics
    ///
    /// If it is something else.
    pub fn bytes(&self, member: &str) -> Vec<u8> {
        from_hex(&self.text(member))
    }

    /// The items of this array.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn list(&self) -> Vec<Self> {
        let items = self.as_array().unwrap_or_else(|| panic!("{}: no array", self.name));
        let item = |(at, value): (usize, &Value)| Self {
            name: format!("{}[{at}]", self.name),
            value: value.clone(),
        };
        items.iter().enumerate().map(item).collect()
    }

    /// This array, if it is one.
    pub fn as_array(&self) -> Option<&Vec<Value>> {
        self.value.as_array()
    }

    /// These hexadecimal digits as bytes.
    ///
    /// # Panics
    ///
    /// If this is something else.
    pub fn as_bytes(&self) -> Vec<u8> {
        self.as_bytes_or_null().unwrap_or_else(|| panic!("{}: no bytes", self.name))
    }

    /// These hexadecimal digits as bytes, unless this is null.
    ///
    /// # Panics
    ///
    /// If this is something else.
    pub fn as_bytes_or_null(&self) -> Option<Vec<u8>> {
        match &self.value {
            Value::Null => None,
            Value::String(digits) => Some(from_hex(digits)),
            other => panic!("{}: {other} is no bytes", self.name),
        }
    }
}

/// Reads hexadecimal digits.
///
/// # Panics
///
/// If `digits` are something else.
pub fn from_hex(digits: &str) -> Vec<u8> {
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty(), "an odd number of digits: {digits}");
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a hexadecimal digit") as u8;
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

/// Writes lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
