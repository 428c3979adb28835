//! What was measured, as it is kept in `docs/reference/performance/`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Failure, OrFail},
    program::root,
};

/// What is measured together, and kept in one file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Group {
    /// A source tree: snapshots, changes, check, restore
    Tree,
    /// 200,000 small files
    Small,
    /// Four files of 256 MiB
    Large,
    /// Snapshots of ever more files, for the plot
    Files,
    /// A source tree of which each file has an extended attribute
    Extended,
    /// An edit among 100,000 files while `watch` runs
    Watch,
    /// The engine as a component and in browsers; builds them when it is asked for
    Runtimes,
    /// Two million records beside LMDB and RocksDB; built when it is asked for
    Records,
    /// Ever more records, for the plot; built when it is asked for
    Growth,
}

impl Group {
    pub(super) const ALL: [Self; 9] = [
        Self::Tree,
        Self::Small,
        Self::Large,
        Self::Files,
        Self::Extended,
        Self::Watch,
        Self::Runtimes,
        Self::Records,
        Self::Growth,
    ];

    /// What is measured if nothing is asked for: all that needs no other compiler.
    pub(super) const WITHOUT_ASKING: [Self; 6] =
        [Self::Tree, Self::Small, Self::Large, Self::Files, Self::Extended, Self::Watch];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Small => "small",
            Self::Large => "large",
            Self::Files => "files",
            Self::Extended => "extended",
            Self::Watch => "watch",
            Self::Runtimes => "runtimes",
            Self::Records => "records",
            Self::Growth => "growth",
        }
    }

    /// Whether figures are for several sizes, to be plotted.
    pub(super) const fn has_sizes(self) -> bool {
        matches!(self, Self::Files | Self::Growth)
    }

    /// Whether it measures the program, not what it stands on.
    pub(super) const fn needs_program(self) -> bool {
        !matches!(self, Self::Runtimes | Self::Records | Self::Growth)
    }

    pub(super) fn file(self) -> PathBuf {
        root().join("docs/reference/performance").join(format!("{}.json", self.name()))
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Quantity {
    /// User and system seconds.
    CpuS,
    WallS,
    /// The largest resident memory in MiB.
    PeakMib,
    Bytes,
    Files,
    /// Microseconds of processor time for each of many.
    CpuUs,
    CpuMs,
    WallMs,
    /// How many times something else, which the operation names.
    Times,
}

/// All values of one thing, a round each.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Figure {
    pub(super) operation: String,
    pub(super) program: String,
    pub(super) quantity: Quantity,
    /// Over how many files, records or objects, where that differs inside a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    pub(super) values: Vec<f64>,
}

/// A group's run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Results {
    pub(super) group: Group,
    /// What repeats it.
    pub(super) command: String,
    /// What it was measured on, in words.
    pub(super) input: String,
    pub(super) machine: String,
    pub(super) commit: String,
    /// How many processes wanted to run, in the minute before and in the last one.
    pub(super) load: [f64; 2],
    /// What each program says its version is.
    pub(super) programs: BTreeMap<String, String>,
    /// Peers that are not installed, and what ours cannot do yet.
    pub(super) left_out: BTreeSet<String>,
    pub(super) figures: Vec<Figure>,
}

impl Results {
    /// Adds a value to its figure.
    pub(super) fn add(&mut self, operation: &str, program: &str, quantity: Quantity, value: f64) {
        self.add_at(None, operation, program, quantity, value);
    }

    /// As [`Self::add`], over so many files or records.
    pub(super) fn add_at(
        &mut self,
        size: Option<u64>,
        operation: &str,
        program: &str,
        quantity: Quantity,
        value: f64,
    ) {
        let value = (value * 1e6).round() / 1e6;
        let found = self.figures.iter_mut().find(|figure| {
            figure.operation == operation
                && figure.program == program
                && figure.quantity == quantity
                && figure.size == size
        });
        match found {
            Some(figure) => figure.values.push(value),
            None => self.figures.push(Figure {
                operation: operation.to_owned(),
                program: program.to_owned(),
                quantity,
                size,
                values: vec![value],
            }),
        }
    }

    /// The median of a figure without a size, if it was measured.
    pub(super) fn median(&self, operation: &str, program: &str, quantity: Quantity) -> Option<f64> {
        let figure = self.figures.iter().find(|figure| {
            figure.operation == operation
                && figure.program == program
                && figure.quantity == quantity
                && figure.size.is_none()
        })?;
        median(&figure.values)
    }

    /// How many rounds its figures have: the fewest and the most. The input is counted once.
    pub(super) fn rounds(&self) -> (usize, usize) {
        let measured = || self.figures.iter().filter(|figure| !figure.program.is_empty());
        let counts = || measured().map(|figure| figure.values.len());
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }

    /// Reads the results kept of a group, if there are any.
    ///
    /// # Errors
    ///
    /// If the file is not what this program writes.
    pub(super) fn kept(group: Group) -> Result<Option<Self>, Failure> {
        let file = group.file();
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file).or_fail(file.display())?;
        serde_json::from_str(&text).map(Some).or_fail(file.display())
    }

    /// Writes them as JSON, a figure a line.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        let folder = file.parent().or_fail(file.display())?;
        fs::create_dir_all(folder).or_fail(folder.display())?;
        fs::write(file, self.text()?).or_fail(file.display())
    }

    fn text(&self) -> Result<String, Failure> {
        let head = Self { figures: Vec::new(), ..self.clone() };
        let head = serde_json::to_string_pretty(&head).or_fail("results")?;
        let figures: Vec<String> = self
            .figures
            .iter()
            .map(|figure| serde_json::to_string(figure).map(|line| format!("    {line}")))
            .collect::<Result<_, _>>()
            .or_fail("figures")?;
        let figures = format!("\"figures\": [\n{}\n  ]", figures.join(",\n"));
        Ok(format!("{}\n", head.replace("\"figures\": []", &figures)))
    }
}

/// The value in the middle, or the mean of the two there.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn results_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kept/tree.json");
        let mut results = empty(Group::Tree);
        results.add("cold", "markerbed", Quantity::CpuS, 1.234_567_89);
        results.add("cold", "markerbed", Quantity::CpuS, 2.0);
        results.add_at(Some(1_000), "insert", "LMDB", Quantity::CpuUs, 25.0);

        results.write(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let read: Results = serde_json::from_str(&text).unwrap();

        assert_eq!(read, results);
        assert_eq!(read.figures[0].values, [1.234_568, 2.0]);
        assert_eq!(text.lines().filter(|line| line.contains("\"operation\"")).count(), 2);
        assert_eq!(read.rounds(), (1, 2));
        results.add("input", "", Quantity::Files, 7.0);
        assert_eq!(results.rounds(), (1, 2));
    }

    #[test]
    fn figures_with_a_size_are_not_taken_for_those_without() {
        let mut results = empty(Group::Growth);
        results.add_at(Some(10), "insert", "LMDB", Quantity::CpuUs, 25.0);

        assert_eq!(results.median("insert", "LMDB", Quantity::CpuUs), None);
    }

    pub(in crate::bench) fn empty(group: Group) -> Results {
        Results {
            group,
            command: "cargo xtask bench compare".to_owned(),
            input: "a tree".to_owned(),
            machine: "machine: one".to_owned(),
            commit: "abcdef12".to_owned(),
            load: [0.5, 1.0],
            programs: BTreeMap::new(),
            left_out: BTreeSet::new(),
            figures: Vec::new(),
        }
    }
}
