//! A directory with very many entries: what it costs to record, and that it is read back.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use markerbed_suites::{cases_in_ci, print_count};
use wait4::Wait4;

use crate::support::Desk;

/// Runs a command to its end, and tells how many lines it said, what the last one was, and how many
/// bytes of memory it had at most.
fn run(mut program: Command) -> (u64, String, u64) {
    let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
    let (mut lines, mut last) = (0, String::new());
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        last = line.unwrap();
        lines += 1;
    }
    let used = child.wait4().unwrap();
    assert!(used.status.success(), "{program:?}");
    (lines, last, used.rusage.maxrss)
}

#[test]
fn a_directory_of_very_many_entries_is_recorded_and_read_in_bounded_memory() {
    let entries = u64::from(cases_in_ci(1_000_000));
    let desk = Desk::with_store();
    desk.write("many/0000000", "the first");
    for entry in 1..entries {
        File::create(desk.path(&format!("many/{entry:07}"))).unwrap();
    }
    let last = format!("{:07}", entries - 1);
    desk.write(&format!("many/{last}"), "the last");

    let commands: [&[&str]; 4] =
        [&["snap", "many"], &["snap", "many"], &["ls", "many"], &["check", "--read-data"]];
    let [(_, first, _), (_, again, _), (listed, newest, _), _] = commands.map(|arguments| {
        let mut program = desk.program();
        program.args(arguments);
        let used = run(program);
        println!("{arguments:?}: {} KiB at most", used.2 / 1_024);
        let bound = MEMORY_BYTES + BYTES_AN_ENTRY * entries;
        assert!(used.2 <= bound, "{arguments:?} had {} bytes, {bound} are the bound", used.2);
        used
    });

    assert!(first.contains(" added, 0 changed, 0 removed, 0 left out"), "{first}");
    assert!(again.contains("nothing has changed") || again.contains("0 added"), "{again}");
    assert_eq!((listed, newest), (entries, last.clone()));
    assert_eq!(desk.ok(&["cat", &format!("many:{last}")]), "the last");
    print_count("cli_many_entries", entries, entries);
}

const MEMORY_BYTES: u64 = 64 << 20;
const BYTES_AN_ENTRY: u64 = 200;
