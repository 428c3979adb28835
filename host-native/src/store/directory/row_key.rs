//! The key of a row in memory.

use std::{borrow::Borrow, cmp::Ordering, fmt};

/// A key. Most are short and lie in the tree itself, so that comparing them reads nothing else.
#[derive(Clone)]
pub(super) struct RowKey(Kept);

#[derive(Clone)]
enum Kept {
    Short(u8, [u8; SHORT_BYTES]),
    Long(Box<[u8]>),
}

impl RowKey {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut short = [0; SHORT_BYTES];
        match short.get_mut(..key.len()) {
            Some(bytes) => {
                bytes.copy_from_slice(key);
                Self(Kept::Short(key.len() as u8, short))
            }
            None => Self(Kept::Long(key.into())),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Kept::Long(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for RowKey {
    fn borrow(&self) -> &[u8] {
        self.bytes()
    }
}

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for RowKey {}

impl PartialEq for RowKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().fmt(out)
    }
}

/// With the length and the tag the key has 40 bytes.
const SHORT_BYTES: usize = 38;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_lengths_come_back_and_sort_as_their_bytes() {
        let mut bytes: Vec<_> = (0..100).map(|length| vec![b'a'; length]).collect();
        bytes.extend((0..100).map(|length| vec![b'b'; length]));
        let mut keys: Vec<_> = bytes.iter().rev().map(|bytes| RowKey::new(bytes)).collect();

        bytes.sort();
        keys.sort();

        assert_eq!(size_of::<RowKey>(), 40);
        assert!(keys.iter().map(RowKey::bytes).eq(bytes.iter().map(Vec::as_slice)));
    }
}
