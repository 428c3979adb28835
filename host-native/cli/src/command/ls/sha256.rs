//! `markerbed ls --sha256`

use std::io;

use markerbed_core::tree::{ListedItem, ListingLine, NodeKind, Path};
use markerbed_host::{
    drive::blocking::wait,
    listing::{KeptListing, Told, is_listing, listing},
    progress::Silent,
    restore::Lack,
    workspace::Place,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::{HexId, PathBytes},
    open::Opened,
    output::{Output, Report, Text},
    text::counted,
};

/// What `markerbed ls --sha256 --json` answers: one line for each line of the listing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ls-sha256")]
pub(crate) struct ListedAnswer {
    #[serde(flatten)]
    path: PathBytes,
    /// The SHA-256 of the bytes of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<HexId>,
    /// The NodeId of a sealed item, which stands for all that is below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<HexId>,
    #[serde(skip)]
    line: Vec<u8>,
}

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
    for told in listing(store, workspace, place.id, &place.node, name, &Silent) {
        match told? {
            Told::Line(line) => host.output.show(&ListedAnswer::of(&line))?,
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
    // A line whose end is in a later piece.
    let mut begun = Vec::new();
    while let Some(piece) = wait(content.next())? {
        if host.output.is_json() {
            begun.extend_from_slice(&piece);
            show_lines(&mut host.output, &mut begun)?;
        } else {
            host.output.bytes(&piece)?;
        }
    }
    Ok(true)
}

/// Shows the whole lines of a listing that is right, and keeps what is left.
fn show_lines(output: &mut Output, bytes: &mut Vec<u8>) -> Result<(), Failure> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for line in bytes.drain(..whole).as_slice().split_inclusive(|byte| *byte == b'\n') {
        let line = ListingLine::read(line.strip_suffix(b"\n").unwrap_or(line))?;
        output.show(&ListedAnswer::of(&line))?;
    }
    Ok(())
}

impl ListedAnswer {
    fn of(listed: &ListingLine) -> Self {
        let (sha256, sealed) = match listed.item {
            ListedItem::File(digest) => (Some(digest.into()), None),
            ListedItem::Sealed(id) => (None, Some(id.into())),
        };
        let mut line = Vec::new();
        listed.put(&mut line);
        Self { path: PathBytes(listed.path.as_bytes().to_vec()), sha256, sealed, line }
    }
}

impl Report for ListedAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        text.bytes(&self.line)
    }
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
