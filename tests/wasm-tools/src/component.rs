//! Components from modules.

use std::{fs, path::Path};

use wit_component::ComponentEncoder;

/// Wraps `module` in the component that its custom section describes, and validates it.
///
/// Nothing adapts WASI: a module that imports any of it is refused.
///
/// # Errors
///
/// A sentence, if a file cannot be read or written or the module is no guest.
pub(crate) fn encode(module: &Path, component: &Path) -> Result<(), String> {
    let bytes = fs::read(module).map_err(|cause| format!("{}: {cause}", module.display()))?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| encoder.encode())
        .map_err(|cause| format!("{}: {cause:#}", module.display()))?;
    fs::write(component, encoded).map_err(|cause| format!("{}: {cause}", component.display()))
}
