//! Ordered Merkle maps.

use alloc::vec::Vec;

use markerbed_core::{
    MapId,
    codec::Canonical,
    map::{self, BuiltMap, MapKind, Page},
};

use super::builder::Builder;
use crate::{
    bindings::{
        exports::markerbed::engine::{maps, verify},
        types,
    },
    convert::{entry, map_kind},
    drive::drive,
    guest::Guest,
};

impl maps::Guest for Guest {
    type Builder = Builder;

    fn build(kind: u8, entries: Vec<verify::Entry>) -> Result<maps::BuiltMap, types::Error> {
        let entries = entries.into_iter();
        let entries =
            entries.map(|verify::Entry { key, value }| map::Entry { key, value }).collect();
        let built = map_kind(kind).and_then(|kind| map::build(kind, entries))?;
        Ok(built_map(built))
    }

    fn look_up(
        workspace: types::Id,
        root: types::Id,
        kind: u8,
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Vec<u8>>>, types::Error> {
        let (root, kind) = place(root, kind)?;
        drive(workspace, move |io| async move { map::look_up(&io, root, kind, &keys).await })
    }

    fn range(
        workspace: types::Id,
        root: types::Id,
        kind: u8,
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<verify::Entry>, types::Error> {
        let (root, kind) = place(root, kind)?;
        let read = move |io| async move { map::range(&io, root, kind, &from, max).await };
        Ok(drive(workspace, read)?.into_iter().map(entry).collect())
    }

    fn update(
        workspace: types::Id,
        root: types::Id,
        kind: u8,
        changes: Vec<maps::Change>,
    ) -> Result<maps::BuiltMap, types::Error> {
        let (root, kind) = place(root, kind)?;
        let changes = changes.into_iter();
        let changes =
            changes.map(|maps::Change { key, value }| map::Change { key, value }).collect();
        let make = move |io| async move { map::update(&io, root, kind, changes).await };
        drive(workspace, make).map(built_map)
    }

    fn compare(
        workspace: types::Id,
        kind: u8,
        before: types::Id,
        after: types::Id,
    ) -> Result<Vec<maps::Difference>, types::Error> {
        let (before, kind) = place(before, kind)?;
        let after: MapId = after.into();
        let compare = move |io| async move { map::difference(&io, kind, before, after).await };
        let found = drive(workspace, compare)?.into_iter();
        Ok(found
            .map(|map::Difference { key, before, after }| maps::Difference { key, before, after })
            .collect())
    }

    fn prove_range(
        workspace: types::Id,
        root: types::Id,
        kind: u8,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> Result<Vec<Vec<u8>>, types::Error> {
        let (root, kind) = place(root, kind)?;
        drive(
            workspace,
            move |io| async move { map::prove_full(&io, root, kind, &from, &to).await },
        )
    }

    fn prove_entry(
        workspace: types::Id,
        root: types::Id,
        kind: u8,
        key: Vec<u8>,
    ) -> Result<Option<Vec<Vec<u8>>>, types::Error> {
        let (root, kind) = place(root, kind)?;
        let prove = move |io| async move { map::prove_blind(&io, root, kind, &key).await };
        Ok(drive(workspace, prove)?.map(|proof| proof.pages))
    }
}

fn place(root: types::Id, kind: u8) -> Result<(MapId, MapKind), types::Error> {
    Ok((root.into(), map_kind(kind)?))
}

fn built_map(built: BuiltMap) -> maps::BuiltMap {
    maps::BuiltMap { root: built.root.into(), pages: pages(built.pages) }
}

/// Pages as objects, in their order.
pub(super) fn pages(pages: Vec<(MapId, Page)>) -> Vec<types::Object> {
    let object = |(id, page): (MapId, Page)| types::Object {
        id: markerbed_core::ObjectId::from(id).into(),
        bytes: page.encode(),
    };
    pages.into_iter().map(object).collect()
}
