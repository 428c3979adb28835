//! The npm package: its wasm, its JavaScript, its tests, and projects that install it.

use std::{fs, path::Path};

use crate::{
    browser,
    components::{build_module, tool},
    failure::{Failure, OrFail},
    program::{Program, Show, Stream, root},
    setup::{Build, Target, browsers},
};

/// Makes sure that everything is there, builds the package and tries it.
///
/// # Errors
///
/// If something is missing or cannot be built, or a test fails.
pub(crate) fn run_alone() -> Result<(), Failure> {
    for folder in [browser::DRIVER].into_iter().chain(FOLDERS) {
        browsers(folder)?;
    }
    if let Some(missing) = missing() {
        return Err(Failure::new(missing));
    }
    match Target::Wasm32.ensure()? {
        Build::Skipped(missing) => Err(Failure::new(missing)),
        build => run(&build, |_| ()),
    }
}

/// Builds the package and its page, and runs their tests and those that install it; `hear` gets
/// each line.
///
/// # Errors
///
/// If something cannot be built, a test fails, or fewer were run than there were.
pub(crate) fn run(build: &Build, mut hear: impl FnMut(&str)) -> Result<(), Failure> {
    self::build(build)?;
    let folder = root().join(PACKAGE);
    run_tests(&folder.join("tests"), TESTS, &mut hear)?;
    for suite in BROWSER_SUITES {
        let node = Program::new("node").arg(suite).current_dir(&folder);
        node.run_hearing(Stream::Output, Show::Always, &mut hear)?;
    }
    run_tests(&folder.join("packaging-tests"), PROJECTS, &mut hear)?;
    let page = root().join(EXPLORE);
    Program::new("npm run build").current_dir(&page).run()?;
    let tests = Program::new("node tests/run.mjs").current_dir(&page);
    tests.run_hearing(Stream::Output, Show::Always, &mut hear)
}

/// Builds the package, ready to be packed.
///
/// # Errors
///
/// If something cannot be built.
pub(crate) fn build(build: &Build) -> Result<(), Failure> {
    let folder = root().join(PACKAGE);
    let wasm = folder.join("wasm");
    if wasm.exists() {
        fs::remove_dir_all(&wasm).or_fail(wasm.display())?;
    }
    let module = build_module(build, WEB, "simd", true, "debuginfo")?;
    tool("browser").arg(&module).arg(&wasm).run()?;
    let suite = build_module(build, SUITE, "simd", true, "debuginfo")?;
    tool("browser").arg(&suite).arg(folder.join("conformance/wasm")).run()?;
    Program::new("node scripts/build.mjs").current_dir(&folder).run()
}

/// What a setup could not install, if anything.
pub(crate) fn missing() -> Option<&'static str> {
    let is_there = |folder: &str| root().join(folder).join("node_modules/.made-from").exists();
    browser::missing().or_else(|| {
        let all = FOLDERS.into_iter().all(is_there);
        (!all).then_some("the npm packages that build and try the package are missing")
    })
}

/// How many tests a line says have passed: `# pass 12` of Node's runner, `markerbed-npm-worker 12
/// passed` of a suite in browsers.
pub(crate) fn passed(line: &str) -> Option<u64> {
    let of_suite = || {
        let (_, said) = line.strip_prefix("markerbed-npm-")?.split_once(' ')?;
        said.split_once(" passed").map(|(count, _)| count)
    };
    line.strip_prefix("# pass ").or_else(of_suite)?.trim().parse().ok()
}

/// Runs the files `*.test.mjs` of a folder by Node's runner.
fn run_tests(folder: &Path, at_least: u64, hear: &mut impl FnMut(&str)) -> Result<(), Failure> {
    let mut node = Program::new("node --test --test-reporter=tap").current_dir(folder);
    for file in fs::read_dir(folder).or_fail(folder.display())? {
        let name = file.or_fail(folder.display())?.file_name();
        if name.to_string_lossy().ends_with(".test.mjs") {
            node = node.arg(name);
        }
    }
    let mut count = 0;
    node.run_hearing(Stream::Output, Show::Always, |line| {
        // What is skipped says why, and nothing is in CI.
        let skipped = line.strip_prefix("# skipped ").and_then(|count| count.trim().parse().ok());
        count += passed(line).or(skipped).unwrap_or(0);
        hear(line);
    })?;
    let tests = folder.display();
    println!("{tests}: {count} tests, at least {at_least}");
    if count >= at_least {
        return Ok(());
    }
    Err(Failure::new(format!("{tests}: fewer tests were run than there are")))
}

/// Where the package is.
pub(crate) const PACKAGE: &str = "npm";

/// What has npm packages of its own: what builds the package, and what uses it.
pub(crate) const FOLDERS: [&str; 3] = [PACKAGE, "npm/packaging-tests", EXPLORE];

const EXPLORE: &str = "npm/pages/explore";

const WEB: &str = "markerbed-web";
/// What is in the package `markerbed-conformance`.
const SUITE: &str = "markerbed-conformance-web";

/// Each prints how many cases have passed, and fails below its floor.
const BROWSER_SUITES: [&str; 1] = ["tests/browser/worker.mjs"];

const TESTS: u64 = 225;
const PROJECTS: u64 = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_node_says_is_counted() {
        assert_eq!(passed("# pass 12\n"), Some(12));
        assert_eq!(passed("markerbed-npm-worker 18 passed, 0 failed\n"), Some(18));
        assert_eq!(passed("markerbed-npm-worker passed"), None);
        assert_eq!(passed("ok 3 - # pass 12"), None);
        assert_eq!(passed("# fail 0"), None);
    }
}
