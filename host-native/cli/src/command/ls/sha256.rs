//! `markerbed ls --sha256`

use markerbed_core::tree::{NodeKind, Path};
use markerbed_host::{
    drive::blocking::wait,
    listing::{KeptListing, Told, is_listing, listing},
    progress::Silent,
    restore::Lack,
    workspace::Place,
};

use crate::{exit::Exit, failure::Failure, host::Host, open::Opened, text::counted};

/// Prints the plain listing of what is at a place.
///
/// That of a whole snapshot was perhaps kept; otherwise it is made from what the files hold.
pub(super) fn run(host: &mut Host, opened: &Opened, place: &Place) -> Result<Exit, Failure> {
    if let Some(kept) = kept(opened, place)?
        && print_kept(host, opened, &kept)?
    {
        return Ok(Exit::Done);
    }
    let name = place.path.last().map(Path::new).transpose()?;
    let is_open = place.node.kind() == NodeKind::Directory;
    if name.is_none() && !is_open {
        let message = format!(
            "{}: is a {} without a name; give the path that it has in a tree",
            place.id,
            place.node.kind()
        );
        return Err(Failure::usage("not-a-directory", message));
    }
    let (store, workspace) = (opened.store(), opened.workspace.id());
    let name = name.unwrap_or_default();
    let mut lacking = 0_u64;
    let mut line = Vec::new();
    for told in listing(store, workspace, place.id, &place.node, name, &Silent) {
        match told? {
            Told::Line(told) => {
                line.clear();
                told.put(&mut line);
                host.output.bytes(&line)?;
            }
            Told::Lacking { path, lack } => {
                lacking += 1;
                if lacking <= NAMED_MAX {
                    let path = if path.is_root() { ".".to_owned() } else { path.to_string() };
                    host.output.note(format_args!("{path}: left out, {}", words(lack)));
                }
            }
        }
    }
    if lacking == 0 {
        return Ok(Exit::Done);
    }
    let lacking = counted(lacking, "item is", "items are");
    host.output.note(format_args!(
        "{lacking} left out of the listing; `markerbed check` says what is missing"
    ));
    Ok(Exit::Incomplete)
}

/// The listing that was kept of a whole snapshot, if one was.
fn kept(opened: &Opened, place: &Place) -> Result<Option<KeptListing>, Failure> {
    let Some(snapshot) = place.tree.snapshot.as_ref().filter(|_| place.path.is_root()) else {
        return Ok(None);
    };
    Ok(opened.kept_listing(snapshot)?.map(|(_, kept)| kept))
}

/// Prints a listing that was kept; not one line of one that is not the snapshot's.
fn print_kept(host: &mut Host, opened: &Opened, kept: &KeptListing) -> Result<bool, Failure> {
    let (store, workspace) = (opened.store(), opened.workspace.id());
    if !wait(is_listing(store, workspace, kept))? {
        host.output.note("the listing that was kept is not whole, and is made again");
        return Ok(false);
    }
    let Some(mut content) = wait(store.open_content(workspace, kept.content))? else {
        return Ok(false);
    };
    while let Some(piece) = wait(content.next())? {
        host.output.bytes(&piece)?;
    }
    Ok(true)
}

const fn words(lack: Lack) -> &'static str {
    match lack {
        Lack::ContentMissing => "its content is not in the store",
        Lack::Damaged => "what is stored for it is damaged",
        _ => "its node is not in the store",
    }
}

/// How many items that are left out are named one by one.
const NAMED_MAX: u64 = 1_000;
