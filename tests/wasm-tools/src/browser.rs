//! What a page imports.

use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

/// Writes the module as a browser loads it, and the JavaScript that does so, into `folder`.
///
/// The version of the library has to be that of the `wasm-bindgen` in the module.
///
/// # Errors
///
/// If the module is none of `wasm-bindgen`'s, or the folder cannot be written to.
pub(crate) fn make(module: &Path, folder: &Path) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    let set = bindgen.input_path(module).typescript(true).keep_debug(false).web(true);
    let made = set.and_then(|bindgen| bindgen.generate(folder));
    made.map_err(|failure| format!("{}: {failure:#}", module.display()))
}
