//! The cases of the world's error are the codes of the spec.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeSet;

#[test]
fn the_worlds_error_has_a_case_for_each_code_of_the_engine_and_no_other() {
    let types = include_str!("../../types.wit");
    let (_, error) = types.split_once("variant error {").unwrap();
    let (cases, _) = error.split_once("\n    }").unwrap();
    let name = |line: &str| {
        let line = line.trim().trim_end_matches(',');
        let is_case = !line.is_empty() && !line.starts_with("///");
        is_case.then(|| line.split('(').next().unwrap_or_default().to_owned())
    };
    let mut cases: BTreeSet<String> = cases.lines().filter_map(name).collect();

    // A store's failure has a code of its own inside.
    assert!(cases.remove("store"));
    let page = include_str!("../../../docs/spec/encoding.md");
    let (_, table) = page.split_once("| `truncated`").unwrap();
    let codes = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let codes: BTreeSet<String> =
        codes.map(|(code, _)| code.to_owned()).chain(["truncated".to_owned()]).collect();
    assert_eq!(cases, codes);
}
