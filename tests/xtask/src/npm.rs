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
    for made in ["wasm", "dist"] {
        let made = folder.join(made);
        if made.exists() {
            fs::remove_dir_all(&made).or_fail(made.display())?;
        }
    }
    let module = build_module(&Target::Wasm32.ensure()?, WEB, "simd", true, "symbols")?;
    tool("browser").arg(&module).arg(folder.join("wasm")).run()?;
    Program::new("npx --no-install tsc").current_dir(&folder).run()?;
    Program::new("node --test tests/").current_dir(&folder).run()
}

const WEB: &str = "markerbed-web";
