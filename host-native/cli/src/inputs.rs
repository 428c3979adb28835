//! Time and randomness: inputs that are handed in, so that a run can be repeated.

use std::{
    env,
    os::unix::ffi::OsStrExt,
    time::{SystemTime, UNIX_EPOCH},
};

use markerbed_core::{hash::content_id, tree::Shown};
use markerbed_host::workspace::random_bytes;

use crate::{
    failure::Failure,
    time::{read_epoch_seconds, read_time},
};

/// Where time and random bytes come from.
#[derive(Debug)]
pub(crate) enum Inputs {
    /// The machine.
    Machine,
    /// The demo: equal each time it runs. Nothing outside of a scratch store is made with it.
    Demo {
        /// The time, in milliseconds since 1970 UTC.
        now_ms: i64,
        /// How many random values were given.
        given: u64,
    },
}

impl Inputs {
    /// The time: what `--time` or `SOURCE_DATE_EPOCH` say, or else the clock's.
    ///
    /// # Errors
    ///
    /// If `SOURCE_DATE_EPOCH` is no number.
    pub(crate) fn now_ms(&self, given: Option<i64>) -> Result<i64, Failure> {
        match (given, self) {
            (Some(ms), _) => Ok(ms),
            (None, Self::Demo { now_ms, .. }) => Ok(*now_ms),
            (None, Self::Machine) => time_of_machine(),
        }
    }

    /// Whether modes, times and owners are taken, which differ from machine to machine.
    pub(crate) const fn tell_attributes(&self) -> bool {
        matches!(self, Self::Machine)
    }

    /// Bytes that nobody else has; in the demo, the same each time.
    ///
    /// # Errors
    ///
    /// If the system has none.
    pub(crate) fn random<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Failure> {
        let Self::Demo { given, .. } = self else { return Ok(random_bytes()?) };
        *given += 1;
        let text = format!("markerbed demo, value {given}");
        let digest = content_id(text.as_bytes());
        let mut bytes = [0; LENGTH];
        for (byte, random) in bytes.iter_mut().zip(digest.as_bytes()) {
            *byte = *random;
        }
        Ok(bytes)
    }
}

/// When something shall be said to have happened.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TimeOption {
    /// The time to record instead of the clock's: 2026-11-21T12:00:00Z, or @ and seconds since
    /// 1970; SOURCE_DATE_EPOCH does the same
    #[arg(long = "time", value_name = "TIME", value_parser = read_time, allow_hyphen_values = true)]
    pub(crate) given_ms: Option<i64>,
}

fn time_of_machine() -> Result<i64, Failure> {
    if let Some(text) = env::var_os("SOURCE_DATE_EPOCH") {
        let ms = text.to_str().and_then(read_epoch_seconds);
        return ms.ok_or_else(|| {
            let message = format!(
                "SOURCE_DATE_EPOCH is {}, not a number of seconds; unset it or set it to one",
                Shown::new(text.as_bytes())
            );
            Failure::usage("bad-time", message)
        });
    }
    let now = SystemTime::now();
    let ms = match now.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()),
        Err(before) => i64::try_from(before.duration().as_millis()).map(|ms| -ms),
    };
    Ok(ms.unwrap_or(i64::MAX))
}
