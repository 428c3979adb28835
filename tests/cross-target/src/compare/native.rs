//! This machine: what every other target is compared with.

use markerbed_core::ContentId;
use markerbed_cross_target::run_direct;
use markerbed_suites::vectors::{SUITES, check};

use super::Target;

pub(super) struct Native;

impl Target for Native {
    fn name(&self) -> &str {
        "native"
    }

    fn version(&self) -> String {
        format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
    }

    fn vectors(&mut self) -> Result<Option<Vec<u64>>, String> {
        Ok(Some(SUITES.iter().map(|(name, _)| check(name)).collect()))
    }

    fn programs(&mut self, first: u64, count: u64, plant: bool) -> Result<Vec<ContentId>, String> {
        Ok((first..first + count).map(|seed| run_direct(seed, plant).digest()).collect())
    }

    fn transcript(&mut self, seed: u64, plant: bool) -> Result<String, String> {
        Ok(run_direct(seed, plant).text)
    }
}
