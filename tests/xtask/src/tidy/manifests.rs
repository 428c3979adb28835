//! The workspace's manifests: reasons, lints, and crates without unsafe code.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Report,
    tokens::{begins_with, tokens},
    tree::Tree,
};
use crate::failure::{Failure, OrFail};

/// Every library and program; tests and benches are under the workspace's lint alone.
pub(super) fn forbid_unsafe(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for folder in members(tree)? {
        for root in ["lib.rs", "main.rs"] {
            let path = format!("{folder}/src/{root}");
            let Some(text) = tree.text(&path) else { continue };
            report.looked_at += 1;
            let forbid = ["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"];
            let tokens = tokens(&path, text)?;
            let has = |at: usize| tokens.get(at..).is_some_and(|rest| begins_with(rest, &forbid));
            let is_guest = GUESTS.iter().any(|guest| guest.starts_with(&format!("{folder}/")));
            if !is_guest && !(0..tokens.len()).any(has) {
                report.find(&path, 1, "write #![forbid(unsafe_code)] at the top of the crate");
            }
        }
    }
    // The words are parted, so that this file does not find itself.
    let allow = ["allow(", "unsafe_code"].concat();
    let allow_of_many = ["    unsafe", "_code,"].concat();
    let is_ours = |path: &str| !path.starts_with(OF_THEIR_OWN) && !GUESTS.contains(&path);
    for (path, text) in tree.texts(&[".rs"]).filter(|(path, _)| is_ours(path)) {
        for (line, number) in text.lines().zip(1..) {
            if line.contains(&allow) || line == allow_of_many {
                report.find(path, number, "only what a guest exports may be unsafe");
            }
        }
    }
    Ok(report)
}

/// Other engines' libraries, measured: a workspace of its own.
const OF_THEIR_OWN: &str = "benches/records/";

/// A component's exports are unsafe code that wit-bindgen writes: one file of each guest allows it.
const GUESTS: &[&str] = &["tests/cross-target/src/component.rs", "wit/component/src/guest.rs"];

/// Versions stand in the workspace's manifest alone, each with a comment that says what it is for.
pub(super) fn dependency_reasons(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    let root = tree.text("Cargo.toml").or_fail("there is no Cargo.toml")?;
    let mut is_named = BTreeSet::new();
    let mut above = "";
    for line in section(root, "workspace.dependencies") {
        let is_reason = above.starts_with("# ") || line.text.contains(" # ");
        above = line.text;
        let Some((name, _)) = line.text.split_once(" = ") else { continue };
        report.looked_at += 1;
        is_named.insert(name);
        if !is_reason {
            report.find("Cargo.toml", line.number, &format!("say above {name} what it is for"));
        }
    }
    let mut is_used = BTreeSet::new();
    for folder in members(tree)? {
        let path = format!("{folder}/Cargo.toml");
        let text = tree.text(&path).or_fail(format!("there is no {path}"))?;
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        for line in kinds.iter().flat_map(|kind| section(text, kind)) {
            let Some((name, value)) = line.text.split_once(" = ") else { continue };
            report.looked_at += 1;
            is_used.insert(name.trim_end_matches(".workspace"));
            if !name.ends_with(".workspace") && !value.contains("workspace = true") {
                let sentence = format!("take {name} from the workspace: `workspace = true`");
                report.find(&path, line.number, &sentence);
            }
        }
    }
    for name in is_named.difference(&is_used) {
        report.find("Cargo.toml", 1, &format!("no crate uses {name}; take it out"));
    }
    Ok(report)
}

/// Each crate inherits the workspace's lints, or repeats them all at least as strictly.
pub(super) fn lints(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    let root = tree.text("Cargo.toml").or_fail("there is no Cargo.toml")?;
    for folder in members(tree)? {
        let path = format!("{folder}/Cargo.toml");
        let text = tree.text(&path).or_fail(format!("there is no {path}"))?;
        report.looked_at += 1;
        if section(text, "lints").any(|line| line.text == "workspace = true") {
            continue;
        }
        for tool in ["rust", "clippy"] {
            let wanted = levels(root, &format!("workspace.lints.{tool}"));
            let found = levels(text, &format!("lints.{tool}"));
            for (lint, level) in wanted {
                if found.get(lint).is_none_or(|found| strictness(found) < strictness(level)) {
                    let sentence = format!("the lint {lint} must be at least \"{level}\"");
                    report.find(&path, 1, &sentence);
                }
            }
        }
    }
    Ok(report)
}

