//! The seed and the number of cases of a run, and the lines that say so.

use std::{cell::Cell, env, fmt::Display, str::FromStr, thread};

/// Reads the seed of this run: `MARKERBED_SEED`, or 0.
///
/// Prints the line that repeats the test that asks, so that a failure shows it.
///
/// # Panics
///
/// If the variable is set to something else than a number.
pub fn seed() -> u64 {
    let seed = variable("MARKERBED_SEED").unwrap_or(0);
    IS_SHOWN.with(|is_shown| {
        if !is_shown.replace(true) {
            println!("repeat it with: {}", repeat_line(seed));
        }
    });
    seed
}

/// Reads how many cases a test shall try: `floor`, or `MARKERBED_LONG` times as many.
///
/// # Panics
///
/// If the variable is set to something else than a number.
pub fn cases(floor: u32) -> u32 {
    floor.saturating_mul(times())
}

/// As [`cases`] where `CI=true`; elsewhere a tenth, of suites that take minutes at their floor.
///
/// # Panics
///
/// As [`cases`].
pub fn cases_in_ci(floor: u32) -> u32 {
    let is_ci = env::var("CI").is_ok_and(|value| value == "true");
    cases(if is_ci { floor } else { floor.div_ceil(10) })
}

/// Prints what a test has tried, in the form that `cargo xtask long` adds up.
///
/// # Panics
///
/// If fewer were tried than `floor`: a suite that tried nothing must not be green.
pub fn print_count(name: &str, tried: u64, floor: u64) {
    println!("markerbed-count {name} {tried}");
    TRIED.with(|all| all.set(all.get() + tried));
    assert!(tried >= floor, "{name} tried {tried} cases, its floor is {floor}");
}

/// Runs `suite` and adds up what it counted on this thread.
pub(crate) fn tried_by(suite: impl Fn()) -> u64 {
    let before = TRIED.with(Cell::get);
    suite();
    TRIED.with(Cell::get) - before
}

/// The test runner names the thread after the test, and tells whose test it is.
fn repeat_line(seed: u64) -> String {
    let thread = thread::current();
    let package = env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "markerbed-suites".to_owned());
    format!(
        "MARKERBED_SEED={seed} MARKERBED_LONG={} cargo nextest run -p {package} {}",
        times(),
        thread.name().unwrap_or_default()
    )
}

fn times() -> u32 {
    variable("MARKERBED_LONG").unwrap_or(1).max(1)
}

#[expect(clippy::panic, reason = "a seed that cannot be read must not be another seed")]
fn variable<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => panic!("{name}={text}: {error}"),
    }
}

thread_local! {
    /// Whether the line was printed for the test of this thread.
    static IS_SHOWN: Cell<bool> = const { Cell::new(false) };
    /// How much was tried on this thread.
    static TRIED: Cell<u64> = const { Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_repeats_a_test_names_it() {
        let line = repeat_line(7);

        assert!(line.starts_with("MARKERBED_SEED=7 MARKERBED_LONG="), "{line}");
        assert!(line.ends_with(" count::tests::the_line_that_repeats_a_test_names_it"), "{line}");
    }
}
