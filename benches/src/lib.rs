//! The harness of the benches: medians of many runs, and the machine that they ran on.
//!
//! A bench is measured in rounds: every round runs each bench once, so that a machine that grows
//! slower or faster during the run does so for all of them.
#![forbid(unsafe_code)]

mod machine;

pub use machine::machine;

use std::{
    env,
    fmt::Display,
    hint::black_box,
    time::{Duration, Instant},
};

/// Benches that are measured side by side.
pub struct Benches<'a> {
    benches: Vec<Bench<'a>>,
    filter: Option<String>,
}

struct Bench<'a> {
    name: String,
    /// How many things one run works on, for the time each of them takes.
    items: u32,
    work: Box<dyn FnMut() -> Result<(), String> + 'a>,
    times: Vec<Duration>,
}

impl<'a> Benches<'a> {
    /// Begins with none; an argument of the program chooses those whose name holds it.
    pub fn from_arguments() -> Self {
        let filter = env::args().skip(1).find(|argument| !argument.starts_with('-'));
        Self { benches: Vec::new(), filter }
    }

    /// Adds one; a run of `work` is over `items` things.
    pub fn add<T, E: Display>(
        &mut self,
        name: impl Into<String>,
        items: u32,
        mut work: impl FnMut() -> Result<T, E> + 'a,
    ) {
        let name = name.into();
        if self.filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
            return;
        }
        let work = Box::new(move || work().map(black_box).map(drop).map_err(|e| e.to_string()));
        self.benches.push(Bench { name, items, work, times: Vec::new() });
    }

    /// Runs all, round after round, and prints a line each.
    ///
    /// # Errors
    ///
    /// The first that a bench gives: how fast something fails is not measured.
    pub fn run(mut self) -> Result<(), String> {
        if self.benches.is_empty() {
            return Err("no bench has such a name".to_owned());
        }
        println!("{}", machine());
        println!("{:<52} {:>6} {:>12} {:>12}", "bench", "rounds", "median", "an item");
        let start = Instant::now();
        let mut rounds = 0;
        while rounds < ROUNDS_MIN || (rounds < ROUNDS_MAX && start.elapsed() < TIME_WANTED) {
            for bench in &mut self.benches {
                let start = Instant::now();
                (bench.work)().map_err(|cause| format!("{}: {cause}", bench.name))?;
                bench.times.push(start.elapsed());
            }
            rounds += 1;
        }
        for bench in self.benches {
            let median = median(bench.times);
            let item = median / bench.items.max(1);
            println!("{:<52} {rounds:>6} {:>12} {:>12}", bench.name, shown(median), shown(item));
        }
        Ok(())
    }
}

/// The middle time, or the upper of the two in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    let nanoseconds = time.as_nanos();
    match nanoseconds {
        0..10_000 => format!("{nanoseconds} ns"),
        10_000..10_000_000 => format!("{:.1} µs", time.as_secs_f64() * 1e6),
        _ => format!("{:.1} ms", time.as_secs_f64() * 1e3),
    }
}

/// Fewer would make the median a single run's luck.
const ROUNDS_MIN: usize = 5;

const ROUNDS_MAX: usize = 101;

const TIME_WANTED: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_shown_in_fitting_units() {
        let times = [3, 1, 20_000].map(Duration::from_nanos);

        assert_eq!(median(times.to_vec()), Duration::from_nanos(3));
        assert_eq!(times.map(shown), ["3 ns", "1 ns", "20.0 µs"]);
    }
}
