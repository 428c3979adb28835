//! Where a level is cut into pages: a function of its keys (MAP-1 to MAP-3).

use alloc::vec::Vec;

use super::item::Item;
use crate::{
    hash::{Context, derive_key},
    limits::{PAGE_ITEMS_MAX, WHOLE_LEVEL_ITEMS_MAX},
};

/// Tells, item after item, where pages of one level end.
#[derive(Clone, Debug)]
pub(super) struct Cutter {
    level: u8,
    /// c of each item of the page so far.
    page: Vec<[u8; 32]>,
}

impl Cutter {
    pub(super) const fn new(level: u8) -> Self {
        Self { level, page: Vec::new() }
    }

    pub(super) const fn level(&self) -> u8 {
        self.level
    }

    /// Takes the next item's key; tells whether it ends its page by (i), (ii) or (iii).
    pub(super) fn ends_page(&mut self, key: &[u8]) -> bool {
        let c = derive_key(Context::MapCut, &[key]);
        let ends = self.is_cut_by_hash(&c) || self.is_cut_by_place(&c);
        if ends {
            self.page.clear();
        } else {
            self.page.push(c);
        }
        ends
    }

    /// (i): the first 5 (level + 1) bits of c are zero.
    fn is_cut_by_hash(&self, c: &[u8; 32]) -> bool {
        let bits = BITS_A_LEVEL * (u32::from(self.level) + 1);
        let [a, b, c, d, e, f, g, h, ..] = *c;
        let first = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        self.level <= HASH_LEVEL_LAST && first >> (u64::BITS - bits) == 0
    }

    /// (ii), the least of the last 64 once there are 128; (iii), the 256th.
    fn is_cut_by_place(&self, c: &[u8; 32]) -> bool {
        let place = self.page.len() + 1;
        let mut before = self.page.iter().rev().take(WINDOW - 1);
        place >= PAGE_ITEMS_MAX as usize
            || place >= WHOLE_LEVEL_ITEMS_MAX as usize && before.all(|earlier| c < earlier)
    }
}

/// Whether the last of `items` ends their page by (i), (ii) or (iii); none if an earlier one does.
pub(super) fn ends_at_last(level: u8, items: &[Item]) -> Option<bool> {
    let mut cutter = Cutter::new(level);
    let (last, before) = items.split_last()?;
    if before.iter().any(|item| cutter.ends_page(&item.entry.key)) {
        return None;
    }
    Some(cutter.ends_page(&last.entry.key))
}

/// Each level up makes (i) this many bits rarer.
const BITS_A_LEVEL: u32 = 5;
/// Highest level at which (i) applies.
const HASH_LEVEL_LAST: u8 = 9;
/// (ii) compares an item with those before it in a window of this many, itself counted.
const WINDOW: usize = 64;
