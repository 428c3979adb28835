//! The object that commits to all that a workspace holds (STATE-2).

use alloc::vec::Vec;

use crate::{
    codec::{Canonical, Reader, put_fixed, put_format},
    error::Error,
    hash::{Context, derive_key},
    id::{MapId, StateId},
    limits::OBJECT_BYTES_MAX,
};

/// The commitment to all that a workspace holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StateObject {
    /// The map of kind 12: tag to map.
    pub maps: MapId,
}

impl StateObject {
    /// The state's id (STATE-2).
    pub fn id(&self) -> StateId {
        StateId::from_bytes(derive_key(Context::State, &[&self.encode()]))
    }
}

impl Canonical for StateObject {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_format(out);
        put_fixed(out, self.maps.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.take_format()?;
        Ok(Self { maps: MapId::from_bytes(reader.take_fixed()?) })
    }
}
