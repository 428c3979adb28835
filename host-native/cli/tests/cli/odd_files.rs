//! Files that are not what the system says of them.

use crate::support::{Desk, has_strace};

#[test]
fn a_file_that_ends_before_its_size_is_a_gap() {
    if !has_strace() {
        return;
    }
    for (size, reads) in [(5_000, "1+"), (3 << 20, "1+"), (3 << 20, "3+")] {
        let desk = Desk::with_store();
        desk.write("tree/odd", vec![7; size]);
        desk.write("tree/still", "x");
        let path = desk.path("tree/odd").to_str().unwrap().to_owned();
        let ends = format!("inject=read:retval=0:when={reads}");

        let inject = ["-P", path.as_str(), "-e", "trace=read", "-e", ends.as_str()];
        let ran = desk.under_strace(&inject, &["snap", "tree", "--json"]);
        let after = desk.json_of("snap", &["snap", "tree"]);

        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, &answer["nodes"]), (3, &1.into()), "{size} {reads}: {ran:?}");
        let gap = serde_json::json!({"path": "odd", "reason": "changed", "attempts": 3});
        assert_eq!(answer["gaps"], serde_json::Value::from(vec![gap]), "{size} {reads}");
        assert_eq!((&after["nodes"], &after["bytes"]), (&2.into(), &(size + 1).into()));
        desk.ok(&["check", "--read-data"]);
    }
}
