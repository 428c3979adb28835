//! Checks the rules and the evidence of snapshots, and that the workspace can be found.

use markerbed_core::{
    ContentId, SnapshotId,
    limits::DOCUMENT_BYTES_MAX,
    tree::{Coverage, Snapshot},
};

use markerbed_workspace::{Holding, Workspace, WorkspaceError, documents, register};

use super::{
    CheckFault, CheckedItem, Run,
    fetch::{self, Fetched},
};
use crate::{
    listing::{KeptListing, is_listing},
    store::StoreError,
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

    /// The listing that evidence names, if it can be read.
    pub(super) async fn listing_of(
        &self,
        evidence: ContentId,
    ) -> Result<Option<ContentId>, WorkspaceError> {
        let fetched = self.workspace.store().fetch_contents(self.workspace.id(), &[evidence]).await;
        match fetched {
            Ok(mut fetched) => {
                Ok(fetched.pop().flatten().and_then(|evidence| documents::listing_of(&evidence)))
            }
            Err(StoreError::Damaged { .. } | StoreError::TooLarge { .. }) => Ok(None),
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
        self.check_listing(evidence_id, snapshot, &evidence).await?;
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

    /// Checks that the listing that evidence names is there and is the one of the snapshot.
    async fn check_listing(
        &mut self,
        evidence_id: ContentId,
        snapshot: &Snapshot,
        evidence: &[u8],
    ) -> Result<(), WorkspaceError> {
        let Some(content) = documents::listing_of(evidence) else { return Ok(()) };
        let Some(digest) = snapshot.listing else {
            let detail = "it names a listing, its snapshot has none";
            self.findings.add(CheckFault::BadDocument, evidence_id, detail);
            return Ok(());
        };
        let length = fetch::fetch_each_length(self.workspace, &[content]).await?.pop();
        let length = self.take_content(content, length.unwrap_or(Fetched::Missing)).await?;
        if length.is_none() {
            return Ok(());
        }
        let kept = KeptListing { content, digest };
        if !is_listing(&**self.workspace.store(), self.workspace.id(), &kept).await? {
            let detail = "it is not the listing whose SHA-256 its snapshot has";
            self.findings.add(CheckFault::BadDocument, content, detail);
        }
        Ok(())
    }

    /// Checks that the store lists the workspace, so that a program finds it.
    pub(super) async fn check_register(&mut self) -> Result<(), WorkspaceError> {
        let listed = match Workspace::list(&**self.workspace.store()).await {
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
        let length = fetch::fetch_each_length(self.workspace, &[id]).await?.pop();
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
