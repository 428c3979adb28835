//! What must stay as the newest tag has it.

use serde_json::Value;

use super::{Report, tree::Tree};
use crate::{
    failure::{Failure, OrFail},
    program::Program,
};

/// Compares the vectors with those of the newest tag; new cases may be added.
pub(super) fn golden_vectors(tree: &Tree) -> Result<Report, Failure> {
    let tag = Program::new("git describe --tags --abbrev=0");
    let Ok(tag) = tag.read() else {
        let why_empty = Some(" (there is no tag yet)");
        return Ok(Report { why_empty, ..Report::default() });
    };
    let files = Program::new("git ls-tree -r --name-only").arg(&tag).arg("tests/vectors").read()?;
    let mut report = Report::default();
    for path in files.lines().filter(|path| path.ends_with(".json")) {
        let then = Program::new("git show").arg(format!("{tag}:{path}")).read()?;
        compare(path, &then, tree.text(path), &mut report)?;
    }
    Ok(report)
}

fn compare(path: &str, then: &str, now: Option<&str>, report: &mut Report) -> Result<(), Failure> {
    let Some(now) = now else {
        report.looked_at += 1;
        report.find(path, 1, "a released vector file is gone; put it back");
        return Ok(());
    };
    let then: Value = serde_json::from_str(then).or_fail(path)?;
    let now: Value = serde_json::from_str(now).or_fail(path)?;
    let cases = |file: &Value| file.get("cases").and_then(Value::as_array).cloned();
    let now = cases(&now).or_fail(format!("{path} has no cases"))?;
    for case in cases(&then).or_fail(format!("{path} had no cases"))? {
        report.looked_at += 1;
        if !now.contains(&case) {
            let name = case.get("name").and_then(Value::as_str).unwrap_or("without a name");
            let sentence = format!("the released case \"{name}\" is changed or gone; put it back");
            report.find(path, 1, &sentence);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_and_a_removed_case_are_found_and_a_new_one_is_fine() {
        let then = r#"{"cases": [{"name": "a", "v": 1}, {"name": "b"}, {"name": "c"}]}"#;
        let now = r#"{"cases": [{"v": 2, "name": "a"}, {"name": "new"}, {"name": "c"}]}"#;
        let mut report = Report::default();

        compare("tests/vectors/x.json", then, Some(now), &mut report).unwrap();
        compare("tests/vectors/y.json", then, None, &mut report).unwrap();

        assert_eq!(report.looked_at, 4);
        assert_eq!(report.findings.len(), 3, "{:?}", report.findings);
        assert!(report.findings[0].contains("\"a\"") && report.findings[1].contains("\"b\""));
    }
}
