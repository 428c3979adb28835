//! Every bit and every length of small stores: the answer is right or an error, and it is named.

use std::{
    collections::HashSet,
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, hash::content_id};
use markerbed_host::store::{
    DirectoryStore,
    directory::{Access, Options, compare_index},
};
use markerbed_suites::{Random, cases_in_ci, print_count, seed};

use crate::{
    call::{Answer, Call},
    files::{FakeFiles, Tamper},
    model::{Letter, Oracle, Step, WORKSPACES, everything},
    support::{object, options, root, scan_all},
};

/// A small store, and what it must answer.
struct Small {
    files: FakeFiles,
    questions: Vec<(Call, Answer)>,
    /// Contents that are there again if the batch that took them away is lost.
    removed: HashSet<ContentId>,
}

impl Small {
    /// A store of random calls, closed; packs are sealed if the number is odd.
    fn new(number: u64) -> Self {
        Self::with_objects(number, 0)
    }

    /// The same, and so many objects in its first pack, which makes a large index of it.
    fn with_objects(number: u64, count: u64) -> Self {
        let mut random = Random::new(seed(), &format!("small store {number}"));
        let files = FakeFiles::default();
        let pack_bytes = if number % 2 == 1 { 1_200 } else { 64 << 20 };
        let sizes = Options { pack_bytes, ..options(&files, Access::Write) };
        let store = DirectoryStore::create(root(), sizes).unwrap();
        let (mut oracle, mut removed) = (Oracle::default(), HashSet::new());
        let many = Call::PutObjects(WORKSPACES[0], many_objects(0..count));
        assert_eq!(many.ask(&store).unwrap(), oracle.answered(&many).unwrap());
        let letters = [
            Letter::PutObjects,
            Letter::PutContents,
            Letter::Commit,
            Letter::PutContents,
            Letter::RemoveContents,
            Letter::Commit,
            Letter::PutPosition,
            Letter::PutObjects,
            Letter::Commit,
        ];
        for letter in letters {
            let step = Step { letter, seed: random.next() };
            let Some(call) = step.call(&mut oracle).filter(is_small) else { continue };
            assert_eq!(call.ask(&store).unwrap(), oracle.answered(&call).unwrap());
            if let Call::RemoveContents(_, ids) = &call {
                removed.extend(ids);
            }
        }
        let flush = Call::Flush(WORKSPACES[0]);
        assert_eq!(flush.ask(&store).unwrap(), oracle.answered(&flush).unwrap());
        oracle.differences(&store).unwrap();
        drop(store);
        let calls =
            WORKSPACES.iter().flat_map(|workspace| everything(*workspace, &oracle.requests));
        // Some of the many, and some that are not there.
        let ids = many_objects(0..count + count / 4).into_iter().step_by(20).map(|(id, _)| id);
        let calls = calls.chain([Call::HasObjects(WORKSPACES[0], ids.collect())]);
        let questions = calls.map(|call| {
            let answer = call.ask(&oracle.store).unwrap();
            (call, answer)
        });
        Self { questions: questions.collect(), files, removed }
    }

    /// Reads everything; tells whether all answers were right, and none was wrong.
    fn answers(&self, files: &FakeFiles, access: Access, case: &dyn Fn() -> String) -> bool {
        let store = match DirectoryStore::open(root(), options(files, access)) {
            Ok(store) => store,
            Err(error) => {
                let codes = ["store-damaged", "not-a-store", "unknown-store-format", "no-store"];
                assert!(codes.contains(&error.code()), "{}: {error}", case());
                return false;
            }
        };
        let is_damaged = !store.damage().is_empty();
        let mut all = !is_damaged;
        for (call, wanted) in &self.questions {
            match call.ask(&store) {
                Ok(found) if found == *wanted => {}
                Ok(found) if is_damaged && self.is_told(call, &found, wanted) => all = false,
                Ok(_) => panic!("{}: wrong: {call:.300?}", case()),
                Err(error) => {
                    assert_eq!(error.code(), "store-damaged", "{}: {error}", case());
                    all = false;
                    self.ask_one_by_one(&store, call, wanted, case);
                }
            }
        }
        all
    }

