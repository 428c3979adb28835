//! The seed and the number of cases of a run, and the line that says how many were tried.

use std::{env, fmt::Display, str::FromStr};

/// Reads the seed of this run: `MARKERBED_SEED`, or 0.
///
/// # Panics
///
/// If the variable is set to something else than a number.
pub fn seed() -> u64 {
    variable("MARKERBED_SEED").unwrap_or(0)
}

/// Reads how many cases a test shall try: `MARKERBED_LONG`, or `floor`.
///
/// # Panics
///
/// If the variable is set to something else than a number.
pub fn cases(floor: u32) -> u32 {
    variable("MARKERBED_LONG").unwrap_or(floor)
}

/// Prints what a test has tried, in the form that `cargo xtask long` adds up.
///
/// # Panics
///
/// If fewer were tried than `floor`: a suite that tried nothing must not be green.
pub fn print_count(name: &str, tried: u64, floor: u64) {
    println!("markerbed-count {name} {tried}");
    assert!(tried >= floor, "{name} tried {tried} cases, its floor is {floor}");
}

/// The line that repeats a failing test.
pub(crate) fn repeat_line(name: &str, cases: u32) -> String {
    let seed = seed();
    format!(
        "repeat it with: MARKERBED_SEED={seed} MARKERBED_LONG={cases} \
         cargo nextest run -p markerbed-suites {name}"
    )
}

#[expect(clippy::panic, reason = "a seed that cannot be read must not be another seed")]
fn variable<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => panic!("{name}={text}: {error}"),
    }
}
