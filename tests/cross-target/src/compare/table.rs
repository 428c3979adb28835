//! What was run, as a page says it.

use std::fmt::Write;

use markerbed_suites::vectors::SUITES;

/// Targets, suites and cases.
pub(super) struct Table {
    programs: u64,
    rows: Vec<Row>,
}

struct Row {
    target: String,
    version: String,
    cases: Option<Vec<u64>>,
}

impl Table {
    pub(super) const fn new(programs: u64) -> Self {
        Self { programs, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, target: &str, version: &str, cases: Option<&[u64]>) {
        let cases = cases.map(<[u64]>::to_vec);
        self.rows.push(Row { target: target.to_owned(), version: version.to_owned(), cases });
    }

    /// The page with the table of this run in it.
    pub(super) fn put_into(&self, page: &str) -> Result<String, String> {
        let (before, rest) = page.split_once(BEGIN).ok_or("the page has no place for the table")?;
        let (_, after) = rest.split_once(END).ok_or("the table of the page has no end")?;
        Ok(format!("{before}{BEGIN}\n{}{END}{after}", self.text()))
    }

    /// Tells whether the page has this table: targets and cases, whatever their versions.
    pub(super) fn is_said_by(&self, page: &str) -> bool {
        let table = page.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
        let Some((table, _)) = table else { return false };
        without_versions(table.trim()) == without_versions(self.text().trim())
    }

    fn text(&self) -> String {
        let mut out = String::from("| suite |");
        for row in &self.rows {
            let _ = write!(out, " {} |", row.target);
        }
        out.push_str("\n|---|");
        out.push_str(&"---:|".repeat(self.rows.len()));
        for (at, (suite, _)) in SUITES.iter().enumerate() {
            let _ = write!(out, "\n| {} |", suite.replace('_', " "));
            for row in &self.rows {
                let cases = row.cases.as_ref().and_then(|cases| cases.get(at));
                let cases = cases.map(u64::to_string).unwrap_or_default();
                let _ = write!(out, " {cases} |");
            }
        }
        out.push_str("\n| random programs |");
        for _ in &self.rows {
            let _ = write!(out, " {} |", self.programs);
        }
        out.push('\n');
        for row in &self.rows {
            let _ = writeln!(out, "\n- {}: {}", row.target, row.version);
        }
        out
    }
}

/// The table alone: a newer browser is no reason to fail.
fn without_versions(table: &str) -> String {
    table.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n")
}

const BEGIN: &str = "<!-- table -->";
const END: &str = "<!-- end of table -->";
