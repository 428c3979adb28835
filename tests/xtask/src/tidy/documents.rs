//! What documents say, held against what is there.

use std::collections::BTreeSet;

use super::{
    Report,
    tokens::{Kind, Token, tokens, tree},
    tree::Tree,
};
use crate::failure::{Failure, OrFail};

/// The codes of the spec are those of core; the reference and the vectors use no others.
pub(super) fn error_codes(tree: &Tree) -> Result<Report, Failure> {
    let page = tree.text(ERROR_PAGE).or_fail(format!("there is no {ERROR_PAGE}"))?;
    let errors = tree.text(ERROR_SOURCE).or_fail(format!("there is no {ERROR_SOURCE}"))?;
    let spec = table_codes(page);
    let core = codes_of_functions(&tokens(ERROR_SOURCE, errors)?);
    let mut report = Report { looked_at: spec.len().min(core.len()), ..Report::default() };
    for code in spec.difference(&core) {
        report.find(ERROR_SOURCE, 1, &format!("no `code()` gives {code}, which the spec lists"));
    }
    for code in core.difference(&spec) {
        report.find(ERROR_PAGE, 1, &format!("{code} of core is not listed"));
    }
    for (path, text) in tree.texts(&[".json"]) {
        if !path.starts_with("tests/vectors/") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            for code in quoted_after(line, "\"error\": ").filter(|code| !spec.contains(*code)) {
                report.find(path, index + 1, &format!("the spec has no error {code}"));
            }
        }
    }
    Ok(report)
}

/// Rules such as `MAP-7` that sources and vectors mention exist in the spec.
pub(super) fn spec_rules(tree: &Tree) -> Result<Report, Failure> {
    let mut rules = BTreeSet::new();
    let mut families = BTreeSet::new();
    let mut report = Report::default();
    for (path, text) in tree.texts(&[".md"]).filter(|(path, _)| path.starts_with("docs/spec/")) {
        for (index, line) in text.lines().enumerate() {
            let cell = line.strip_prefix("| ").and_then(|line| line.split(' ').next());
            let Some(rule) = cell.filter(|cell| is_rule(cell)) else { continue };
            families.insert(rule.split('-').next().unwrap_or_default());
            if !rules.insert(rule) {
                report.find(path, index + 1, &format!("{rule} stands twice in the spec"));
            }
        }
    }
    for (path, text) in tree.texts(&[".rs", ".py", ".json", ".md"]) {
        for (index, line) in text.lines().enumerate() {
            let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            for word in line.split(|letter| !is_word(letter)).filter(|word| is_rule(word)) {
                let family = word.split('-').next().unwrap_or_default();
                report.looked_at += 1;
                if families.contains(family) && !rules.contains(word) {
                    report.find(path, index + 1, &format!("the spec has no rule {word}"));
                }
            }
        }
    }
    Ok(report)
}

/// Relative links of documents lead to tracked files, and to headings that exist.
pub(super) fn links(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.texts(&[".md"]) {
        for (line, link) in link_targets(text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            report.looked_at += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let Some(target) = resolve(path, file) else {
                report.find(path, line, &format!("{link} leads out of the repository"));
                continue;
            };
            if !tree.has(&target) {
                report.find(path, line, &format!("{link} leads nowhere"));
            } else if !heading.is_empty() && !has_heading(tree, &target, heading) {
                report.find(path, line, &format!("{target} has no heading #{heading}"));
            }
        }
    }
    Ok(report)
}

/// The README, the guide for contributors and CI give one and the same command.
pub(super) fn test_command(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for path in ["README.md", "CONTRIBUTING.md", ".ci/run"] {
        report.looked_at += 1;
        let command =
            |line: &str| line.split(" #").next().unwrap_or_default().trim() == TEST_COMMAND;
        let is_there = |text: &str| text.lines().any(command);
        if !tree.text(path).is_some_and(is_there) {
            report.find(path, 1, &format!("give the test command as a line: {TEST_COMMAND}"));
        }
    }
    Ok(report)
}

/// Codes in the first column of the tables.
fn table_codes(page: &str) -> BTreeSet<String> {
    let code = |line: &str| {
        let (code, _) = line.strip_prefix("| `")?.split_once("` |")?;
        let is_code = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-');
        (code.chars().all(is_code)).then(|| code.to_owned())
    };
    let table = page.lines().skip_while(|line| *line != "## Error codes");
    table.filter_map(code).collect()
}

