//! The README's test command: every step that a change has to pass, with its minutes.

use std::time::{Duration, Instant};

use crate::{
    browser, components, cross_target,
    failure::Failure,
    npm,
    program::{Program, Show, Stream, is_ci},
    setup::{self, Build, Target, Tools},
    tidy, vectors, wasm_lint,
};

/// Runs all steps and stops at the first that fails.
///
/// # Errors
///
/// If a step fails; the table of minutes is printed all the same.
pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::default();
    let mut passed = Passed::default();
    let result = run_steps(&mut steps, &mut passed);
    steps.print();
    result?;
    // The plain closing line that a machine can read.
    println!("{} passed, 0 failed", passed.all());
    Ok(())
}

fn run_steps(steps: &mut Steps, passed: &mut Passed) -> Result<(), Failure> {
    let Tools { python, builds } = steps.run("setup", setup::run)?;
    steps.run("tidy", tidy::run)?;
    steps.run("format", || {
        Program::cargo("fmt --all --check").run()?;
        // Not built here: it needs C++. Its format costs nothing.
        Program::cargo("fmt --manifest-path benches/records/Cargo.toml --check").run()
    })?;
    let wasm = builds.iter().find(|(target, _)| *target == Target::Wasm32);
    let features = match wasm.map(|(_, build)| build) {
        Some(Build::Skipped(missing)) => {
            steps.skip("components", missing);
            steps.skip("cross-target", missing);
            ""
        }
        Some(build) => {
            steps.run("components", || components::make(build))?;
            COMPONENT_FEATURES
        }
        None => "",
    };
    steps.run("lint", || {
        cargo("clippy --locked --workspace --all-targets", features)
            .args(&["--", "--deny", "warnings"].map(str::to_owned))
            .run()
    })?;
    if let Some((_, build)) = wasm {
        lint_for_wasm(steps, build)?;
    }
    steps.run("build", || cargo("build --locked --workspace --all-targets", features).run())?;
    steps.run("tests", || run_tests(passed, features))?;
    if !features.is_empty() {
        steps.run("cross-target", || cross_target::run_from(&python, commit_seed()?))?;
    }
    steps.run("doc tests", || run_doc_tests(passed, features))?;
    steps.run("documentation", || {
        cargo("doc --locked --workspace --no-deps --quiet", features)
            .env("RUSTDOCFLAGS", "--deny warnings")
            .run()
    })?;
    steps.run("vectors by the reference", || vectors::compare(&python))?;
    for (target, build) in &builds {
        build_core(steps, *target, build)?;
    }
    match wasm {
        None => Ok(()),
        Some((_, build)) => run_in_browsers(steps, passed, build),
    }
}

/// The steps that need what is built for wasm32, and browsers.
fn run_in_browsers(steps: &mut Steps, passed: &mut Passed, build: &Build) -> Result<(), Failure> {
    let lacks_target = match build {
        Build::Skipped(missing) => Some(missing.as_str()),
        Build::Active | Build::Rustc(_) => None,
    };
    match lacks_target.or(browser::missing()) {
        Some(missing) => steps.skip(BROWSER, missing),
        None => steps.run(BROWSER, || browser::run(build, |line| passed.hear_browser(line)))?,
    }
    match lacks_target.or(npm::missing()) {
        Some(missing) => steps.skip(NPM, missing),
        None => steps.run(NPM, || npm::run(build, |line| passed.hear_node(line)))?,
    }
    Ok(())
}

fn lint_for_wasm(steps: &mut Steps, build: &Build) -> Result<(), Failure> {
    match wasm_lint::missing(build) {
        None => steps.run(LINT_FOR_WASM, || wasm_lint::run(build)),
        Some(missing) if is_ci() => Err(Failure::new(missing)),
        Some(missing) => {
            steps.skip(LINT_FOR_WASM, &missing);
            Ok(())
        }
    }
}

fn build_core(steps: &mut Steps, target: Target, build: &Build) -> Result<(), Failure> {
    let name = format!("core for {}", target.triple());
    let cargo = Program::cargo("build --locked --package markerbed-core --target");
    let cargo = cargo.arg(target.triple());
    match build {
        Build::Active => steps.run(&name, || cargo.run()),
        Build::Rustc(rustc) => steps.run(&name, || cargo.env("RUSTC", rustc).run()),
        Build::Skipped(missing) => {
            steps.skip(&name, missing);
            Ok(())
        }
    }
}

/// A cargo command with what components need, so that all steps share one build.
fn cargo(line: &str, features: &str) -> Program {
    let cargo = Program::cargo(line);
    if features.is_empty() { cargo } else { cargo.arg("--features").arg(features) }
}

fn run_tests(passed: &mut Passed, features: &str) -> Result<(), Failure> {
    let seed = commit_seed()?;
    eprintln!("seed {seed}, from the commit");
    cargo("nextest run --locked --workspace", features)
        .env("MARKERBED_SEED", seed.to_string())
        .env("MARKERBED_COMPONENTS", components::folder())
        .env("CARGO_TERM_COLOR", "never")
        .run_hearing(Stream::Errors, Show::Always, |line| passed.hear_nextest(line))?;
    if passed.tests == 0 { Err(Failure::new("no test was run")) } else { Ok(()) }
}

