//! What a snapshot leaves out, compared with what git ignores.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails must fail"
)]

mod trees;

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

use markerbed_core::hash;
use markerbed_host::{
    progress::Silent,
    snapshot::{HashOnly, SnapError, SnapOptions, take},
};
use markerbed_suites::{Random, print_count, seed};
use trees::{Recorded, Scratch};

#[test]
fn patterns_mean_what_they_mean_to_git() {
    let Some(scratch) = repository() else { return };
    for (number, pattern) in PATTERNS.iter().enumerate() {
        fill(&scratch, &format!("{number:03}"));
        let mut file = pattern.to_vec();
        file.push(b'\n');
        scratch.file(format!("{number:03}/.gitignore"), file);
    }

    let (ours, git) = kept(&scratch);

    if let Some(path) = ours.symmetric_difference(&git).next() {
        let number: usize = str::from_utf8(&path[..3]).unwrap().parse().unwrap();
        let keeps = if git.contains(path) { "git keeps" } else { "git ignores" };
        panic!("{}: {keeps} {}", PATTERNS[number].escape_ascii(), path.escape_ascii());
    }
    print_count("patterns_mean_what_they_mean_to_git", PATTERNS.len() as u64, 60);
}

#[test]
fn random_ignore_files_at_every_level_mean_what_they_mean_to_git() {
    let Some(scratch) = repository() else { return };
    let mut random = Random::new(seed(), "random_ignore_files");
    let mut files = 0;
    for number in 0..150 {
        let top = format!("{number:03}");
        fill(&scratch, &top);
        for directory in ["", "/foo.d", "/bar", "/bar/baz", "/docs", "/docs/b", "/x", "/x/y"] {
            if directory.is_empty() || random.below(3) == 0 {
                scratch.file(format!("{top}{directory}/.gitignore"), random_file(&mut random));
                files += 1;
            }
        }
    }

    let (ours, git) = kept(&scratch);

    if let Some(path) = ours.symmetric_difference(&git).next() {
        let keeps = if git.contains(path) { "git keeps" } else { "git ignores" };
        let mut above = Path::new(OsStr::from_bytes(path));
        let mut said = String::new();
        while let Some(directory) = above.parent() {
            let file = fs::read(scratch.path().join(directory).join(".gitignore"));
            let file = file.unwrap_or_default().escape_ascii().to_string();
            said = format!("{}: {file}\n{said}", directory.display());
            above = directory;
        }
        panic!("seed {}: {keeps} {}\n{said}", seed(), path.escape_ascii());
    }
    print_count("random_ignore_files_at_every_level", files, 150);
}

#[test]
fn in_a_work_tree_git_is_left_out_at_every_level_and_counted() {
    let scratch = Scratch::new();
    scratch.directory(".git").file(".git/config", "").file(".gitignore", "*.log\n/build/\n");
    scratch
        .file("a.log", "")
        .file("build/x/y", "")
        .file("d/build/z", "")
        .file("d/.git", "gitdir: x");
    scratch.file("d/b.log", "");

    let recorded = scratch.take();

    assert_eq!(recorded.paths(), [".gitignore", "d", "d/b.log", "d/build", "d/build/z"]);
    assert_eq!(recorded.taken.left_out, 4); // .git, a.log, build, d/.git
    let rules = &recorded.taken.rules;
    assert!(rules.gitignore);
    assert_eq!(rules.always, [".git"]);
    let content = hash::content_id(b"*.log\n/build/\n");
    let files: Vec<_> =
        rules.ignore_files.iter().map(|file| (&file.path[..], file.content)).collect();
    assert_eq!(files, [(&b".gitignore"[..], content)]);
}

#[test]
fn a_repository_inside_is_ignored_by_its_own_files_alone() {
    let scratch = Scratch::new();
    scratch.directory(".git").file(".gitignore", "*.log\nvendor\n").file("a.log", "");
    scratch.file("inner/.git/HEAD", "").file("inner/.gitignore", "*.tmp\n").file("inner/a.log", "");
    scratch.file("inner/a.tmp", "").file("inner/d/b.log", "").file("inner/d/b.tmp", "");
    scratch.file("vendor/.git/HEAD", "").file("vendor/x", "").file("after.log", "");

    let recorded = scratch.take();

    let inner = ["inner", "inner/.gitignore", "inner/a.log", "inner/d", "inner/d/b.log"];
    assert_eq!(recorded.paths(), [&[".gitignore"][..], &inner].concat());
    let alone = Recorded::of(&scratch.at("inner"), &SnapOptions::default());
    assert_eq!(alone.paths(), inner.map(|path| path.trim_start_matches("inner/"))[1..]);
    let path = |file: &markerbed_core::tree::IgnoreFile| file.path.escape_ascii().to_string();
    let files: Vec<_> = recorded.taken.rules.ignore_files.iter().map(path).collect();
    assert_eq!(files, [".gitignore", "inner/.gitignore"]);
}

