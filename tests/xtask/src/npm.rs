//! The npm package: its wasm, its JavaScript, its tests.

use std::fs;

use crate::{
    components::{build_module, tool},
    failure::{Failure, OrFail},
    program::{Program, root},
    setup::{Target, packages},
};

/// Builds the package and tries it in Node.
///
/// # Errors
///
/// If something cannot be built here, or a test fails.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = root().join("npm");
    packages(&folder)?;
    let wasm = folder.join("wasm");
    if wasm.exists() {
        fs::remove_dir_all(&wasm).or_fail(wasm.display())?;
    }
    let module = build_module(&Target::Wasm32.ensure()?, WEB, "simd", true, "symbols")?;
    tool("browser").arg(&module).arg(&wasm).run()?;
    Program::new("node scripts/build.mjs").current_dir(&folder).run()?;
    Program::new("node --test tests/").current_dir(&folder).run()
}

const WEB: &str = "markerbed-web";
