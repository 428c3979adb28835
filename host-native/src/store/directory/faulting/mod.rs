//! A file layer in memory that fails and loses what it is told to: for tests of what stands on it.
//!
//! It keeps apart what every process sees and what is durable: bytes are durable after a sync of
//! their file, names after a sync of their directory. A copy of all files costs next to nothing, so
//! a test can look at what a power cut would leave in every single operation. Chance is handed in.

mod disk;
mod layer;
mod loss;
mod pages;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use disk::Disk;
pub use loss::Loss;

/// Files in memory. Clones share them.
#[derive(Clone)]
pub struct FaultingFiles(Arc<Mutex<Disk>>);

/// What goes wrong, and from which operation on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The number of the operation, from 1 on.
    pub at: u64,
    /// How.
    pub kind: FaultKind,
}

/// How operations fail. Of a write that fails half is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultKind {
    /// One operation fails. What a failed sync should have made durable is taken for durable by the
    /// system from then on, and is not.
    Once(io::ErrorKind),
    /// This operation and all that follow fail.
    Forever(io::ErrorKind),
    /// The same, but the reason is that the power goes: a sync that fails forgets nothing.
    PowerCut(io::ErrorKind),
}

/// What a power cut in an operation would find, before it takes anything away.
#[derive(Clone)]
pub struct Cut {
    /// The number of the operation, counted as [`FaultingFiles::operations`]; all before it are
    /// done, and of this one, if it writes bytes, the first half.
    pub operation: u64,
    /// The files.
    pub files: FaultingFiles,
}

impl FaultingFiles {
    /// One empty directory.
    pub fn new(directory: &Path) -> Self {
        Disk::new(directory).into()
    }

    /// Lets something go wrong; operations are counted from here on.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let mut disk = self.disk();
        disk.operations = 0;
        disk.fault = fault;
    }

    /// What goes wrong now.
    pub fn fault(&self) -> Option<Fault> {
        self.disk().fault
    }

    /// Does something during which nothing goes wrong and no operation is counted.
    pub fn without_fault<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = {
            let mut disk = self.disk();
            (disk.operations, disk.fault.take())
        };
        let done = act();
        let mut disk = self.disk();
        (disk.operations, disk.fault) = before;
        done
    }

    /// How many operations there were since the fault was set.
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// How many operations should have changed something.
    pub fn changes(&self) -> u64 {
        self.disk().changes
    }

    /// How many syncs of files and directories there were.
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// From now on says that it lies on this network file system.
    pub fn set_network(&self, network: Option<&str>) {
        self.disk().network = network.map(str::to_owned);
    }

    /// From now on keeps what a power cut in each operation that changes something would find.
    pub fn keep_cuts(&self) {
        self.disk().cuts = Some(Vec::new());
    }

    /// What was kept, in the order of the operations; nothing more is.
    pub fn take_cuts(&self) -> Vec<Cut> {
        self.disk().cuts.take().unwrap_or_default()
    }

    /// What is there after a power cut. `draw` gives a number below the one it is given.
    #[must_use]
    pub fn after_power_cut(&self, loss: Loss, draw: &mut dyn FnMut(u64) -> u64) -> Self {
        let mut disk = self.copy_of_disk();
        disk.lose(loss, draw);
        disk.into()
    }

    /// What is there when all processes were killed: all that they wrote, synced or not.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        let mut disk = self.copy_of_disk();
        disk.locked.clear();
        disk.into()
    }

    /// A number that files with other names or bytes are most unlikely to have.
    pub fn fingerprint(&self) -> u64 {
        self.disk().fingerprint()
    }

    /// The bytes of a file. This and what follows is no operation of a process: it is not counted,
    /// does not fail, and is durable.
    ///
    /// # Errors
    ///
    /// If there is no such file.
    pub fn read_all(&self, path: &Path) -> io::Result<Vec<u8>> {
        let disk = self.disk();
        Ok(disk.inode(disk.file(path)?)?.current.to_vec())
    }

    /// Puts other bytes into a file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If a directory is there.
    pub fn write_all(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk().put_file(path, bytes)
    }

    /// Flips bits of one byte of a file.
    ///
    /// # Errors
    ///
    /// If there is no such file or byte.
    pub fn flip(&self, path: &Path, offset: u64, mask: u8) -> io::Result<()> {
        self.disk().flip(path, offset, mask)
    }

    /// Takes a name away.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn remove_name(&self, path: &Path) -> io::Result<()> {
        self.disk().remove_name(path)
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.disk().paths()
    }

    fn copy_of_disk(&self) -> Disk {
        let mut disk = self.disk();
        let cuts = disk.cuts.take();
        let mut copy = disk.clone();
        disk.cuts = cuts;
        copy.fault = None;
        copy
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        super::lock(&self.0)
    }
}