#[test]
fn below_the_top_of_a_work_tree_the_files_above_hold_up_to_the_top_and_no_further() {
    let scratch = Scratch::new();
    scratch.file(".gitignore", "*\n").directory("top/.git").file("top/.gitignore", "/a/b/x\n*.o\n");
    scratch.file("top/a/.gitignore", "!keep.o\nb/y\n").file("top/a/.markerbedignore", "*\n");
    for name in ["x", "y", "z", "t.o", "keep.o", "b/x"] {
        scratch.file(format!("top/a/b/{name}"), "");
    }

    let recorded = Recorded::of(&scratch.at("top/a/b"), &SnapOptions::default());

    assert_eq!(recorded.paths(), ["b", "b/x", "keep.o", "z"]);
    let path = |file: &markerbed_core::tree::IgnoreFile| file.path.escape_ascii().to_string();
    let files: Vec<_> = recorded.taken.rules.ignore_files.iter().map(path).collect();
    assert_eq!(files, ["../../.gitignore", "../.gitignore"]);
}

#[test]
fn outside_a_work_tree_only_our_own_ignore_files_hold() {
    let scratch = Scratch::new();
    scratch.file(".gitignore", "*.log\n").file("a.log", "").file("inner/.git/HEAD", "");
    scratch.file("inner/.gitignore", "*.log").file("inner/b.log", "").file("b.tmp", "");
    scratch.file(".markerbedignore", "*.tmp\n").file("inner/.markerbedignore", "!c.tmp\n");
    scratch.file("inner/b.tmp", "").file("inner/c.tmp", "");

    let recorded = scratch.take();

    let paths = recorded.paths();
    assert!(paths.contains(&"a.log".to_owned()) && paths.contains(&"inner/.git/HEAD".to_owned()));
    assert!(paths.contains(&"inner/c.tmp".to_owned()));
    assert!(!paths.contains(&"b.tmp".to_owned()) && !paths.contains(&"inner/b.tmp".to_owned()));
    assert!(!recorded.taken.rules.gitignore && recorded.taken.rules.always.is_empty());
    assert_eq!(recorded.taken.rules.ignore_files.len(), 2);
}

#[test]
fn patterns_given_are_stronger_than_our_files_and_these_than_gits() {
    let scratch = Scratch::new();
    scratch
        .directory(".git")
        .file(".gitignore", "a\nb\nc\n")
        .file(".markerbedignore", "!a\n!b\nd\n");
    for name in ["a", "b", "c", "d", "e", "s/e", "s/t"] {
        scratch.file(name, "");
    }
    let exclude = ["b", "!d", "/s/e", "!*.none"].map(str::to_owned).to_vec();
    let options = SnapOptions { exclude, ..SnapOptions::default() };

    let recorded = Recorded::of(scratch.path(), &options);

    let expected = [".gitignore", ".markerbedignore", "a", "d", "e", "s", "s/t"];
    assert_eq!(recorded.paths(), expected);
    assert_eq!(recorded.taken.rules.exclude, options.exclude);
}

#[test]
fn without_ignore_files_only_the_patterns_given_leave_anything_out() {
    let scratch = Scratch::new();
    scratch
        .file(".git/HEAD", "")
        .file(".gitignore", "*")
        .file(".markerbedignore", "*")
        .file("a", "");
    let exclude = vec!["a".to_owned()];
    let options = SnapOptions { ignore: false, exclude, ..SnapOptions::default() };

    let recorded = Recorded::of(scratch.path(), &options);

    assert_eq!(recorded.paths(), [".git", ".git/HEAD", ".gitignore", ".markerbedignore"]);
    let rules = &recorded.taken.rules;
    assert!(!rules.gitignore && rules.always.is_empty() && rules.ignore_files.is_empty());
}

