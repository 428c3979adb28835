//! What a program draws: names, keys, contents, and what it works on.

use std::collections::BTreeMap;

use bytes::Bytes;
use markerbed_core::{Id16, NodeId, tree::Path};

use super::{KnownMap, Program};

impl Program<'_> {
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let at = self.random.below(from.len() as u64) as usize;
        let fallback = from.first();
        *from.get(at).or(fallback).unwrap_or_else(|| unreachable!("there is something to pick"))
    }

    pub(super) fn a_map(&mut self) -> Option<KnownMap> {
        let at = self.random.below(self.maps.len() as u64) as usize;
        self.maps.get(at).cloned()
    }

    pub(super) fn a_tree(&mut self) -> Option<NodeId> {
        let at = self.random.below(self.trees.len() as u64) as usize;
        self.trees.get(at).copied()
    }

    /// A few short names, so that they meet each other again; sometimes none that may be.
    pub(super) fn name(&mut self) -> Vec<u8> {
        match self.random.below(400) {
            0 => b"..".to_vec(),
            1 => vec![0xff, 0xfe, b'x'],
            _ => format!("n{}", self.random.below(30)).into_bytes(),
        }
    }

    pub(super) fn path(&mut self) -> Path {
        let mut joined = Vec::new();
        for _ in 0..self.random.below(4) {
            if !joined.is_empty() {
                joined.push(b'/');
            }
            joined.extend(format!("n{}", self.random.below(30)).into_bytes());
        }
        Path::new(&joined).unwrap_or_default()
    }

    pub(super) fn key(&mut self) -> Vec<u8> {
        let length = 1 + self.random.below(12) as usize;
        let mut key = self.random.bytes(length);
        key.iter_mut().for_each(|byte| *byte = b'a' + *byte % 26);
        key
    }

    /// A key of the map, or any other.
    pub(super) fn known_key(&mut self, entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
        let at = self.random.below(entries.len() as u64) as usize;
        match entries.keys().nth(at) {
            Some(key) if self.random.below(4) > 0 => key.clone(),
            _ => self.key(),
        }
    }

    /// A directory's value: kind and id.
    pub(super) fn value(&mut self) -> Vec<u8> {
        let kind = 1 + self.random.below(3) as u8;
        let mut value = vec![kind];
        value.extend(self.random.bytes(32));
        value
    }

    pub(super) fn content(&mut self) -> Bytes {
        let length = match self.random.below(20) {
            0 => 0,
            1 => 1_024 * (1 + self.random.below(40)),
            _ => self.random.below(300),
        };
        self.random.bytes(length as usize).into()
    }

    pub(super) fn id16(&mut self) -> Id16 {
        Id16::from_bytes(self.random.bytes(16).try_into().unwrap_or([0; 16]))
    }

    pub(super) fn mutate_one(&mut self, list: &mut [Vec<u8>]) {
        if self.random.below(2) == 0 {
            let at = self.random.below(list.len() as u64) as usize;
            if let Some(bytes) = list.get_mut(at) {
                self.mutate(bytes);
            }
        }
    }

    /// Changes a bit, cuts the end off or adds a byte.
    pub(super) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.below(bytes.len() as u64) as usize;
        match self.random.below(3) {
            0 => bytes.truncate(at),
            1 => bytes.push(self.random.next() as u8),
            _ => {
                let bit = 1 << self.random.below(8);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= bit);
            }
        }
    }
}
