//! Node and browsers: the suites as a module, called from JavaScript.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use markerbed_core::{ContentId, hash::content_id};
use markerbed_suites::vectors::SUITES;
use serde_json::{Value, json};

use super::Target;

/// A runtime that a Node program drives: one question a line, one answer a line.
pub(super) struct JavaScript {
    name: &'static str,
    version: String,
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl JavaScript {
    /// Starts the runtime and loads the module.
    pub(super) fn start(name: &'static str, module: &Path) -> Result<Self, String> {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("driver/main.mjs");
        let mut child = Command::new("node")
            .arg(driver)
            .arg(name)
            .arg(module)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("cannot start node: {cause}"))?;
        let questions = child.stdin.take();
        let answers = child.stdout.take().ok_or("node has no output")?;
        let answers = BufReader::new(answers);
        let mut started = Self { name, version: String::new(), child, questions, answers };
        started.version = started.answer()?.as_str().unwrap_or_default().to_owned();
        Ok(started)
    }

    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        let stdin = self.questions.as_mut().ok_or("the driver has no input")?;
        writeln!(stdin, "{question}").map_err(|cause| format!("{}: {cause}", self.name))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        read.map_err(|cause| format!("{}: {cause}", self.name))?;
        let answer: Value = serde_json::from_str(&line)
            .map_err(|_| format!("{}: the driver ended without an answer", self.name))?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(format!("{}: {error}", self.name)),
            None => Ok(answer.get("answer").cloned().unwrap_or_default()),
        }
    }
}

impl Target for JavaScript {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn vectors(&mut self) -> Result<Option<Vec<u64>>, String> {
        let mut cases = Vec::new();
        for (name, _) in SUITES {
            let answer = self.ask(&json!({ "vectors": name }))?;
            cases.push(answer.as_u64().ok_or(format!("{}: {name}: no number", self.name))?);
        }
        Ok(Some(cases))
    }

    fn programs(&mut self, first: u64, count: u64, plant: bool) -> Result<Vec<ContentId>, String> {
        let digest = |seed| Ok(content_id(self.transcript(seed, plant)?.as_bytes()));
        (first..first + count).map(digest).collect()
    }

    fn transcript(&mut self, seed: u64, plant: bool) -> Result<String, String> {
        // Larger numbers than JavaScript's are text.
        let answer = self.ask(&json!({ "program": seed.to_string(), "plant": plant }))?;
        answer.as_str().map(str::to_owned).ok_or(format!("{}: no transcript", self.name))
    }
}

impl Drop for JavaScript {
    fn drop(&mut self) {
        // The end of its input tells the driver to close the browser.
        self.questions = None;
        let _ = self.child.wait();
    }
}