#[test]
fn nothing_of_the_machine_or_the_user_leaves_anything_out() {
    let scratch = Scratch::new();
    scratch
        .file(".git/info/exclude", "*.a\n")
        .file("x.a", "")
        .file("x.b", "")
        .file("everyone", "*.b\n");
    let config = format!("[core]\n\texcludesFile = {}\n", scratch.at("everyone").display());
    scratch.file(".git/config", config);

    assert_eq!(scratch.take().paths(), ["everyone", "x.a", "x.b"]);
}

#[test]
fn an_ignore_file_that_is_a_link_or_no_file_is_not_honoured() {
    let scratch = Scratch::new();
    scratch.directory(".git").file("patterns", "*\n").link(".gitignore", "patterns");
    scratch.directory("d/.gitignore").file("d/x", "").link(".markerbedignore", "patterns");

    let recorded = scratch.take();

    let expected = [".gitignore", ".markerbedignore", "d", "d/.gitignore", "d/x", "patterns"];
    assert_eq!(recorded.paths(), expected);
    assert!(recorded.taken.rules.ignore_files.is_empty());
}

#[test]
fn what_is_left_out_is_not_looked_into() {
    let scratch = Scratch::new();
    scratch.file(".markerbedignore", "skipped/\n").file("skipped/.markerbedignore", "x");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        scratch.at("skipped/fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();

    let recorded = scratch.take();

    assert!(recorded.taken.gaps.is_empty());
    assert_eq!(recorded.taken.left_out, 1);
    assert_eq!(recorded.taken.rules.ignore_files.len(), 1);
}

#[test]
fn a_pattern_that_can_match_nothing_is_refused_when_it_is_given() {
    let scratch = Scratch::new();
    for pattern in ["", "#x", "!", "/", "a[", "a\\", "a\nb", " ", "[[:none:]]"] {
        let options = SnapOptions { exclude: vec![pattern.to_owned()], ..SnapOptions::default() };

        let refused = take(scratch.path(), &options, &HashOnly::default(), &Silent).unwrap_err();

        assert!(matches!(refused, SnapError::BadPattern { .. }), "{pattern:?}: {refused}");
    }
}

/// A repository of git's own making; none if there is no git here.
fn repository() -> Option<Scratch> {
    let scratch = Scratch::new();
    let made = git(&scratch).args(["init", "-q"]).status();
    if made.is_ok_and(|status| status.success()) {
        return Some(scratch);
    }
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "git is needed");
    eprintln!("skipped: there is no git");
    None
}

fn git(scratch: &Scratch) -> Command {
    let mut git = Command::new("git");
    git.current_dir(scratch.path()).env("GIT_CONFIG_NOSYSTEM", "1");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/nonexistent");
    git
}

/// What a snapshot records, and what git does not ignore.
fn kept(scratch: &Scratch) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
    let ours = scratch.take().lines().into_keys().collect();
    let mut all = Vec::new();
    list(scratch.path(), b"", &mut all);
    let mut child = git(scratch)
        .args(["check-ignore", "--no-index", "-z", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let asked = all.join(&0);
    let writer = std::thread::spawn(move || input.write_all(&asked));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    // 1: none of them is ignored.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    let ignored: BTreeSet<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
    let git = all.iter().filter(|path| !ignored.contains(path.as_slice())).cloned().collect();
    (ours, git)
}

/// Every path below a directory, `.git` at its top left out.
fn list(directory: &Path, prefix: &[u8], all: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = [prefix, entry.file_name().as_bytes()].concat();
        if path == b".git" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &[&path, &b"/"[..]].concat(), all);
        }
        all.push(path);
    }
}

/// Makes the same files in a directory, for patterns to match.
fn fill(scratch: &Scratch, directory: &str) {
    for name in NAMES {
        scratch.file([directory.as_bytes(), b"/", name].concat(), "");
    }
}

fn random_file(random: &mut Random) -> Vec<u8> {
    let mut file = Vec::new();
    for _ in 0..=random.below(3) {
        if random.below(5) == 0 {
            file.push(b'!');
        }
        for _ in 0..=random.below(5) {
            file.extend_from_slice(PARTS[random.below(PARTS.len() as u64) as usize]);
        }
        if random.below(6) == 0 {
            file.push(b'/');
        }
        file.extend_from_slice(if random.below(15) == 0 { b"\r\n" } else { b"\n" });
    }
    file
}

