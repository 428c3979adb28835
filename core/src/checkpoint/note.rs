//! A text and who signed it (NOTE-1 to NOTE-4).

use alloc::{format, string::String, vec::Vec};

use super::key::{VerifierKey, VerifierKind};
use crate::{
    error::Error,
    limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX},
    signature::Signature,
    tree::base64,
};

/// A text with at least one line that says who signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One line: whose signature it is said to be, and its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: String,
    /// The key's id: no more than a hint which key of that name it is.
    pub key_id: [u8; 4],
    /// What that kind of key makes of the text.
    pub bytes: Vec<u8>,
}

/// A known key that did sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// The key.
    pub key: VerifierKey,
    /// When, in seconds since 1970 UTC; only a cosignature says so.
    pub time: Option<u64>,
}

impl SignedNote {
    /// Puts a text and its signatures together.
    ///
    /// # Errors
    ///
    /// [`Error::BadNote`] if it could not be read back.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, Error> {
        let note = Self { text, signatures };
        if Self::parse(note.to_text().as_bytes())? == note { Ok(note) } else { Err(Error::BadNote) }
    }

    /// Reads a note. Lines of keys that nobody knows are kept.
    ///
    /// # Errors
    ///
    /// [`Error::BadNote`] (NOTE-1, NOTE-2).
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes).ok_or(Error::BadNote)
    }

    /// The text that is signed, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, also those of keys that nobody knows.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note as it is read.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.text);
        for signature in &self.signatures {
            let bytes = [signature.key_id.as_slice(), signature.bytes.as_slice()].concat();
            text.push_str(&format!("{DASH}{} {}\n", signature.name, base64::encode(&bytes)));
        }
        text
    }

    /// Lists who of `keys` signed, each once, in the order of the lines (NOTE-3, NOTE-4).
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`] if a line of a known key is not its signature,
    /// [`Error::UnknownKey`] if no line is of a known key.
    pub fn signers(&self, keys: &[VerifierKey]) -> Result<Vec<Signer>, Error> {
        let mut signers: Vec<Signer> = Vec::new();
        for signature in &self.signatures {
            let known = keys.iter().find(|key| signature.is_of(key));
            let Some(key) = known else { continue };
            let signer = Signer { key: key.clone(), time: self.check(signature, key)? };
            if !signers.iter().any(|earlier| earlier.key == signer.key) {
                signers.push(signer);
            }
        }
        if signers.is_empty() { Err(Error::UnknownKey) } else { Ok(signers) }
    }

    /// Checks one signature; gives the time that it states.
    fn check(&self, signature: &NoteSignature, key: &VerifierKey) -> Result<Option<u64>, Error> {
        let bytes = signature.bytes.as_slice();
        match key.kind() {
            VerifierKind::Log => {
                let bytes = bytes.try_into().map_err(|_| Error::BadSignature)?;
                let signature = Signature::from_bytes(bytes);
                signature.check(key.public(), self.text.as_bytes())?;
                Ok(None)
            }
            VerifierKind::Witness => {
                let (time, bytes) = bytes.split_at_checked(8).ok_or(Error::BadSignature)?;
                let bytes = bytes.try_into().map_err(|_| Error::BadSignature)?;
                let time = time.iter().fold(0_u64, |time, byte| time << 8 | u64::from(*byte));
                if time > WITNESS_TIME_LAST {
                    return Err(Error::BadSignature);
                }
                let message = format!("cosignature/v1\ntime {time}\n{}", self.text);
                Signature::from_bytes(bytes).check(key.public(), message.as_bytes())?;
                Ok(Some(time))
            }
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > NOTE_BYTES_MAX as usize {
            return None;
        }
        let note = core::str::from_utf8(bytes).ok()?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return None;
        }
        let (before, lines) = note.rsplit_once("\n\n")?;
        let lines = lines.strip_suffix('\n')?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == NOTE_SIGNATURES_MAX {
                return None;
            }
            signatures.push(NoteSignature::read(line)?);
        }
        Some(Self { text: format!("{before}\n"), signatures })
    }
}

impl NoteSignature {
    fn read(line: &str) -> Option<Self> {
        let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = base64::decode(bytes)?;
        let (key_id, bytes) = bytes.split_at_checked(4)?;
        let key_id = key_id.try_into().ok()?;
        let is_whole = VerifierKey::is_name(name) && !bytes.is_empty();
        is_whole.then(|| Self { name: name.into(), key_id, bytes: bytes.into() })
    }

    fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }
}

/// An em dash and a space.
const DASH: &str = "\u{2014} ";
/// The last second that fits a signed number.
const WITNESS_TIME_LAST: u64 = i64::MAX as u64;
