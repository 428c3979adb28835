//! A target that answers one bit wrong is found, and named.
#![cfg(feature = "compare")]
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is how a test fails")]

use std::{env, process::Command};

fn compare(arguments: &[&str]) -> (bool, String) {
    let components = env::var_os("MARKERBED_COMPONENTS")
        .expect("MARKERBED_COMPONENTS names the folder that `cargo xtask components` fills");
    let output = Command::new(env!("CARGO_BIN_EXE_markerbed-cross-target"))
        .arg("--components")
        .arg(components)
        .args(["--programs", "40", "--seed", "7"])
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn targets_that_agree_are_told_of() {
    let (agrees, text) = compare(&["--only", "wasmtime,component,node"]);

    assert!(agrees, "{text}");
    for target in ["wasmtime", "component", "node"] {
        assert!(text.lines().any(|line| line.starts_with(&format!("{target}: "))), "{text}");
    }
}

#[test]
fn one_wrong_bit_in_one_target_is_found_and_named() {
    for target in ["wasmtime", "component", "node"] {
        let (agrees, text) = compare(&["--only", target, "--plant", target]);

        assert!(!agrees, "{target}: {text}");
        let differs = format!("cross-target: {target} differs in program ");
        assert!(text.contains(&differs), "{text}");
        assert!(text.contains("content-ids: "), "the line that differs is shown: {text}");
    }
}

#[test]
fn a_target_that_is_not_there_is_refused() {
    let (agrees, text) = compare(&["--only", "abacus"]);

    assert!(!agrees);
    assert!(text.contains("no target here is called abacus"), "{text}");
}
