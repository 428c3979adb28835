//! Progress on standard error, when somebody looks at it.

use std::{
    io::{self, IsTerminal},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    interrupt,
    output::{Notes, Output},
    text::grouped,
};

/// A line that moves while a command works; none if nobody looks.
pub(crate) struct Progress {
    bar: ProgressBar,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// Begins a line that says `doing`.
    pub(crate) fn begin(output: &Output, doing: &'static str) -> Self {
        let is_seen =
            matches!(output.notes(), Notes::Normal | Notes::Verbose) && io::stderr().is_terminal();
        let bar = if is_seen { visible(doing) } else { ProgressBar::hidden() };
        *shown() = Some(bar.clone());
        Self { bar, files: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// Goes on to something else.
    pub(crate) fn stage(&self, doing: &'static str) {
        self.bar.set_prefix(doing);
        self.bar.set_position(0);
    }

    /// So many more things were looked at, and bytes read for them.
    pub(crate) fn step(&self, things: u64, bytes: u64) {
        self.bar.inc(things);
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !self.bar.is_hidden() {
            let things = grouped(self.bar.position());
            self.bar.set_message(format!("{things}, {}", HumanBytes(bytes)));
        }
    }
}

impl markerbed_host::progress::Progress for Progress {
    fn advance(&self, files: u64, bytes: u64) {
        let files = self.files.fetch_add(files, Ordering::Relaxed) + files;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        interrupt::pass();
        // Text is made for those who look, and not for each of a million files.
        let is_due = files < FILES_FEW || files.is_multiple_of(FILES_A_MESSAGE);
        if is_due && !self.bar.is_hidden() {
            self.bar.set_message(format!("{} files, {}", grouped(files), HumanBytes(bytes)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        clear();
    }
}

/// Takes the line away.
pub(crate) fn clear() {
    if let Some(bar) = shown().take() {
        bar.finish_and_clear();
    }
}

fn visible(doing: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_prefix(doing);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

const FILES_FEW: u64 = 1_000;

const FILES_A_MESSAGE: u64 = 32;
