//! What only the directory store promises: about its files, crashes, damage and other processes.
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

mod aside;
mod call;
mod covered;
mod crash;
mod crash_states;
mod damage;
mod faults;
mod files;
mod flips;
mod golden;
mod index;
mod large;
mod model;
mod mount;
mod place;
mod power;
mod processes;
mod support;
mod vectors;
mod workload;
mod workload_faults;
