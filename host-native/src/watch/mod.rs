//! Hears of changes below a directory, as a hint where to look.
//!
//! What the system tells ([inotify](https://man7.org/linux/man-pages/man7/inotify.7.html)) decides
//! only when and where a directory is looked at; what is recorded is what is found there. What the
//! system does not tell (writes through a memory map or another hard link, more than its queue
//! holds, more directories than it lets anybody watch) is found by looking at everything.

mod directories;

use std::{
    io,
    mem::MaybeUninit,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};

use crate::snapshot::{Attention, Expect};
use directories::Directories;

/// Watches a directory and those below it that are looked at.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    /// Directories that are never watched, with all below them: the store writes in its own.
    leave_out: Vec<PathBuf>,
    limits: WatchLimits,
    state: Mutex<State>,
}

/// How much is watched and remembered.
#[derive(Clone, Copy, Debug)]
pub struct WatchLimits {
    /// How many events may come from one look to the next; if there are more, everything is looked
    /// at.
    pub events_max: usize,
    /// How many directories are watched, if the system allows as many.
    pub watches_max: usize,
}

/// How a watcher hears of changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hearing {
    /// Of each change in a directory that was looked at; so many of these are watched.
    All {
        /// How many directories.
        directories: usize,
    },
    /// Not of all: some directories cannot be watched, so everything is looked at again and again.
    Partly {
        /// How many directories are watched.
        directories: usize,
        /// Why no more are.
        why: &'static str,
    },
}

#[derive(Debug)]
struct State {
    /// What the paths below are relative to: the directory without links in its path.
    root: PathBuf,
    /// The system's end; none if it gives no more of them.
    system: Option<OwnedFd>,
    directories: Directories,
    /// Where something may have changed that is not looked at yet.
    changed: Changed,
    /// Why a directory is not watched.
    deaf: Option<&'static str>,
    events: usize,
    /// The store was asked for all contents since everything was looked at.
    store_has_all: bool,
}

/// Where something may have changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Changed {
    /// In the directories that [`Directories`] has noted.
    Noted,
    /// Anywhere.
    Anywhere,
}

impl Watcher {
    /// Begins to watch the directory at `path`, of which all is to be looked at first; a look
    /// watches what it comes to.
    pub fn new(path: &Path, leave_out: &[PathBuf], limits: WatchLimits) -> Self {
        let leave_out = leave_out.iter().filter_map(|path| path.canonicalize().ok()).collect();
        let state = Mutex::new(State::new(path.to_owned()));
        Self { path: path.to_owned(), leave_out, limits, state }
    }

    /// Says that a look begins. What is told from now on belongs to the next one.
    ///
    /// If a look fails, begin another one: it is at least as wide.
    pub fn begin_look(&self) {
        let mut state = self.lock();
        // What cannot be found is told by who looks.
        let root = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        if root != state.root || state.system.is_none() {
            *state = State::new(root);
        }
        state.drain(self.limits.events_max);
        state.directories.begin_look();
        if state.changed == Changed::Anywhere {
            state.store_has_all = false;
            if state.system.is_some() {
                // Every directory is tried again.
                state.deaf = None;
            }
        }
    }

    /// Says that a look came to its end: everything before it was seen.
    pub fn end_look(&self) {
        let mut state = self.lock();
        state.directories.end_look();
        state.changed = Changed::Noted;
        state.events = 0;
    }

    /// Widens the next look to everything.
    pub fn widen(&self) {
        self.lock().changed = Changed::Anywhere;
    }

    /// How changes are heard of.
    pub fn hearing(&self) -> Hearing {
        let state = self.lock();
        let directories = state.directories.count();
        match state.deaf {
            None => Hearing::All { directories },
            Some(why) => Hearing::Partly { directories, why },
        }
    }

    /// Waits until something may have changed and then nothing more for [`QUIET`], at most
    /// [`QUIET_MAX`] after the first; or until `at_most` has passed. Tells whether something may
    /// have changed.
    ///
    /// # Errors
    ///
    /// If the system does not let it wait.
    pub fn wait(&self, at_most: Duration) -> io::Result<bool> {
        let end = Instant::now() + at_most;
        let mut told: Option<(Instant, Instant)> = None;
        loop {
            let is_told = self.lock().drain(self.limits.events_max);
            let now = Instant::now();
            if is_told {
                told = Some((told.map_or(now, |(first, _)| first), now));
            }
            let until = told.map_or(end, |(first, last)| (first + QUIET_MAX).min(last + QUIET));
            let Some(left) = until.checked_duration_since(now).filter(|left| !left.is_zero())
            else {
                return Ok(told.is_some());
            };
            self.sleep(left)?;
        }
    }

