//! Checks the rules and the evidence of snapshots, and that the workspace can be found.

use markerbed_core::{
    ContentId, SnapshotId,
    limits::DOCUMENT_BYTES_MAX,
    tree::{Coverage, Snapshot},
};

use super::{CheckFault, CheckedItem, Run, fetch::Fetched};
use crate::{
    snapshot::Holding,
    store::StoreError,
    workspace::{WorkspaceError, documents, register},
};

impl Run<'_> {
    /// What a snapshot says of the bytes of its files; one whose evidence is lost kept them.
    pub(super) async fn holding_of(&self, snapshot: &Snapshot) -> Result<Holding, WorkspaceError> {
        let Some(id) = snapshot.evidence else { return Ok(Holding::Kept) };
        let fetched = self.workspace.store().fetch_contents(self.workspace.id(), &[id]).await;
        match fetched {
            Ok(mut fetched) => Ok(fetched
                .pop()
                .flatten()
                .map_or(Holding::Kept, |evidence| documents::holding_of(&evidence))),
            Err(StoreError::Damaged { .. } | StoreError::TooLarge { .. }) => Ok(Holding::Kept),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks that the documents of a snapshot are there and are documents.
    pub(super) async fn check_documents(
        &mut self,
        id: SnapshotId,
        snapshot: &Snapshot,
    ) -> Result<(), WorkspaceError> {
        if let Some(rules) = self.take_document(snapshot.rules).await?
            && let Err(error) = documents::check_rules(&rules)
        {
            self.findings.add(CheckFault::BadDocument, snapshot.rules, error.to_string());
        }
        let Some(evidence_id) = snapshot.evidence else { return Ok(()) };
        let Some(evidence) = self.take_document(evidence_id).await? else { return Ok(()) };
        match documents::gaps_of(&evidence) {
            Err(error) => {
                self.findings.add(CheckFault::BadDocument, evidence_id, error.to_string());
            }
            // SNAP-3.
            Ok(gaps) if snapshot.coverage == Coverage::Complete && gaps.are_listed() => {
                let detail = "it says that all was seen, its evidence lists gaps";
                self.findings.add(CheckFault::BadDocument, id, detail);
            }
            Ok(_) => {}
        }
        Ok(())
    }

    /// Checks that the store lists the workspace, so that a program finds it.
    pub(super) async fn check_register(&mut self) -> Result<(), WorkspaceError> {
        let listed = match register::list(&**self.workspace.store()).await {
            Ok(listed) => listed,
            Err(WorkspaceError::BrokenRow { row }) => {
                let item = CheckedItem::Row(register::workspace_key(self.workspace.id()));
                self.findings.add(CheckFault::WrongRow, item, format!("{row} cannot be read"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if !listed.iter().any(|listed| listed.id == self.workspace.id()) {
            let item = CheckedItem::Row(register::workspace_key(self.workspace.id()));
            self.findings.add(
                CheckFault::MissingRow,
                item,
                "the store does not list the workspace",
            );
        }
        Ok(())
    }

    async fn take_document(&mut self, id: ContentId) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let length = self.workspace.fetch_each_length(&[id]).await?.pop();
        let length = self.take_content(id, length.unwrap_or(Fetched::Missing)).await?;
        match length {
            None => return Ok(None),
            Some(length) if length > u64::from(DOCUMENT_BYTES_MAX) => {
                self.findings.add(CheckFault::BadDocument, id, "it is above 16 MiB");
                return Ok(None);
            }
            Some(_) => {}
        }
        let store = self.workspace.store();
        let fetched = match store.fetch_contents(self.workspace.id(), &[id]).await {
            Ok(mut fetched) => fetched.pop().flatten().map_or(Fetched::Missing, Fetched::Whole),
            Err(error @ StoreError::Damaged { .. }) => Fetched::Damaged(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        Ok(self.findings.take_content(id, fetched).map(|bytes| bytes.to_vec()))
    }
}
