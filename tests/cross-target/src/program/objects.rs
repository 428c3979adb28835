//! Contents and objects by themselves.

use std::collections::BTreeSet;

use bytes::Bytes;
use markerbed_core::{
    ContentId, Error, NodeId, ObjectId, SnapshotId,
    hash::content_id,
    tree::{File, Name, Node, Symlink},
};
use markerbed_engine::CallError;
use markerbed_storage::Records;

use super::{Program, WORKSPACE};

impl Program<'_> {
    pub(super) async fn content_ids(&mut self) {
        let count = self.random.below(6);
        let contents: Vec<Bytes> = (0..count).map(|_| self.content()).collect();
        let mut ids = self.engine.content_ids(&contents).await;
        if let (true, Some(first)) = (self.plant, ids.iter_mut().flatten().next()) {
            let mut bytes = *first.as_bytes();
            bytes[31] ^= 1;
            *first = ContentId::from_bytes(bytes);
        }
        self.note("content-ids", &ids);
        let streamed = self.stream(&contents.concat()).await;
        self.note("content-hasher", &streamed);
    }

    /// The id of a content that comes in two pieces.
    async fn stream(&self, content: &[u8]) -> Result<ContentId, CallError> {
        let (first, rest) = content.split_at(content.len() / 3);
        let mut hasher = self.engine.content_hasher().await?;
        hasher.update(first).await?;
        hasher.update(rest).await?;
        hasher.finish().await
    }

    pub(super) async fn check(&mut self) {
        let root = self.a_tree().unwrap_or(NodeId::from_bytes([1; 32]));
        let bytes = self.traced.memory().fetch_objects(WORKSPACE, &[root.into()]).await;
        let bytes = bytes.ok().and_then(|mut found| found.pop()).flatten().unwrap_or_default();
        let mut bytes = bytes.to_vec();
        if self.random.below(2) == 0 {
            self.mutate(&mut bytes);
        }
        let id = if self.random.below(8) == 0 { root.into() } else { ObjectId::from(root) };
        let checked = self.engine.check_object(id, &bytes).await;
        self.note("check-object", &checked);
        let other = ObjectId::from(SnapshotId::from_bytes(id.bytes));
        let bytes = Bytes::from(bytes);
        let checked = self.engine.check_objects(vec![(id, bytes.clone()), (other, bytes)]).await;
        let checked = checked.map(|checked| {
            let word = |one: &Result<_, Error>| one.as_ref().map_or_else(Error::code, |_| "right");
            checked.iter().map(word).collect::<Vec<_>>()
        });
        self.note("check-objects", &checked);
        let mut names = BTreeSet::new();
        let children: Vec<(Name, Node)> = (0..self.random.below(20))
            .filter_map(|_| {
                let name = Name::new(&self.name()).ok()?;
                if !names.insert(name.clone()) && self.random.below(20) > 0 {
                    return None;
                }
                let content = self.content();
                let file = File::new(false, content.len() as u64, content_id(&content)).ok()?;
                let symlink = Symlink::new(name.as_bytes()).ok()?;
                let is_file = self.random.below(3) > 0;
                Some((name, if is_file { file.into() } else { symlink.into() }))
            })
            .collect();
        let built = self.engine.build_directory(children.clone()).await;
        self.note("build-directory", &built);
        self.judge_directory(&children, &built);
    }
}
