//! What is published is what the program is.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use crate::support::{Desk, repository};

#[test]
fn the_pages_made_from_the_program_are_those_in_the_repository() {
    let desk = Desk::new();
    desk.ok(&["documents", "made"]);
    let published = repository().join("docs/reference");

    if env::var_os("MARKERBED_BLESS").is_some() {
        desk.ok(&["documents", published.to_str().unwrap()]);
    }

    let made = files_below(&desk.path("made"), "");
    for (path, text) in &made {
        let found = fs::read_to_string(published.join(path)).unwrap_or_default();
        assert!(found == *text, "docs/reference/{path}: run this test with MARKERBED_BLESS=1");
    }
    let schemas = files_below(&published.join("json"), "json/");
    for path in schemas.keys() {
        assert!(made.contains_key(path), "docs/reference/{path}: no command answers so any more");
    }
    assert!(made.len() >= 18, "{made:?}");
}

#[test]
fn every_code_that_a_layer_has_is_published() {
    let page = fs::read_to_string(repository().join("docs/reference/exit-codes.md")).unwrap();
    let engine = fs::read_to_string(repository().join("docs/spec/encoding.md")).unwrap();
    let published = |code: &str| {
        let row = format!("| `{code}` |");
        page.contains(&row) || engine.contains(&row)
    };
    let mut codes = BTreeSet::new();
    for layer in LAYERS {
        let text = fs::read_to_string(repository().join(layer)).unwrap();
        let found = codes_of_functions(&text);
        assert!(!found.is_empty(), "{layer}");
        codes.extend(found);
    }
    for (_, text) in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "") {
        codes.extend(codes_of_calls(&text));
    }

    let missing: Vec<&String> = codes.iter().filter(|code| !published(code)).collect();

    assert!(codes.len() > 70, "{codes:?}");
    assert!(missing.is_empty(), "add to host-native/cli/src/codes.rs: {missing:?}");
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let desk = Desk::new();
    fs::create_dir(desk.path("man")).unwrap();

    desk.ok(&["man", "man"]);

    let pages = files_below(&desk.path("man"), "");
    let snap = &pages["markerbed-snap.1"];
    assert!(pages.contains_key("markerbed.1") && pages.contains_key("markerbed-ref-set.1"));
    assert!(snap.contains("one\\-file\\-system") && snap.contains("Record what is in a directory"));
}

#[test]
fn completions_are_made_for_every_shell() {
    let desk = Desk::new();

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = desk.ok(&["completions", shell]);

        assert!(script.contains("one-file-system"), "{shell}");
    }
}

fn files_below(directory: &Path, prefix: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path(), &format!("{name}/")));
        } else {
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
    files
}

/// The texts that functions called `code` give.
fn codes_of_functions(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for function in text.split("fn code(").skip(1) {
        let body = function.split("\n    }\n").next().unwrap();
        codes.extend(body.split("=> \"").skip(1).map(quoted));
    }
    codes
}

/// The texts with which failures are made.
fn codes_of_calls(text: &str) -> Vec<String> {
    let dense: String = text.split_whitespace().collect();
    let mut codes: Vec<String> = dense.split("Failure::usage(\"").skip(1).map(quoted).collect();
    for part in dense.split("Exit::").skip(1) {
        let after = part.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        codes.extend(after.strip_prefix(",\"").map(quoted));
    }
    codes.retain(|code| code.contains('-'));
    codes
}

fn quoted(text: &str) -> String {
    text.split('"').next().unwrap().to_owned()
}

const LAYERS: &[&str] = &[
    "storage/src/error.rs",
    "wit/engine/src/error.rs",
    "workspace/src/error.rs",
    "host-native/src/workspace/keys.rs",
    "host-native/src/snapshot/error.rs",
    "host-native/src/restore/error.rs",
    "host-native/src/restore/tree.rs",
    "host-native/src/restore/unfit.rs",
    "host-native/src/workspace/check/report.rs",
];