impl Default for FaultingFiles {
    /// One empty directory, `disk`.
    fn default() -> Self {
        Self::new(Path::new("disk"))
    }
}

impl From<Disk> for FaultingFiles {
    fn from(disk: Disk) -> Self {
        Self(Arc::new(Mutex::new(disk)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::directory::layer::{FileLayer, OpenMode};

    /// A file with a synced and a new half, under a new name that is not synced.
    fn half_synced() -> FaultingFiles {
        let files = FaultingFiles::default();
        let file = files.open(Path::new("disk/a"), OpenMode::Create).unwrap();
        file.write_at(b"old", 0).unwrap();
        file.sync().unwrap();
        files.sync_directory(Path::new("disk")).unwrap();
        file.write_at(b"new", 3).unwrap();
        files.open(Path::new("disk/c"), OpenMode::Create).unwrap().write_at(b"c", 0).unwrap();
        files.rename(Path::new("disk/a"), Path::new("disk/b")).unwrap();
        files
    }

    /// What is in all files after a power cut, with the smallest numbers drawn.
    fn found_after(files: &FaultingFiles, loss: Loss) -> Vec<(String, String)> {
        let files = files.after_power_cut(loss, &mut |_| 0);
        let text = |path: &PathBuf| String::from_utf8(files.read_all(path).unwrap()).unwrap();
        let found = files.paths().into_iter().map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, text(&path))
        });
        found.collect()
    }

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn what_is_synced_stays_and_the_rest_goes_as_told() {
        let files = half_synced();

        assert_eq!(found_after(&files, Loss::DropAll), [file("a", "old")]);
        assert_eq!(found_after(&files, Loss::Prefix), [file("a", "old")]);
        assert_eq!(found_after(&files, Loss::KeepAll), [file("b", "oldnew"), file("c", "c")]);
        let empty = files.after_power_cut(Loss::ZeroLength, &mut |end| end - 1);
        assert_eq!(empty.read_all(Path::new("disk/c")).unwrap(), b"");
        assert_eq!(empty.read_all(Path::new("disk/b")).unwrap(), b"old");
        let zeros = files.after_power_cut(Loss::ZeroBytes, &mut |end| end - 1);
        assert_eq!(zeros.read_all(Path::new("disk/b")).unwrap(), b"old\0\0\0");
    }

    #[test]
    fn a_sync_that_fails_forgets_and_one_cut_short_by_the_power_does_not() {
        for (kind, left) in [
            (FaultKind::Once(io::ErrorKind::Other), "old"),
            (FaultKind::PowerCut(io::ErrorKind::Other), "oldnew"),
        ] {
            let files = half_synced();
            let open = files.open(Path::new("disk/b"), OpenMode::Write).unwrap();
            files.set_fault(Some(Fault { at: 1, kind }));
            open.sync().unwrap_err();

            assert_eq!(found_after(&files, Loss::KeepAll).first(), Some(&file("b", left)));
            assert_eq!(files.read_all(Path::new("disk/b")).unwrap(), b"oldnew");
        }
    }

    #[test]
    fn each_change_leaves_a_cut_with_half_of_it() {
        let files = half_synced();
        files.set_fault(None);
        files.keep_cuts();
        let open = files.open(Path::new("disk/b"), OpenMode::Write).unwrap();
        open.write_at(b"more", 6).unwrap();
        open.sync().unwrap();

        let cuts = files.take_cuts();

        let found = cuts.iter().map(|cut| {
            let left = found_after(&cut.files, Loss::KeepAll).swap_remove(0);
            (cut.operation, left)
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [(2, file("b", "oldnewmo")), (3, file("b", "oldnewmore"))]
        );
        assert_ne!(cuts[0].files.fingerprint(), cuts[1].files.fingerprint());
        assert_eq!(files.fingerprint(), files.after_kill().fingerprint());
    }

    #[test]
    fn a_file_without_a_durable_directory_is_lost_with_it() {
        let files = FaultingFiles::default();
        files.create_directory(Path::new("disk/in")).unwrap();
        let file = files.open(Path::new("disk/in/a"), OpenMode::Create).unwrap();
        file.write_at(b"a", 0).unwrap();
        file.sync().unwrap();
        files.sync_directory(Path::new("disk/in")).unwrap();

        assert_eq!(found_after(&files, Loss::DropAll), []);
        files.sync_directory(Path::new("disk")).unwrap();
        assert_eq!(found_after(&files, Loss::DropAll).len(), 1);
    }
}
