//! `markerbed watch`

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use markerbed_host::watch::{Hearing, WatchLimits, Watcher};

use super::{
    sealing::Seals,
    snap::{Recollection, Snap},
    source::{Recalled, Rules, Source},
};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::TimeOption,
    open::{Opened, Purpose, find_store},
    text::{counted, shown},
};

/// Record a directory again and again, whenever something in it changes
///
/// Begins with a snapshot and gives one line, as `snap` does, for each that is recorded, until it
/// is interrupted: then it ends with 130, and nothing is half done. What the system tells of
/// changes is a hint where to look; once a minute everything is looked at.
#[derive(clap::Args)]
pub(crate) struct Watch {
    /// The directory
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// What the source is called; else the last name of PATH
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Record hashes only: what files hold is not kept
    #[arg(long)]
    no_contents: bool,
    /// Add the plain listing, which sha256sum -c checks in a restored tree
    #[arg(long)]
    listing: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    seals: Seals,
    /// How many events are taken in before everything is looked at
    #[arg(long, hide = true, default_value_t = 65_536)]
    events_max: usize,
    /// How many directories are watched
    #[arg(long, hide = true, default_value_t = usize::MAX)]
    watches_max: usize,
}

/// A directory that is being watched.
struct Watching {
    snap: Snap,
    source: Source,
    watcher: Watcher,
    /// What was seen in the last look.
    recalled: Option<Recalled>,
    /// What was said of how changes are heard of.
    heard: Option<Hearing>,
    is_waiting: bool,
}

impl Watch {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let store = find_store(&host.place)?;
        let source = Source::new(self.path, self.source.as_deref())?;
        let limits = WatchLimits { events_max: self.events_max, watches_max: self.watches_max };
        let watcher = Watcher::new(&source.path, &[store], limits);
        let (no_contents, listing) = (self.no_contents, self.listing);
        let snap = Snap::of_watch(self.source, no_contents, listing, self.rules, self.seals)?;
        let (recalled, heard, is_waiting) = (None, None, false);
        Watching { snap, source, watcher, recalled, heard, is_waiting }.run(host)
    }
}

impl Watching {
    fn run(mut self, host: &mut Host) -> Result<Exit, Failure> {
        let mut whole_at = Instant::now();
        loop {
            let is_whole = Instant::now() >= whole_at;
            if is_whole {
                self.watcher.widen();
            }
            match self.look(host) {
                Ok(()) => {
                    self.is_waiting = false;
                    self.say_how_it_hears(host);
                    if is_whole {
                        whole_at = Instant::now() + self.between_whole_looks();
                    }
                    let left = whole_at.saturating_duration_since(Instant::now());
                    let waited = self.watcher.wait(left);
                    waited.map_err(|cause| Failure::system(shown(&self.source.path), &cause))?;
                }
                Err(Failure::Told(told)) if told.exit == Exit::Race => {
                    if !std::mem::replace(&mut self.is_waiting, true) {
                        host.output.note(format_args!("{}; it is tried again", told.message));
                    }
                    let waited = self.watcher.wait(AGAIN);
                    waited.map_err(|cause| Failure::system(shown(&self.source.path), &cause))?;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Looks at the directory and records what has changed.
    fn look(&mut self, host: &mut Host) -> Result<(), Failure> {
        // Others may write between two looks.
        let opened = Opened::of(host, Purpose::Write)?;
        let options = self.snap.options(&opened, host, None);
        self.watcher.begin_look();
        if self.recalled.is_none() {
            self.watcher.widen();
            self.recalled = self.source.recall(&opened, &options)?;
        }
        let time_ms = host.inputs.now_ms(TimeOption::default().given_ms)?;
        let stamp = opened.stamp(host, time_ms)?;
        let before =
            Recollection { recalled: self.recalled.as_ref(), attention: Some(&self.watcher) };
        let snapped = self.snap.snap(host, &opened, &self.source, &stamp, before)?;
        self.watcher.end_look();
        let (recorded, has_seen) = (snapped.recorded.clone(), snapped.has_seen);
        if snapped.is_recorded() {
            drop(snapped.tell(host)?);
        } else {
            drop(snapped);
        }
        if host.output.is_closed() {
            return Err(Failure::OutputClosed);
        }
        if has_seen {
            self.recalled = self.source.recall(&opened, &options)?;
        }
        // What was seen counts for the next look only if it is what this one has seen.
        self.recalled = self.recalled.take().filter(|recalled| recalled.is_of(&recorded));
        Ok(())
    }

    fn between_whole_looks(&self) -> Duration {
        match self.watcher.hearing() {
            Hearing::All { .. } => WHOLE,
            Hearing::Partly { .. } => WHOLE_IF_DEAF,
        }
    }

    fn say_how_it_hears(&mut self, host: &mut Host) {
        let hearing = self.watcher.hearing();
        let is_other = match (&self.heard, &hearing) {
            (Some(Hearing::All { .. }), Hearing::All { .. }) => false,
            (Some(Hearing::Partly { why: before, .. }), Hearing::Partly { why, .. }) => {
                before != why
            }
            _ => true,
        };
        if is_other {
            let path = shown(&self.source.path);
            let directories = |count: usize| counted(count as u64, "directory", "directories");
            match hearing {
                Hearing::All { directories: count } => host
                    .output
                    .note(format_args!("{path}: {} watched; Ctrl-C ends it", directories(count))),
                Hearing::Partly { directories: count, why } => host.output.note(format_args!(
                    "{path}: {} watched, {why}; everything is looked at every {} seconds",
                    directories(count),
                    WHOLE_IF_DEAF.as_secs()
                )),
            }
        }
        self.heard = Some(hearing);
    }
}

/// How long it is from one look at everything to the next.
const WHOLE: Duration = Duration::from_secs(60);
/// The same where not all directories are watched.
const WHOLE_IF_DEAF: Duration = Duration::from_secs(5);
/// How long is waited for another writer.
const AGAIN: Duration = Duration::from_millis(200);
