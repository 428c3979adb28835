//! What only the directory store promises: about its files, crashes, damage and other processes.
#![forbid(unsafe_code)]

mod crash;
mod damage;
mod faults;
mod files;
mod place;
mod processes;
mod support;
