//! What the README shows is what the program says.

use std::fs;

use crate::support::{Desk, repository};

#[test]
fn the_readme_shows_a_part_of_the_demo_word_for_word() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let blocks: Vec<&str> = readme.split("```console\n").skip(1).collect();
    let demo = Desk::new().ok(&["demo"]);

    assert!(!blocks.is_empty(), "the README shows a run");
    for block in blocks {
        let shown = block.split("```").next().unwrap();
        assert!(shown.lines().count() > 20, "{shown}");
        assert!(demo.contains(shown), "the demo says something else now:\n{demo}");
    }
}

#[test]
fn the_readme_names_the_two_commands_that_do_all() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();

    for command in ["\ncargo run --release -- demo\n", "\ncargo xtask test\n"] {
        assert!(readme.contains(command), "{command}");
    }
}
