//! What the demo does: on a small directory of its own, or on one of the user's.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use markerbed_host::{drive::blocking::wait, restore::tree_walk};

use super::stage::{Heard, Stage};
use crate::{
    exit::Exit,
    failure::Failure,
    open::{Opened, Purpose, STORE_NAME, reference},
    text::shown,
};

/// The whole of the main job, on a directory made for it.
pub(super) fn play_sample(stage: &mut Stage<'_>) -> Result<(), Failure> {
    record(stage)?;
    change(stage)?;
    prove(stage)?;
    stage.say("Get the first snapshot back. Recorded anew, it has the root that it had.");
    stage.run(Exit::Done, &["restore", "@-", "before"])?;
    stage.run(Exit::Done, &["snap", "before"])?;
    stage.say("Check all that is stored, from the objects up.");
    stage.run(Exit::Done, &["check", "--read-data"])
}

fn record(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.say("Some files to keep a record of.");
    stage.shell("mkdir -p notes/ideas", |here| fs::create_dir_all(here.join("notes/ideas")))?;
    stage.shell("echo 'Water the plants.' > notes/plan.md", |here| {
        fs::write(here.join("notes/plan.md"), "Water the plants.\n")
    })?;
    stage.shell("echo 'A bed of marker stones.' > notes/ideas/garden.md", |here| {
        fs::write(here.join("notes/ideas/garden.md"), "A bed of marker stones.\n")
    })?;
    stage.shell("echo 'echo watered' > notes/water.sh", |here| {
        fs::write(here.join("notes/water.sh"), "echo watered\n")
    })?;
    stage.shell("ln -s ideas/garden.md notes/latest", |here| {
        symlink("ideas/garden.md", here.join("notes/latest"))
    })?;
    stage.say("A store, with a workspace and a key that signs for it.");
    stage.run(Exit::Done, &["init"])?;
    stage.say("Record what is there. The root means exactly this tree.");
    stage.run(Exit::Done, &["snap", "notes", "-m", "before the summer"])?;
    stage.run(Exit::Done, &["ls", "-R", "-l", "@"])?;
    stage.say("Nothing has changed, so nothing is written.");
    stage.run(Exit::Done, &["snap", "notes"])
}

fn change(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.say("Work goes on.");
    stage.shell("echo 'Pick the beans.' >> notes/plan.md", |here| {
        let mut plan = OpenOptions::new().append(true).open(here.join("notes/plan.md"))?;
        plan.write_all(b"Pick the beans.\n")
    })?;
    stage.shell("mv notes/ideas/garden.md notes/ideas/stones.md", |here| {
        fs::rename(here.join("notes/ideas/garden.md"), here.join("notes/ideas/stones.md"))
    })?;
    stage.shell("chmod +x notes/water.sh", |here| make_executable(&here.join("notes/water.sh")))?;
    stage.shell("rm notes/latest", |here| fs::remove_file(here.join("notes/latest")))?;
    stage.say("What is different now? Asking writes nothing.");
    stage.run(Exit::Done, &["status", "notes"])?;
    stage.run(Exit::Done, &["snap", "notes", "-m", "after the summer"])?;
    stage.say("Compare any two snapshots, and see all that was recorded.");
    stage.run(Exit::Done, &["diff", "@-", "@"])?;
    stage.run(Exit::Done, &["log"])
}

fn prove(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let root = root_of_newest(stage)?;
    stage.say("A proof that a file is in the tree, for somebody who has neither store nor trust.");
    stage.run(Exit::Done, &["prove", "@:plan.md", "-o", "plan.proof"])?;
    stage.say("By itself it only agrees with itself; a root known from elsewhere decides.");
    stage.run(Exit::Incomplete, &["verify", "plan.proof"])?;
    stage.run(Exit::Done, &["verify", "plan.proof", "--root", &root])?;
    stage.say("A proof for another name cannot be made of it.");
    stage.shell("sed 's/plan/plot/' plan.proof > forged.proof", |here| {
        let proof = fs::read(here.join("plan.proof"))?;
        fs::write(here.join("forged.proof"), with_another_name(&proof))
    })?;
    stage.run(Exit::False, &["verify", "forged.proof", "--root", &root])?;
    stage.say("That something is not there can be proven, too.");
    stage.run(Exit::Done, &["prove", "@:secret.md", "--absent", "-o", "absent.proof"])?;
    stage.run(Exit::Done, &["verify", "absent.proof", "--root", &root])
}

