//! A desk to run commands at: a scratch directory and an environment that nothing else enters.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A scratch directory, in which commands are run.
pub(crate) struct Desk {
    scratch: TempDir,
    /// Where commands are run.
    pub(crate) here: PathBuf,
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Desk {
    /// An empty desk.
    pub(crate) fn new() -> Self {
        let scratch = TempDir::new().unwrap();
        let here = scratch.path().join("desk");
        fs::create_dir(&here).unwrap();
        Self { scratch, here }
    }

    /// A desk with a store at it.
    pub(crate) fn with_store() -> Self {
        let desk = Self::new();
        desk.ok(&["init", "-q"]);
        desk
    }

    /// A path at the desk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.here.join(name)
    }

    /// Writes a file and the directories above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The program, in an environment that is the same everywhere.
    pub(crate) fn program(&self) -> Command {
        self.dressed(Command::new(env!("CARGO_BIN_EXE_markerbed")))
    }

    /// Another program in the same place.
    pub(crate) fn dressed(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.scratch.path())
            .env("XDG_CONFIG_HOME", self.scratch.path().join("keys"))
            .current_dir(&self.here)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command.
    pub(crate) fn run<T: AsRef<OsStr>>(&self, arguments: &[T]) -> Ran {
        Ran::of(self.program().args(arguments).output().unwrap())
    }

    /// Runs a command with system calls that strace injects something into, in all threads.
    pub(crate) fn under_strace(&self, inject: &[&str], arguments: &[&str]) -> Ran {
        let mut strace = self.dressed(Command::new("strace"));
        strace.args(TO_NOWHERE).args(inject).arg(env!("CARGO_BIN_EXE_markerbed"));
        Ran::of(strace.args(arguments).output().unwrap())
    }

    /// Runs a command that must end well, and gives what it said.
    pub(crate) fn ok<T: AsRef<OsStr>>(&self, arguments: &[T]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    }

    /// Runs a command with `--json` and checks each line of what it answers against the schema.
    pub(crate) fn json<T: AsRef<OsStr>>(&self, schema: &str, arguments: &[T]) -> (i32, Vec<Value>) {
        let ran = Ran::of(self.program().args(arguments).arg("--json").output().unwrap());
        let lines: Vec<Value> =
            ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &lines {
            let schema = if line.get("error").is_some() { "error" } else { schema };
            check_schema(schema, line);
        }
        (ran.code, lines)
    }

    /// As [`Self::json`], for a command that must end well with one line.
    pub(crate) fn json_of<T: AsRef<OsStr>>(&self, schema: &str, arguments: &[T]) -> Value {
        let (code, mut lines) = self.json(schema, arguments);
        assert_eq!((code, lines.len()), (0, 1), "{lines:?}");
        lines.remove(0)
    }

    /// The root of the newest snapshot of `directory`, which is recorded now.
    pub(crate) fn root_of(&self, directory: impl AsRef<OsStr>) -> String {
        let answer = self.json_of("snap", &[OsStr::new("snap"), directory.as_ref()]);
        answer["root"].as_str().unwrap().to_owned()
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Checks an answer against its published schema, and that it has no member that is not published.
pub(crate) fn check_schema(name: &str, answer: &Value) {
    let path = repository().join(format!("docs/reference/json/{name}.schema.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{name}: {cause}"));
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    schema["unevaluatedProperties"] = Value::Bool(false);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(answer).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {answer}");
}

/// Whether strace can be used; without it a test is skipped, but not in CI.
pub(crate) fn has_strace() -> bool {
    let tried = Command::new("strace").args(TO_NOWHERE).arg("true").output();
    let has = tried.is_ok_and(|tried| tried.status.success());
    if !has {
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_ci, "strace is needed");
        eprintln!("skipped: there is no strace that may be used");
    }
    has
}

const TO_NOWHERE: [&str; 4] = ["-qq", "-f", "-o", "/dev/null"];

/// A desk with a store and one snapshot.
pub(crate) fn desk_with_snapshot() -> Desk {
    let desk = Desk::with_store();
    desk.write("tree/f", "62381");
    desk.write("file", "no directory");
    desk.ok(&["snap", "tree"]);
    desk
}

/// Runs a wrong command, as text and with `--json`, and checks all that is promised of it.
pub(crate) fn check_wrong<T: AsRef<OsStr>>(
    desk: &Desk,
    arguments: &[T],
    exit: i32,
    code: &str,
) -> Ran {
    let ran = desk.run(arguments);
    check_told(&ran, exit);
    let (json_exit, lines) = desk.json("error", arguments);
    check_object(json_exit, lines.last().unwrap(), exit, code);
    ran
}

/// Checks that a failure was told in one line on standard error, and nothing else.
pub(crate) fn check_told(ran: &Ran, exit: i32) {
    assert_eq!(ran.code, exit, "{ran:?}");
    assert!(ran.err.starts_with("markerbed: "), "{ran:?}");
    assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "{ran:?}");
}

fn check_object(json_exit: i32, object: &Value, exit: i32, code: &str) {
    assert_eq!(json_exit, exit, "{object}");
    assert_eq!(object["error"]["code"], code, "{object}");
    assert_eq!(object["error"]["exit_code"], exit, "{object}");
}

/// Copies a directory and what is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}
