//! What is built for sandboxes and browsers: the engine's components, and the suites that try them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    failure::{Failure, OrFail},
    program::{Program, root},
    setup::{Build, Target},
};

/// Builds everything into [`folder`] and prints how large the shipped components are.
///
/// # Errors
///
/// If something cannot be built here, or a component is larger than it may be.
pub(crate) fn run() -> Result<(), Failure> {
    make(&Target::Wasm32.ensure()?)
}

/// As [`run`], by the compiler that a setup has found.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn make(build: &Build) -> Result<(), Failure> {
    if let Build::Skipped(missing) = build {
        return Err(Failure::new(missing));
    }
    let folder = folder();
    fs::create_dir_all(&folder).or_fail(folder.display())?;
    for Guest { name, package, features, vectors, bytes_max } in GUESTS {
        let module = build_module(build, package, features, *vectors, "symbols")?;
        let component = folder.join(name).with_extension("wasm");
        tool("component").arg(&module).arg(&component).run()?;
        if let Some(bytes_max) = bytes_max {
            check_size(name, &component, *bytes_max)?;
        }
    }
    // Its section of features tells the tools of browsers what a module uses.
    let module = build_module(build, SUITES, "web,simd", true, "debuginfo")?;
    tool("browser").arg(&module).arg(folder.join("cross-target-web")).run()
}

/// Where components are put: beside what cargo builds.
pub(crate) fn folder() -> PathBuf {
    target_folder().join("components")
}

fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A component and of what it is made.
struct Guest {
    name: &'static str,
    package: &'static str,
    features: &'static str,
    /// With vector instructions; without, for runtimes that have none.
    vectors: bool,
    /// Bytes it may have, compressed with brotli.
    bytes_max: Option<u64>,
}

/// Builds the module of a package for wasm32, small; with vector instructions or without.
///
/// # Errors
///
/// If cargo fails.
pub(crate) fn build_module(
    build: &Build,
    package: &str,
    features: &str,
    vectors: bool,
    stripped: &str,
) -> Result<PathBuf, Failure> {
    let mut flags = String::from("-Ctarget-feature=");
    flags.push_str(if vectors { "+simd128" } else { "-simd128" });
    let cargo = Program::cargo("build --locked --profile wasm --target")
        .arg(Target::Wasm32.triple())
        .arg("--package")
        .arg(package)
        .arg("--features")
        .arg(features)
        .env("RUSTFLAGS", flags)
        .env("CARGO_PROFILE_WASM_STRIP", stripped);
    match build {
        Build::Rustc(rustc) => cargo.env("RUSTC", rustc).run()?,
        Build::Active | Build::Skipped(_) => cargo.run()?,
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(target_folder().join(Target::Wasm32.triple()).join("wasm").join(file))
}

/// A command of the program that makes of modules what hosts load.
pub(crate) fn tool(command: &str) -> Program {
    Program::cargo("run --locked --quiet --package markerbed-wasm-tools --").arg(command)
}

fn check_size(name: &str, component: &Path, bytes_max: u64) -> Result<(), Failure> {
    let script = "const { brotliCompressSync: brotli } = require('node:zlib'); \
                  console.log(brotli(require('node:fs').readFileSync(process.argv[1])).length)";
    let bytes = Program::new("node").arg("-e").arg(script).arg(component).read()?;
    let bytes: u64 = bytes.parse().or_fail("node gave no size")?;
    println!("{name}: {bytes} bytes with brotli, at most {bytes_max}");
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(Failure::new(format!("the component {name} is larger than it may be")))
}

const ENGINE: &str = "markerbed-component";
const SUITES: &str = "markerbed-cross-target";

const GUESTS: &[Guest] = &[
    Guest {
        name: "verifier",
        package: ENGINE,
        features: "simd",
        vectors: true,
        bytes_max: Some(60_000),
    },
    Guest {
        name: "engine",
        package: ENGINE,
        features: "engine,simd",
        vectors: true,
        bytes_max: Some(300_000),
    },
    Guest {
        name: "engine-baseline",
        package: ENGINE,
        features: "engine",
        vectors: false,
        bytes_max: None,
    },
    Guest {
        name: "cross-target",
        package: SUITES,
        features: "component,simd",
        vectors: true,
        bytes_max: None,
    },
];
