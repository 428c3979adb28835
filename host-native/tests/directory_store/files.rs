//! Fake files, as the tests like to use them.

use std::path::Path;

pub(crate) use markerbed_host::store::directory::faulting::{
    Fault, FaultKind, FaultingFiles as FakeFiles, Loss,
};
use markerbed_suites::Random;

/// What a test does to files, which must be there.
pub(crate) trait Tamper {
    /// What is there after a power cut.
    fn after_crash(&self, loss: Loss, random: &mut Random) -> FakeFiles;

    /// The bytes of a file.
    fn bytes(&self, path: &Path) -> Vec<u8>;

    /// Puts other bytes into a file.
    fn set_bytes(&self, path: &Path, bytes: &[u8]);

    /// Takes a name away.
    fn remove(&self, path: &Path);

    /// A copy of everything.
    fn copy(&self) -> FakeFiles;
}

impl Tamper for FakeFiles {
    fn after_crash(&self, loss: Loss, random: &mut Random) -> FakeFiles {
        self.after_power_cut(loss, &mut |end| random.below(end))
    }

    fn bytes(&self, path: &Path) -> Vec<u8> {
        self.read_all(path).unwrap()
    }

    fn set_bytes(&self, path: &Path, bytes: &[u8]) {
        self.write_all(path, bytes).unwrap();
    }

    fn remove(&self, path: &Path) {
        self.remove_name(path).unwrap();
    }

    fn copy(&self) -> FakeFiles {
        self.after_kill()
    }
}
