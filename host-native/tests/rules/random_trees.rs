//! Random trees with random ignore files, compared with git path by path.

use std::{collections::BTreeSet, fs};

use markerbed_suites::{Random, cases, print_count, seed};

use crate::{
    git::{
        GIT_IGNORE, OWN_IGNORE, every_path, fill, judge, judge_with, kept, repository, said_above,
    },
    trees::Scratch,
};

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
                let file: Vec<u8> = (0..=random.below(3)).flat_map(|_| line(&mut random)).collect();
                scratch.file(format!("{top}{directory}/.gitignore"), file);
                files += 1;
            }
        }
    }

    let (ours, git) = (kept(&scratch), judge(&scratch).kept);

    check(&scratch, &ours, &git, GIT_IGNORE);
    print_count("random_ignore_files_at_every_level", files, 150);
}

#[test]
fn random_trees_are_judged_as_git_judges_them() {
    let name = "random_trees_are_judged_as_git_judges_them";
    let mut random = Random::new(seed(), name);
    let (mut lines, mut paths, mut ignored, mut taken_back) = (0, 0, 0, 0);
    for _ in 0..cases(8) {
        let Some(scratch) = repository() else { return };
        for number in 0..12 {
            lines += grow(&scratch, &mut random, &format!("{number:02}")).lines;
        }

        let ours = kept(&scratch);
        let git = judge(&scratch);

        check(&scratch, &ours, &git.kept, GIT_IGNORE);
        paths += git.kept.len() as u64 + git.ignored;
        ignored += git.ignored;
        taken_back += git.taken_back;
    }
    println!("{paths} paths, {ignored} of them ignored, {taken_back} taken back");
    assert!(ignored > 500 && ignored * 10 < paths * 9, "{ignored} of {paths} paths are ignored");
    assert!(taken_back > 100, "{taken_back} of {paths} paths are taken back");
    print_count(name, lines, 1_000);
}

#[test]
fn random_trees_are_judged_alike_by_our_own_ignore_files() {
    let name = "random_trees_are_judged_alike_by_our_own_ignore_files";
    let mut random = Random::new(seed(), name);
    let mut lines = 0;
    for _ in 0..cases(3) {
        let (Some(with_git), plain) = (repository(), Scratch::new()) else { return };
        for number in 0..12 {
            let top = format!("{number:02}");
            lines += grow(&with_git, &mut random, &top).lines;
        }
        copy_with_own_rules(&with_git, &plain);

        let ours = without_ignore_files(kept(&plain), OWN_IGNORE);
        let git = without_ignore_files(judge(&with_git).kept, GIT_IGNORE);

        check(&with_git, &ours, &git, GIT_IGNORE);
    }
    print_count(name, lines, 300);
}

#[test]
fn in_a_repository_inside_git_is_asked_of_that_repository() {
    let name = "in_a_repository_inside_git_is_asked_of_that_repository";
    let mut random = Random::new(seed(), name);
    let (mut repositories, mut differing) = (0, 0);
    for _ in 0..cases(6) {
        let Some(scratch) = repository() else { return };
        let mut inner = Vec::new();
        for number in 0..6 {
            let grown = grow(&scratch, &mut random, &format!("{number:02}"));
            for directory in grown.directories {
                if random.below(8) == 0 {
                    make_repository(&scratch, &directory);
                    inner.push(directory);
                }
            }
        }

        let ours = kept(&scratch);
        let outermost = judge(&scratch).kept;
        let git = judged_each_by_its_own(&scratch, &inner);

        check(&scratch, &ours, &git, GIT_IGNORE);
        repositories += inner.len() as u64;
        differing += u64::from(git != outermost);
    }
    assert!(differing > 0, "no repository inside made a difference");
    print_count(name, repositories, 30);
}

/// What was made below one directory.
struct Grown {
    directories: Vec<Vec<u8>>,
    /// Lines of ignore files.
    lines: u64,
}

