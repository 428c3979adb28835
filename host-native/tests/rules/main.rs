//! What a snapshot leaves out, and what it says of it.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails must fail"
)]

#[path = "../trees/mod.rs"]
mod trees;

mod git;
mod patterns;
mod random_trees;

use std::fs;

use markerbed_core::{
    hash,
    tree::{Held, IgnoreFile},
};
use markerbed_host::{
    progress::Silent,
    snapshot::{HashOnly, SnapError, SnapOptions, take},
};
use trees::{Recorded, Scratch};

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
    let content = Held::Content(hash::content_id(b"*.log\n/build/\n"));
    let files: Vec<_> = rules.ignore_files.iter().map(|file| (&file.path[..], file.held)).collect();
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
    let path = |file: &IgnoreFile| file.path.escape_ascii().to_string();
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
    let path = |file: &IgnoreFile| file.path.escape_ascii().to_string();
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

#[test]
fn the_digest_of_the_rules_is_of_what_was_in_force_and_of_nothing_else() {
    let scratch = Scratch::new();
    scratch.directory(".git").file(".gitignore", "*.log\n").file("a.log", "x").file("kept", "x");
    scratch.file("d/.markerbedignore", "*.tmp\n").file("d/b.tmp", "x");
    let exclude = |patterns: &[&str]| {
        let exclude = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        SnapOptions { exclude, ..SnapOptions::default() }
    };
    let digest = |options: &SnapOptions| {
        let taken = take(scratch.path(), options, &HashOnly::default(), &Silent).unwrap();
        hash::content_id(&taken.rules.write().unwrap())
    };
    let plain = digest(&SnapOptions::default());

    scratch.file("a.log", "other").file("kept", "other").file("new.log", "x").file("new", "x");
    assert_eq!(digest(&SnapOptions::default()), plain, "only files have changed");

    let mut digests = vec![
        plain,
        digest(&exclude(&["a", "b"])),
        digest(&exclude(&["b", "a"])),
        digest(&SnapOptions { one_file_system: true, ..SnapOptions::default() }),
        digest(&SnapOptions { ignore: false, ..SnapOptions::default() }),
    ];
    scratch.file(".gitignore", "*.log\n\n");
    digests.push(digest(&SnapOptions::default()));
    scratch.file(".gitignore", "*.log\n").file("d/.markerbedignore", "*.tmq\n");
    digests.push(digest(&SnapOptions::default()));
    scratch.file("d/.markerbedignore", "*.tmp\n").file("d/.gitignore", "");
    digests.push(digest(&SnapOptions::default()));
    fs::remove_dir(scratch.at(".git")).unwrap();
    digests.push(digest(&SnapOptions::default()));
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count, "two sets of rules have one digest");
}