/// The texts in all functions that are named `code`.
fn codes_of_functions(tokens: &[Token]) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [first, second] = pair else { continue };
        if !first.is("fn") || !second.is("code") {
            continue;
        }
        let rest = tokens.get(index..).unwrap_or_default();
        let body = rest.iter().position(|token| token.is("{")).and_then(|at| rest.get(at..));
        let texts = body.map_or(&[][..], tree).iter().filter(|token| token.kind == Kind::Literal);
        codes.extend(texts.map(|token| token.text.trim_matches('"').to_owned()));
    }
    codes
}

fn quoted_after<'a>(line: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    line.split(key).skip(1).filter_map(|after| after.strip_prefix('"')?.split('"').next())
}

fn is_rule(word: &str) -> bool {
    let Some((family, number)) = word.split_once('-') else { return false };
    (2..=8).contains(&family.len())
        && family.chars().all(|letter| letter.is_ascii_uppercase())
        && !number.is_empty()
        && number.chars().all(|letter| letter.is_ascii_digit())
}

/// Targets of `[text](target)` outside of code, with their lines.
fn link_targets(text: &str) -> Vec<(usize, &str)> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                targets.push((index + 1, target));
            }
        }
    }
    targets
}

/// The path that a link in a document means, or nothing if it leaves the repository.
fn resolve(document: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(document.to_owned());
    }
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Headings become anchors as GitHub makes them: lower case, blanks to hyphens, marks gone.
fn has_heading(tree: &Tree, path: &str, wanted: &str) -> bool {
    let anchor = |heading: &str| -> String {
        let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        text.chars().filter(kept).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    let Some(text) = tree.text(path) else { return false };
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted)
}

const ERROR_PAGE: &str = "docs/spec/encoding.md";

const ERROR_SOURCE: &str = "core/src/error.rs";

const TEST_COMMAND: &str = "cargo xtask test";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_differ_between_spec_core_and_vectors_are_found() {
        let tree = Tree::planted(&[
            (ERROR_PAGE, "| `bool` | x |\n## Error codes\n| `same` | x |\n| `spec-utf8` | x |\n"),
            (
                ERROR_SOURCE,
                "fn code(&self) -> &str { match self { A => \"same\", B => \"mine\" } }",
            ),
            ("tests/vectors/a.json", "{\"error\": \"same\"}\n{\"error\": \"other\"}\n"),
        ]);

        let report = error_codes(&tree).unwrap();

        assert_eq!(
            report.findings,
            [
                "core/src/error.rs:1: no `code()` gives spec-utf8, which the spec lists",
                "docs/spec/encoding.md:1: mine of core is not listed",
                "tests/vectors/a.json:2: the spec has no error other",
            ]
        );
    }

    #[test]
    fn a_rule_that_the_spec_lacks_or_has_twice_is_found() {
        let tree = Tree::planted(&[
            ("docs/spec/map.md", "| MAP-1 | x |\n| MAP-2 | x |\n| MAP-2 | y |\n"),
            ("core/src/a.rs", "//! As MAP-1 and MAP-3; SHA-256 and UTF-8 are no rules.\n"),
        ]);

        let report = spec_rules(&tree).unwrap();

        assert_eq!(
            report.findings,
            [
                "docs/spec/map.md:3: MAP-2 stands twice in the spec",
                "core/src/a.rs:1: the spec has no rule MAP-3",
            ]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let page = "# Two Words, here\n[a](b.md) [b](../README.md#top)\n[c](#two-words-here)\n\
                    [d](gone.md) [e](#gone) [f](../../x)\n```\n[g](code.md)\n```\n[h](../docs/)";
        let tree = Tree::planted(&[
            ("docs/a.md", page),
            ("docs/b.md", "[web](https://example.org)"),
            ("README.md", "## Top\n"),
        ]);

        let report = links(&tree).unwrap();

        assert_eq!(report.looked_at, 7);
        assert_eq!(
            report.findings,
            [
                "docs/a.md:4: gone.md leads nowhere",
                "docs/a.md:4: docs/a.md has no heading #gone",
                "docs/a.md:4: ../../x leads out of the repository",
            ]
        );
    }

    #[test]
    fn a_place_with_another_test_command_is_found() {
        let tree = Tree::planted(&[
            ("README.md", "```\ncargo xtask test  # everything\n```"),
            ("CONTRIBUTING.md", "run `cargo test`"),
            (".ci/run", "set -eu\ncargo xtask test\n"),
        ]);

        let report = test_command(&tree).unwrap();

        assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
        assert!(report.findings[0].starts_with("CONTRIBUTING.md:1: "));
    }
}