/// The same job as far as it changes nothing in `directory`.
pub(super) fn play_directory(stage: &mut Stage<'_>, directory: &Path) -> Result<(), Failure> {
    let directory = directory.to_str().ok_or_else(|| {
        let message = format!("{}: the demo shows paths that are UTF-8 only", shown(directory));
        Failure::usage("bad-usage", message)
    })?;
    let mut snap = vec!["snap", directory, "--source", "yours"];
    if Path::new(directory).join(STORE_NAME).join("format").exists() {
        // As when it is recorded in its own store.
        snap.extend(["--exclude", OWN_STORE]);
    }
    stage.say("A scratch store; your directory is only read.");
    stage.run(Exit::Done, &["init"])?;
    stage.say("Record what is there. The root means exactly this tree.");
    stage.run_any(&snap)?;
    stage.run_shown(Exit::Done, &["ls", "-l", "@"], LINES_MAX)?;
    stage.say("Unless it changes meanwhile, nothing is written the second time.");
    stage.run_any(&snap)?;
    stage.run(Exit::Done, &["log"])?;
    let root = root_of_newest(stage)?;
    if let Some(file) = first_file(stage)? {
        let file = format!("@:{file}");
        stage.say("A proof that a file is in the tree, checked without the store.");
        stage.run(Exit::Done, &["prove", &file, "-o", "file.proof"])?;
        stage.run(Exit::Done, &["verify", "file.proof", "--root", &root])?;
        stage.say("Get the file back.");
        stage.run(Exit::Done, &["restore", &file, "restored"])?;
    }
    stage.say("Check all that is stored, from the objects up.");
    stage.run(Exit::Done, &["check"])
}

fn root_of_newest(stage: &Stage<'_>) -> Result<String, Failure> {
    let opened = Opened::of(&stage.host(Heard::default()), Purpose::Read)?;
    let newest = wait(opened.workspace.resolve_snapshot(&reference("@".as_ref())?))?;
    Ok(newest.snapshot.root.to_string())
}

/// The first file directly below the root whose name anybody can read and type.
fn first_file(stage: &Stage<'_>) -> Result<Option<String>, Failure> {
    let opened = Opened::of(&stage.host(Heard::default()), Purpose::Read)?;
    let newest = wait(opened.workspace.resolve_snapshot(&reference("@".as_ref())?))?;
    let walk = tree_walk(opened.store(), opened.workspace.id(), newest.snapshot.root);
    for walked in walk.take(NODES_LOOKED_AT) {
        let walked = walked?;
        let name = walked.name.as_bytes();
        let is_plain = name.iter().all(u8::is_ascii_graphic);
        if walked.depth == 1 && walked.child.kind.is_file() && is_plain {
            return Ok(str::from_utf8(name).ok().map(str::to_owned));
        }
    }
    Ok(None)
}

fn make_executable(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, Permissions::from_mode(mode | 0o111))
}

/// As `sed 's/plan/plot/'` does: the first in each line.
fn with_another_name(proof: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = proof.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for line in &mut lines {
        let at = line.windows(4).position(|word| word == b"plan");
        if let Some(word) = at.and_then(|at| line.get_mut(at..at + 4)) {
            word.copy_from_slice(b"plot");
        }
    }
    lines.join(&b'\n')
}

const OWN_STORE: &str = "/.markerbed";

const LINES_MAX: usize = 20;

const NODES_LOOKED_AT: usize = 10_000;
