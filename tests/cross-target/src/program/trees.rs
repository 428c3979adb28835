//! Trees: written, read, compared and proven; and the attributes that mirror them.

use std::collections::BTreeSet;

use markerbed_core::{
    AttributesId,
    codec::Canonical,
    hash::content_id,
    tree::{Attribute, Expansion, Expectation, Grade, Name, Path, build_attributes},
};
use markerbed_engine::TreeStep;

use super::{Program, WORKSPACE, snapshot};

impl Program<'_> {
    pub(super) async fn write_tree(&mut self) {
        let steps = self.steps();
        let (writer, mut outcome) = match self.engine.write_tree(WORKSPACE).await {
            Ok(writer) => (Some(writer), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let Some(mut writer) = writer else { return self.note("write-tree", &outcome) };
        let cut = self.random.below(steps.len() as u64 + 1) as usize;
        let (first, rest) = steps.split_at(cut.min(steps.len()));
        for part in [first, rest] {
            if outcome.is_ok() {
                outcome = writer.take(part.to_vec()).await;
            }
        }
        let root = match outcome {
            Ok(()) => writer.finish().await,
            Err(error) => Err(error),
        };
        self.note("write-tree", &root);
        self.trees.extend(root);
    }

    /// A walk through a small tree; sometimes one that is not well-formed.
    fn steps(&mut self) -> Vec<TreeStep> {
        let mut steps = Vec::new();
        let mut open = vec![BTreeSet::new()];
        for _ in 0..self.random.below(60) {
            let name = self.name();
            let is_new = open.last_mut().is_some_and(|names| names.insert(name.clone()));
            if !is_new && self.random.below(200) > 0 {
                continue;
            }
            steps.push(match self.random.below(8) {
                0 => {
                    open.push(BTreeSet::new());
                    TreeStep::Enter(name)
                }
                1 if open.len() > 1 => {
                    open.pop();
                    TreeStep::Leave
                }
                2 => TreeStep::Symlink { name, target: self.name() },
                3 => {
                    let (size, executable) = (self.random.below(1 << 40), false);
                    let content = content_id(&size.to_le_bytes());
                    TreeStep::StoredFile { name, executable, size, content }
                }
                _ => {
                    let executable = self.random.below(4) == 0;
                    TreeStep::File { name, executable, bytes: self.content() }
                }
            });
        }
        let one_too_many = usize::from(self.random.below(12) == 0);
        steps.extend((1..open.len() + one_too_many).map(|_| TreeStep::Leave));
        steps
    }

    pub(super) async fn resolve(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let path = self.path();
        let resolved = self.engine.resolve(WORKSPACE, root, path.clone()).await;
        self.note("resolve", &resolved);
        let Some(root) = self.attributes_along(&path).await else { return };
        self.traced.arm(self.fault);
        let resolved = self.engine.resolve_attributes(WORKSPACE, root, path).await;
        self.note("resolve-attributes", &resolved);
    }

    /// Attributes of everything on a path, put where the engine finds them: those of the root.
    async fn attributes_along(&mut self, path: &Path) -> Option<AttributesId> {
        let mut children = Vec::new();
        let names: Vec<&[u8]> = path.names().collect();
        for name in names.into_iter().rev().map(Some).chain([None]) {
            let built = build_attributes(vec![Attribute::Mode(0o644)], children).ok()??;
            let id = built.attributes.id();
            let pages = built.pages.into_iter().map(|(id, page)| (id.into(), page.encode().into()));
            let own = (id.into(), built.attributes.encode().into());
            self.put(&pages.chain([own]).collect::<Vec<_>>()).await;
            let Some(name) = name else { return Some(id) };
            children = vec![(Name::new(name).ok()?, id)];
        }
        None
    }

    pub(super) async fn list_directory(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let (from, max) = (self.name(), self.random.below(40));
        let from = if self.random.below(2) == 0 { Vec::new() } else { from };
        let listed = self.engine.list_directory(WORKSPACE, root, from, max).await;
        self.note("list-directory", &listed);
    }

    pub(super) async fn compare_trees(&mut self) {
        let (Some(before), Some(after)) = (self.a_tree(), self.a_tree()) else { return };
        let expansion = self.pick(&[Expansion::Whole, Expansion::Everything]);
        let max = self.random.below(50);
        let found = self.engine.compare_trees(WORKSPACE, before, after, expansion, max).await;
        self.note("compare-trees", &found);
    }

    pub(super) async fn prove_path(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let (path, grade) = (self.path(), self.pick(&[Grade::Full, Grade::Blind]));
        let snapshot = (self.random.below(2) == 0).then(|| snapshot(root, self.random.next()));
        let bytes = snapshot.as_ref().map(|snapshot| snapshot.encode().into());
        let proof = self.engine.prove_path(WORKSPACE, root, bytes, path, grade).await;
        self.note("prove-path", &proof);
        self.proofs.extend(proof.ok().flatten());
        let Some(mut proof) = self.proofs.last().cloned() else { return };
        if self.random.below(2) == 0 {
            self.mutate(&mut proof);
        }
        let expectation = match (self.random.below(3), snapshot) {
            (0, _) => Expectation::Nothing,
            (1, Some(snapshot)) => Expectation::Snapshot(snapshot.id()),
            _ => Expectation::Root(root),
        };
        let verdict = self.engine.verify_path(&proof, expectation).await;
        self.note("verify-path", &verdict);
        self.judge_path(&proof, expectation, &verdict);
    }
}
