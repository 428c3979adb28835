//! Ends the program when the user says so, and leaves nothing half done.
//!
//! What a command has committed is durable and what it has not is invisible, so it may be ended
//! anywhere; only what lies outside of the store is cleared away first. Between a commit and its
//! answer nobody is ended: who hears "interrupted" knows that it was not done. A second signal
//! waits for none of that.

use std::{
    fs,
    io::{self, Write},
    mem,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, mpsc},
    thread,
    time::Duration,
};

use markerbed_host::restore::UnfinishedNames;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{exit::Exit, failure::Failure, output::Style, progress};

/// Begins to listen to the user.
///
/// # Errors
///
/// If the system does not let the program listen.
pub(crate) fn listen(style: Style) -> Result<(), Failure> {
    let failed = |cause: io::Error| Failure::system("signals of the system", &cause);
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    let wait = move || {
        let mut heard = signals.forever();
        if heard.next().is_some() {
            let ending = thread::Builder::new().spawn(move || end(style));
            // Who asks twice, or has no thread left, does not want to wait.
            if ending.is_err() || heard.next().is_some() {
                exit();
            }
        }
    };
    thread::Builder::new().name("interrupt".to_owned()).spawn(wait).map_err(failed)?;
    Ok(())
}

/// Holds a thread here, between two files, if the program is about to end.
pub(crate) fn pass() {
    drop(GATE.read());
}

/// Until it is dropped, the first signal waits: what is committed is answered for.
#[must_use = "it holds the signal off only while it is there"]
pub(crate) struct Held(());

/// Holds signals off from before a commit until its answer is given.
pub(crate) fn hold() -> Held {
    *answering() = true;
    Held(())
}

/// Lets the first signal end the program again, whatever held it off: it has been answered for.
pub(crate) fn answered() {
    *answering() = false;
    ANSWERED.notify_all();
}

impl Held {
    /// Nothing follows in this command that could be interrupted.
    pub(crate) fn until_the_end(self) {
        mem::forget(self);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        answered();
    }
}

/// Something that is in the way if the program ends early; removed when dropped, too.
#[derive(Debug)]
pub(crate) struct Scratch(InTheWay);

#[derive(Clone, Debug, Eq, PartialEq)]
enum InTheWay {
    /// A file or directory.
    Whole(PathBuf),
    /// Files of a restore below a directory that have not got their names yet.
    Unnamed(PathBuf, UnfinishedNames),
}

impl Scratch {
    /// Takes care of the file or directory at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self::take_care(InTheWay::Whole(path))
    }

    /// Takes care of what a restore to `target` has begun to write.
    pub(crate) fn of_restore(target: PathBuf, names: UnfinishedNames) -> Self {
        Self::take_care(InTheWay::Unnamed(target, names))
    }

    /// Lets it stay.
    pub(crate) fn keep(self) {
        in_the_way().retain(|other| *other != self.0);
    }

    fn take_care(what: InTheWay) -> Self {
        in_the_way().push(what.clone());
        Self(what)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut all = in_the_way();
        if all.contains(&self.0) {
            self.0.remove();
            all.retain(|other| *other != self.0);
        }
    }
}

impl InTheWay {
    /// Removes it; there is nobody left to tell of a failure.
    fn remove(&self) {
        match self {
            Self::Whole(path) => {
                let _ = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
            }
            Self::Unnamed(target, names) => {
                let target = target.clone();
                // A file is written beside its name, files of a directory inside.
                let beside = target.parent().map(Path::to_owned).filter(|_| !target.is_dir());
                remove_unnamed(beside.unwrap_or(target), names);
            }
        }
    }
}

/// Removes files that a restore has begun, from a directory and all directories below it.
fn remove_unnamed(top: PathBuf, names: &UnfinishedNames) {
    let mut directories = vec![top];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        for entry in entries.flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory {
                directories.push(entry.path());
            } else if names.has(entry.file_name().as_bytes()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn end(style: Style) {
    let answered = ANSWERED.wait_while(answering(), |is_held| *is_held);
    let _nothing_begins = answered.unwrap_or_else(PoisonError::into_inner);
    let _gate = GATE.write();
    let all = in_the_way();
    if all.iter().any(|one| matches!(one, InTheWay::Unnamed(..))) {
        // Files that are almost complete get their names; others are removed.
        thread::sleep(FILE_WAIT);
    }
    all.iter().for_each(InTheWay::remove);
    progress::clear();
    let _ = writeln!(io::stderr(), "markerbed: {SENTENCE}");
    if style == Style::Json {
        // Whoever should read it may be the reason why we wait: do not wait long.
        let (told, heard) = mpsc::channel();
        thread::spawn(move || {
            let _ = writeln!(io::stdout(), "{OBJECT}");
            // Nobody may be waiting any more.
            let _ = told.send(());
        });
        let _ = heard.recv_timeout(READER_WAIT);
    }
    exit()
}

fn exit() -> ! {
    process::exit(i32::from(Exit::Interrupted.number()))
}

fn in_the_way() -> MutexGuard<'static, Vec<InTheWay>> {
    IN_THE_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answering() -> MutexGuard<'static, bool> {
    ANSWERING.lock().unwrap_or_else(PoisonError::into_inner)
}

static IN_THE_WAY: Mutex<Vec<InTheWay>> = Mutex::new(Vec::new());

/// Whether a commit has no answer yet.
static ANSWERING: Mutex<bool> = Mutex::new(false);

static ANSWERED: Condvar = Condvar::new();

/// Closed when the program ends.
static GATE: RwLock<()> = RwLock::new(());

const FILE_WAIT: Duration = Duration::from_millis(100);

const READER_WAIT: Duration = Duration::from_millis(200);

const SENTENCE: &str = "interrupted; what was recorded before is as it was, run it again to go on";

const OBJECT: &str = concat!(
    r#"{"error":{"code":"interrupted","message":"interrupted; what was recorded before is as it "#,
    r#"was, run it again to go on","exit_code":130}}"#
);
