//! The suite that every store must pass, whatever it stands on.
#![forbid(unsafe_code)]
