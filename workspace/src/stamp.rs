//! Who, when and under which request: handed in by the program, never taken here.

use markerbed_core::Id16;

use markerbed_storage::RequestKey;

/// What an entry of the ledger is stamped with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// A pseudonym: 16 random bytes that a program keeps, never a name or an address.
    pub agent: Id16,
    /// 16 bytes that are new for each thing to do. Doing it again under the same ones, for example
    /// because no answer came, records it once.
    pub request: Id16,
    /// The host's clock, in milliseconds since 1970 UTC.
    pub time_ms: i64,
}

impl Stamp {
    /// The request as a store knows it.
    pub const fn key(&self) -> RequestKey {
        RequestKey { agent: self.agent, request: self.request }
    }
}
