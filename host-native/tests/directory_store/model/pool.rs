//! What the sequences put: few things, so that they are put, asked for and taken away again.

use std::sync::OnceLock;

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId, WorkspaceId,
    codec::Canonical,
    hash::content_id,
    tree::{File, Node, Symlink},
};
use markerbed_suites::Random;

use crate::support::{OURS, noise, text};

/// The workspaces of all sequences.
pub(crate) const WORKSPACES: [WorkspaceId; 2] = [OURS, WorkspaceId::from_bytes([0x22; 32])];

/// The names of subscribers.
pub(crate) const SUBSCRIBERS: [&str; 3] = ["a", "b", "an index of what is where"];

/// The keys of rows.
pub(crate) fn row_keys() -> Vec<Bytes> {
    let keys = (0..12).map(|key| Bytes::from(format!("{}/{key}", ["refs", "rows"][key % 2])));
    keys.chain([Bytes::new(), Bytes::from(vec![0xff; 40])]).collect()
}

/// Everything that may be put.
pub(crate) struct Pool {
    pub(crate) contents: Vec<(ContentId, Bytes)>,
    pub(crate) objects: Vec<(ObjectId, Bytes)>,
    /// How many contents are small, and how many are not large.
    small: u64,
    middle: u64,
}

impl Pool {
    /// The one pool of this process.
    pub(crate) fn of_all() -> &'static Self {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut contents = vec![Bytes::new()];
        contents.extend((0..10).map(|at| text(&at.to_string(), 3 << at)));
        contents.extend((0..10).map(|at| noise(&at.to_string(), 2 << at)));
        let small = contents.len() as u64;
        contents.extend((0..5).map(|at| text(&format!("long {at}"), 4_000 * (at + 1))));
        contents.extend((0..5).map(|at| noise(&format!("long {at}"), 30_000 * (at + 1))));
        let middle = contents.len() as u64;
        contents.extend([text("large", 1_300_000), noise("large", 2_200_000)]);
        let contents = contents.into_iter().map(|bytes| (content_id(&bytes), bytes)).collect();
        let mut objects = Vec::new();
        for at in 0..10_u64 {
            let file = File::new(false, at, content_id(&at.to_be_bytes())).unwrap();
            let target = format!("{at}/").repeat(1 + 40 * at as usize);
            let link = Symlink::new(target.as_bytes()).unwrap();
            for node in [Node::from(file), Node::from(link)] {
                objects.push((node.id().into(), node.encode().into()));
            }
        }
        Self { contents, objects, small, middle }
    }

    /// Draws some contents, mostly small ones.
    pub(crate) fn draw_contents(&self, random: &mut Random) -> Vec<(ContentId, Bytes)> {
        (0..random.below(5)).map(|_| self.draw_content(random)).collect()
    }

    /// Draws a content, most likely a small one.
    pub(crate) fn draw_content(&self, random: &mut Random) -> (ContentId, Bytes) {
        let end = match random.below(100) {
            0 => self.contents.len() as u64,
            1..20 => self.middle,
            _ => self.small,
        };
        self.contents[random.below(end) as usize].clone()
    }

    pub(crate) fn draw_large(&self, random: &mut Random) -> (ContentId, Bytes) {
        let large = self.contents.len() as u64 - self.middle;
        self.contents[(self.middle + random.below(large)) as usize].clone()
    }

    pub(crate) fn draw_objects(&self, random: &mut Random) -> Vec<(ObjectId, Bytes)> {
        let count = 1 + random.below(5);
        let draw = |_| self.objects[random.below(self.objects.len() as u64) as usize].clone();
        (0..count).map(draw).collect()
    }

    /// Tells whether a content takes long to read.
    pub(crate) fn is_large(&self, id: &ContentId) -> bool {
        self.contents[self.middle as usize..].iter().any(|(large, _)| large == id)
    }
}