    /// Tells whether an answer lacks only what may be lost, so that it is put again, and has only
    /// what was taken away besides.
    fn is_told(&self, call: &Call, found: &Answer, wanted: &Answer) -> bool {
        let ids = match call {
            Call::HasContents(_, ids)
            | Call::FetchContents(_, ids)
            | Call::ContentLengths(_, ids) => ids.as_slice(),
            _ => &[],
        };
        let is_back = |at: usize| ids.get(at).is_some_and(|id| self.removed.contains(id));
        let is_its = |at: usize, bytes: &Bytes| content_id(bytes) == ids[at];
        match (found, wanted) {
            (Answer::There(found), Answer::There(wanted)) => {
                (0..found.len()).all(|at| wanted[at] || !found[at] || is_back(at))
            }
            (Answer::Found(found), Answer::Found(wanted)) => (0..found.len()).all(|at| {
                let is_right = || found[at].as_ref().is_none_or(|bytes| is_its(at, bytes));
                found[at] == wanted[at] || (is_back(at) && is_right())
            }),
            (Answer::Numbers(found), Answer::Numbers(wanted)) => {
                (0..found.len()).all(|at| found[at] == wanted[at] || is_back(at))
            }
            _ => false,
        }
    }

    /// Of several contents or objects one may be damaged: the others are right.
    fn ask_one_by_one(
        &self,
        store: &DirectoryStore,
        call: &Call,
        wanted: &Answer,
        case: &dyn Fn() -> String,
    ) {
        let Answer::Found(wanted) = wanted else { return };
        let calls: Vec<Call> = match call {
            Call::FetchContents(workspace, ids) => {
                ids.iter().map(|id| Call::FetchContents(*workspace, vec![*id])).collect()
            }
            Call::FetchObjects(workspace, ids) => {
                ids.iter().map(|id| Call::FetchObjects(*workspace, vec![*id])).collect()
            }
            _ => return,
        };
        let is_damaged = !store.damage().is_empty();
        for (call, wanted) in calls.iter().zip(wanted) {
            if let Ok(found) = call.ask(store) {
                let wanted = Answer::Found(vec![wanted.clone()]);
                let is_told = is_damaged && self.is_told(call, &found, &wanted);
                assert!(found == wanted || is_told, "{}: wrong: {call:?}", case());
            }
        }
    }

    /// Checks one damaged form of it; a part of them is also scanned, which must name it.
    fn check(&self, files: &FakeFiles, file: &File, scans: bool, case: &dyn Fn() -> String) {
        // Who reads trusts what was flushed behind the last batch only if a hint tells of it.
        let right = match file.kind {
            Kind::Hint => self.answers(&files.copy(), Access::Write, case),
            _ => self.answers(files, Access::Read, case),
        };
        let is_named = |found: usize, what: &str| {
            assert!(found > 0, "{}: {what} finds nothing", case());
        };
        match file.kind {
            // One that was only begun holds nothing that could be lost.
            Kind::Pack if file.bytes.len() == PACK_HEADER_BYTES => {
                assert!(right, "{}: an empty pack does harm", case());
            }
            Kind::Pack if scans => {
                let (_, damaged) = scan_all(root(), files.clone()).unwrap();
                is_named(damaged.len(), "a scan");
            }
            Kind::Index if scans => {
                let mut found = 0;
                compare_index(root(), std::sync::Arc::new(files.clone()), &mut |_| found += 1)
                    .unwrap();
                is_named(found, "a comparison");
            }
            Kind::Hint => assert!(right, "{}: a hint does harm", case()),
            _ => {}
        }
    }

    fn each_file(&self) -> Vec<File> {
        self.files.paths().into_iter().map(|path| File::new(&self.files, path)).collect()
    }
}

fn many_objects(numbers: Range<u64>) -> Vec<(ObjectId, Bytes)> {
    numbers.map(|number| object(&format!("one of many, {number}"))).collect()
}

fn is_small(call: &Call) -> bool {
    match call {
        Call::PutContents(_, contents) => contents.iter().all(|bytes| bytes.len() < 600),
        Call::PutObjects(_, objects) => objects.iter().all(|(_, bytes)| bytes.len() < 900),
        Call::Commit(_, batch) => {
            batch.rows.iter().all(|row| row.value.as_ref().is_none_or(|value| value.len() < 900))
        }
        _ => true,
    }
}

