//! Which contents a check of a directory store reads and proves.

use std::{fs, path::Path, sync::Arc};

use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    store::directory::{Access, DirectoryStore, Options},
    workspace::{
        CheckData, CheckOptions, CheckReport, DataSlice, Health, Workspace, check_workspace,
        scan_directory,
    },
};
use markerbed_suites::Random;

use crate::{
    check::codes,
    support::{commit, workspace_in},
};

/// A store with twelve files of 300 KB and one of 3 MB that do not compress; how many bytes of
/// contents there are.
fn store_with_much(root: &Path) -> u64 {
    let store = DirectoryStore::create(root, Options::new(Access::Write)).unwrap();
    let workspace = workspace_in(Arc::new(store));
    let mut random = Random::new(0, "store_with_much");
    let sizes = [vec![300_000; 12], vec![3_000_000]].concat();
    let files: Vec<(String, String)> = sizes
        .iter()
        .enumerate()
        .map(|(number, size)| {
            let letters = random.bytes(*size).into_iter().map(|byte| char::from(b' ' + byte % 95));
            (format!("f{number:02}"), letters.collect())
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let recorded = commit(&workspace, "notes", &files);
    let rules = wait(workspace.store().content_lengths(workspace.id(), &[recorded.snapshot.rules]));
    let evidence = recorded.snapshot.evidence.map_or(0, |evidence| {
        let length = wait(workspace.store().content_lengths(workspace.id(), &[evidence])).unwrap();
        length[0].unwrap()
    });
    sizes.iter().sum::<usize>() as u64 + rules.unwrap()[0].unwrap() + evidence
}

fn check(root: &Path, data: CheckData) -> CheckReport {
    let store = DirectoryStore::open(root, Options::new(Access::Read)).unwrap();
    let workspace = wait(Workspace::open_default(Arc::new(store))).unwrap();
    let scanned = scan_directory(root, workspace.id(), data).unwrap();
    let options = CheckOptions { data, ..CheckOptions::default() };
    wait(check_workspace(&workspace, scanned, &options, &Silent)).unwrap()
}

#[test]
fn each_content_is_read_once_also_one_in_parts_and_all_slices_together_read_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let bytes = store_with_much(&root);

    let present = check(&root, CheckData::Present);
    let all = check(&root, CheckData::Read);
    let slices: Vec<u64> = (1..=5)
        .map(|number| {
            let report = check(&root, CheckData::Slice(DataSlice::nth(number, 5).unwrap()));
            assert_eq!(codes(&report), [""; 0]);
            report.looked.bytes_read
        })
        .collect();
    let everything = check(&root, CheckData::Slice(DataSlice::share(100, 7).unwrap()));
    let nothing = check(&root, CheckData::Slice(DataSlice::share(0, 7).unwrap()));

    assert_eq!((codes(&all), present.looked.bytes_read), (vec![], 0));
    assert_eq!(all.looked.bytes_read, bytes);
    assert_eq!(slices.iter().sum::<u64>(), bytes, "{slices:?}");
    assert!(slices.iter().all(|slice| *slice < bytes / 2), "{slices:?}");
    assert_eq!((everything.looked.bytes_read, nothing.looked.bytes_read), (bytes, 0));
    assert_eq!(all.looked.contents_unreferenced, Some(0));
    assert_eq!(all.looked.objects_unreferenced, Some(0));
}

#[test]
fn a_flipped_byte_of_a_content_is_found_by_every_check_whatever_it_proves() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    store_with_much(&root);
    let pack = fs::read_dir(root.join("packs")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();

    let slice = DataSlice::nth(1, 1_000).unwrap();
    for data in [CheckData::Present, CheckData::Read, CheckData::Slice(slice)] {
        let report = check(&root, data);

        assert_eq!(report.health, Health::Damaged, "{data:?}");
        assert!(report.findings[0].detail.contains("byte"), "{:?}", report.findings[0]);
    }
}
