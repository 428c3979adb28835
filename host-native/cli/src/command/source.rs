//! Directories as sources: what `snap` and `status` take in, and how.

use std::{
    fs,
    path::{Path, PathBuf},
};

use markerbed_core::tree::{Coverage, EvidenceDocument, Label};
use markerbed_host::{
    drive::blocking::wait,
    snapshot::{Holding, Recorded, Seen, SeenPlace, SnapOptions},
    workspace::RecordedSnapshot,
};

use super::sealing::Sealed;
use crate::{failure::Failure, host::Host, open::Opened, text::shown};

/// What to leave out of a source.
#[derive(clap::Args)]
pub(crate) struct Rules {
    /// Leave out what matches, written as in a .gitignore; may be given again
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Take in what .gitignore and .markerbedignore leave out, and .git
    #[arg(long)]
    no_ignore: bool,
    /// Leave out what is on another file system
    #[arg(long)]
    one_file_system: bool,
    /// Record what every system tells alike: no executable bits; symlinks and names that are not
    /// UTF-8 as gaps
    #[arg(long)]
    pub(crate) portable: bool,
    /// Leave out modes, times, owners and extended attributes
    #[arg(long)]
    no_attributes: bool,
}

/// A directory and what people call it.
pub(crate) struct Source {
    /// The directory.
    pub(crate) path: PathBuf,
    /// The source's label, and the name of the ref that moves.
    pub(crate) label: Label,
}

/// What was seen of a source when a snapshot of it was taken.
pub(crate) struct Recalled {
    /// What was seen.
    pub(crate) seen: Seen,
    /// The snapshot, which is recorded.
    pub(crate) snapshot: RecordedSnapshot,
    /// What it says of the bytes of its files.
    pub(crate) holding: Holding,
}

impl Rules {
    /// The same as options of the pipeline, and what is sealed; the store itself is always left
    /// out.
    pub(crate) fn options(
        &self,
        opened: &Opened,
        host: &Host,
        sealed: Option<&Sealed>,
    ) -> SnapOptions {
        SnapOptions {
            seal: sealed.map(Sealed::sealing),
            ignore: !self.no_ignore,
            exclude: self.exclude.clone(),
            one_file_system: self.one_file_system,
            portable: self.portable,
            attributes: !self.no_attributes && host.inputs.tell_attributes(),
            leave_out: vec![opened.directory.clone()],
            ..SnapOptions::default()
        }
    }
}

impl Source {
    /// The directory at `path`, called `named` or else by its last name.
    ///
    /// # Errors
    ///
    /// If it has no last name, or one that cannot be a label.
    pub(crate) fn new(path: PathBuf, named: Option<&str>) -> Result<Self, Failure> {
        let name = match named {
            Some(named) => named.to_owned(),
            None => last_name(&path)?,
        };
        let label = Label::new(&name).map_err(|_| {
            let message = format!(
                "{}: {name:?} cannot name a source: 1 to 255 bytes without control characters; \
                 name it with --source",
                shown(&path)
            );
            Failure::usage("bad-source", message)
        })?;
        Ok(Self { path, label })
    }

    /// Where what is seen of it is kept; none if nothing can be, and then every file is read.
    pub(crate) fn seen_place(&self, opened: &Opened, options: &SnapOptions) -> Option<SeenPlace> {
        let workspace = opened.workspace.id();
        // What cannot be looked at is told by who reads it.
        SeenPlace::of(&opened.directory, workspace, &self.path, options).ok().flatten()
    }

    /// What was seen of it, if that counts: its snapshot is recorded, and the store is whole.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub(crate) fn recall(
        &self,
        opened: &Opened,
        options: &SnapOptions,
    ) -> Result<Option<Recalled>, Failure> {
        let Some(seen) = self.seen_place(opened, options).and_then(|place| place.read()) else {
            return Ok(None);
        };
        let snapshot = wait(opened.workspace.find_snapshot(seen.snapshot()))?;
        let fits = |snapshot: &RecordedSnapshot| snapshot.snapshot.root == seen.root();
        let snapshot = snapshot.filter(|snapshot| !opened.is_damaged && fits(snapshot));
        let Some(snapshot) = snapshot else { return Ok(None) };
        let evidence = match snapshot.snapshot.evidence {
            Some(id) => opened.content(id)?,
            None => None,
        };
        let evidence = evidence.and_then(|evidence| EvidenceDocument::read(&evidence).ok());
        let holding = evidence.map_or(Holding::Kept, |evidence| Holding::of(&evidence));
        Ok(Some(Recalled { seen, snapshot, holding }))
    }
}

impl Recalled {
    /// Tells whether a snapshot, which was taken last, is of what was seen.
    pub(crate) fn is_of(&self, recorded: &RecordedSnapshot) -> bool {
        let (own, other) = (&self.snapshot.snapshot, &recorded.snapshot);
        (own.root, own.attributes) == (other.root, other.attributes)
    }

    /// What the snapshot says besides its root, if it has no gaps.
    pub(crate) fn recorded(&self) -> Option<Recorded> {
        let snapshot = &self.snapshot.snapshot;
        let recorded = Recorded { rules: snapshot.rules, attributes: snapshot.attributes };
        (snapshot.coverage == Coverage::Complete).then_some(recorded)
    }
}

/// The last name of the absolute path.
fn last_name(path: &Path) -> Result<String, Failure> {
    let absolute;
    let name = match path.components().next_back() {
        // A link is called as the user calls it, not as what it leads to.
        Some(std::path::Component::Normal(name)) => Some(name),
        _ => {
            absolute =
                fs::canonicalize(path).map_err(|cause| Failure::system(shown(path), &cause))?;
            absolute.file_name()
        }
    };
    let unnamed = |what: &str| {
        let message = format!("{}: {what}; name the source with --source", shown(path));
        Failure::usage("bad-source", message)
    };
    let name = name.ok_or_else(|| unnamed("it has no last name"))?;
    let name = name.to_str().ok_or_else(|| unnamed("its last name is not UTF-8"))?;
    Ok(name.to_owned())
}
