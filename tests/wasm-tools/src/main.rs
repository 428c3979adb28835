//! Makes of wasm modules what their hosts load. A program of its own, so that `cargo xtask` does
//! not build the libraries that it stands on.
#![forbid(unsafe_code)]

mod browser;
mod component;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

/// Make of a wasm module what its hosts load
#[derive(Parser)]
#[command(name = "markerbed-wasm-tools")]
enum Tool {
    /// Make what a browser loads of a module that wasm-bindgen has described
    Browser {
        /// The module
        module: PathBuf,
        /// The folder for the module and the JavaScript beside it
        folder: PathBuf,
    },
    /// Make a component of a module that wit-bindgen has described
    Component {
        /// The module
        module: PathBuf,
        /// Where the component goes
        component: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Tool::parse() {
        Tool::Browser { module, folder } => browser::make(&module, &folder),
        Tool::Component { module, component } => component::encode(&module, &component),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("markerbed-wasm-tools: {failure}");
            ExitCode::FAILURE
        }
    }
}
