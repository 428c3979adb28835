//! The second implementation, in Python: it judges what programs gave.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

use markerbed_cross_target::{Traced, ready, run_for_reference};
use markerbed_engine::Direct;
use serde_json::json;

/// Lets the reference judge the first programs; gives how many cases of each vector file's kind.
///
/// # Errors
///
/// The first case on which it says otherwise, or that it cannot be run.
pub(super) fn judge(
    python: &Path,
    first: u64,
    programs: u64,
) -> Result<BTreeMap<String, u64>, String> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reference/judge_programs.py");
    let mut child = Command::new(python)
        .arg(script)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("cannot start {}: {cause}", python.display()))?;
    let mut stdin = child.stdin.take().ok_or("the reference has no input")?;
    let lines = thread::spawn(move || {
        for seed in first..first + programs {
            for line in lines_of(seed) {
                // It ends early when it has found something; what it found is what counts.
                if writeln!(stdin, "{line}").is_err() {
                    return;
                }
            }
        }
    });
    let output = child.wait_with_output().map_err(|cause| cause.to_string())?;
    if lines.join().is_err() {
        return Err("a program failed while the reference judged".to_owned());
    }
    if !output.status.success() {
        return Err(format!("the reference: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|cause| format!("the reference: {cause}"))
}

fn lines_of(seed: u64) -> Vec<String> {
    let traced = Traced::new();
    let engine = Direct::new(Arc::clone(&traced.store()));
    let judged = ready(run_for_reference(seed, &engine, &traced));
    let line = |case: markerbed_cross_target::Judged| {
        let seed = seed.to_string();
        json!({ "seed": seed, "file": case.file, "case": case.case, "outcome": case.outcome })
            .to_string()
    };
    judged.into_iter().map(line).collect()
}
