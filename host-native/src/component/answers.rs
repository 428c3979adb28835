//! What a component answers, as [`Engine`](markerbed_engine::Engine) says it.

use markerbed_core::{
    Error, MapId, Sha256Digest, WorkspaceId,
    map::MapKind,
    tree::{Child, NodeKind, Path, TreeChange},
};
use markerbed_engine::BuiltMap;

use super::bindings::engine::{
    exports::markerbed::engine::{maps, trees},
    markerbed::engine::types::Id,
};

pub(super) fn place(workspace: WorkspaceId, map: MapId, kind: MapKind) -> (Id, Id, u8) {
    (workspace.into(), map.into(), kind.number())
}

pub(super) fn built_map(built: maps::BuiltMap) -> BuiltMap {
    let pages = built.pages.into_iter().map(Into::into).collect();
    BuiltMap { root: built.root.into(), pages }
}

pub(super) fn change(change: trees::Change) -> Result<TreeChange, Error> {
    Ok(match change {
        trees::Change::Added(placed) => {
            let (path, child) = parted(placed)?;
            TreeChange::Added { path, child }
        }
        trees::Change::Removed(placed) => {
            let (path, child) = parted(placed)?;
            TreeChange::Removed { path, child }
        }
        trees::Change::Changed((before, after)) => {
            let (path, before) = parted(before)?;
            TreeChange::Changed { path, before, after: parted(after)?.1 }
        }
        trees::Change::Mode((before, after, executable)) => {
            let (path, before) = parted(before)?;
            TreeChange::Mode { path, before, after: parted(after)?.1, executable }
        }
        trees::Change::Moved((from, to)) => {
            let ((from, child), (to, _)) = (parted(from)?, parted(to)?);
            TreeChange::Moved { from, to, child }
        }
    })
}

pub(super) fn parted(placed: trees::Placed) -> Result<(Path, Child), Error> {
    Ok((Path::new(&placed.path)?, child(placed.kind, placed.id)))
}

pub(super) fn child(kind: trees::NodeKind, id: Id) -> Child {
    let kind = match kind {
        trees::NodeKind::File => NodeKind::File,
        trees::NodeKind::Symlink => NodeKind::Symlink,
        trees::NodeKind::Directory => NodeKind::Directory,
        trees::NodeKind::SealedFile => NodeKind::SealedFile,
        trees::NodeKind::SealedSymlink => NodeKind::SealedSymlink,
        trees::NodeKind::SealedDirectory => NodeKind::SealedDirectory,
    };
    Child { kind, id: id.into() }
}

pub(super) fn ids(digests: &[Sha256Digest]) -> Vec<Id> {
    digests.iter().map(|digest| (*digest).into()).collect()
}

pub(super) fn digests(ids: Vec<Id>) -> Vec<Sha256Digest> {
    ids.into_iter().map(Into::into).collect()
}
