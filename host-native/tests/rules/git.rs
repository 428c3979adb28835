//! What we leave out, compared with what git says of each path.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use markerbed_host::{
    progress::Silent,
    snapshot::{HashOnly, SnapError, SnapOptions, take},
};
use markerbed_suites::print_count;

use crate::{
    patterns::{NAMES, PATTERNS},
    trees::{Recorded, Scratch},
};

pub(crate) const GIT_IGNORE: &str = ".gitignore";
pub(crate) const OWN_IGNORE: &str = ".markerbedignore";

/// What git says of every path of a work tree.
pub(crate) struct Judged {
    pub(crate) kept: BTreeSet<Vec<u8>>,
    pub(crate) ignored: u64,
    /// How many paths a line with `!` has decided.
    pub(crate) taken_back: u64,
}

#[test]
fn each_pattern_means_what_it_means_to_git() {
    let Some(scratch) = repository() else { return };
    fill_for_each_pattern(&scratch, GIT_IGNORE);

    let ours = kept(&scratch);
    let git = judge(&scratch);

    check_patterns(&ours, &git.kept);
    assert!(git.ignored >= 2_000, "the table ignores {} paths", git.ignored);
    assert!(git.taken_back >= 100, "the table takes {} paths back", git.taken_back);
    print_count("each_pattern_means_what_it_means_to_git", PATTERNS.len() as u64, 200);
}

#[test]
fn each_pattern_means_the_same_in_our_own_ignore_file() {
    let Some(repository) = repository() else { return };
    fill_for_each_pattern(&repository, GIT_IGNORE);
    let plain = Scratch::new();
    fill_for_each_pattern(&plain, OWN_IGNORE);

    let ours = kept(&plain);
    let git = judge(&repository);

    check_patterns(&without(ours, OWN_IGNORE), &without(git.kept, GIT_IGNORE));
    let count = PATTERNS.len() as u64;
    print_count("each_pattern_means_the_same_in_our_own_ignore_file", count, 200);
}

#[test]
fn each_pattern_means_the_same_when_it_is_given() {
    let Some(repository) = repository() else { return };
    fill_for_each_pattern(&repository, GIT_IGNORE);
    let git = without(judge(&repository).kept, GIT_IGNORE);
    let plain = Scratch::new();
    fill(&plain, "t");
    let everything = kept(&plain).len();
    let mut count = 0;
    for (number, pattern) in PATTERNS.iter().enumerate() {
        // Lines end there, or begin a comment, only in a file.
        let is_one = !pattern.iter().any(|byte| b"\n\r\0".contains(byte));
        let is_plain = is_one && !pattern.starts_with(b"\xef\xbb\xbf");
        let Some(text) = str::from_utf8(pattern).ok().filter(|_| is_plain) else { continue };
        let above = format!("{number:03}/");
        let git: BTreeSet<&[u8]> =
            git.iter().filter_map(|path| path.strip_prefix(above.as_bytes())).collect();
        let options = SnapOptions { exclude: vec![text.to_owned()], ..SnapOptions::default() };

        match take(&plain.at("t"), &options, &HashOnly::default(), &Silent) {
            Ok(_) => {
                let ours = Recorded::of(&plain.at("t"), &options).lines();
                let ours: BTreeSet<&[u8]> = ours.keys().map(Vec::as_slice).collect();
                assert_eq!(ours, git, "{pattern:?}");
            }
            // It would match nothing.
            Err(SnapError::BadPattern { .. }) => assert_eq!(git.len() + 1, everything, "{text:?}"),
            Err(error) => panic!("{text:?}: {error}"),
        }
        count += 1;
    }
    print_count("each_pattern_means_the_same_when_it_is_given", count, 150);
}

#[test]
fn what_git_tracks_is_left_out_all_the_same() {
    let Some(scratch) = repository() else { return };
    scratch.file("t/.gitignore", "*.log\nbuild/\n").file("t/tracked.log", "").file("t/a.log", "");
    scratch.file("t/build/tracked", "").file("t/build/other", "").file("t/kept", "");
    let tracked = ["add", "-f", "t/tracked.log", "t/build/tracked"];
    assert!(git(scratch.path()).args(tracked).status().unwrap().success());
    let all = every_path(&scratch);
    let kept_with_index = judge_with(scratch.path(), &all, &[]).kept;

    let ours = kept(&scratch);
    let kept_without_index = judge(&scratch).kept;

    assert_eq!(ours, kept_without_index);
    assert!(kept_with_index.contains(&b"t/tracked.log"[..]), "git knows what it tracks");
    assert!(!ours.contains(&b"t/tracked.log"[..]) && !ours.contains(&b"t/build"[..]));
}