/// The folders of the workspace's crates.
fn members(tree: &Tree) -> Result<Vec<String>, Failure> {
    let root = tree.text("Cargo.toml").or_fail("there is no Cargo.toml")?;
    let (_, after) = root.split_once("\nmembers = [").or_fail("Cargo.toml names no members")?;
    let (list, _) = after.split_once("\n]").or_fail("the list of members has no end")?;
    Ok(list.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect())
}

struct Line<'a> {
    number: usize,
    text: &'a str,
}

/// The lines of one table of a manifest, and of the same table of single targets.
fn section<'a>(text: &'a str, name: &str) -> impl Iterator<Item = Line<'a>> {
    let header = format!("[{name}]");
    let of_target = format!(".{name}]");
    let mut is_inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.starts_with('[') {
            let is_of_target = line.starts_with("[target.") && line.ends_with(&of_target);
            is_inside = line == header || is_of_target;
            return None;
        }
        is_inside.then_some(Line { number: index + 1, text: line })
    })
}

fn levels<'a>(text: &'a str, name: &str) -> BTreeMap<&'a str, &'a str> {
    let pair = |line: Line<'a>| {
        let (lint, value) = line.text.split_once(" = ")?;
        Some((lint, value.split('"').nth(1)?))
    };
    section(text, name).filter_map(pair).collect()
}

fn strictness(level: &str) -> u8 {
    match level {
        "warn" => 1,
        "deny" => 2,
        "forbid" => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_does_not_forbid_unsafe_code_is_found() {
        let tree = Tree::planted(&[
            ("Cargo.toml", WORKSPACE),
            ("a/src/lib.rs", "//! A.\n#![forbid(unsafe_code)]"),
            ("b/src/main.rs", "//! #![forbid(unsafe_code)]\nfn main() {}"),
        ]);

        let report = forbid_unsafe(&tree).unwrap();

        assert_eq!(report.looked_at, 2);
        assert!(report.findings[0].starts_with("b/src/main.rs:1: "), "{:?}", report.findings);
        assert_eq!(report.findings.len(), 1);
    }

    #[test]
    fn dependencies_without_a_reason_a_use_or_one_version_are_found() {
        let tree = Tree::planted(&[
            ("Cargo.toml", WORKSPACE),
            ("a/Cargo.toml", "[dependencies]\nreasoned.workspace = true\nown = \"1\"\n"),
            ("b/Cargo.toml", "[target.'cfg(any())'.dev-dependencies]\nbare.workspace = true\n"),
        ]);

        let report = dependency_reasons(&tree).unwrap();

        assert_eq!(
            report.findings,
            [
                "Cargo.toml:11: say above bare what it is for",
                "a/Cargo.toml:3: take own from the workspace: `workspace = true`",
                "Cargo.toml:1: no crate uses unused; take it out",
            ]
        );
    }

    #[test]
    fn a_crate_with_weaker_lints_is_found() {
        let weaker = "[lints.rust]\nunsafe_code = \"warn\"\n\n[lints.clippy]\npanic = \"deny\"\n";
        let tree = Tree::planted(&[
            ("Cargo.toml", WORKSPACE),
            ("a/Cargo.toml", weaker),
            ("b/Cargo.toml", "[lints]\nworkspace = true\n"),
        ]);

        let report = lints(&tree).unwrap();

        assert_eq!(
            report.findings,
            ["a/Cargo.toml:1: the lint unsafe_code must be at least \"deny\""]
        );
    }

    const WORKSPACE: &str = r#"[workspace]
members = [
    "a", # one
    "b", # two
]

[workspace.dependencies]
# what for
reasoned = "1"

bare = "1"
unused = "1" # some reason

[workspace.lints.rust]
unsafe_code = "deny"

[workspace.lints.clippy]
panic = "deny"
"#;
}