/// nextest runs no doc tests.
fn run_doc_tests(passed: &mut Passed, features: &str) -> Result<(), Failure> {
    cargo("test --locked --workspace --doc", features)
        .env("CARGO_TERM_COLOR", "never")
        .run_hearing(Stream::Output, Show::Always, |line| passed.hear_doc_tests(line))?;
    if passed.doc_tests == 0 { Err(Failure::new("no doc test was run")) } else { Ok(()) }
}

/// One commit always tries the same cases, another one others.
fn commit_seed() -> Result<u64, Failure> {
    let commit = Program::new("git rev-parse HEAD").read()?;
    let digits: String = commit.chars().take(8).collect();
    let seed = u32::from_str_radix(&digits, 16)
        .map_err(|cause| Failure::new(format!("the commit {commit} is no number: {cause}")))?;
    Ok(u64::from(seed))
}

/// How many tests the runners said have passed.
#[derive(Default)]
struct Passed {
    tests: u64,
    doc_tests: u64,
    in_browser: u64,
    of_npm: u64,
}

impl Passed {
    const fn all(&self) -> u64 {
        self.tests + self.doc_tests + self.in_browser + self.of_npm
    }

    /// Hears `Summary [   1.234s] 12 tests run: 12 passed (1 slow), 0 skipped`.
    fn hear_nextest(&mut self, line: &str) {
        if line.contains("Summary [") {
            self.tests += number_before(line, " passed").unwrap_or(0);
        }
    }

    /// Hears `markerbed-browser 12 passed`.
    fn hear_browser(&mut self, line: &str) {
        if line.starts_with("markerbed-browser ") {
            self.in_browser += number_before(line, " passed").unwrap_or(0);
        }
    }

    /// Hears `# pass 12`.
    fn hear_node(&mut self, line: &str) {
        self.of_npm += npm::passed(line).unwrap_or(0);
    }

    /// Hears `test result: ok. 3 passed; 0 failed; …`.
    fn hear_doc_tests(&mut self, line: &str) {
        if line.contains("test result: ok.") {
            self.doc_tests += number_before(line, " passed").unwrap_or(0);
        }
    }
}

fn number_before(line: &str, word: &str) -> Option<u64> {
    let (before, _) = line.split_once(word)?;
    before.rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// The steps so far and how long each took.
#[derive(Default)]
struct Steps {
    done: Vec<(String, Duration, &'static str)>,
}

impl Steps {
    fn run<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = step();
        let mark = if result.is_ok() { "" } else { "FAILED" };
        self.done.push((name.to_owned(), start.elapsed(), mark));
        result.map_err(|failure| Failure::new(format!("step \"{name}\": {failure}")))
    }

    fn skip(&mut self, name: &str, why: &str) {
        eprintln!("\n== {name}\nSKIPPED: {why}");
        self.done.push((name.to_owned(), Duration::ZERO, "SKIPPED"));
    }

    fn print(&self) {
        println!("\n{:<36} {:>7}", "step", "minutes");
        for (name, took, mark) in &self.done {
            println!("{name:<36} {:>7.2}  {mark}", took.as_secs_f64() / 60.0);
        }
        let all: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        println!("{:<36} {:>7.2}\n", "all", all.as_secs_f64() / 60.0);
    }
}

/// The step of the crates that are empty on any other target.
const LINT_FOR_WASM: &str = "lint for wasm32";

/// The step of the tests that run in a browser.
const BROWSER: &str = "tests in a browser";

/// The step of the npm package.
const NPM: &str = "npm";

/// On in CI; off elsewhere, since they build a compiler.
const COMPONENT_FEATURES: &str =
    "markerbed/component,markerbed-host/component,markerbed-cross-target/compare";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runners_say_is_counted() {
        let mut passed = Passed::default();

        passed.hear_nextest("     Summary [   1.234s] 12 tests run: 12 passed (1 slow), 3 skipped");
        passed.hear_nextest("        PASS [   0.004s] xtask 5 passed");
        passed.hear_doc_tests("test result: ok. 3 passed; 0 failed; 0 ignored");
        passed.hear_doc_tests("test result: ok. 4 passed; 0 failed; 0 ignored");
        passed.hear_browser("test a ... 5 passed");
        passed.hear_browser("markerbed-browser 9 passed");
        passed.hear_node("# pass 8");
        passed.hear_node("# fail 0");

        assert_eq!((passed.tests, passed.doc_tests, passed.in_browser), (12, 7, 9));
        assert_eq!(passed.all(), 12 + 7 + 9 + 8);
    }

    #[test]
    fn a_failing_step_is_named() {
        let mut steps = Steps::default();

        let result = steps.run::<()>("lint", || Err(Failure::new("no")));

        assert_eq!(result, Err(Failure::new("step \"lint\": no")));
    }
}
