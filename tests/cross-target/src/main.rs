//! Runs the vectors and random programs on every target and compares them with this machine.
#![forbid(unsafe_code)]

mod compare;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match compare::Compare::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cross-target: {failure}");
            ExitCode::FAILURE
        }
    }
}
