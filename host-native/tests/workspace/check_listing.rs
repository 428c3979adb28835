//! Listings that are kept beside snapshots.

use bytes::Bytes;
use markerbed_core::{Sha256Digest, hash::Sha256Hasher, hash::content_id, tree::EvidenceDocument};
use markerbed_host::drive::blocking::wait;

use crate::{
    check::{FILES, check, codes, places},
    support::{commit_draft, draft, recorded, workspace},
};

const LISTING: &[u8] = b"a listing";

/// Checks a workspace with a snapshot that has this hash, and the listing or nothing.
fn check_with(digest: Option<Sha256Digest>, listing: Option<&'static [u8]>) -> Vec<String> {
    let workspace = workspace();
    let mut draft = draft(&workspace, "notes", FILES);
    draft.listing = digest;
    let listed = Some(content_id(LISTING));
    let evidence = EvidenceDocument { listing: listed, ..EvidenceDocument::default() };
    draft.evidence = Some(evidence.write().unwrap().into());
    if let Some(listing) = listing {
        let contents = [Bytes::from_static(listing)];
        wait(workspace.store().put_contents(workspace.id(), &contents)).unwrap();
    }
    recorded(commit_draft(&workspace, &draft).unwrap());

    let report = check(&workspace);

    let served = report.findings.iter().map(|finding| places(finding).join(" "));
    let parts = served.map(|served| served.split_once(':').unwrap().1.trim().to_owned());
    codes(&report).iter().zip(parts).map(|(code, part)| format!("{code} {part}")).collect()
}

fn sha256(bytes: &[u8]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

#[test]
fn a_kept_listing_must_be_there_and_be_the_one_of_its_snapshot() {
    let own = Some(sha256(LISTING));

    assert_eq!(check_with(own, Some(LISTING)), [""; 0]);
    assert_eq!(check_with(own, None), ["missing-content (listing)"]);
    let other = check_with(Some(sha256(b"other")), Some(LISTING));
    assert_eq!(other, ["bad-document (listing)"]);
    assert_eq!(check_with(None, Some(LISTING)), ["bad-document (evidence)"]);
}
