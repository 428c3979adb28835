//! Finding what was moved: the same node, removed here and added there.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use core::cmp::Reverse;

use super::{
    change::{Lone, TreeChange},
    directory::{Child, fetch_shown_children},
};
use crate::{error::Error, id::NodeId, step::Io};

/// Nodes that are in one tree only.
pub(super) struct Lones {
    pub(super) removed: Vec<Lone>,
    pub(super) added: Vec<Lone>,
}

impl Lones {
    pub(super) fn into_changes(self) -> impl Iterator<Item = TreeChange> {
        let removed = |Lone { path, child }| TreeChange::Removed { path, child };
        let added = |Lone { path, child }| TreeChange::Added { path, child };
        self.removed.into_iter().map(removed).chain(self.added.into_iter().map(added))
    }

    fn sort(&mut self) {
        for list in [&mut self.removed, &mut self.added] {
            list.sort_by(|a, b| a.path.cmp_in_tree(&b.path));
        }
    }
}

/// Takes what was moved out of `lones`, with everything below it.
///
/// Larger trees go first, so that none is taken apart before it is paired; then paths decide, in
/// the order of a walk.
pub(super) async fn pair_moves(io: &Io, lones: &mut Lones) -> Result<Vec<TreeChange>, Error> {
    lones.sort();
    let weights = weigh(io, lones).await?;
    let mut candidates: BTreeMap<NodeId, VecDeque<usize>> = BTreeMap::new();
    for (index, lone) in lones.added.iter().enumerate() {
        if weights.contains_key(&lone.child.id) {
            candidates.entry(lone.child.id).or_default().push_back(index);
        }
    }
    let weight = |lone: &Lone| weights.get(&lone.child.id).copied();
    let mut order: Vec<(Reverse<u64>, usize)> = Vec::new();
    for (index, lone) in lones.removed.iter().enumerate() {
        order.extend(weight(lone).map(|weight| (Reverse(weight), index)));
    }
    order.sort_unstable();
    let mut removed = Taken::new(&lones.removed);
    let mut added = Taken::new(&lones.added);
    let mut moved = Vec::new();
    for (_, from) in order {
        let Some(lone) = lones.removed.get(from) else { continue };
        let Some(places) = candidates.get_mut(&lone.child.id) else { continue };
        while places.front().is_some_and(|to| added.is_taken(*to)) {
            places.pop_front();
        }
        let Some(to) = places.front().copied() else { continue };
        if removed.can_take(from) && added.can_take(to) {
            removed.take(from);
            added.take(to);
            moved.push((from, to));
        }
    }
    let change = |(from, to): (usize, usize)| {
        let (from, to) = (lones.removed.get(from)?, lones.added.get(to)?);
        let (child, from, to) = (to.child, from.path.clone(), to.path.clone());
        Some(TreeChange::Moved { from, to, child })
    };
    let moved = moved.into_iter().filter_map(change).collect();
    let (removed, added) = (removed.taken, added.taken);
    keep_others(&mut lones.removed, &removed);
    keep_others(&mut lones.added, &added);
    Ok(moved)
}

/// How many nodes there are with and below each node that is on both sides and not empty.
async fn weigh(io: &Io, lones: &Lones) -> Result<BTreeMap<NodeId, u64>, Error> {
    let children = |list: &[Lone]| list.iter().map(|lone| lone.child).collect::<BTreeSet<Child>>();
    let (removed, added) = (children(&lones.removed), children(&lones.added));
    let both: Vec<Child> = removed.intersection(&added).copied().collect();
    let nodes = fetch_shown_children(io, &both).await?;
    let mut weights = BTreeMap::new();
    for (child, node) in both.iter().zip(nodes) {
        let Some(node) = node else {
            weights.insert(child.id, WITHHELD_WEIGHT);
            continue;
        };
        let is_empty = match (node.as_file(), node.as_directory()) {
            (Some(file), _) => file.size_bytes() == 0,
            (_, Some(directory)) => directory.below().nodes == 0,
            _ => false,
        };
        if !is_empty {
            weights.insert(child.id, node.adds()?.nodes);
        }
    }
    Ok(weights)
}

/// Which of a list, in the order of a walk, were taken.
struct Taken<'a> {
    list: &'a [Lone],
    taken: Vec<bool>,
}

impl<'a> Taken<'a> {
    fn new(list: &'a [Lone]) -> Self {
        Self { list, taken: alloc::vec![false; list.len()] }
    }

    fn is_taken(&self, index: usize) -> bool {
        self.taken.get(index).copied().unwrap_or(true)
    }

    /// Tells whether nothing of the tree was taken; only wrong counts let part of one go first.
    fn can_take(&self, index: usize) -> bool {
        self.tree(index).all(|index| !self.is_taken(index))
    }

    fn take(&mut self, index: usize) {
        for index in self.tree(index).collect::<Vec<_>>() {
            if let Some(taken) = self.taken.get_mut(index) {
                *taken = true;
            }
        }
    }

    /// The node and all that is below it: they stand together.
    fn tree(&self, top: usize) -> impl Iterator<Item = usize> {
        let after = self.list.get(top + 1..).unwrap_or_default();
        let top_path = self.list.get(top).map(|lone| &lone.path);
        let below = after
            .iter()
            .take_while(move |lone| top_path.is_some_and(|top| lone.path.is_below(top)));
        top..=top + below.count()
    }
}

/// What is below a withheld directory is not listed, so nothing can be paired before it.
const WITHHELD_WEIGHT: u64 = 1;

fn keep_others(list: &mut Vec<Lone>, taken: &[bool]) {
    let mut taken = taken.iter();
    list.retain(|_| taken.next() == Some(&false));
}
