//! The golden vectors: made by the reference, tried on the engine.

use crate::{
    failure::Failure,
    program::Program,
    setup::{self, Python},
};

/// Makes or compares the vectors with the reference, then tries the engine on them.
///
/// # Errors
///
/// If they differ, or if the engine disagrees.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let python = setup::python()?;
    if check {
        compare(&python)?
    } else {
        reference(&python, "make")?
    }
    Program::cargo("nextest run --locked --package markerbed-suites --filterset binary(/vectors/)")
        .run()
}

/// Lets the reference make all vectors again and compares them byte for byte.
///
/// # Errors
///
/// If one differs.
pub(crate) fn compare(python: &Python) -> Result<(), Failure> {
    reference(python, "check")
}

fn reference(python: &Python, what: &str) -> Result<(), Failure> {
    python.program().arg("tests/reference/reference.py").arg(what).arg("tests/vectors").run()
}
