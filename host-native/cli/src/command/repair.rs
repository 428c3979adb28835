//! `markerbed repair`

use std::{fs, io, path::Path, sync::Arc};

use markerbed_host::store::directory::{layer::SystemFiles, rebuild_index};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::{Failure, one_line},
    host::Host,
    json::AsideMembers,
    open::{aside, find_store},
    output::{Colour, Report, Text},
    progress::Progress,
    text::{counted, shown},
};

/// Make anew what follows from the packs
///
/// Changes no pack and deletes nothing that was recorded; what follows from it is made anew. Names
/// the records that are damaged. Exits with 4 if there are any.
#[derive(clap::Args)]
pub(crate) struct Repair {
    /// Make all index files anew, and forget which files were seen unchanged
    #[arg(long)]
    rebuild_index: bool,
}

/// What `markerbed repair --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "repair")]
pub(crate) struct RepairAnswer {
    /// Packs of the store.
    packs: u64,
    /// Index files that were made anew.
    index_files: u64,
    /// Bytes of those.
    index_bytes: u64,
    /// Files that were deleted because they only spared reading.
    hints_deleted: u64,
    /// The first of the records that are damaged; the index of their pack was not made.
    damaged: Vec<DamagedMembers>,
    /// How many they are.
    damaged_total: u64,
    /// What lies aside because it was found behind the end of a pack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aside: Vec<AsideMembers>,
}

/// A record that is not as it was written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DamagedMembers {
    /// The number of the pack.
    pack: u32,
    /// Where in it the record begins.
    offset: u64,
    /// What it is, as far as that can be told.
    item: String,
    /// How it shows.
    detail: String,
}

impl Repair {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        if !self.rebuild_index {
            let message = "nothing to repair was named; --rebuild-index makes all index files anew \
                from the packs; what else is damaged can only be taken from a copy";
            return Err(Failure::usage("bad-usage", message));
        }
        let store = find_store(&host.place)?;
        host.place.check_writable(&store)?;
        let progress = Progress::begin(&host.output, "reading packs");
        let (mut damaged, mut damaged_total) = (Vec::new(), 0);
        let report = rebuild_index(&store, Arc::new(SystemFiles), &mut |found| {
            damaged_total += 1;
            if damaged.len() < DAMAGED_MAX {
                damaged.push(DamagedMembers {
                    pack: found.pack,
                    offset: found.offset,
                    item: found.item.to_string(),
                    detail: found.fault.to_owned(),
                });
            }
        })?;
        let answer = RepairAnswer {
            packs: report.packs,
            index_files: report.files,
            index_bytes: report.bytes,
            hints_deleted: delete_hints(&store)?,
            damaged,
            damaged_total,
            aside: aside(&store)?,
        };
        drop(progress);
        let exit = if damaged_total == 0 { Exit::Done } else { Exit::Failed };
        host.output.conclude(&answer, exit)
    }
}

/// Deletes what only tells which files were seen unchanged: the next snapshot reads them again.
fn delete_hints(store: &Path) -> Result<u64, Failure> {
    let directory = store.join(HINTS_DIRECTORY);
    let failed = |cause: io::Error| Failure::system(shown(&directory), &cause);
    let entries = match fs::read_dir(&directory) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(failed)?,
    };
    let mut deleted = 0;
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|last| last == HINT_EXTENSION) {
            fs::remove_file(path).map_err(failed)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

impl Report for RepairAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        for DamagedMembers { pack, offset, item, detail } in &self.damaged {
            let word = text.paint(Colour::Red, "damaged");
            let item = one_line(item);
            text.line(format_args!("{word}: pack {pack}, byte {offset}: {item}: {detail}"))?;
        }
        let more = self.damaged_total.saturating_sub(self.damaged.len() as u64);
        if more > 0 {
            text.line(format_args!("and {} more", counted(more, "record", "records")))?;
        }
        for aside in &self.aside {
            aside.put_text(text)?;
        }
        let files = counted(self.index_files, "index file", "index files");
        let packs = counted(self.packs, "pack", "packs");
        text.line(format_args!("made {files} of {packs} anew"))
    }
}

const DAMAGED_MAX: usize = 1_000;
const HINTS_DIRECTORY: &str = "seen";
const HINT_EXTENSION: &str = "seen";
