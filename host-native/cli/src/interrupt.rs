//! Ends the program when the user says so, and leaves nothing half done.
//!
//! What a command has committed is durable and what it has not is invisible, so it may be ended
//! anywhere; only what lies outside of the store is cleared away first.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

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
        if signals.forever().next().is_some() {
            end(style);
        }
    };
    thread::Builder::new().name("interrupt".to_owned()).spawn(wait).map_err(failed)?;
    Ok(())
}

/// A file or directory that is in the way if the program ends early; removed when dropped, too.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Takes care of what is at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        in_the_way().push(path.clone());
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Lets it stay.
    pub(crate) fn keep(self) {
        in_the_way().retain(|path| *path != self.0);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut paths = in_the_way();
        if paths.contains(&self.0) {
            remove(&self.0);
            paths.retain(|path| *path != self.0);
        }
    }
}

fn end(style: Style) {
    for path in in_the_way().iter() {
        remove(path);
    }
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
        let _ = heard.recv_timeout(Duration::from_millis(200));
    }
    process::exit(i32::from(Exit::Interrupted.number()));
}

fn remove(path: &Path) {
    // It may be a file, or gone; there is nobody left to tell.
    let _ = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
}

fn in_the_way() -> MutexGuard<'static, Vec<PathBuf>> {
    IN_THE_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

static IN_THE_WAY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

const SENTENCE: &str = "interrupted; what was recorded before is as it was, run it again to go on";

const OBJECT: &str = concat!(
    r#"{"error":{"code":"interrupted","message":"interrupted; what was recorded before is as it "#,
    r#"was, run it again to go on","exit_code":130}}"#
);
