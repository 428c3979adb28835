//! One group's run: contenders do the same work in turn, round after round.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    cost::{Place, is_installed},
    machine::machine,
    results::{Group, Quantity, Results},
};
use crate::{
    failure::{Failure, OrFail},
    program::Program,
};

/// What our program is called in results.
pub(super) const OURS: &str = "markerbed";

/// Who does some work, and with which line.
pub(super) struct Contender {
    pub(super) name: &'static str,
    /// Programs that the line needs.
    pub(super) needs: &'static [&'static str],
    pub(super) line: &'static str,
}

/// Our program with a line.
pub(super) const fn ours(line: &'static str) -> Contender {
    Contender { name: OURS, needs: &[], line }
}

/// Another one.
pub(super) const fn peer(
    name: &'static str,
    needs: &'static [&'static str],
    line: &'static str,
) -> Contender {
    Contender { name, needs, line }
}

/// How much is measured.
pub(super) struct Settings {
    pub(super) ours: PathBuf,
    pub(super) rounds: usize,
    pub(super) scale: Scale,
    /// A real tree for the group of that name.
    pub(super) tree: Option<PathBuf>,
    /// Below which folder everything is written.
    pub(super) scratch: PathBuf,
    /// What repeats the run.
    pub(super) command: String,
    pub(super) commit: String,
}

/// How large the inputs are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scale {
    Whole,
    /// So small that they try the bench and measure little.
    Quick,
}

impl Scale {
    pub(super) const fn choose(self, whole: u64, quick: u64) -> u64 {
        match self {
            Self::Whole => whole,
            Self::Quick => quick,
        }
    }
}

/// A group being measured.
pub(super) struct Contest<'a> {
    pub(super) settings: &'a Settings,
    pub(super) place: Place,
    pub(super) results: Results,
    /// The round that is running, from 0 on: it decides who is first.
    pub(super) round: usize,
    /// How many things were set aside.
    aside: u64,
    folder: TempDir,
}

impl<'a> Contest<'a> {
    /// Begins in an empty folder.
    ///
    /// # Errors
    ///
    /// If there can be none.
    pub(super) fn new(group: Group, settings: &'a Settings) -> Result<Self, Failure> {
        let folder = TempDir::with_prefix_in("markerbed-bench-", &settings.scratch);
        let folder = folder.or_fail(settings.scratch.display())?;
        let at = |name: &str| folder.path().join(name).into_os_string();
        let environment = vec![
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_CACHE_HOME", at("cache")),
            ("BORG_BASE_DIR", at("borg.base")),
            ("BORG_REPO", at("borg")),
            ("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes".into()),
            ("RESTIC_PASSWORD", "bench".into()),
            ("RESTIC_REPOSITORY", at("restic")),
            ("RESTIC_CACHE_DIR", at("restic.cache")),
            ("GIT_DIR", at("git")),
            ("GIT_WORK_TREE", at("tree")),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ];
        let ours = settings.ours.clone();
        let place = Place { folder: folder.path().to_path_buf(), ours, environment };
        let results = Results {
            group,
            command: settings.command.clone(),
            input: String::new(),
            machine: format!("{}; on {}", machine(), file_system(&settings.scratch)),
            commit: settings.commit.clone(),
            load: [load(), 0.0],
            programs: BTreeMap::new(),
            left_out: BTreeSet::new(),
            figures: Vec::new(),
        };
        Ok(Self { settings, place, results, round: 0, aside: 0, folder })
    }

    /// Lets all contenders that are installed do the work, another one first in every round.
    ///
    /// # Errors
    ///
    /// If one fails: how fast something fails is not measured.
    pub(super) fn run(&mut self, operation: &str, contenders: &[Contender]) -> Result<(), Failure> {
        self.run_at(None, operation, contenders)
    }

    /// As [`Self::run`], over so many files.
    pub(super) fn run_at(
        &mut self,
        size: Option<u64>,
        operation: &str,
        contenders: &[Contender],
    ) -> Result<(), Failure> {
        let first = self.round % contenders.len().max(1);
        for contender in contenders.iter().cycle().skip(first).take(contenders.len()) {
            if !self.can_run(contender) {
                continue;
            }
            let cost = self.place.run(contender.line)?;
            let costs = [
                (Quantity::CpuS, cost.cpu_s),
                (Quantity::WallS, cost.wall_s),
                (Quantity::PeakMib, cost.peak_mib),
            ];
            for (quantity, value) in costs {
                self.results.add_at(size, operation, contender.name, quantity, value);
            }
        }
        Ok(())
    }

    /// Tells whether what a contender needs is there; notes its version, or that it is left out.
    pub(super) fn can_run(&mut self, contender: &Contender) -> bool {
        for program in contender.needs {
            if !is_installed(program) {
                self.results.left_out.insert(format!("{program} is not installed"));
                return false;
            }
            if !self.results.programs.contains_key(*program) {
                let version = self.place.read(&format!("{program} {}", version_word(program)));
                let version = version.unwrap_or_default();
                let line = version.lines().next().unwrap_or_default().to_owned();
                self.results.programs.insert((*program).to_owned(), line);
            }
        }
        true
    }

