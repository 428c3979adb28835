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

/// Runs the suites of `host-web` in Chromium, then the faults; `hear` gets each line.
///
/// # Errors
///
/// If one fails, or nothing was tried.
pub(crate) fn run(build: &Build, mut hear: impl FnMut(&str)) -> Result<(), Failure> {
    let modules = modules(build)?;
    let mut suites = node("tests.mjs");
    let mut faults = node("faults.mjs");
    for (name, module) in modules {
        let folder = root().join("target/browser-tests").join(&name);
        make(&module, &folder)?;
        if name == PAGES {
            faults = faults.arg(&folder);
        } else {
            suites = suites.arg(&folder);
        }
    }
    suites.run_hearing(Stream::Output, Show::Always, &mut hear)?;
    faults.run_hearing(Stream::Output, Show::Always, hear)
}

/// As [`run`], after making sure that everything is there.
///
/// # Errors
///
/// As [`run`], and if something is missing.
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

/// Builds the tests and the page that they load, by name.
fn modules(build: &Build) -> Result<Vec<(String, PathBuf)>, Failure> {
    let cargo = Program::cargo("test --no-run --locked --package markerbed-web --message-format");
    let cargo = cargo.arg("json-render-diagnostics").arg("--target").arg(Target::Wasm32.triple());
    let cargo = match build {
        Build::Rustc(rustc) => cargo.env("RUSTC", rustc),
        Build::Active | Build::Skipped(_) => cargo,
    };
    let mut found = Vec::new();
    cargo.run_hearing(Stream::Output, Show::IfItFails, |line| found.extend(module(line)))?;
    let has_pages = found.iter().any(|(name, _)| name == PAGES);
    if has_pages && found.len() > 1 {
        Ok(found)
    } else {
        Err(Failure::new("cargo built no tests for a browser"))
    }
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

/// Makes of a module what a page imports.
fn make(module: &Path, folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).or_fail(folder.display())?;
    }
    Program::cargo("run --quiet --locked --package markerbed-wasm-tools -- browser")
        .arg(module)
        .arg(folder)
        .run()
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
