//! The grants of a workspace, and what they allow (GRANT-3, GRANT-4).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Right, Role, Scope};
use crate::{
    codec::{Canonical, Reader, put_byte, put_fixed, put_u64},
    error::{Error, Fault},
    id::Id16,
    limits::OBJECT_BYTES_MAX,
    tree::Path,
};

/// What an agent may do in one scope, and who said so when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The role; none after it was revoked.
    pub role: Option<Role>,
    /// The agent that granted or revoked it.
    pub by: Id16,
    /// The number of the entry that did.
    pub since: u64,
}

/// Whether an agent may do something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// It may.
    Allowed {
        /// The number of the entry that granted it.
        by_entry: u64,
    },
    /// Nothing was ever granted here: who reaches the workspace may do all but administer it.
    Open,
    /// It may not.
    Denied,
}

/// The grants of a workspace, or those of some agents.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Grants {
    founder: Option<Id16>,
    is_governed: bool,
    by_key: BTreeMap<Vec<u8>, Grant>,
}

impl Grants {
    /// No grants, in a workspace whose entry 0 is of the agent `founder`.
    pub const fn new(founder: Id16) -> Self {
        Self { founder: Some(founder), is_governed: false, by_key: BTreeMap::new() }
    }

    /// Decides whether `agent` may do something with what is at `path` (GRANT-4).
    ///
    /// Of several grants that allow it, the one with the shortest path does.
    pub fn decide(&self, agent: Id16, right: Right, path: &Path) -> Decision {
        let of_agent = self.by_key.range(agent.as_bytes().to_vec()..);
        let of_agent = of_agent.take_while(|(key, _)| key.starts_with(agent.as_bytes()));
        let stored = of_agent.filter_map(|(key, grant)| {
            let (_, scope) = agent_and_scope(key).ok()?;
            Some((scope, *grant))
        });
        let whole = self.of(agent, &Scope::WHOLE).map(|grant| (Scope::WHOLE, grant));
        let gives = |grant: &Grant| grant.role.is_some_and(|role| role.gives(right));
        let allows = whole
            .into_iter()
            .chain(stored)
            .filter(|(scope, grant)| gives(grant) && scope.covers(path))
            .min_by_key(|(scope, _)| scope.path().as_bytes().len());
        match allows {
            Some((_, grant)) => Decision::Allowed { by_entry: grant.since },
            None if !self.is_governed && right != Right::Administer => Decision::Open,
            None => Decision::Denied,
        }
    }

    /// The grant of an agent in exactly this scope.
    pub fn of(&self, agent: Id16, scope: &Scope) -> Option<Grant> {
        let found = self.by_key.get(&key_of(agent, scope)).copied();
        let is_founders = self.founder == Some(agent) && *scope == Scope::WHOLE;
        found.or_else(|| is_founders.then(|| founders_grant(agent)))
    }

    /// All grants that hold, in order of their agents and paths.
    pub fn iter(&self) -> impl Iterator<Item = (Id16, Scope, Grant)> {
        let implied = self.founder.filter(|founder| {
            let is_stored = self.by_key.contains_key(&key_of(*founder, &Scope::WHOLE));
            !is_stored
        });
        let implied = implied.map(|founder| (founder, Scope::WHOLE, founders_grant(founder)));
        let stored = self.by_key.iter().filter_map(|(key, grant)| {
            let (agent, scope) = agent_and_scope(key).ok()?;
            Some((agent, scope, *grant))
        });
        let mut all: Vec<_> = implied.into_iter().chain(stored).collect();
        all.retain(|(_, _, grant)| grant.role.is_some());
        all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        all.into_iter()
    }

    /// Tells whether something was ever granted or revoked.
    pub const fn is_governed(&self) -> bool {
        self.is_governed
    }

    /// Applies a grant, or without a role a revocation, by `by` in entry `since` (APPLY-9).
    ///
    /// Whether `by` may do so is asked before.
    ///
    /// # Errors
    ///
    /// [`Error::OwnGrant`] or [`Error::GrantConflict`]; then nothing has changed.
    pub fn change(
        &mut self,
        (agent, scope): (Id16, &Scope),
        role: Option<Role>,
        (by, since): (Id16, u64),
    ) -> Result<(), Error> {
        if agent == by {
            return Err(Error::OwnGrant { agent });
        }
        let found = self.of(agent, scope).and_then(|grant| grant.role);
        if found == role {
            return Err(Error::GrantConflict { agent });
        }
        self.insert(key_of(agent, scope), Grant { role, by, since });
        Ok(())
    }

    /// Adds an entry of the map of grants, or of rows like it: its key and value (STATE-1).
    ///
    /// # Errors
    ///
    /// As decoding them.
    pub fn know(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        agent_and_scope(key)?;
        self.insert(key.to_vec(), Grant::decode(value)?);
        Ok(())
    }

    /// Checks that `agent` may do something with what is at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`].
    pub fn check(&self, agent: Id16, right: Right, path: &Path) -> Result<(), Error> {
        match self.decide(agent, right, path) {
            Decision::Allowed { .. } | Decision::Open => Ok(()),
            Decision::Denied => Err(Error::NotPermitted { agent }),
        }
    }

    /// Notes that there are grants, be they among those known here or not.
    pub const fn govern(&mut self) {
        self.is_governed = true;
    }

    /// The entries of the map of grants.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Vec<u8>, &Grant)> {
        self.by_key.iter()
    }

    fn insert(&mut self, key: Vec<u8>, grant: Grant) {
        self.by_key.insert(key, grant);
        self.is_governed = true;
    }
}

/// The key of a grant in its map: agent ‖ path.
pub(crate) fn key_of(agent: Id16, scope: &Scope) -> Vec<u8> {
    [agent.as_bytes(), scope.path().as_bytes()].concat()
}

/// What a key of the map of grants is of.
pub(crate) fn agent_and_scope(key: &[u8]) -> Result<(Id16, Scope), Error> {
    let mut reader = Reader::new(key);
    let agent = reader.take_fixed().map_err(|_| Error::malformed(Fault::OutOfRange))?;
    let path = key.get(agent.len()..).unwrap_or_default();
    Ok((Id16::from_bytes(agent), Scope::new(path)?))
}

/// Who made the workspace administers it by having made it (GRANT-3).
const fn founders_grant(founder: Id16) -> Grant {
    Grant { role: Some(Role::Admin), by: founder, since: 0 }
}

impl Canonical for Grant {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_byte(out, self.role.map_or(REVOKED, Role::number));
        put_fixed(out, self.by.as_bytes());
        put_u64(out, self.since);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let is_revoked = reader.clone().take_byte()? == REVOKED;
        let role = match is_revoked {
            true => reader.take_byte().map(|_| None)?,
            false => Some(Role::take(reader)?),
        };
        let by = Id16::from_bytes(reader.take_fixed()?);
        Ok(Self { role, by, since: reader.take_u64()? })
    }
}

/// Stands where a role does that was revoked.
const REVOKED: u8 = 0;
