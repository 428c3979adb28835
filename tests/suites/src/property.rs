//! Properties with shrinking, whose seed and count come from the environment.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner},
};

use crate::{
    count::{cases, print_count, seed},
    random::Random,
};

/// Tries `check` on `floor` values of `strategy`, or on `MARKERBED_LONG` times as many.
///
/// `name` is the test function's; it is what is counted, and it tells the seeds of tests apart.
///
/// # Panics
///
/// With the smallest failing value.
#[expect(clippy::panic, reason = "this is how a test fails")]
pub fn check_property<S: Strategy>(
    name: &str,
    floor: u32,
    strategy: &S,
    check: impl Fn(S::Value) -> TestCaseResult,
) {
    let cases = cases(floor);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let bytes = Random::new(seed(), name).bytes(32);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    if let Err(error) = runner.run(strategy, check) {
        panic!("{name}: {error}");
    }
    print_count(name, u64::from(cases), u64::from(cases.min(floor)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::any, test_runner::TestCaseError};

    #[test]
    fn a_true_property_is_tried_as_often_as_asked() {
        check_property("true", 20, &any::<u8>(), |_| Ok(()));
    }

    #[test]
    #[should_panic(expected = "minimal failing input: 100")]
    fn a_false_property_fails_with_the_smallest_input() {
        check_property("false", 1_000, &any::<u8>(), |byte| {
            if byte < 100 { Ok(()) } else { Err(TestCaseError::fail("large")) }
        });
    }
}
