//! A command that is ended in the middle leaves nothing half done.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Desk, Ran};

/// A desk with a recorded directory, and one that takes a while to record.
fn desk_with_much() -> Desk {
    let desk = Desk::with_store();
    desk.write("before/f", "before");
    desk.ok(&["snap", "before"]);
    for index in 0..4_000 {
        desk.write(&format!("much/{}/{index}", index % 40), format!("{index}").repeat(600));
    }
    desk
}

/// Begins a command, waits until it listens to signals and a while longer, and sends one; gives how
/// it ended.
fn run_and_signal(desk: &Desk, arguments: &[&str], wait: Duration, signal: Signal) -> Ran {
    let mut program = desk.program();
    program.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child: Child = program.spawn().unwrap();
    while !listens(child.id()) {
        thread::yield_now();
    }
    thread::sleep(wait);
    let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // It may have ended by itself.
    let _ = kill_process(process, signal);
    Ran::of(child.wait_with_output().unwrap())
}

/// Tells whether a process has a handler for Ctrl-C, or has ended.
fn listens(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let has_ended = status.lines().any(|line| line.starts_with("State:\tZ"));
    has_ended || mask.is_some_and(|mask| mask & (1 << (Signal::INT.as_raw() - 1)) != 0)
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_the_store_as_it_was() {
    let desk = desk_with_much();
    let log = desk.ok(&["log"]);
    let mut interrupted = 0;

    for wait_ms in [0, 2, 5, 15, 40, 80, 160, 320] {
        let ran =
            run_and_signal(&desk, &["snap", "much"], Duration::from_millis(wait_ms), Signal::INT);

        if ran.code == 130 {
            interrupted += 1;
            assert!(ran.err.starts_with("markerbed: interrupted; "), "{ran:?}");
            assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
            assert_eq!(desk.ok(&["log"]), log);
        } else if ran.code == 0 {
            // The machine was faster: what is recorded is recorded.
            break;
        }
        desk.ok(&["check"]);
    }

    assert!(interrupted > 0, "it was never caught in the middle");
    let snap = desk.json_of("snap", &["snap", "much"]);
    assert_eq!(snap["nodes"], 4_040);
    desk.ok(&["check", "--read-data"]);
}

#[test]
fn a_killed_command_leaves_a_store_that_goes_on() {
    let desk = desk_with_much();
    let mut killed = 0;

    for wait_ms in [0, 5, 20, 60, 120, 250] {
        let ran =
            run_and_signal(&desk, &["snap", "much"], Duration::from_millis(wait_ms), Signal::KILL);

        killed += u32::from(ran.code == -1);
        desk.ok(&["check"]);
        assert_eq!(desk.ok(&["cat", "before:f"]), "before");
    }

    assert!(killed > 0, "it was never caught in the middle");
    desk.ok(&["snap", "much"]);
    desk.ok(&["check", "--read-data"]);
}

#[test]
fn a_snapshot_goes_on_from_what_an_interrupted_one_has_stored() {
    let desk = Desk::with_store();
    for index in 0..300 {
        desk.write(&format!("much/{index}"), noise(index, 64 << 10));
    }
    let packs = || {
        let packs = fs::read_dir(desk.path(".markerbed/packs")).unwrap();
        packs.map(|pack| pack.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let mut program = desk.program();
    program.args(["snap", "much"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    while packs() < 6 << 20 && child.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(process, Signal::KILL).unwrap();
    let ended = child.wait().unwrap();
    assert!(!ended.success(), "it was never caught in the middle");
    let stored = packs();
    assert_eq!(desk.json("log", &["log"]).1.len(), 1, "nothing is recorded yet");

    desk.ok(&["snap", "much"]);

    let (all, content) = (packs(), 300 * (64_u64 << 10));
    assert!(stored >= 6 << 20 && all < content + (2 << 20), "{stored} of {all}");
    desk.ok(&["check", "--read-data"]);
}

/// Bytes that cannot be compressed, others for each number.
fn noise(number: u64, count: usize) -> Vec<u8> {
    let mut state = number;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn an_interrupted_restore_leaves_no_half_of_a_file() {
    let desk = desk_with_much();
    desk.ok(&["snap", "much"]);
    let mut interrupted = 0;

    for wait_ms in [0, 10, 30, 60, 100, 150, 200] {
        let target = format!("target-{wait_ms}");
        let arguments = ["restore", "much", &target];
        let ran = run_and_signal(&desk, &arguments, Duration::from_millis(wait_ms), Signal::INT);

        interrupted += u32::from(ran.code == 130);
        for path in files_below(&desk.path(&target)) {
            let name: usize = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), format!("{name}").repeat(600));
        }
    }

    assert!(interrupted > 0, "it was never caught in the middle");
    desk.ok(&["restore", "much", "target-10", "--force"]);
    assert_eq!(desk.root_of("target-10"), desk.root_of("much"));
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

/// How a command waits in its `fdatasync`, the last of `count`, when it is told to end.
fn interrupt_in_last_sync(desk: &Desk, count: usize) -> Ran {
    let trace = desk.path("trace");
    let delay = format!("inject=fdatasync:delay_enter=1500000:when={count}");
    let mut program = strace(desk, &trace);
    program.args(["-e", &delay, env!("CARGO_BIN_EXE_markerbed"), "snap", "tree"]);
    let child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = loop {
        let syncs = syncs_in(&trace);
        if syncs.len() >= count {
            break syncs[count - 1];
        }
        thread::sleep(Duration::from_millis(5));
    };
    kill_process(Pid::from_raw(process).unwrap(), Signal::INT).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

fn strace(desk: &Desk, trace: &Path) -> Command {
    let _ = fs::remove_file(trace);
    let mut strace = desk.dressed(Command::new("strace"));
    strace.args(["-f", "-e", "trace=fdatasync", "-o"]).arg(trace);
    strace
}

/// The processes that called `fdatasync`, as `strace` wrote them down, in order.
fn syncs_in(trace: &Path) -> Vec<i32> {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let calls = text.lines().filter(|line| line.contains("fdatasync("));
    calls.map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect()
}

#[test]
fn ctrl_c_in_the_last_sync_is_answered_as_recorded() {
    let desk = Desk::with_store();
    let trace = desk.path("trace");
    desk.write("tree/f", "before");
    let probe = strace(&desk, &trace)
        .args([env!("CARGO_BIN_EXE_markerbed"), "snap", "tree"])
        .stderr(Stdio::piped())
        .output();
    let Some(counted) = permitted(probe) else { return };
    assert_eq!(counted.code, 0, "{counted:?}");
    let count = syncs_in(&trace).len();
    desk.write("tree/f", "after");

    let ran = interrupt_in_last_sync(&desk, count);

    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.contains("1 changed"), "{ran:?}");
    assert_eq!(desk.ok(&["cat", "@:f"]), "after");
    desk.ok(&["check", "--read-data"]);
}

/// How a traced command ended; none, said loudly, where nobody may trace.
fn permitted(output: io::Result<Output>) -> Option<Ran> {
    let why = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => "there is no strace".to_owned(),
        output => {
            let ran = Ran::of(output.unwrap());
            let is_refused = ran.code != 0
                && ran.err.contains("ptrace")
                && ["not permitted", "Permission denied", "not implemented"]
                    .iter()
                    .any(|refusal| ran.err.contains(refusal));
            if !is_refused {
                return Some(ran);
            }
            ran.err
        }
    };
    println!("SKIPPED: {why}");
    None
}
