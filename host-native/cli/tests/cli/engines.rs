//! Every command by the component prints what it prints by core in this program, to the last byte.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Desk, Ran, check_wrong};

#[test]
fn the_demo_by_the_component_prints_what_it_prints_by_core() {
    let desk = Desk::new();

    let [native, component] =
        ["native", &by_component()].map(|engine| run(&desk, engine, &["demo", "--json"]));

    for ran in [&native, &component] {
        assert_eq!((ran.code, ran.out.lines().count() > 25), (0, true), "{ran:?}");
    }
    check_equal("demo", &native, &component);
}

#[test]
fn every_command_that_reads_answers_the_same_by_both() {
    let desk = desk_with_two_snapshots();

    let mut compared = 0;
    for line in READING.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words: Vec<&str> = line.split(' ').collect();
        for json in [false, true] {
            if json {
                words.push("--json");
            }
            compare(&desk, &words);
            compared += 1;
        }
    }

    println!("engines: {compared} commands compared");
    assert!(compared >= 80, "{compared}");
}

#[test]
fn a_damaged_store_is_told_of_in_the_same_words_by_both() {
    let desk = desk_with_two_snapshots();
    let packs = files_below(&desk.path(".markerbed"));
    let mut damaged = 0;
    for pack in packs.iter().filter(|path| fs::metadata(path).unwrap().len() > 400) {
        let bytes = fs::read(pack).unwrap();
        let mut other = bytes.clone();
        other[bytes.len() / 2] ^= 1;
        fs::set_permissions(pack, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(pack, other).unwrap();
        for words in [
            &["check", "--read-data", "--json"][..],
            &["ls", "-R", "@"],
            &["diff", "@-", "@"],
            &["show", "@"],
            &["log"],
            &["cat", "@:plan.md"],
        ] {
            compare(&desk, words);
        }
        fs::write(pack, bytes).unwrap();
        damaged += 1;
    }

    assert!(damaged > 0);
}

#[test]
fn what_writes_leaves_the_same_behind_and_says_the_same() {
    let desk = desk_with_two_snapshots();
    let before = Before::of(&desk);
    let commands: &[&[&str]] = &[
        &["snap", "notes"],
        &["snap", "notes", "--record", "--json", "-m", "again"],
        &["snap", "other", "--listing", "-v"],
        &["snap", "notes", "missing"],
        &["ref", "set", "kept", "@-"],
        &["ref", "set", "main", "@", "--json"],
        &["ref", "rm", "first"],
        &["ref", "set", "first", "@", "--from", "@"],
        &["restore", "@-", "back"],
        &["restore", "@:ideas", "back", "--json"],
        &["restore", "@", "notes"],
        &["prove", "@:plan.md", "-o", "made.proof"],
        &["prove", "@:plan.md", "--blind", "-o", "-"],
        &["prove", "@:none", "--absent", "-o", "made.proof", "--json"],
        &["init"],
        &["acl", "grant", "00112233445566778899aabbccddeeff", "writer", "ideas"],
        &["acl", "revoke", "00112233445566778899aabbccddeeff", "--json"],
        &["repair", "--rebuild-index"],
        &["snap", "notes", "--read-only", "--record"],
    ];
    for words in commands {
        let native = run(&desk, "native", words);
        let told = ["log", "check", "ls"].map(|word| run(&desk, "native", &[word, "--json"]).out);
        before.bring_back(&desk);
        let component = run(&desk, &by_component(), words);
        let again = ["log", "check", "ls"].map(|word| run(&desk, "native", &[word, "--json"]).out);
        before.bring_back(&desk);

        let name = words.join(" ");
        check_equal(&name, &without_randoms(native), &without_randoms(component));
        assert_eq!(told.map(without_random), again.map(without_random), "{name}");
    }
}

#[test]
fn an_engine_that_is_none_is_refused() {
    let desk = desk_with_two_snapshots();
    desk.write("text.wasm", "not wasm");
    let verifier = components().join("verifier.wasm");
    let verifier = format!("component={}", verifier.display());

    check_wrong(&desk, &["log", "--engine", "wasm"], 2, "bad-usage");
    check_wrong(&desk, &["log", "--engine", "component"], 2, "bad-usage");
    check_wrong(&desk, &["log", "--engine", "component=none.wasm"], 2, "no-such-file");
    check_wrong(&desk, &["log", "--engine", "component=text.wasm"], 2, "not-a-component");
    check_wrong(&desk, &["log", "--engine", &verifier], 2, "not-a-component");
}

#[test]
fn a_folder_of_compiled_components_that_others_may_write_to_is_refused() {
    let desk = desk_with_two_snapshots();
    let engine = by_component();
    let arguments = ["log", "--engine", &engine];
    desk.ok(&arguments);
    let home = desk.path("..");
    let folder = home.join(".cache/markerbed/components");
    let mode = fs::metadata(&folder).unwrap().permissions().mode();

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();

    assert_eq!(mode & 0o777, 0o700);
    check_wrong(&desk, &arguments, 12, "cache-exposed");
}

#[test]
fn the_environment_names_an_engine_and_its_file() {
    let desk = desk_with_two_snapshots();
    let engine = |name: &str, file: &Path| {
        let mut program = desk.program();
        program.env("MARKERBED_ENGINE", name).env("MARKERBED_COMPONENT", file);
        Ran::of(program.arg("log").output().unwrap())
    };

    let native = engine("native", Path::new("none"));
    let component = engine("component", &components().join("engine.wasm"));
    let missing = engine("component", Path::new("none"));

    check_equal("log", &native, &component);
    assert_eq!((native.code, missing.code), (0, 2), "{missing:?}");
}

/// Runs a command by both and compares.
fn compare(desk: &Desk, words: &[&str]) {
    let native = run(desk, "native", words);
    let component = run(desk, &by_component(), words);
    check_equal(&words.join(" "), &native, &component);
}

pub(crate) fn check_equal(name: &str, native: &Ran, component: &Ran) {
    assert_eq!(native.code, component.code, "{name}: {native:?} {component:?}");
    assert_eq!(native.out, component.out, "{name}");
    assert_eq!(native.err, component.err, "{name}");
}

pub(crate) fn run(desk: &Desk, engine: &str, words: &[&str]) -> Ran {
    let mut program = desk.program();
    // Compiled once for all tests.
    program.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    program.env("SOURCE_DATE_EPOCH", "1795262400").env("MARKERBED_ENGINE", engine);
    Ran::of(program.args(words).output().unwrap())
}

/// Request and run are drawn anew for each entry, and what is made of them differs.
pub(crate) fn without_randoms(ran: Ran) -> Ran {
    Ran { out: without_random(ran.out), err: without_random(ran.err), ..ran }
}

fn without_random(text: String) -> String {
    let is_hex = |letter: char| letter.is_ascii_hexdigit();
    let mut plain = String::new();
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let letters = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_id = letters.len() >= 8 && letters.chars().all(is_hex);
        plain.push_str(if is_id { &word[letters.len()..] } else { word });
    }
    plain
}

