//! The tasks of the repository: `cargo xtask --help` lists them.
#![forbid(unsafe_code)]

fn main() {}
