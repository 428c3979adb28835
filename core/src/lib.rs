//! The engine of markerbed: ids, canonical bytes, the ordered Merkle map, trees and the ledger.
//!
//! It does no I/O and asks no clock; every operation is a value that says what it needs.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
