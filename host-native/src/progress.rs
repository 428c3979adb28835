//! How far a long piece of work has come, for whoever shows it.

/// Hears of work that was done.
///
/// Called from many threads at once, once for every few files: an implementation adds to counters
/// and returns.
pub trait Progress: Sync {
    /// Says that `files` more files were finished and `bytes` more bytes of files were moved.
    fn advance(&self, files: u64, bytes: u64);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn advance(&self, _files: u64, _bytes: u64) {}
}