/// Makes a random tree in the directory `top`, with ignore files made of its own names.
fn grow(scratch: &Scratch, random: &mut Random, top: &str) -> Grown {
    scratch.directory(top);
    let mut directories = vec![top.as_bytes().to_vec()];
    let mut paths = Vec::new();
    for _ in 0..60 {
        let above = &directories[random.below(directories.len() as u64) as usize];
        let path = [above, &b"/"[..], &random_name(random)].concat();
        if scratch.at(&path).symlink_metadata().is_ok() {
            continue;
        }
        match random.below(7) {
            0..=2 if path.iter().filter(|byte| **byte == b'/').count() < 6 => {
                scratch.directory(&path);
                directories.push(path.clone());
            }
            3 => drop(scratch.link(&path, "..")),
            _ => drop(scratch.file(&path, "")),
        }
        paths.push(path);
    }
    let mut lines = 0;
    for directory in &directories {
        let is_top = directory == top.as_bytes();
        if !is_top && random.below(4) > 0 {
            continue;
        }
        let prefix = [directory, &b"/"[..]].concat();
        let below: Vec<&[u8]> =
            paths.iter().filter_map(|path| path.strip_prefix(prefix.as_slice())).collect();
        let mut file = Vec::new();
        for _ in 0..=random.below(5) {
            lines += 1;
            match below.len() {
                0 => file.extend(line(random)),
                _ if random.below(5) == 0 => file.extend(line(random)),
                count => {
                    let path = below[random.below(count as u64) as usize];
                    file.extend(line_about(random, path));
                }
            }
        }
        scratch.file([&prefix, GIT_IGNORE.as_bytes()].concat(), file);
    }
    Grown { directories, lines }
}

fn random_name(random: &mut Random) -> Vec<u8> {
    let name: Vec<u8> =
        (0..=random.below(3)).flat_map(|_| draw(random, LETTERS).to_vec()).collect();
    if matches!(name.as_slice(), b"." | b"..") { b"a".to_vec() } else { name }
}

/// A line made of a path: some names as they are, some as something that may match them.
fn line_about(random: &mut Random, path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    if random.below(2) == 0 {
        names.drain(..random.below(names.len() as u64) as usize);
    }
    if random.below(3) == 0 {
        names.truncate(1 + random.below(names.len() as u64) as usize);
    }
    let mut line = Vec::new();
    if random.below(3) == 0 {
        line.push(b'!');
    }
    line.extend_from_slice(draw(random, &[b"", b"", b"/", b"**/"]));
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            line.push(b'/');
        }
        match random.below(6) {
            0 => line.extend_from_slice(draw(random, &[b"*", b"**", b"?", b"***"])),
            _ => name.iter().for_each(|byte| put_byte(random, *byte, &mut line)),
        }
    }
    line.extend_from_slice(draw(random, &[b"", b"", b"", b"/", b"/*", b"/**", b" ", b"*"]));
    line.extend_from_slice(if random.below(15) == 0 { b"\r\n" } else { b"\n" });
    line
}

/// A byte as itself, or as something that matches it.
fn put_byte(random: &mut Random, byte: u8, line: &mut Vec<u8>) {
    match random.below(12) {
        0 => line.push(b'?'),
        1 => line.push(b'*'),
        2 => line.extend([b'[', byte, b']']),
        3 => line.extend([b'[', byte.saturating_sub(1), b'-', byte.saturating_add(1), b']']),
        4 => line.extend([b'[', b'!', byte, b']']),
        5 => line.extend([b'[', b'\\', byte, b']']),
        6 => line.push(byte),
        _ if byte.is_ascii_alphanumeric() => line.push(byte),
        _ => line.extend([b'\\', byte]),
    }
}

/// A line made of anything.
fn line(random: &mut Random) -> Vec<u8> {
    let mut line = Vec::new();
    if random.below(5) == 0 {
        line.push(b'!');
    }
    for _ in 0..=random.below(5) {
        line.extend_from_slice(draw(random, PARTS));
    }
    if random.below(6) == 0 {
        line.push(b'/');
    }
    line.extend_from_slice(if random.below(15) == 0 { b"\r\n" } else { b"\n" });
    line
}

fn draw<'a>(random: &mut Random, from: &[&'a [u8]]) -> &'a [u8] {
    from[random.below(from.len() as u64) as usize]
}

/// As much of a repository as git needs to find one.
fn make_repository(scratch: &Scratch, directory: &[u8]) {
    let at = |name: &str| [directory, b"/.git/", name.as_bytes()].concat();
    scratch
        .file(at("HEAD"), "ref: refs/heads/main\n")
        .directory(at("objects"))
        .directory(at("refs"));
}

