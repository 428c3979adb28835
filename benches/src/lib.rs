//! The harness of the benches: alternating runs, medians, and the machine they ran on.
#![forbid(unsafe_code)]