/// An empty repository of git's own making; none if there is no git here.
pub(crate) fn repository() -> Option<Scratch> {
    let scratch = Scratch::new();
    let made = git(scratch.path()).args(["init", "-q"]).status();
    if made.is_ok_and(|status| status.success()) {
        return Some(scratch);
    }
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "git is needed");
    eprintln!("skipped: there is no git");
    None
}

/// What a snapshot records.
pub(crate) fn kept(scratch: &Scratch) -> BTreeSet<Vec<u8>> {
    let recorded = scratch.take();
    assert!(recorded.is_complete(), "{:?}", recorded.gaps());
    recorded.lines().into_keys().collect()
}

/// Asks git of every path.
pub(crate) fn judge(scratch: &Scratch) -> Judged {
    judge_with(scratch.path(), &every_path(scratch), &["--no-index"])
}

/// Asks git of these paths, relative to a directory in a work tree.
pub(crate) fn judge_with(directory: &Path, paths: &[Vec<u8>], arguments: &[&str]) -> Judged {
    let mut child = git(directory)
        .args(["check-ignore", "--verbose", "-z", "--stdin"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let asked = paths.join(&0);
    let writer = std::thread::spawn(move || input.write_all(&asked));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    // 1: nothing is said of any of them.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");

    // File, line, pattern, path.
    let fields: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
    let (mut ignored, mut taken_back) = (BTreeSet::new(), 0);
    for said in fields.chunks_exact(4) {
        if said[2].starts_with(b"!") {
            taken_back += 1;
        } else {
            ignored.insert(said[3]);
        }
    }
    let kept = paths.iter().filter(|path| !ignored.contains(path.as_slice())).cloned().collect();
    Judged { kept, ignored: ignored.len() as u64, taken_back }
}

/// Every path, `.git` left out at every level.
pub(crate) fn every_path(scratch: &Scratch) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    list(scratch.path(), b"", &mut all);
    all
}

/// What the ignore files above a path say, for a failure to show.
pub(crate) fn said_above(scratch: &Scratch, path: &[u8], file_name: &str) -> String {
    let mut above = Path::new(OsStr::from_bytes(path));
    let mut said = String::new();
    while let Some(directory) = above.parent() {
        let file = fs::read(scratch.path().join(directory).join(file_name));
        let file = file.unwrap_or_default().escape_ascii().to_string();
        said = format!("{}: {file}\n{said}", directory.display());
        above = directory;
    }
    said
}

fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(directory).env("GIT_CONFIG_NOSYSTEM", "1");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/nonexistent");
    git
}

/// For each pattern a directory of its own, with the same files and the pattern.
fn fill_for_each_pattern(scratch: &Scratch, file_name: &str) {
    for (number, pattern) in PATTERNS.iter().enumerate() {
        fill(scratch, &format!("{number:03}"));
        scratch.file(format!("{number:03}/{file_name}"), [pattern, &b"\n"[..]].concat());
    }
}

/// Makes the same files in a directory, for patterns to match.
pub(crate) fn fill(scratch: &Scratch, directory: &str) {
    for name in NAMES {
        scratch.file([directory.as_bytes(), b"/", name].concat(), "");
    }
}

fn check_patterns(ours: &BTreeSet<Vec<u8>>, git: &BTreeSet<Vec<u8>>) {
    if let Some(path) = ours.symmetric_difference(git).next() {
        let number: usize = str::from_utf8(&path[..3]).unwrap().parse().unwrap();
        let keeps = if git.contains(path) { "git keeps" } else { "git ignores" };
        panic!("{}: {keeps} {}", PATTERNS[number].escape_ascii(), path.escape_ascii());
    }
}

/// Without the ignore files themselves, which have other names.
fn without(paths: BTreeSet<Vec<u8>>, file_name: &str) -> BTreeSet<Vec<u8>> {
    paths.into_iter().filter(|path| !path.ends_with(file_name.as_bytes())).collect()
}

fn list(directory: &Path, prefix: &[u8], all: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".git" {
            continue;
        }
        let path = [prefix, entry.file_name().as_bytes()].concat();
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &[&path, &b"/"[..]].concat(), all);
        }
        all.push(path);
    }
}
