//! Who may do what in a workspace: granted, revoked, listed, asked.

use markerbed_core::{
    Error, Id16,
    access::{Decision, Grant, Grants, Right, Role, Scope},
    ledger::Operation,
    tree::Path,
};
use markerbed_storage::{RowRange, limits::ANSWER_ITEMS_MAX};

use crate::{Stamp, Workspace, WorkspaceError, commit::TRIES, rows};

/// What became of a grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GrantOutcome {
    /// It was changed, by the entry with this number.
    Changed {
        /// The entry's number.
        number: u64,
    },
    /// Nothing was written: it is so already.
    Unchanged,
}

impl Workspace {
    /// Gives an agent a role in a scope, in place of the one it had in exactly this scope.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`] if the stamp's agent may not administer the scope,
    /// [`Error::OwnGrant`], otherwise as [`Self::commit_snapshot`].
    pub async fn grant(
        &self,
        agent: Id16,
        role: Role,
        scope: &Scope,
        stamp: &Stamp,
    ) -> Result<GrantOutcome, WorkspaceError> {
        let scope = scope.clone();
        self.change_grant(Operation::Granted { agent, role, scope }, stamp).await
    }

    /// Takes the role of an agent in exactly this scope away.
    ///
    /// # Errors
    ///
    /// [`Error::GrantConflict`] if it has none there, otherwise as [`Self::grant`].
    pub async fn revoke(
        &self,
        agent: Id16,
        scope: &Scope,
        stamp: &Stamp,
    ) -> Result<GrantOutcome, WorkspaceError> {
        let scope = scope.clone();
        self.change_grant(Operation::Revoked { agent, scope }, stamp).await
    }

    /// All grants of the workspace.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a broken row.
    pub async fn grants(&self) -> Result<Grants, WorkspaceError> {
        self.known_grants(None).await
    }

    /// Decides whether an agent may do something with what is at a path.
    ///
    /// # Errors
    ///
    /// As [`Self::grants`].
    pub async fn decide(
        &self,
        agent: Id16,
        right: Right,
        path: &Path,
    ) -> Result<Decision, WorkspaceError> {
        Ok(self.known_grants(Some(agent)).await?.decide(agent, right, path))
    }

    /// Checks that an agent may do something in a scope.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`], otherwise as [`Self::grants`].
    pub async fn check_permitted(
        &self,
        agent: Id16,
        right: Right,
        scope: &Scope,
    ) -> Result<(), WorkspaceError> {
        Ok(self.known_grants(Some(agent)).await?.check(agent, right, scope.path())?)
    }

    /// The agent of entry 0.
    pub(crate) async fn founder(&self) -> Result<Id16, WorkspaceError> {
        let entry = self.entry(0).await?.ok_or(WorkspaceError::MissingEntry { number: 0 })?;
        Ok(entry.agent)
    }

    async fn change_grant(
        &self,
        operation: Operation,
        stamp: &Stamp,
    ) -> Result<GrantOutcome, WorkspaceError> {
        let (agent, scope, role) = match &operation {
            Operation::Granted { agent, role, scope } => (*agent, scope, Some(*role)),
            Operation::Revoked { agent, scope } => (*agent, scope, None),
            _ => return Err(Error::NotPermitted { agent: stamp.agent }.into()),
        };
        for _ in 0..TRIES {
            let recorded = self.recorded_as(stamp, |found| *found == operation).await?;
            if let Some(number) = recorded {
                return Ok(GrantOutcome::Changed { number });
            }
            let tip = self.tip().await?;
            self.check_permitted(stamp.agent, Right::Administer, scope).await?;
            let mut grants = self.known_grants(Some(agent)).await?;
            let found = grants.of(agent, scope).and_then(|grant: Grant| grant.role);
            if role.is_some() && found == role {
                return Ok(GrantOutcome::Unchanged);
            }
            grants.change((agent, scope), role, (stamp.agent, tip.log.leaves()))?;
            if let Some(number) = self.append(tip, operation.clone(), stamp).await? {
                return Ok(GrantOutcome::Changed { number });
            }
        }
        Err(self.lost().await?)
    }

    /// The grants of one agent, or all.
    pub(crate) async fn known_grants(&self, agent: Option<Id16>) -> Result<Grants, WorkspaceError> {
        let mut grants = Grants::new(self.founder().await?);
        let mut range = RowRange { prefix: rows::grants_prefix(agent), after: None };
        loop {
            let found = self.store().range_rows(self.id(), &range, ANSWER_ITEMS_MAX).await?;
            let Some((last, _)) = found.last() else { break };
            range.after = Some(last.clone());
            for (key, value) in found {
                let key = rows::grant_of_key(&key).ok_or(BROKEN)?;
                grants.know(key, &value).map_err(|_| BROKEN)?;
            }
        }
        if !grants.is_governed() {
            let all = RowRange { prefix: rows::grants_prefix(None), after: None };
            if !self.store().range_rows(self.id(), &all, 1).await?.is_empty() {
                grants.govern();
            }
        }
        Ok(grants)
    }
}

const BROKEN: WorkspaceError = WorkspaceError::BrokenRow { row: "a grant" };
