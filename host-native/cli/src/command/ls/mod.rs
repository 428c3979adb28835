//! `markerbed ls`

mod sha256;

pub(crate) use sha256::ListedAnswer;

use std::{ffi::OsString, io};

use markerbed_core::{
    NodeId,
    tree::{NamedChild, Node, NodeKind, Path},
};
use markerbed_host::{drive::blocking::wait, restore::tree_walk, workspace::Place};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::{NodeMembers, PathBytes},
    open::{Opened, Purpose, reference},
    output::{Colour, Report, Text},
    text::grouped,
};

/// List a directory as it was recorded
///
/// Exits with 3 if a node is not in the store; it is listed all the same. With --sha256 a file
/// whose bytes are not there is left out and named.
#[derive(clap::Args)]
pub(crate) struct Ls {
    /// The directory
    #[arg(value_name = "REF[:PATH]", default_value = "@")]
    reference: OsString,
    /// List everything below it, too
    #[arg(long, short = 'R')]
    recursive: bool,
    /// Say what each is, how large, and where it points
    #[arg(long, short)]
    long: bool,
    /// End each path with a zero byte and print it raw, and nothing else
    #[arg(long, short = 'z', visible_alias = "null", conflicts_with_all = ["long", "json"])]
    zero: bool,
    /// List all files below it for `sha256sum -c` in a restored tree
    #[arg(long, conflicts_with_all = ["recursive", "long", "zero"])]
    sha256: bool,
}

/// What `markerbed ls --json` answers: one line for each node.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ls")]
pub(crate) struct LsAnswer {
    #[serde(flatten)]
    path: PathBytes,
    #[serde(flatten)]
    node: NodeMembers,
    /// Whether the node is in the store; if not, no more is known than its directory says.
    stored: bool,
    #[serde(skip)]
    is_long: bool,
}

impl Ls {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let place = wait(opened.workspace.resolve_node(&reference(&self.reference)?))?;
        if self.sha256 {
            return sha256::run(host, &opened, &place);
        }
        let mut listing = Listing { host, ls: &self, missing: 0 };
        match place.node.as_directory() {
            None => listing.put_itself(&place)?,
            Some(_) if self.recursive => listing.put_all_below(&opened, place.id)?,
            Some(_) => listing.put_children(&opened, place.id)?,
        }
        let missing = listing.missing;
        if missing == 0 {
            return Ok(Exit::Done);
        }
        let missing = grouped(missing);
        host.output.note(format_args!(
            "{missing} nodes are not in the store; `markerbed check` says what is missing"
        ));
        Ok(Exit::Incomplete)
    }
}

/// A listing that is being printed.
struct Listing<'a> {
    host: &'a mut Host,
    ls: &'a Ls,
    missing: u64,
}

impl Listing<'_> {
    fn put_itself(&mut self, place: &Place) -> Result<(), Failure> {
        let name = place.path.last().unwrap_or_default().to_vec();
        self.put(name, place.id, place.node.kind(), Some(&place.node))
    }

    fn put_children(&mut self, opened: &Opened, directory: NodeId) -> Result<(), Failure> {
        let mut from = Vec::new();
        loop {
            let start = from;
            let children =
                wait(opened.workspace.list_children(directory, start, CHILDREN_AT_ONCE as u64))?;
            for (NamedChild { name, child }, node) in &children {
                self.put(name.as_bytes().to_vec(), child.id, child.kind, node.as_ref())?;
            }
            let Some((last, _)) = children.last().filter(|_| children.len() >= CHILDREN_AT_ONCE)
            else {
                return Ok(());
            };
            // The first name that can come after it.
            from = [last.name.as_bytes(), &[0]].concat();
        }
    }

    fn put_all_below(&mut self, opened: &Opened, root: NodeId) -> Result<(), Failure> {
        let mut above = Path::ROOT;
        for walked in tree_walk(opened.store(), opened.workspace.id(), root) {
            let walked = walked?;
            let path = above.first(walked.depth.saturating_sub(1)).join(&walked.name)?;
            let bytes = path.as_bytes().to_vec();
            self.put(bytes, walked.child.id, walked.child.kind, walked.node.as_ref())?;
            above = path;
        }
        Ok(())
    }

    fn put(
        &mut self,
        path: Vec<u8>,
        id: NodeId,
        kind: NodeKind,
        node: Option<&Node>,
    ) -> Result<(), Failure> {
        self.missing += u64::from(node.is_none());
        if self.ls.zero {
            self.host.output.bytes(&path)?;
            return self.host.output.bytes(&[0]);
        }
        let members = match node {
            Some(node) => NodeMembers::listed(id, node),
            None => NodeMembers::unknown(id, kind),
        };
        self.host.output.show(&LsAnswer {
            path: PathBytes(path),
            node: members,
            stored: node.is_some(),
            is_long: self.ls.long,
        })
    }
}

impl Report for LsAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let Self { path, node, .. } = self;
        let kind = node.kind.0;
        let mark = if kind.is_directory() { "/" } else { "" };
        let path = path.shown();
        if !self.is_long {
            return text.line(format_args!("{path}{mark}"));
        }
        let target = node.target.as_ref().map(|target| format!(" -> {}", target.shown()));
        let missing = if self.stored { "" } else { "  (not in the store)" };
        let executable = if node.executable == Some(true) { "x" } else { "-" };
        let size = node.size.or(node.below.map(|below| below.bytes));
        let size = size.map_or_else(|| "-".to_owned(), grouped);
        let id = text.paint(Colour::Dim, node.node.short());
        let target = target.unwrap_or_default();
        text.line(format_args!(
            "{:<9} {executable} {size:>13}  {id}  {path}{mark}{target}{missing}",
            kind.word()
        ))
    }
}

const CHILDREN_AT_ONCE: usize = 4_096;