/// What is kept if each repository is asked only of what is in it, and in no repository inside.
fn judged_each_by_its_own(scratch: &Scratch, inner: &[Vec<u8>]) -> BTreeSet<Vec<u8>> {
    let all = every_path(scratch);
    let is_below = |path: &[u8], above: &[u8]| {
        above.is_empty() || path.strip_prefix(above).is_some_and(|rest| rest.starts_with(b"/"))
    };
    let home = |path: &[u8]| {
        let holders = inner.iter().map(Vec::as_slice).filter(|above| is_below(path, above));
        holders.max_by_key(|above| above.len()).unwrap_or_default()
    };
    let mut ignored = BTreeSet::new();
    for repository in std::iter::once(&b""[..]).chain(inner.iter().map(Vec::as_slice)) {
        let own: Vec<&Vec<u8>> = all.iter().filter(|path| home(path) == repository).collect();
        let skipped = if repository.is_empty() { 0 } else { repository.len() + 1 };
        let relative: Vec<Vec<u8>> = own.iter().map(|path| path[skipped..].to_vec()).collect();
        if relative.is_empty() {
            continue;
        }
        let directory = scratch.at(repository);
        let kept = judge_with(&directory, &relative, &["--no-index"]).kept;
        let dropped = own.into_iter().filter(|path| !kept.contains(&path[skipped..]));
        ignored.extend(dropped.cloned());
    }
    let is_kept =
        |path: &&Vec<u8>| !ignored.iter().any(|above| *above == **path || is_below(path, above));
    all.iter().filter(is_kept).cloned().collect()
}

/// The same tree with the ignore files of ours in place of those of git.
fn copy_with_own_rules(from: &Scratch, to: &Scratch) {
    for path in every_path(from) {
        let source = from.at(&path);
        let kind = source.symlink_metadata().unwrap().file_type();
        if kind.is_dir() {
            to.directory(&path);
        } else if kind.is_file() {
            let name = match path.strip_suffix(GIT_IGNORE.as_bytes()) {
                Some(directory) => [directory, OWN_IGNORE.as_bytes()].concat(),
                None => path,
            };
            to.file(name, fs::read(source).unwrap());
        }
    }
    for path in every_path(from) {
        if from.at(&path).is_symlink() {
            to.link(&path, "..");
        }
    }
}

fn without_ignore_files(paths: BTreeSet<Vec<u8>>, file_name: &str) -> BTreeSet<Vec<u8>> {
    paths.into_iter().filter(|path| !path.ends_with(file_name.as_bytes())).collect()
}

fn check(scratch: &Scratch, ours: &BTreeSet<Vec<u8>>, git: &BTreeSet<Vec<u8>>, file_name: &str) {
    if let Some(path) = ours.symmetric_difference(git).next() {
        let keeps = if git.contains(path) { "git keeps" } else { "git ignores" };
        let said = said_above(scratch, path, file_name);
        panic!("seed {}: {keeps} {}\n{said}", seed(), path.escape_ascii());
    }
}

/// What names are made of: few, so that patterns meet them.
#[rustfmt::skip]
const LETTERS: &[&[u8]] = &[
    b"a", b"a", b"a", b"b", b"b", b"A", b"c", b".", b"*", b"?", b"[", b"]", b"\\", b" ", b"!", b"#",
    b"-", b"^", b"\t", b"{", b"\xff", b"\xc3", b"\xc3\xa9", b"1",
];

/// What lines are made of that are made of anything.
#[rustfmt::skip]
const PARTS: &[&[u8]] = &[
    b"a", b"b", b"foo", b"bar", b"x", b"y", b"*", b"*", b"**", b"?", b"/", b"/", b"**/", b"/**",
    b"[ab]", b"[!a]", b"[^a]", b"[a-f]", b"[[:alpha:]]", b"[[:punct:]]", b"[a", b"]", b"[]]",
    b"\\", b"\\*", b"\\!", b"{a,b}", b" ", b"\\ ", b"\t", b".", b".o", b"!", b"#", b"-", b"[/]",
    b"\xff", b"\xc3\xa9", b"\\/", b"[[:foo:]]",
];
