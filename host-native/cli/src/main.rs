//! The program `markerbed`.
#![forbid(unsafe_code)]

fn main() {}