fn by_component() -> String {
    format!("component={}", components().join("engine.wasm").display())
}

pub(crate) fn components() -> PathBuf {
    let folder = env::var_os("MARKERBED_COMPONENTS").unwrap_or_else(|| {
        panic!("MARKERBED_COMPONENTS names the folder that `cargo xtask components` fills")
    });
    folder.into()
}

/// The desk as it was, so that a command can be run twice.
struct Before(tempfile::TempDir);

impl Before {
    fn of(desk: &Desk) -> Self {
        let kept = tempfile::TempDir::new().unwrap();
        copy(&desk.here, &kept.path().join("desk"));
        Self(kept)
    }

    fn bring_back(&self, desk: &Desk) {
        fs::remove_dir_all(&desk.here).unwrap();
        copy(&self.0.path().join("desk"), &desk.here);
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

pub(crate) fn desk_with_two_snapshots() -> Desk {
    let desk = Desk::with_store();
    desk.write("notes/plan.md", "Water the plants.\n");
    desk.write("notes/ideas/garden.md", "A bed of marker stones.\n");
    desk.write("notes/water.sh", "echo watered\n");
    desk.write("notes/same", "Water the plants.\n");
    for number in 0..300 {
        desk.write(&format!("notes/many/{number:03}"), format!("{}", number % 7));
    }
    symlink("ideas/garden.md", desk.path("notes/latest")).unwrap();
    desk.write("other/f", "1");
    run_ok(&desk, &["snap", "notes", "-m", "first"]);
    run_ok(&desk, &["ref", "set", "first", "@"]);
    desk.write("notes/plan.md", "Pick the beans.\n");
    fs::rename(desk.path("notes/ideas"), desk.path("notes/thoughts")).unwrap();
    desk.write("notes/ideas/new.md", "new");
    run_ok(&desk, &["snap", "notes", "-m", "second"]);
    run_ok(&desk, &["prove", "@:plan.md", "-o", "plan.proof"]);
    run_ok(&desk, &["prove", "@:none/at/all", "--absent", "-o", "absent.proof"]);
    let mut forged = fs::read(desk.path("plan.proof")).unwrap();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    desk.write("forged.proof", forged);
    desk.write("empty.proof", "");
    desk.write("notes/plan.md", "Pick the beans, all.\n");
    desk
}

fn run_ok(desk: &Desk, words: &[&str]) {
    let ran = run(desk, "native", words);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// A command a line; nothing of it writes.
const READING: &str = "
    version
    status notes
    status notes --portable
    status notes --exit-code
    status other
    status none
    log
    log --limit 1
    show @
    show @-
    show #1
    show #0
    show @:plan.md
    show @:latest
    show @:none
    show first
    show nothing
    show 00000000
    show @~x
    ls
    ls -R
    ls -R -l @-
    ls -l @:many
    ls @:plan.md
    ls @:none
    ls --sha256
    cat @:plan.md
    cat first:ideas/garden.md
    cat @:ideas
    cat @:none
    cat @:plan.md/below
    diff @- @
    diff @- @ --exit-code
    diff @- @ --limit 1
    diff @:ideas @:thoughts
    diff @ @
    diff @ none
    verify plan.proof
    verify forged.proof
    verify empty.proof
    verify absent.proof
    verify none.proof
    verify plan.proof --root 0000000000000000000000000000000000000000000000000000000000000000
    verify plan.proof --snapshot 0000000000000000000000000000000000000000000000000000000000000000
    audit
    audit --from 1 --operation nonsense
    acl ls
    acl why 00112233445566778899aabbccddeeff write
    key ls
    key export
    checkpoint ls
    prove --entry 1 -o out.proof
    check
    check --read-data
    check --index
    ref ls
    restore @ notes
    restore @:none out
    prove @:none -o out.proof
    prove @:plan.md --absent -o out.proof
    init
    log --store none
    log --workspace ffffffff
    nonsense
";
