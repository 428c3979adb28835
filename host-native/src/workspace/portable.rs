//! What of a tree another system cannot hold.

use markerbed_core::{
    NodeId,
    tree::{Gap, GapReason, Walk},
};

use super::{Overlay, Workspace, WorkspaceError};
use crate::restore::{NameJudge, Unfit, UnfitNames};

/// Finds what some system in use cannot hold of the tree `root`, which may be in `overlay`, or
/// could not hold of what the gaps are about, had it been recorded.
///
/// # Errors
///
/// As [`Workspace::run`].
pub async fn names_unfit_elsewhere(
    workspace: &Workspace,
    root: NodeId,
    gaps: &[Gap],
    overlay: &Overlay,
) -> Result<UnfitNames, WorkspaceError> {
    let mut judge = NameJudge::of_all_systems();
    let mut names = UnfitNames::default();
    for gap in gaps {
        if let Some(why) = unfit_gap(gap) {
            names.add(why, || gap.path.clone());
        }
    }
    let mut walk = Walk::new(root);
    while !walk.is_done() {
        let advance = |io| async move { walk.advance(&io, NODES_AT_ONCE).await };
        let (next, walked) = workspace.run_over(overlay, advance).await?;
        walk = next;
        for walked in walked {
            let Some(name) = walked.trail.last() else { continue };
            let depth = walked.trail.depth() as usize;
            if let Some(why) = judge.refuse(depth, name, walked.node.kind()) {
                names.add(why, || walked.trail.to_path().as_bytes().to_vec());
            }
        }
    }
    Ok(names)
}
/// Why what a gap is about cannot be held elsewhere; none if that is not why it is a gap.
fn unfit_gap(gap: &Gap) -> Option<Unfit> {
    let name = gap.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    match gap.reason {
        GapReason::Symlink => Some(Unfit::Symlink),
        GapReason::Name if std::str::from_utf8(name).is_err() => Some(Unfit::NotText),
        GapReason::Name => Some(Unfit::TooLong),
        _ => None,
    }
}

const NODES_AT_ONCE: usize = 4_096;
