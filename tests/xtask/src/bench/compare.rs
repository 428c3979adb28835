//! `cargo xtask bench compare`.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::Value;

use super::{
    contest::{Scale, Settings, commit},
    groups::measure,
    page,
    results::{Group, Results},
    tables,
};
use crate::{
    failure::{Failure, OrFail},
    program::Program,
};

/// Measure the program beside its peers: the same work in one run, in turn
///
/// Counts user and system time of all processes. Peers that are not installed are named and left
/// out. Records are measured only when asked for: their peers need a C++ compiler.
#[derive(Args)]
pub(super) struct Compare {
    /// Small inputs and one round: tries that all runs, and measures little
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// How often; medians are shown [default: 5, or 1 with --quick]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Measure these alone
    #[arg(long, value_name = "GROUP", num_args = 1.., value_delimiter = ',')]
    only: Vec<Group>,
    /// A real tree, copied, instead of the generated one
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    /// Where inputs and stores are made, some 20 GB at most; else the system's temporary folder
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// A binary of markerbed that is there, instead of building one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Keep the results and make the tables and plots of docs/reference/performance.md from them
    #[arg(long)]
    write: bool,
}

impl Compare {
    /// Measures, prints, and keeps the results if that is wanted.
    ///
    /// # Errors
    ///
    /// If something that is measured fails.
    pub(super) fn run(self) -> Result<(), Failure> {
        let every = Group::WITHOUT_ASKING.to_vec();
        let groups = if self.only.is_empty() { every } else { self.only.clone() };
        let mut settings = self.settings()?;
        if self.program.is_none() && groups.iter().any(|group| group.needs_program()) {
            Program::cargo("build --release --locked --package markerbed").run()?;
        }
        for group in groups {
            let rounds = settings.rounds;
            settings.command =
                format!("cargo xtask bench compare --only {} --rounds {rounds}", group.name());
            if self.quick {
                settings.command.push_str(" --quick");
            }
            let tree = self.tree.as_deref().filter(|_| group == Group::Tree);
            if let Some(name) = tree.and_then(Path::file_name) {
                settings.command.push_str(&format!(" --tree {}", name.to_string_lossy()));
            }
            let (results, folder) = measure(group, &settings)?;
            print(&results);
            if self.write {
                results.write(&group.file())?;
            }
            drop(folder);
        }
        if self.write { page::write() } else { Ok(()) }
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let absolute = |path: &Path| std::path::absolute(path).or_fail(path.display());
        let ours = self.program.as_deref().map(absolute).transpose()?;
        let built = target_folder()?.join("release").join(OURS_FILE);
        let commit = if ours.is_some() { "of another binary".to_owned() } else { commit()? };
        Ok(Settings {
            ours: ours.unwrap_or(built),
            rounds: self.rounds.unwrap_or(if self.quick { 1 } else { 5 }).max(1),
            scale: if self.quick { Scale::Quick } else { Scale::Whole },
            tree: self.tree.as_deref().map(absolute).transpose()?,
            scratch: absolute(&self.scratch.clone().unwrap_or_else(env::temp_dir))?,
            command: String::new(),
            commit,
        })
    }
}

fn print(results: &Results) {
    println!("\n== {}\n{}", results.group.name(), tables::conditions(results));
    if results.group.has_sizes() {
        println!("{}", tables::by_size(results));
    } else {
        println!("{}\n{}", tables::targets(results), tables::everything(results));
    }
}

/// Where cargo builds.
pub(super) fn target_folder() -> Result<PathBuf, Failure> {
    let text = Program::cargo("metadata --format-version 1 --no-deps --locked").read()?;
    let told: Value = serde_json::from_str(&text).or_fail("cargo metadata")?;
    let folder = told.get("target_directory").and_then(Value::as_str);
    Ok(PathBuf::from(OsStr::new(folder.or_fail("cargo names no target folder")?)))
}

const OURS_FILE: &str = "markerbed";
