//! What must not be in the repository at all.

use super::{Report, tree::Tree};
use crate::failure::Failure;

pub(super) fn machine_paths(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, line, text) in lines(tree, &mut report.looked_at) {
        for folder in MACHINE_FOLDERS {
            let is_path = |at: usize| {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                !before.is_some_and(|letter| letter.is_alphanumeric() || "_.-*}".contains(letter))
            };
            if text.match_indices(folder).any(|(at, _)| is_path(at)) {
                let sentence = format!("{folder} is a path of one machine; use a relative one");
                report.findings.push(format!("{path}:{line}: {sentence}"));
            }
        }
        for host in REGISTRY_HOSTS {
            if text.contains(host) && !path.ends_with("Cargo.lock") {
                let sentence = format!("{host} is a registry's address; name the package alone");
                report.findings.push(format!("{path}:{line}: {sentence}"));
            }
        }
    }
    Ok(report)
}

pub(super) fn built_files(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for file in tree.files() {
        report.looked_at += 1;
        let path = file.path.as_str();
        if BINARY_ALLOWED.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        if path.starts_with("docs/images/") && path.ends_with(".png") {
            if file.bytes.len() > PICTURE_BYTES_MAX {
                report.find(path, 1, "the picture has more than 300 kB; make it smaller");
            }
            continue;
        }
        let is_built = path.split('/').any(|part| BUILT_FOLDERS.contains(&part))
            || BUILT_ENDINGS.iter().any(|ending| path.ends_with(ending));
        if is_built {
            report.find(path, 1, "built files do not belong here; ignore it");
        } else if file.text().is_none() {
            report.find(path, 1, "the file is binary; make it when it is needed");
        } else if file.bytes.len() > FILE_BYTES_MAX && !path.starts_with("tests/vectors/") {
            report.find(path, 1, "the file has more than 1 MiB; make it when it is needed");
        }
    }
    Ok(report)
}

pub(super) fn unfinished(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, line, text) in lines(tree, &mut report.looked_at) {
        for mark in UNFINISHED {
            let is_whole = |at: usize| {
                let letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
                let after = text.get(at + mark.len()..).and_then(|after| after.chars().next());
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                !letter(before) && !letter(after)
            };
            if text.match_indices(mark).any(|(at, _)| is_whole(at)) {
                let sentence = format!("{mark} marks unfinished work; finish it or file an issue");
                report.findings.push(format!("{path}:{line}: {sentence}"));
            }
        }
    }
    Ok(report)
}

/// All lines of all texts, with their places; counts the texts.
fn lines<'a>(tree: &'a Tree, looked_at: &mut usize) -> Vec<(&'a str, usize, &'a str)> {
    let mut lines = Vec::new();
    for file in tree.files() {
        let Some(text) = file.text() else { continue };
        *looked_at += 1;
        let numbered = text.lines().enumerate();
        lines.extend(numbered.map(|(index, line)| (file.path.as_str(), index + 1, line)));
    }
    lines
}

// Each is written in two parts, so that this file does not hold what it forbids.

const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("static.rust-", "lang.org"),
    concat!("pypi.", "org"),
    concat!("files.python", "hosted.org"),
    concat!("registry.npm", "js.org"),
    concat!("deb.", "debian.org"),
    concat!("proxy.gol", "ang.org"),
    concat!("--index-", "url"),
    concat!("--extra-index-", "url"),
    concat!("\"resol", "ved\": \"http"),
];

const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

/// Stores and inputs kept as they were found; their tests say where they come from.
const BINARY_ALLOWED: &[&str] = &["tests/compatibility/", "tests/fuzz/corpus/"];

const BUILT_FOLDERS: &[&str] = &["target", "node_modules", "__pycache__", "dist", ".venv"];

const BUILT_ENDINGS: &[&str] =
    &[".a", ".dll", ".dylib", ".exe", ".o", ".pyc", ".rlib", ".so", ".wasm", ".whl"];

const FILE_BYTES_MAX: usize = 1 << 20;
const PICTURE_BYTES_MAX: usize = 300_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_and_registries_are_found() {
        let home = format!("cd {}me/ann/markerbed", "/ho");
        let registry = format!("pip install {}url=https://{}org/simple", "--index-", "pypi.");
        let tree = Tree::planted(&[
            ("a.sh", &home),
            ("docs/b.md", &registry),
            ("c.rs", "use tests/work/x; /var/work"),
            ("d.rs", "$HOME/work ${ROOT}/root/x https://docs.rs/x"),
        ]);

        let report = machine_paths(&tree).unwrap();

        assert_eq!(report.looked_at, 4);
        assert_eq!(report.findings.len(), 3, "{:?}", report.findings);
        assert!(report.findings[0].starts_with("a.sh:1: "));
        assert!(report.findings[1].starts_with("docs/b.md:1: "));
    }

    #[test]
    fn built_and_binary_files_are_found() {
        let large = "\0".repeat(PICTURE_BYTES_MAX + 1);
        let tree = Tree::planted(&[
            ("docs/images/page.png", "a\0b"),
            ("docs/images/large.png", &large),
            ("docs/page.png", "a\0b"),
            ("npm/engine.wasm", "x"),
            ("npm/node_modules/a.js", "x"),
            ("tests/picture", "a\0b"),
            ("tests/compatibility/1/store", "a\0b"),
            ("src/targets.rs", "x"),
        ]);

        let report = built_files(&tree).unwrap();

        assert_eq!(report.findings.len(), 5, "{:?}", report.findings);
    }

    #[test]
    fn marks_of_unfinished_work_are_found() {
        let mark = format!("let x = {}do!(); // {}ME later", "to", "FIX");
        let tree = Tree::planted(&[("a.rs", &mark), ("b.md", "a toDOlist, MASTODON"), ("c", "")]);

        let report = unfinished(&tree).unwrap();

        assert_eq!(report.findings.len(), 2, "{:?}", report.findings);
        assert!(report.findings.iter().all(|finding| finding.starts_with("a.rs:1: ")));
    }
}
