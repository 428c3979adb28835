//! Components that stop in the middle of a call, or answer what core does not: the program says
//! so, and nothing wrong is recorded.

#[path = "../../../tests/component/planted.rs"]
#[allow(dead_code, reason = "what a component imports is asked by the other test alone")]
mod planted;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use markerbed_core::hash::content_id;
use planted::{Module, TRAP, ZEROS, ZEROS_FOR_EACH, some_empty};

use crate::{
    engines::{components, desk_with_two_snapshots, run},
    support::{Desk, Ran},
};

#[test]
fn a_component_that_stops_in_a_call_is_told_of_by_every_command_that_makes_the_call() {
    let desk = desk_with_two_snapshots();
    desk.write("notes/large", vec![7; 3 << 20]);

    let mut stopped = 0;
    for (functions, commands) in STOPS {
        let stop = |module: Module, (interface, function): &(&str, &str)| {
            module.with(interface, function, TRAP)
        };
        let engine = plant(|module| functions.iter().fold(module, stop));
        for command in *commands {
            let before = recorded(&desk);
            let words: Vec<&str> = command.split(' ').collect();
            let ran = run(&desk, &engine, &words);

            let said = "markerbed: the component stopped in the middle of a call: ";
            assert_eq!(ran.code, 4, "{command}, {functions:?}: {ran:?}");
            assert!(ran.err.starts_with(said), "{command}, {functions:?}: {ran:?}");
            check_code(&desk, &engine, &words, "component-trapped");
            assert_eq!(recorded(&desk), before, "{command}, {functions:?}");
            assert!(!desk.path("made.proof").exists(), "{command}, {functions:?}");
            stopped += 1;
        }
    }

    println!("engines: {stopped} commands were stopped");
    assert!(stopped >= 18, "{stopped}");
    assert_eq!(run(&desk, "native", &["check", "--read-data"]).code, 0);
}

#[test]
fn a_component_that_hashes_otherwise_is_found_by_every_command_that_reads_or_writes_objects() {
    let desk = desk_with_two_snapshots();
    let engine = plant(Module::hashing_otherwise);
    let before = recorded(&desk);

    for command in ["snap notes", "restore @ back", "check", "log", "cat @:plan.md", "ls -R"] {
        check_found(&desk, &engine, command);
    }

    assert_eq!(recorded(&desk), before);
}

#[test]
fn what_a_component_makes_up_is_found_and_not_recorded() {
    let desk = desk_with_two_snapshots();
    let before = recorded(&desk);
    let engine = plant(|module| {
        module
            .with("ledger", "commit-entry", ZEROS)
            .with("ledger", "[method]replay.log-root", ZEROS)
            .with("trees", "resolve", ZEROS)
            .with("verify", "tree-proof", ZEROS)
            .with_list("hashing", "content-ids", ZEROS_FOR_EACH)
            .with_list("trees", "prove", &some_empty(PROVE_ARGUMENTS))
    });

    for command in MADE_UP {
        check_found(&desk, &engine, command);
    }

    assert_eq!(recorded(&desk), before);
    assert!(!desk.path("made.proof").exists());
}

#[test]
fn pages_that_a_component_makes_otherwise_are_found_but_differences_believed() {
    let desk = desk_with_two_snapshots();
    let before = recorded(&desk);
    let engine = plant(|module| {
        let module = module.with("trees", "compare", ZEROS);
        let module = module.with_list("maps", "[method]builder.push", ZEROS);
        module.with_list("maps", "[method]builder.finish", ZEROS)
    });

    for command in ["snap notes", "status notes"] {
        check_found(&desk, &engine, command);
    }
    // What is only told is as good as the component that the user names.
    let believed = run(&desk, &engine, &["diff", "@-", "@"]);

    assert_eq!(recorded(&desk), before);
    assert_eq!((believed.code, believed.out.as_str()), (3, ""), "{believed:?}");
}

/// Runs a command that must end because the component is wrong.
fn check_found(desk: &Desk, engine: &str, command: &str) {
    let words: Vec<&str> = command.split(' ').collect();
    let ran = run(desk, engine, &words);

    assert_eq!(ran.code, 4, "{command}: {ran:?}");
    assert!(ran.err.starts_with("markerbed: the component is wrong: "), "{command}: {ran:?}");
    check_code(desk, engine, &words, "component-wrong");
}

fn check_code(desk: &Desk, engine: &str, words: &[&str], code: &str) {
    let ran = run(desk, engine, &[words, &["--json"]].concat());

    let told = ran.out.lines().last().map(serde_json::from_str::<serde_json::Value>);
    let told = told.unwrap_or_else(|| panic!("{words:?}: {ran:?}")).unwrap();
    assert_eq!(told["error"]["code"], code, "{words:?}: {told}");
}

/// What the ledger and the refs say.
fn recorded(desk: &Desk) -> [String; 2] {
    [&["log", "--json"], &["ref", "ls"]].map(|words| {
        let Ran { code, out, .. } = run(desk, "native", words);
        assert_eq!(code, 0);
        out
    })
}

/// Makes a wrong component; what `--engine` then says.
fn plant(plant: impl FnOnce(Module) -> Module) -> String {
    let module = Module::of(fs::read(components().join("engine.wasm")).unwrap());
    let component = plant(module).into_bytes();
    let file = scratch().join(format!("{}.wasm", content_id(&component)));
    // Whole at once: other tests may want the same.
    let unnamed = tempfile::NamedTempFile::new_in(scratch()).unwrap();
    fs::write(&unnamed, component).unwrap();
    unnamed.persist(&file).unwrap();
    format!("component={}", file.display())
}

fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// How many numbers `trees.prove` takes.
const PROVE_ARGUMENTS: u8 = 14;

/// Commands that a component answers with what it makes up.
const MADE_UP: &[&str] = &[
    "snap notes",
    "ref set kept @",
    "check",
    "cat @:plan.md",
    "verify plan.proof",
    "prove @:none --absent -o made.proof",
];

/// The interface and the function of each.
type Calls = &'static [(&'static str, &'static str)];

/// Calls in which a component stops, and commands that make one of them first: those of a line are
/// not made by the same command.
const STOPS: &[(Calls, &[&str])] = &[
    (
        &[("verify", "check-objects")],
        &["snap notes", "restore @ back", "check", "diff @- @", "prove @:plan.md -o made.proof"],
    ),
    (
        &[("hashing", "content-ids"), ("ledger", "[constructor]replay"), ("trees", "resolve")],
        &["snap notes", "check", "restore @:plan.md back", "prove @:plan.md -o made.proof"],
    ),
    (
        &[
            ("hashing", "[constructor]content-hasher"),
            ("ledger", "[method]replay.apply"),
            ("trees", "compare"),
            ("trees", "prove"),
        ],
        &["snap notes", "check", "diff @- @", "prove @:plan.md -o made.proof"],
    ),
    (
        &[
            ("hashing", "[method]content-hasher.update"),
            ("ledger", "[method]replay.state"),
            ("verify", "tree-proof"),
        ],
        &["snap notes", "check", "prove @:plan.md -o made.proof", "verify plan.proof"],
    ),
    (
        &[
            ("hashing", "[method]content-hasher.finish"),
            ("ledger", "[method]replay.log-root"),
            ("ledger", "commit-entry"),
        ],
        &["snap notes", "check", "ref set kept @", "init other"],
    ),
    (
        &[("ledger", "commit-entry"), ("maps", "[method]builder.push")],
        &["snap notes", "status notes", "ref set kept @"],
    ),
];