/// A file of a small store.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Pack,
    Index,
    /// It says what kind of store this is.
    Format,
    /// Nothing is lost with it.
    Hint,
}

impl File {
    fn new(files: &FakeFiles, path: PathBuf) -> Self {
        let bytes = files.bytes(&path);
        let kind = match path.extension().and_then(|end| end.to_str()) {
            Some("pack") => Kind::Pack,
            Some("index") => Kind::Index,
            _ if path == crate::support::path("format") => Kind::Format,
            _ => Kind::Hint,
        };
        Self { path, bytes, kind }
    }

    fn name(&self) -> &str {
        self.path.strip_prefix(root()).ok().and_then(Path::to_str).unwrap_or_default()
    }
}

/// Flips every bit of the files of a kind, in one small store after the other.
fn flip_all(name: &str, first: u64, is_wanted: fn(&File) -> bool, floor: u32) {
    let floor = u64::from(cases_in_ci(floor));
    let mut tried = 0;
    for number in (first..).step_by(2) {
        if tried >= floor {
            break;
        }
        tried += flip_each(&Small::new(number), number, is_wanted, 1);
    }
    print_count(name, tried, floor);
}

/// Flips each bit of the files of a kind, or one of `every`, and tells how many it flipped.
fn flip_each(small: &Small, number: u64, is_wanted: fn(&File) -> bool, every: usize) -> u64 {
    let mut tried = 0;
    let files = small.files.copy();
    assert!(small.answers(&files, Access::Read, &|| format!("small store {number}")));
    for file in small.each_file().iter().filter(|file| is_wanted(file)) {
        for bit in (0..file.bytes.len() as u64 * 8).step_by(every) {
            let case = || {
                let name = file.name();
                format!("bit {bit} of {name} of small store {number}, seed {}", seed())
            };
            files.flip(&file.path, bit / 8, 1 << (bit % 8)).unwrap();
            // Over the bytes of a file each bit has its turn.
            small.check(&files, file, (bit / 8 + bit) % 8 == 0, &case);
            files.flip(&file.path, bit / 8, 1 << (bit % 8)).unwrap();
            tried += 1;
        }
    }
    tried
}

const PACK_HEADER_BYTES: usize = 64;

#[test]
fn every_bit_of_a_store_of_one_pack() {
    flip_all("directory_store_flips", 0, |file| file.kind != Kind::Index, 250_000);
}

#[test]
fn every_bit_of_a_store_of_several_packs() {
    flip_all("directory_store_flips_of_packs", 1, |file| file.kind == Kind::Pack, 150_000);
}

#[test]
fn every_bit_of_index_files() {
    flip_all("directory_store_flips_of_indexes", 1, |file| file.kind == Kind::Index, 60_000);
}

#[test]
fn every_bit_of_an_index_file_of_several_blocks() {
    let name = "directory_store_flips_of_blocks";
    let small = Small::with_objects(1, 600);
    let every = if cases_in_ci(10) < 10 { 7 } else { 1 };
    let tried =
        flip_each(&small, 1, |file| file.kind == Kind::Index && file.bytes.len() > 4_096, every);
    print_count(name, tried, 60_000 / every as u64);
}

/// Of how many stores each length of each file is tried.
const STORES: u32 = 10;

#[test]
fn every_length_of_every_file() {
    let mut tried = 0;
    for number in 0..u64::from(cases_in_ci(STORES)) {
        let small = Small::new(number);
        for file in small.each_file() {
            let files = small.files.copy();
            for length in 0..file.bytes.len() {
                files.set_bytes(&file.path, &file.bytes[..length]);
                let case = || format!("{length} bytes of {} of {number}", file.name());
                // An index of the newest pack may be emptied on purpose.
                let scans = length % 8 == 0 && (length > 0 || file.kind != Kind::Index);
                small.check(&files, &file, scans, &case);
                tried += 1;
            }
        }
    }
    print_count("directory_store_lengths", tried, 500 * u64::from(cases_in_ci(STORES)));
}
