//! Which ids there are, in eight bytes each, and which of them were met.

/// A set of ids by their first 64 bits, each of which can be marked.
///
/// Two ids with the same bits count as one. Among ten million ids that happens once in some 370,000
/// runs, or when somebody searched for it; so nothing but counts may hang on it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct IdSet {
    /// Ascending and distinct once the set is complete.
    keys: Vec<u64>,
    /// One bit a key.
    marks: Vec<u64>,
    unmarked: u64,
}

impl IdSet {
    /// Adds an id; the set is to be completed then.
    pub(super) fn insert(&mut self, id: &[u8; 32]) {
        self.keys.push(key_of(id));
    }

    /// Says that there are no more ids; none of them is marked.
    pub(super) fn complete(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.keys.shrink_to_fit();
        self.marks = vec![0; self.keys.len().div_ceil(u64::BITS as usize)];
        self.unmarked = self.len();
    }

    /// How many ids there are.
    pub(super) const fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    /// How many of them are not marked.
    pub(super) const fn unmarked(&self) -> u64 {
        self.unmarked
    }

    /// Marks an id; tells whether it is in the set and was not marked before.
    pub(super) fn mark(&mut self, id: &[u8; 32]) -> bool {
        let Ok(at) = self.keys.binary_search(&key_of(id)) else { return false };
        let (word, bit) = (at / u64::BITS as usize, 1 << (at % u64::BITS as usize));
        let Some(word) = self.marks.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.unmarked -= u64::from(is_new);
        is_new
    }
}

fn key_of(id: &[u8; 32]) -> u64 {
    id.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use markerbed_core::hash::content_id;

    fn id(number: u32) -> [u8; 32] {
        *content_id(&number.to_le_bytes()).as_bytes()
    }

    #[test]
    fn each_id_counts_once_and_is_marked_once() {
        let mut set = IdSet::default();
        (0..300).chain(100..200).for_each(|number| set.insert(&id(number)));
        set.complete();

        let marked: Vec<bool> = [7, 150, 7, 299, 300].map(|number| set.mark(&id(number))).to_vec();

        assert_eq!(marked, [true, true, false, true, false]);
        assert_eq!((set.len(), set.unmarked()), (300, 297));
    }

    #[test]
    fn an_empty_set_has_nothing_to_mark() {
        let mut set = IdSet::default();
        set.complete();

        assert!(!set.mark(&id(1)));
        assert_eq!((set.len(), set.unmarked()), (0, 0));
    }
}
