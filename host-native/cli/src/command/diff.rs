//! `markerbed diff`

use std::{ffi::OsString, sync::Arc};

use markerbed_core::tree::Expansion;
use markerbed_host::drive::blocking::wait;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::{CHANGES_MAX, Change},
    open::{Opened, Purpose, reference},
    text::grouped,
};

/// List what differs between two snapshots or nodes
///
/// Exits with 3 if more differs than --limit, and with --exit-code with 1 if anything does. Modes,
/// times, owners and extended attributes do not count; if only they differ, a note says so.
#[derive(clap::Args)]
pub(crate) struct Diff {
    /// The first
    #[arg(value_name = "REF[:PATH]")]
    before: OsString,
    /// The second
    #[arg(value_name = "REF[:PATH]")]
    after: OsString,
    /// Exit with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
    /// List at most so many
    #[arg(long, value_name = "COUNT", default_value_t = CHANGES_MAX)]
    limit: u64,
}

impl Diff {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let [before, after] = [&self.before, &self.after].map(|text| reference(text));
        let before = wait(opened.workspace.resolve_node(&before?))?;
        let after = wait(opened.workspace.resolve_node(&after?))?;
        let difference = wait(opened.workspace.difference(
            before.id,
            after.id,
            Expansion::Everything,
            self.limit,
            Arc::default(),
        ))?;
        if difference.changes.is_empty() && before.tree.snapshot.is_some() {
            let [was, is] = [&before, &after].map(|place| {
                wait(opened.workspace.resolve_attributes(place)).map_err(Failure::from)
            });
            if after.tree.snapshot.is_some() && was? != is? {
                let differ = "only modes, times, owners or extended attributes differ";
                host.output.note(format_args!("{differ}; `markerbed show` tells them"));
            }
        }
        let listed =
            difference.changes.len().min(usize::try_from(self.limit).unwrap_or(usize::MAX));
        for change in difference.changes.iter().take(listed) {
            host.output.show(&Change::of(change))?;
        }
        if !difference.is_complete || listed < difference.changes.len() {
            let limit = grouped(self.limit);
            host.output
                .note(format_args!("more than {limit} changes; --limit takes a larger number"));
            return Ok(Exit::Incomplete);
        }
        Ok(if self.exit_code && listed > 0 { Exit::False } else { Exit::Done })
    }
}
