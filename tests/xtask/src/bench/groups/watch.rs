//! How soon `watch` has recorded an edit, and how much memory it holds meanwhile.

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{begin_ours, describe, wait_for_clock};
use crate::{
    bench::{
        contest::{Contest, OURS},
        generate::{Kind, make},
        results::Quantity,
    },
    failure::{Failure, OrFail},
};

pub(super) fn measure(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let tree = contest.place.at("tree");
    make(Kind::Small, &tree, contest.settings.scale.choose(100_000, 1_000))?;
    describe(contest, "generated small files")?;
    let mut files = Vec::new();
    collect(&tree, &mut files)?;
    files.sort();
    for round in 0..contest.settings.rounds {
        begin_ours(contest)?;
        wait_for_clock();
        let mut watching = Watching::begin(contest)?;
        watching.line()?;
        let mut resident = 0.0_f64;
        for edit in 0..EDITS_A_ROUND {
            thread::sleep(BETWEEN_EDITS);
            let chosen = (round * EDITS_A_ROUND + edit) * 7_919 % files.len().max(1);
            let Some(file) = files.get(chosen) else { continue };
            let start = Instant::now();
            append(file, edit)?;
            watching.line()?;
            let waited = start.elapsed().as_secs_f64() * 1e3;
            contest.results.add("edit", OURS, Quantity::WallMs, waited);
            resident = resident.max(watching.resident_mib()?);
        }
        contest.results.add("edit", OURS, Quantity::PeakMib, resident);
    }
    Ok(())
}

/// A watcher that runs until it is dropped.
struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    fn begin(contest: &Contest<'_>) -> Result<Self, Failure> {
        let mut command = Command::new(&contest.place.ours);
        command.args(["--store", "store", "watch", "--no-ignore", "--json", "tree"]);
        command.current_dir(&contest.place.folder);
        command.envs(contest.place.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().or_fail("cannot start `watch`")?;
        let lines = child.stdout.take().map(BufReader::new).or_fail("no output of `watch`")?;
        Ok(Self { child, lines })
    }

    /// Waits for the line of a snapshot.
    fn line(&mut self) -> Result<(), Failure> {
        let mut line = String::new();
        self.lines.read_line(&mut line).or_fail("the output of `watch`")?;
        let is_recorded = line.contains("\"recorded\":true");
        is_recorded.then_some(()).or_fail(format!("`watch` said {line:?}"))
    }

    fn resident_mib(&self) -> Result<f64, Failure> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).or_fail(&path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0).or_fail(&path)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // Whatever it was about to say, nobody waits for it.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn append(file: &Path, edit: usize) -> Result<(), Failure> {
    let mut open = OpenOptions::new().append(true).open(file).or_fail(file.display())?;
    writeln!(open, "edit {edit}").or_fail(file.display())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).or_fail(folder.display())? {
        let path = entry.or_fail(folder.display())?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

const EDITS_A_ROUND: usize = 20;

/// Longer than what a watcher does after it has answered.
const BETWEEN_EDITS: Duration = Duration::from_millis(400);
