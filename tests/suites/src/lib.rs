//! What the suites of the engine share: the vectors' files, seeds and counts.
#![forbid(unsafe_code)]
