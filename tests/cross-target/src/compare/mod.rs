//! What is run where, and whether it is the same.

mod javascript;
mod native;
mod reference;
mod sandbox;
mod table;

use std::{fs, path::PathBuf, time::Instant};

use markerbed_core::ContentId;
use markerbed_suites::vectors::SUITES;

use javascript::JavaScript;
use native::Native;
use sandbox::{EngineComponent, SuitesComponent};
use table::Table;

/// Run the vectors and random programs on every target and compare them with this machine
///
/// Exits with 1 if any target answers otherwise, naming the program and its first other line.
#[derive(clap::Parser)]
pub(crate) struct Compare {
    /// Folder of the modules and components that `cargo xtask components` made
    #[arg(long, value_name = "FOLDER")]
    components: PathBuf,
    /// How many programs each target runs
    #[arg(long, value_name = "COUNT", default_value_t = 2_000)]
    programs: u64,
    /// The seed of the first program
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Run only these targets beside this machine
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    only: Vec<String>,
    /// Let this target answer one bit wrong, to see that it is found
    #[arg(long, value_name = "TARGET")]
    plant: Option<String>,
    /// Python with what tests/reference needs: the second implementation judges programs, too
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// How many programs it judges
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    judged: u64,
    /// Page that says what was run, compared with this run
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Write the page instead
    #[arg(long, requires = "page")]
    write: bool,
}

/// One target.
pub(crate) trait Target {
    /// Its name in the table.
    fn name(&self) -> &str;

    /// What it is exactly: a version.
    fn version(&self) -> String;

    /// Runs the suites of vectors: how many cases each tried; none if it runs programs only.
    fn vectors(&mut self) -> Result<Option<Vec<u64>>, String>;

    /// Runs programs: the digests of their transcripts.
    fn programs(&mut self, first: u64, count: u64, plant: bool) -> Result<Vec<ContentId>, String>;

    /// Runs one program: its transcript.
    fn transcript(&mut self, seed: u64, plant: bool) -> Result<String, String>;
}

impl Compare {
    pub(crate) fn run(self) -> Result<(), String> {
        let mut native = Native;
        let suites = native.vectors()?.unwrap_or_default();
        let wanted = native.programs(self.seed, self.programs, false)?;
        println!("markerbed-count cross-target-cases {}", suites.iter().sum::<u64>());
        println!("markerbed-count cross-target-programs {}", wanted.len());
        println!("repeat it with: --seed {} --programs {}", self.seed, self.programs);
        let mut table = Table::new(self.programs);
        table.add(native.name(), &native.version(), Some(&suites));
        for mut target in self.targets()? {
            let plant = self.plant.as_deref() == Some(target.name());
            let start = Instant::now();
            let cases = target.vectors()?;
            if let Some(cases) = &cases {
                compare_suites(target.name(), &suites, cases)?;
            }
            let found = target.programs(self.seed, self.programs, plant)?;
            self.compare_programs(&mut native, &mut *target, plant, &wanted, &found)?;
            let seconds = start.elapsed().as_secs_f64();
            println!("{}: {} agrees, {seconds:.1} s", target.name(), target.version());
            table.add(target.name(), &target.version(), cases.as_deref());
        }
        if let Some(python) = &self.python {
            let cases = reference::judge(python, self.seed, self.judged)?;
            let all: u64 = cases.values().sum();
            println!("reference: agrees on {all} cases of {} programs: {cases:?}", self.judged);
            println!("markerbed-count cross-target-judged {all}");
        }
        self.keep(&table)
    }

    /// The targets asked for, or every one that can be run here.
    fn targets(&self) -> Result<Vec<Box<dyn Target>>, String> {
        if let Some(unknown) =
            self.only.iter().chain(&self.plant).find(|name| !TARGETS.contains(&name.as_str()))
        {
            return Err(format!("no target here is called {unknown}"));
        }
        let is_asked_for =
            |name: &&&str| self.only.is_empty() || self.only.iter().any(|only| only == *name);
        let mut targets: Vec<Box<dyn Target>> = Vec::new();
        for name in TARGETS.iter().filter(is_asked_for) {
            match self.start(name) {
                Ok(target) => targets.push(target),
                Err(missing) if is_ci() || !RUNTIMES.contains(name) => return Err(missing),
                Err(missing) => eprintln!("cross-target: SKIPPED {name}: {missing}"),
            }
        }
        Ok(targets)
    }

    fn start(&self, name: &'static str) -> Result<Box<dyn Target>, String> {
        let folder = &self.components;
        Ok(match name {
            "wasmtime" => Box::new(SuitesComponent::load(name, folder, "cross-target.wasm")?),
            "component" => Box::new(EngineComponent::load(name, folder, "engine.wasm")?),
            "component-baseline" => {
                Box::new(EngineComponent::load(name, folder, "engine-baseline.wasm")?)
            }
            _ => Box::new(JavaScript::start(name, &folder.join("cross-target-web"))?),
        })
    }

    fn compare_programs(
        &self,
        native: &mut Native,
        target: &mut dyn Target,
        plant: bool,
        wanted: &[ContentId],
        found: &[ContentId],
    ) -> Result<(), String> {
        if wanted.len() != found.len() {
            let name = target.name();
            return Err(format!("{name} ran {} programs, not {}", found.len(), wanted.len()));
        }
        let differs = |(wanted, found): (&ContentId, &ContentId)| wanted != found;
        let Some(at) = wanted.iter().zip(found).position(differs) else { return Ok(()) };
        let seed = self.seed + at as u64;
        let here = native.transcript(seed, false)?;
        let there = target.transcript(seed, plant)?;
        let lines = here.lines().zip(there.lines()).zip(1..);
        let first = lines.into_iter().find(|((here, there), _)| here != there);
        let where_it_differs = match first {
            Some(((here, there), line)) => {
                format!("line {line}\n  here:  {here}\n  there: {there}")
            }
            None => format!("the length: {} and {} bytes", here.len(), there.len()),
        };
        let name = target.name();
        Err(format!("{name} differs in program {seed}, first in {where_it_differs}"))
    }

    /// Writes the page, or compares it with this run.
    fn keep(&self, table: &Table) -> Result<(), String> {
        let Some(page) = &self.page else { return Ok(()) };
        let shown = page.display();
        let text = fs::read_to_string(page).map_err(|cause| format!("{shown}: {cause}"))?;
        let now = table.put_into(&text)?;
        if self.write {
            return fs::write(page, now).map_err(|cause| format!("{shown}: {cause}"));
        }
        if table.is_said_by(&text) {
            return Ok(());
        }
        Err(format!("{shown} says otherwise than this run; `cargo xtask cross-target --write`"))
    }
}

fn compare_suites(target: &str, wanted: &[u64], found: &[u64]) -> Result<(), String> {
    for ((name, _), (wanted, found)) in SUITES.iter().zip(wanted.iter().zip(found)) {
        if wanted != found {
            return Err(format!("{target} tried {found} cases of {name}, this machine {wanted}"));
        }
    }
    if wanted.len() == found.len() { Ok(()) } else { Err(format!("{target} left suites out")) }
}

fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Everything that is compared with this machine, in the order of the table.
const TARGETS: &[&str] =
    &["wasmtime", "component", "component-baseline", "node", "chromium", "firefox"];

/// What a Node program drives; it may be missing where it is not CI.
const RUNTIMES: [&str; 3] = ["node", "chromium", "firefox"];
