//! Records beside LMDB and RocksDB: the program of `benches/records`, built when it is asked for.

use std::{
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    bench::{
        compare::target_folder,
        contest::{Contest, OURS},
        results::Quantity,
        tables::thousands,
    },
    failure::{Failure, OrFail},
    program::{Program, root},
};

/// Two million records, as the targets say.
pub(super) fn measure_many(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let built = build(contest)?;
    let count = contest.settings.scale.choose(2_000_000, 20_000);
    contest.results.input = format!("{} {RECORDS}", thousands(count as f64));
    contest.results.add("input", "", Quantity::Files, count as f64);
    for round in 0..contest.settings.rounds {
        contest.round = round;
        for engine in in_turn(&built.engines, round) {
            run(contest, &built, engine, count, None)?;
        }
    }
    Ok(())
}

/// Ever more records; the largest number is too much for most peers.
pub(super) fn measure_growth(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let built = build(contest)?;
    let scale = contest.settings.scale;
    let mut sizes = Vec::new();
    for (whole, quick, rounds_max) in SIZES {
        let size = scale.choose(whole, quick);
        sizes.push(thousands(size as f64));
        for round in 0..contest.settings.rounds.min(rounds_max) {
            contest.round = round;
            for engine in in_turn(&built.engines, round) {
                if engine == OURS || (whole <= PEER_RECORDS_MAX && engine != OBJECTS) {
                    run(contest, &built, engine, size, Some(size))?;
                }
            }
        }
    }
    contest.results.input = format!("{} {RECORDS}", sizes.join("; "));
    Ok(())
}

/// What was built, and for whom.
struct Built {
    program: PathBuf,
    engines: Vec<&'static str>,
}

/// Builds the program, with RocksDB if its library is there.
///
/// Its lock file may be changed: what our own crates need may have changed since.
fn build(contest: &mut Contest<'_>) -> Result<Built, Failure> {
    let manifest = root().join("benches/records/Cargo.toml");
    let target = target_folder()?.join("bench-records");
    let mut build = Program::cargo("build --release --manifest-path")
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target);
    let mut engines = vec![OURS, OBJECTS, "LMDB"];
    let library = format!("/usr/lib/{ARCH}-linux-gnu");
    if Path::new(&library).join("librocksdb.so").exists() {
        build = build
            .arg("--features=rocksdb")
            .env("ROCKSDB_LIB_DIR", &library)
            .env("ROCKSDB_INCLUDE_DIR", "/usr/include");
        engines.push("RocksDB");
    } else {
        let missing = "librocksdb is not installed (Debian: librocksdb-dev, libclang-dev)";
        contest.results.left_out.insert(missing.to_owned());
    }
    build.run()?;
    let program = target.join("release/records");
    let versions = Program::new(&program.display().to_string()).arg("versions").read()?;
    for line in versions.lines() {
        let (name, version) = line.split_once(' ').or_fail("versions")?;
        contest.results.programs.insert(name.to_owned(), version.to_owned());
    }
    Ok(Built { program, engines })
}

/// Another one first in every round.
fn in_turn(engines: &[&'static str], round: usize) -> Vec<&'static str> {
    let first = round % engines.len().max(1);
    engines.iter().cycle().skip(first).take(engines.len()).copied().collect()
}

fn run(
    contest: &mut Contest<'_>,
    built: &Built,
    engine: &str,
    count: u64,
    size: Option<u64>,
) -> Result<(), Failure> {
    let folder = contest.place.at("records");
    let said = Program::new(&built.program.display().to_string())
        .arg(engine)
        .arg(&folder)
        .arg(count.to_string())
        .read()?;
    // Few files, and large: removed at once.
    fs::remove_dir_all(&folder).or_fail(folder.display())?;
    for line in said.lines() {
        let (operation, quantity, value) = parse(line).or_fail(format!("what is `{line}`?"))?;
        contest.results.add_at(size, operation, engine, quantity, value);
    }
    Ok(())
}

/// Reads `point read: 1.25 cpu-us`.
fn parse(line: &str) -> Option<(&str, Quantity, f64)> {
    let (operation, rest) = line.split_once(": ")?;
    let (value, quantity) = rest.split_once(' ')?;
    let quantity = serde_json::from_value(quantity.into()).ok()?;
    Some((operation, quantity, value.parse().ok()?))
}

/// Our store again, with the records as objects: named by a hash and never changed.
const OBJECTS: &str = "markerbed, objects";

const RECORDS: &str = "records with a key of 32 bytes and 200 bytes that do not compress, \
    a durable commit for every 1,000";

/// How many records, in the quick run, and in how many rounds at most.
const SIZES: [(u64, u64, usize); 5] = [
    (1_000, 1_000, 5),
    (10_000, 2_000, 5),
    (100_000, 5_000, 3),
    (1_000_000, 10_000, 1),
    (10_000_000, 20_000, 1),
];

const PEER_RECORDS_MAX: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_program_are_read_and_others_refused() {
        let read = parse("point read: 1.25 cpu-us");

        assert_eq!(read, Some(("point read", Quantity::CpuUs, 1.25)));
        assert_eq!(parse("open: 3 cpu-ms"), Some(("open", Quantity::CpuMs, 3.0)));
        for wrong in ["open 3 wall-ms", "open: many wall-ms", "open: 3 years", "open: 3", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn engines_take_turns() {
        assert_eq!(in_turn(&["a", "b", "c"], 4), ["b", "c", "a"]);
    }
}
