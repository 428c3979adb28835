//! The program as users run it: real commands on real directories.

mod support;

mod documents;
mod interrupted;
mod output;
mod same_root;
mod tutorial;
mod whole_path;
mod wrong_input;
