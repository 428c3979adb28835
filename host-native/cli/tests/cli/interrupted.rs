//! A command that is ended in the middle leaves nothing half done.

use std::{
    process::{Child, Stdio},
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

/// Begins to record, waits, and sends a signal; gives how it ended.
fn snap_and_signal(desk: &Desk, wait: Duration, signal: Signal) -> Ran {
    let mut program = desk.program();
    program.args(["snap", "much"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child: Child = program.spawn().unwrap();
    thread::sleep(wait);
    let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // It may have ended by itself.
    let _ = kill_process(process, signal);
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_the_store_as_it_was() {
    let desk = desk_with_much();
    let log = desk.ok(&["log"]);
    let mut interrupted = 0;

    for wait_ms in [5, 15, 40, 80, 160, 320] {
        let ran = snap_and_signal(&desk, Duration::from_millis(wait_ms), Signal::INT);

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

    for wait_ms in [5, 20, 60, 120, 250] {
        let ran = snap_and_signal(&desk, Duration::from_millis(wait_ms), Signal::KILL);

        killed += u32::from(ran.code == -1);
        desk.ok(&["check"]);
        assert_eq!(desk.ok(&["cat", "before:f"]), "before");
    }

    assert!(killed > 0, "it was never caught in the middle");
    desk.ok(&["snap", "much"]);
    desk.ok(&["check", "--read-data"]);
}
