//! How fast the engine's operations are.
#![forbid(unsafe_code)]

fn main() {}
