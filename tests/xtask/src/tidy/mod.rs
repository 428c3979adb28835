//! The invariants of the architecture, each checked by a program that can fail.
//!
//! Only files that git tracks are looked at, as they are in the work tree.

mod documents;
mod engine;
mod history;
mod hygiene;
mod manifests;
mod sizes;
mod tokens;
mod tree;

use crate::failure::Failure;
use tree::Tree;

/// Runs all checks and prints one line each, then what they found.
///
/// # Errors
///
/// If a check found something, or looked at nothing: a check of nothing must not be green.
pub(crate) fn run() -> Result<(), Failure> {
    let tree = Tree::of_tracked_files()?;
    let mut failed = Vec::new();
    for check in CHECKS {
        let report = (check.run)(&tree)?;
        let is_empty = report.looked_at == 0 && report.why_empty.is_none();
        let passed = report.findings.is_empty() && !is_empty;
        let mark = if passed { "ok    " } else { "FAILED" };
        let why_empty = report.why_empty.unwrap_or_default();
        eprintln!("{mark} {:<18} {:>6} {}{why_empty}", check.name, report.looked_at, check.what);
        for warning in &report.warnings {
            eprintln!("       warning: {warning}");
        }
        for finding in &report.findings {
            eprintln!("       {finding}");
        }
        if is_empty {
            eprintln!("       there was nothing to look at");
        }
        if !passed {
            failed.push(check.name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("tidy found something to mend in: {}", failed.join(", "))))
}

/// One invariant.
struct Check {
    name: &'static str,
    /// What is counted, and the rule it has to keep.
    what: &'static str,
    run: fn(&Tree) -> Result<Report, Failure>,
}

/// What a check saw.
#[derive(Debug, Default)]
struct Report {
    looked_at: usize,
    /// Why it is right that there was nothing to look at.
    why_empty: Option<&'static str>,
    /// Each with its place and what to do.
    findings: Vec<String>,
    /// Questions rather than errors.
    warnings: Vec<String>,
}

impl Report {
    fn find(&mut self, path: &str, line: usize, sentence: &str) {
        self.findings.push(format!("{path}:{line}: {sentence}"));
    }
}

const CHECKS: &[Check] = &[
    Check { name: "file-lines", what: "source files of at most 800 lines", run: sizes::file_lines },
    Check {
        name: "function-lines",
        what: "functions of at most 70 lines",
        run: sizes::function_lines,
    },
    Check {
        name: "line-columns",
        what: "lines of at most 100 characters",
        run: sizes::line_columns,
    },
    Check {
        name: "hashing",
        what: "files of core; only hash.rs names a hash function's crate",
        run: engine::hashing,
    },
    Check {
        name: "canonical-bytes",
        what: "files of core; only codec/ takes bytes apart or puts them together",
        run: engine::canonical_bytes,
    },
    Check { name: "limits", what: "files of core; only limits.rs has caps", run: engine::limits },
    Check {
        name: "core-dependencies",
        what: "crates below core, all on the allow-list",
        run: engine::dependencies,
    },
    Check {
        name: "core-public-types",
        what: "public items of core, free of foreign types",
        run: engine::public_types,
    },
    Check {
        name: "forbid-unsafe",
        what: "crates that forbid unsafe code",
        run: manifests::forbid_unsafe,
    },
    Check {
        name: "dependency-reasons",
        what: "dependencies, each with a reason, versions in one place",
        run: manifests::dependency_reasons,
    },
    Check { name: "lints", what: "crates with the workspace's lints", run: manifests::lints },
    Check {
        name: "machine-paths",
        what: "text files without paths of a machine or hosts of registries",
        run: hygiene::machine_paths,
    },
    Check {
        name: "built-files",
        what: "files, none of them built or binary",
        run: hygiene::built_files,
    },
    Check {
        name: "unfinished",
        what: "text files without marks of unfinished work",
        run: hygiene::unfinished,
    },
    Check {
        name: "golden-vectors",
        what: "vector cases of the newest tag, unchanged",
        run: history::golden_vectors,
    },
    Check {
        name: "error-codes",
        what: "error codes, the same in the spec and core; vectors have no others",
        run: documents::error_codes,
    },
    Check {
        name: "spec-rules",
        what: "mentions of rules that the spec has",
        run: documents::spec_rules,
    },
    Check {
        name: "links",
        what: "relative links of documents that lead somewhere",
        run: documents::links,
    },
    Check {
        name: "test-command",
        what: "places that give the same test command",
        run: documents::test_command,
    },
];
