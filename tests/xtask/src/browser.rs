//! The tests that run in a browser: built for wasm32, made into what a page imports, loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    failure::{Failure, OrFail},
    program::{Program, Show, Stream, root},
    setup::{Build, Target, browsers},
};

/// Makes sure that everything is there, and runs it.
///
/// # Errors
///
/// If something is missing, or a test fails.
pub(crate) fn run_alone() -> Result<(), Failure> {
    browsers(DRIVER)?;
    if let Some(missing) = missing() {
        return Err(Failure::new(missing));
    }
    match Target::Wasm32.ensure()? {
        Build::Skipped(missing) => Err(Failure::new(missing)),
        build => run(&build, |_| ()),
    }
}

/// Runs the suites of `host-web` in Chromium and Firefox, then the faults; `hear` gets each line.
///
/// # Errors
///
/// If one fails, or nothing was tried.
pub(crate) fn run(build: &Build, mut hear: impl FnMut(&str)) -> Result<(), Failure> {
    let modules = modules(build, "test --no-run")?;
    if modules.len() < 2 {
        return Err(Failure::new("cargo built no tests for a browser"));
    }
    let mut suites = node("tests.mjs");
    let mut faults = node("faults.mjs");
    for (name, module) in modules {
        let folder = make(&name, &module)?;
        if name == PAGES {
            faults = faults.arg(&folder);
        } else {
            suites = suites.arg(&folder);
        }
    }
    suites.run_hearing(Stream::Output, Show::Always, &mut hear)?;
    faults.run_hearing(Stream::Output, Show::Always, hear)
}

/// Measures the store of `host-web` in Chromium; `hear` gets a line of JSON for each value.
///
/// # Errors
///
/// If something cannot be built, or fails.
pub(crate) fn bench(build: &Build, rounds: usize, hear: impl FnMut(&str)) -> Result<(), Failure> {
    let modules = modules(build, "build --release --example pages")?;
    let pages = modules.iter().find(|(name, _)| name == PAGES);
    let (name, module) = pages.or_fail("cargo built no page")?;
    let bench = node("bench.mjs").arg(make(name, module)?).arg(rounds.to_string());
    bench.run_hearing(Stream::Output, Show::IfItFails, hear)
}

/// What a setup could not install, if anything.
pub(crate) fn missing() -> Option<&'static str> {
    let has_packages = root().join(DRIVER).join("node_modules/.made-from").exists();
    let has_chromium = Program::new("which chromium").succeeds();
    match (has_chromium, has_packages) {
        (true, true) => None,
        (false, _) => Some("Chromium is missing (on Debian: chromium)"),
        (true, false) => Some("the npm packages that drive Chromium are missing"),
    }
}

/// Builds tests and the page that they load, by name, with a command of cargo's.
fn modules(build: &Build, command: &str) -> Result<Vec<(String, PathBuf)>, Failure> {
    let cargo = Program::cargo(command)
        .args(&["--locked", "--package", "markerbed-web"].map(str::to_owned))
        .args(&["--message-format", "json-render-diagnostics"].map(str::to_owned))
        .args(&["--target", Target::Wasm32.triple()].map(str::to_owned));
    let cargo = match build {
        Build::Rustc(rustc) => cargo.env("RUSTC", rustc),
        Build::Active | Build::Skipped(_) => cargo,
    };
    let mut found = Vec::new();
    cargo.run_hearing(Stream::Output, Show::IfItFails, |line| found.extend(module(line)))?;
    Ok(found)
}

/// A test, or the page, if that is what a message of cargo's is about.
fn module(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = message.get("target")?;
    let name = target.get("name")?.as_str()?;
    let path = match message.get("executable").and_then(Value::as_str) {
        Some(test) => test,
        None if name == PAGES => {
            let files = message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str);
            files.into_iter().find(|file| file.ends_with(".wasm"))?
        }
        None => return None,
    };
    Some((name.to_owned(), path.into()))
}

/// Makes of a module what a page imports, and answers the folder with it.
fn make(name: &str, module: &Path) -> Result<PathBuf, Failure> {
    let folder = root().join("target/browser-tests").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).or_fail(folder.display())?;
    }
    Program::cargo("run --quiet --locked --package markerbed-wasm-tools -- browser")
        .arg(module)
        .arg(&folder)
        .run()?;
    Ok(folder)
}

fn node(script: &str) -> Program {
    Program::new("node").arg(Path::new(DRIVER).join(script))
}

/// Where the programs that drive the browser are.
pub(crate) const DRIVER: &str = "host-web/tests/browser";

/// The page's module.
const PAGES: &str = "pages";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_the_page_are_found_among_what_cargo_says() {
        let test = r#"{"target":{"name":"suite"},"executable":"/a/suite.wasm"}"#;
        let page = r#"{"target":{"name":"pages"},"filenames":["/a/p.d","/a/p.wasm"]}"#;
        let library = r#"{"target":{"name":"core"},"filenames":["/a/core.wasm"]}"#;

        assert_eq!(module(test), Some(("suite".to_owned(), "/a/suite.wasm".into())));
        assert_eq!(module(page), Some(("pages".to_owned(), "/a/p.wasm".into())));
        assert_eq!(module(library), None);
        assert_eq!(module("{}"), None);
    }
}
