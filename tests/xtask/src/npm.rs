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

/// Builds the package, and runs its tests and those that install it; `hear` gets each line.
///
/// # Errors
///
/// If something cannot be built, a test fails, or fewer were run than there were.
pub(crate) fn run(build: &Build, mut hear: impl FnMut(&str)) -> Result<(), Failure> {
    self::build(build)?;
    let folder = root().join(PACKAGE);
    for (tests, at_least) in [("tests/", TESTS), ("packaging-tests/", PROJECTS)] {
        run_tests(&folder, tests, at_least, &mut hear)?;
    }
    Ok(())
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
    let module = build_module(build, WEB, "simd", true, "symbols")?;
    tool("browser").arg(&module).arg(&wasm).run()?;
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

/// How many tests a line of Node's runner says have passed: `# pass 12`.
pub(crate) fn passed(line: &str) -> Option<u64> {
    line.strip_prefix("# pass ")?.trim().parse().ok()
}

fn run_tests(
    folder: &Path,
    tests: &str,
    at_least: u64,
    hear: &mut impl FnMut(&str),
) -> Result<(), Failure> {
    let mut count = 0;
    let node = Program::new("node --test --test-reporter=tap").arg(tests).current_dir(folder);
    node.run_hearing(Stream::Output, Show::Always, |line| {
        count += passed(line).unwrap_or(0);
        hear(line);
    })?;
    println!("npm/{tests}: {count} tests passed, at least {at_least}");
    if count >= at_least {
        return Ok(());
    }
    Err(Failure::new(format!("of npm/{tests} fewer tests were run than there are")))
}

/// Where the package is.
pub(crate) const PACKAGE: &str = "npm";

/// What has npm packages of its own: what builds the package, and what uses it.
pub(crate) const FOLDERS: [&str; 2] = [PACKAGE, "npm/packaging-tests"];

const WEB: &str = "markerbed-web";

const TESTS: u64 = 12;
const PROJECTS: u64 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_node_says_is_counted() {
        assert_eq!(passed("# pass 12\n"), Some(12));
        assert_eq!(passed("ok 3 - # pass 12"), None);
        assert_eq!(passed("# fail 0"), None);
    }
}