    /// Runs a line that is not measured, if its program is there.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub(super) fn prepare(&self, line: &str) -> Result<(), Failure> {
        let program = line.split_whitespace().next().unwrap_or_default();
        if program != "{ours}" && !is_installed(program) {
            return Ok(());
        }
        self.place.run(line).map(drop)
    }

    /// Removes what an earlier round left, or sets it aside until the end.
    ///
    /// Removing many files may keep a disk busy for minutes, and everybody on it; but a large
    /// input would fill it.
    ///
    /// # Errors
    ///
    /// If it stays where it is.
    pub(super) fn clear(&mut self, names: &[&str]) -> Result<(), Failure> {
        for path in names.iter().map(|name| self.place.at(name)) {
            if fs::symlink_metadata(&path).is_err() {
                continue;
            }
            let found = contained(&path)?;
            let cleared = if (FILES_ASIDE_MIN..FILES_ASIDE_MAX).contains(&found.files) {
                self.aside += 1;
                fs::rename(&path, self.place.at(&format!("aside{}", self.aside)))
            } else if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            cleared.or_fail(path.display())?;
        }
        Ok(())
    }

    /// Notes how large what a program stored is, and in how many files.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(super) fn note_stored(&mut self, program: &str, name: &str) -> Result<(), Failure> {
        let path = self.place.at(name);
        if path.exists() {
            let found = contained(&path)?;
            self.results.add("stored", program, Quantity::Bytes, found.bytes as f64);
            self.results.add("stored", program, Quantity::Files, found.files as f64);
        }
        Ok(())
    }

    /// Ends the run. The folder goes when it is dropped, which takes long.
    pub(super) fn end(mut self) -> (Results, TempDir) {
        let [before, _] = self.results.load;
        self.results.load = [before, load()];
        (self.results, self.folder)
    }
}

/// How many files a folder has, and their lengths.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Contained {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// Counts what is in a folder, or a file alone. Links are not followed, and count as nothing.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn contained(path: &Path) -> Result<Contained, Failure> {
    let found = fs::symlink_metadata(path).or_fail(path.display())?;
    if found.is_file() {
        return Ok(Contained { files: 1, bytes: found.len() });
    }
    let mut all = Contained::default();
    if found.is_dir() {
        for entry in fs::read_dir(path).or_fail(path.display())? {
            let inside = contained(&entry.or_fail(path.display())?.path())?;
            all = Contained { files: all.files + inside.files, bytes: all.bytes + inside.bytes };
        }
    }
    Ok(all)
}

/// The commit that is checked out, and whether sources differ from it.
///
/// # Errors
///
/// If git does not say.
pub(super) fn commit() -> Result<String, Failure> {
    let commit = Program::new("git rev-parse --short=12 HEAD").read()?;
    let changed = Program::new("git status --porcelain -- *.rs *.toml Cargo.lock").read()?;
    Ok(if changed.is_empty() { commit } else { format!("{commit} with changes") })
}

/// The kind of file system that a folder is on, and its device.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let folder = fs::canonicalize(folder).unwrap_or_default();
    let mount = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(&point).then(|| (point.len(), format!("{kind}, {device}")))
    };
    let found = mounts.lines().filter_map(mount).max_by_key(|found| found.0);
    found.map_or_else(|| "an unknown file system".to_owned(), |found| found.1)
}

fn version_word(program: &str) -> &'static str {
    if program == "restic" { "version" } else { "--version" }
}

/// How many processes wanted to run in the last minute.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

const FILES_ASIDE_MIN: u64 = 2_000;
const FILES_ASIDE_MAX: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_take_turns_at_being_first_and_absent_ones_are_named() {
        let scratch = tempfile::tempdir().unwrap();
        let settings = settings(scratch.path());
        let mut contest = Contest::new(Group::Tree, &settings).unwrap();
        let contenders = [
            ours("echo 1 >> order"),
            peer("two", &["bash"], "echo 2 >> order"),
            peer("three", &["no-such-program-at-all"], "echo 3 >> order"),
        ];

        for round in 0..2 {
            contest.round = round;
            contest.run("write", &contenders).unwrap();
        }

        let order = fs::read_to_string(contest.place.at("order")).unwrap();
        assert_eq!(order, "1\n2\n2\n1\n");
        let (results, _) = contest.end();
        assert!(results.left_out.contains("no-such-program-at-all is not installed"));
        assert!(results.programs["bash"].starts_with("GNU bash"));
        assert!(results.median("write", OURS, Quantity::CpuS).is_some());
        assert_eq!(results.median("write", "three", Quantity::CpuS), None);
    }

    #[test]
    fn the_file_system_of_a_folder_is_named() {
        assert!(file_system(Path::new("/proc")).starts_with("proc, "));
        assert_ne!(file_system(&std::env::temp_dir()), "an unknown file system");
    }

    #[test]
    fn what_a_folder_contains_is_counted_without_its_links() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "12345").unwrap();
        fs::write(folder.path().join("c"), "1").unwrap();
        std::os::unix::fs::symlink("c", folder.path().join("d")).unwrap();

        let found = contained(folder.path()).unwrap();

        assert_eq!(found, Contained { files: 2, bytes: 6 });
    }

    fn settings(scratch: &Path) -> Settings {
        Settings {
            ours: "echo".into(),
            rounds: 2,
            scale: Scale::Quick,
            tree: None,
            scratch: scratch.to_path_buf(),
            command: String::new(),
            commit: String::new(),
        }
    }
}