#[rustfmt::skip]
const NAMES: &[&[u8]] = &[
    b"foo", b"foo.o", b"Foo", b"foo.d/x", b"foobar", b"xfoo", b".foo", b"bar/foo", b"bar/foo.o",
    b"bar/baz/foo", b"bar/baz/foo.o", b"bar/baz/a/foo", b"docs/a.txt", b"docs/b/a.txt",
    b"docs/b/c/a.txt", b"x/y/z", b"x/y/foo/z", b"x/z", b"a", b"ab", b"abc", b"a-b", b"a b", b"a ",
    b"a\tb", b"{a,b}", b"#a", b"!a", b"a\\b", b"[a]", b"]", b"^", b"a*", b"a?", b"*", b"**",
    b"\xff", b"\xc3\xa9", b"a\xffb", b"x/\xff/a", b"1", b"12", b"A", b"~", b"a~", b"-", b"aa/b",
    b"foz", b"fox/q/z",
];

/// What random patterns are made of.
#[rustfmt::skip]
const PARTS: &[&[u8]] = &[
    b"a", b"b", b"foo", b"bar", b"x", b"y", b"*", b"*", b"**", b"?", b"/", b"/", b"**/", b"/**",
    b"[ab]", b"[!a]", b"[^a]", b"[a-f]", b"[[:alpha:]]", b"[[:punct:]]", b"[a", b"]", b"[]]",
    b"\\", b"\\*", b"\\!", b"{a,b}", b" ", b"\\ ", b"\t", b".", b".o", b"!", b"#", b"-", b"[/]",
    b"\xff", b"\xc3\xa9", b"\\/", b"[[:foo:]]",
];

#[rustfmt::skip]
const PATTERNS: &[&[u8]] = &[
    b"foo", b"foo/", b"/foo", b"/foo/", b"foo/*", b"*.o", b"/*.o", b"*.txt", b"docs/*.txt",
    b"docs/**/a.txt", b"**/a.txt", b"**/b/a.txt", b"docs/**", b"/docs/**/", b"docs", b"/docs/b",
    b"b", b"b/", b"bar/baz", b"baz/foo", b"/bar/*/foo", b"bar/**/foo", b"**/foo", b"**/foo/**",
    b"x/**/z", b"x/*/z", b"**", b"*", b"/*", b"*/", b"**/", b"/**", b"a?", b"?", b"??", b"a[-]b",
    b"[ab]", b"[!a]", b"[^a]", b"[a-c]", b"[A-Z]", b"[[:upper:]]", b"[[:digit:]]", b"[[:digit:]]*",
    b"[[:alpha:]]", b"[[:punct:]]", b"[[:space:]]", b"a[[:space:]]b", b"[[:nothing:]]", b"[",
    b"[a", b"[]]", b"[!]]", b"[]-a]", b"a]", b"\\[a\\]", b"[[]a]", b"\\*", b"\\*\\*", b"a\\*",
    b"a\\?", b"\\#a", b"#a", b"\\!a", b"!a", b"a\\ ", b"a ", b"a\\ b", b"a b", b"a\tb", b"a b ",
    b"a\t", b" ", b"\\", b"a\\", b"a\\\\b", b"{a,b}", b"{a,b", b"\\{a,b\\}", b"\xff", b"a\xffb",
    b"?\xff*", b"\xc3\xa9", b"??\n", b"[\xc3\xa9]", b"[\xfe-\xff]", b"foo\r", b"\xef\xbb\xbffoo",
    b"*~", b"~", b"FOO", b"a**b", b"a***", b"fo**/z", b"x/y**", b"x/**y/z", b"*\n!foo",
    b"*\n!*.o\nbar/", b"/*\n!/bar\n/bar/*\n!/bar/baz", b"*.o\n!foo.o", b"!foo.o\n*.o",
    b"foo\n!foo\nfoo", b"bar\n!bar/foo", b"bar/*\n!bar/foo", b"**/*\n!**/*.txt\n!**/", b"/", b"//",
    b"//foo", b"foo//", b"./foo", b"../foo", b"a/", b"a//b", b"-", b"[a-]", b"[--a]", b"[\\]]",
    b"[\\^]", b"[^\\^]", b"^", b"foo\0bar", b"x/[y]/z", b"x[/]z", b"x?z", b"x*z", b"x/y/",
    b"x/y/z/", b"*/foo", b"*/*/foo", b"bar/", b"!bar/",
];
