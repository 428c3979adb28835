//! What this process has used.

use std::time::Instant;

use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeVal,
};

use crate::Outcome;

/// Measures from its start on, in all threads.
pub(crate) struct Meter {
    cpu: f64,
    wall: Instant,
}

impl Meter {
    pub(crate) fn start() -> Outcome<Self> {
        Ok(Self { cpu: seconds(&getrusage(UsageWho::RUSAGE_SELF)?), wall: Instant::now() })
    }

    /// Seconds of processor time and of wall time.
    pub(crate) fn stop(self) -> Outcome<(f64, f64)> {
        let cpu = seconds(&getrusage(UsageWho::RUSAGE_SELF)?) - self.cpu;
        Ok((cpu, self.wall.elapsed().as_secs_f64()))
    }
}

/// Processor time of this thread so far.
pub(crate) fn thread_seconds() -> Outcome<f64> {
    Ok(seconds(&getrusage(UsageWho::RUSAGE_THREAD)?))
}

/// The largest resident memory so far.
pub(crate) fn peak_mib() -> Outcome<f64> {
    Ok(getrusage(UsageWho::RUSAGE_SELF)?.max_rss() as f64 / 1024.0)
}

fn seconds(usage: &Usage) -> f64 {
    let of = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    of(usage.user_time()) + of(usage.system_time())
}