    /// Sleeps until the system tells something, `at_most` so long.
    fn sleep(&self, at_most: Duration) -> io::Result<()> {
        let state = self.lock();
        let Some(system) = &state.system else {
            drop(state);
            thread::sleep(at_most);
            return Ok(());
        };
        let timeout = Timespec {
            tv_sec: at_most.as_secs().cast_signed(),
            tv_nsec: at_most.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(system, PollFlags::IN)], Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn is_left_out(&self, path: &Path) -> bool {
        self.leave_out.iter().any(|own| path.starts_with(own))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attention for Watcher {
    fn expect(&self, directory: &[u8]) -> Expect {
        let mut state = self.lock();
        if state.changed == Changed::Noted && state.directories.is_quiet(directory) {
            return Expect::AsBefore;
        }
        let path = state.root.join(std::ffi::OsStr::from_bytes(directory));
        if !self.is_left_out(&path) {
            state.watch(directory, &path, self.limits.watches_max);
        }
        Expect::Anything
    }

    fn must_ask_store(&self) -> bool {
        !self.lock().store_has_all
    }

    fn store_has_all(&self) {
        self.lock().store_has_all = true;
    }
}

impl State {
    fn new(root: PathBuf) -> Self {
        let system = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        let deaf = system.is_none().then_some(NO_INSTANCE);
        let (directories, changed) = (Directories::default(), Changed::Anywhere);
        Self { root, system, directories, changed, deaf, events: 0, store_has_all: false }
    }

    /// Watches a directory, before it is looked at: what happens from now on is told.
    fn watch(&mut self, directory: &[u8], path: &Path, watches_max: usize) {
        let Some(system) = &self.system else { return };
        if self.directories.count() >= watches_max && !self.directories.has(directory) {
            self.deaf = Some(TOO_MANY);
            return;
        }
        match inotify::add_watch(system, path, EVENTS) {
            Ok(watch) => self.directories.insert(directory, watch),
            Err(Errno::NOSPC) => self.deaf = Some(TOO_MANY),
            // What cannot be watched because it is not there, or may not be read, is a gap.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP) => {}
            Err(_) => self.deaf = Some(REFUSED),
        }
    }

    /// Takes in what the system has told; tells whether that was anything.
    fn drain(&mut self, events_max: usize) -> bool {
        let Self { system: Some(system), directories, changed, events, .. } = self else {
            return false;
        };
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = inotify::Reader::new(&*system, &mut buffer);
        let mut is_told = false;
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return is_told,
                Err(Errno::INTR) => continue,
                Err(_) => {
                    *changed = Changed::Anywhere;
                    return true;
                }
            };
            let (watch, kind) = (event.wd(), event.events());
            if kind.contains(ReadFlags::IGNORED) {
                // The system watches it no more; why was told before.
                directories.lose(watch);
                continue;
            }
            is_told = true;
            *events += 1;
            if kind.contains(ReadFlags::QUEUE_OVERFLOW) || *events > events_max {
                *changed = Changed::Anywhere;
            }
            directories.note(watch);
            let child = event.file_name().filter(|_| kind.contains(ReadFlags::ISDIR));
            let gone = match child {
                Some(name) if kind.intersects(MOVED) => {
                    directories.forget(watch, Some(name.to_bytes()))
                }
                _ if kind.intersects(GONE) => directories.forget(watch, None),
                _ => Vec::new(),
            };
            for watch in gone {
                // The system may have given it up before.
                let _ = inotify::remove_watch(&*system, watch);
            }
        }
    }
}

/// How long it must be quiet before it is looked.
pub const QUIET: Duration = Duration::from_millis(50);
/// How long is waited for quiet.
pub const QUIET_MAX: Duration = Duration::from_secs(1);

const EVENTS: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::DONT_FOLLOW)
    .union(WatchFlags::EXCL_UNLINK);

/// A child is another one now, or none.
const MOVED: ReadFlags = ReadFlags::MOVED_FROM
    .union(ReadFlags::MOVED_TO)
    .union(ReadFlags::CREATE)
    .union(ReadFlags::DELETE);

/// The directory itself is elsewhere now, or nowhere.
const GONE: ReadFlags =
    ReadFlags::DELETE_SELF.union(ReadFlags::MOVE_SELF).union(ReadFlags::UNMOUNT);

const BUFFER_BYTES: usize = 64 << 10;

const NO_INSTANCE: &str = "the system gives no more watchers (fs.inotify.max_user_instances)";
const TOO_MANY: &str =
    "there are more directories than may be watched (fs.inotify.max_user_watches)";
const REFUSED: &str = "the system refuses to watch some directories";
