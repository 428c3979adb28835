//! The demo is a tutorial, and the tutorial is a test.

use std::{collections::BTreeSet, env, fs, process::Command};

use crate::support::{Desk, Ran, desk_with_snapshot, repository};

#[test]
fn the_demo_on_a_directory_leaves_out_its_store() {
    let desk = desk_with_snapshot();
    desk.write("plain/f", "1");
    desk.write("plain/.markerbed/f", "no store");
    let root = desk.root_of(".");
    let plain = desk.root_of("plain");

    for (directory, root) in [(".", root), ("plain", plain)] {
        let (code, lines) = desk.json("demo", &["demo", directory]);

        assert_eq!(code, 0, "{lines:?}");
        let snap = lines.iter().find(|line| line["command"].as_str().unwrap().contains("snap "));
        let output = snap.unwrap()["output"].as_str().unwrap();
        assert!(output.contains(&root), "{directory}: {root}: {output}");
    }
}

#[test]
fn the_demo_says_what_the_tutorial_shows() {
    let desk = Desk::new();
    desk.write("scratch/none", "");

    let demo = desk.program().arg("demo").env("TMPDIR", desk.path("scratch")).output().unwrap();

    let demo = Ran::of(demo);
    assert_eq!((demo.code, demo.err.as_str()), (0, ""), "{}", demo.out);
    assert_eq!(fs::read_dir(desk.path("scratch")).unwrap().count(), 1, "it clears up");
    if env::var_os("MARKERBED_BLESS").is_some() {
        bless(&demo.out);
    }
    assert_eq!(shown(&tutorial()), without_remarks(&demo.out), "MARKERBED_BLESS=1 writes it anew");
}

#[test]
fn the_demo_says_the_same_each_time_and_in_json() {
    let desk = Desk::new();
    let text = desk.ok(&["demo"]);

    assert_eq!(desk.ok(&["demo"]), text);
    let (code, lines) = desk.json("demo", &["demo"]);
    let commands = text.lines().filter(|line| line.starts_with("$ ")).count();
    assert_eq!((code, lines.len()), (0, commands));
}

#[test]
fn the_demo_changes_nothing_in_a_directory_of_the_user() {
    let desk = Desk::new();
    desk.write("mine/a.txt", "a");
    desk.write("mine/b/c.txt", "c");

    let demo = desk.ok(&["demo", "mine"]);

    assert!(demo.contains("VERIFIED: a.txt is in the tree"), "{demo}");
    assert!(!desk.path("mine/.markerbed").exists() && !desk.path(".markerbed").exists());
    assert_eq!(fs::read_dir(desk.path("mine")).unwrap().count(), 2);
}

#[test]
fn who_types_the_commands_of_the_tutorial_sees_the_same() {
    let desk = Desk::new();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_markerbed"));
    let path = format!("{}:{}", program.parent().unwrap().display(), env::var("PATH").unwrap());
    let expected = shown(&tutorial());
    let mut typed = String::new();

    for command in expected.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut shell = desk.dressed(Command::new("sh"));
        shell.args(["-c", command]).env("PATH", &path).env("XDG_CONFIG_HOME", &desk.here);
        let ran = Ran::of(shell.output().unwrap());
        typed.push_str(&format!("$ {command}\n{}{}", ran.out, ran.err));
        if ran.code != 0 {
            typed.push_str(&format!("(exit code {})\n", ran.code));
        }
    }

    let lasting = lasting_ids(&expected);
    assert!(lasting.len() >= 4, "{lasting:?}");
    assert_eq!(masked(&typed, &lasting), masked(&expected, &lasting));
}

fn tutorial() -> String {
    fs::read_to_string(repository().join(TUTORIAL)).unwrap()
}

/// What the console blocks of a document show.
fn shown(document: &str) -> String {
    let blocks = document.split("```console\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).collect()
}

fn without_remarks(demo: &str) -> String {
    let lines = demo.lines().filter(|line| !line.starts_with("# ") && !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

/// Puts what the demo said into the blocks of the tutorial, each as many commands as it has.
fn bless(demo: &str) {
    let steps = without_remarks(demo);
    let mut steps = steps.split("$ ").skip(1);
    let document = tutorial();
    let mut parts = document.split("```console\n");
    let mut blessed = parts.next().unwrap().to_owned();
    for part in parts {
        let (block, rest) = part.split_once("```").unwrap();
        let count = block.lines().filter(|line| line.starts_with("$ ")).count();
        blessed.push_str("```console\n");
        steps.by_ref().take(count).for_each(|step| blessed.push_str(&format!("$ {step}")));
        blessed.push_str(&format!("```{rest}"));
    }
    assert_eq!(steps.next(), None, "the tutorial lacks commands of the demo");
    fs::write(repository().join(TUTORIAL), blessed).unwrap();
}

/// Ids that depend on nothing but what was recorded: whoever follows the tutorial has the same.
fn lasting_ids(text: &str) -> BTreeSet<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut ids = BTreeSet::new();
    for pair in words.windows(2) {
        if matches!(pair[0], "root" | "node" | "content" | "--root") && pair[1].len() == 64 {
            ids.insert(pair[1].to_owned());
        }
    }
    ids
}

/// The text with what differs each time taken out: other ids, and times.
fn masked(text: &str, lasting: &BTreeSet<String>) -> String {
    let is_hex = |word: &str| {
        word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit() && byte != b'F')
    };
    let is_time = |word: &str| word.len() >= 20 && word.contains('T') && word.ends_with('Z');
    let mask = |word: &str| {
        let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let bare = bare.strip_prefix("markerbed/").unwrap_or(bare);
        let bare = bare.strip_suffix(".key").unwrap_or(bare);
        let is_short_node = lasting.iter().any(|id| id.starts_with(bare));
        if is_time(bare) || (is_hex(bare) && !lasting.contains(bare) && !is_short_node) {
            word.replace(bare, "*")
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The demo takes no attributes: whoever does has longer proofs and more objects.
        let is_longer = |at: usize| match words.get(at + 1) {
            Some(next) => (words[0] == "wrote" && *next == "bytes") || *next == "objects,",
            None => false,
        };
        let masked = words.iter().enumerate().map(|(at, word)| match is_longer(at) {
            true => "*".to_owned(),
            false => mask(word),
        });
        masked.collect::<Vec<_>>().join(" ") + "\n"
    };
    text.lines().map(line).collect()
}

const TUTORIAL: &str = "docs/tutorial/first-snapshot.md";
