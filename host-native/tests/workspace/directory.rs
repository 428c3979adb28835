//! The same on the directory store: what was committed is there after it was opened again.

use std::{fs, path::Path, sync::Arc};

use markerbed_core::hash::content_id;
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    store::{
        Store,
        directory::{Access, DirectoryStore, Options},
    },
    workspace::{
        CheckData, CheckOptions, Health, Reference, Workspace, check_workspace, scan_directory,
    },
};

use crate::{
    check::{check, codes},
    support::{Tree, commit, label, place_of, stamp, workspace_in},
};

#[test]
fn what_was_committed_is_there_after_the_store_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let (first, second) = {
        let workspace = workspace_in(create(&root));
        let first = commit(&workspace, "notes", &[("a", "1"), ("d/e", "2")]);
        let second = commit(&workspace, "notes", &[("a", "1"), ("d/e", "3")]);
        wait(workspace.move_ref(&label("kept"), None, first.id, &stamp())).unwrap();
        wait(workspace.record_state(&stamp())).unwrap();
        (first, second)
    };

    for access in [Access::Read, Access::Write] {
        let workspace = wait(Workspace::open_default(open(&root, access))).unwrap();

        assert_eq!(wait(workspace.number()).unwrap(), 4);
        assert_eq!(place_of(&workspace, "notes"), Some(second.id));
        assert_eq!(place_of(&workspace, "kept"), Some(first.id));
        let found = wait(workspace.resolve_node(&Reference::parse(b"@-:d/e").unwrap())).unwrap();
        assert_eq!(found.node.as_file().unwrap().content(), content_id(b"2"));
        assert_eq!(codes(&check(&workspace)), [""; 0]);
    }
}

#[test]
fn commits_go_on_after_the_store_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let first = commit(&workspace_in(create(&root)), "notes", &[("a", "1")]);

    let workspace = wait(Workspace::open_default(open(&root, Access::Write))).unwrap();
    let second = commit(&workspace, "notes", &[("a", "2")]);

    assert_eq!((second.number, &*second.snapshot.parents), (2, &[first.id][..]));
    assert_eq!(check(&workspace).health, Health::Sound);
}

#[test]
fn leftovers_are_counted_and_are_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let workspace = workspace_in(create(&root));
    commit(&workspace, "notes", &[("a", "1")]);
    let left = Tree::of(&[("left", "over"), ("a", "1")]);
    left.put(&workspace);
    commit(&workspace, "notes", &[("a", "2")]);
    let (state, _) = wait(workspace.record_state(&stamp())).unwrap();

    let scanned = scan_directory(&root, workspace.id(), CheckData::Present).unwrap();
    let report =
        wait(check_workspace(&workspace, scanned, &CheckOptions::default(), &Silent)).unwrap();

    // Two directories with a page and a file each, two snapshots, a state with a page for each of
    // its four maps; of what is left over only the file `a` is needed.
    assert_eq!((report.looked.objects, report.looked.objects_unreferenced), (Some(16), Some(3)));
    assert_eq!(report.state, Some(state));
    // Two files and the rules; the content that is left over.
    assert_eq!((report.looked.contents, report.looked.contents_unreferenced), (Some(4), Some(1)));
    assert_eq!(codes(&report), [""; 0]);
}

#[test]
fn damage_in_the_packs_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    {
        let workspace = workspace_in(create(&root));
        commit(&workspace, "notes", &[("a", "1"), ("d/e", "2")]);
        commit(&workspace, "notes", &[("a", "1"), ("d/e", "3")]);
    }
    let pack = only_pack(&root);
    let whole = fs::read(&pack).unwrap();
    let mut found = 0;
    let mut tried = 0;

    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(&pack, &flipped).unwrap();
        tried += 1;
        found += u32::from(is_found(&root));
    }
    fs::write(&pack, &whole).unwrap();

    assert!(!is_found(&root));
    assert!(tried > 100, "{tried}");
    assert_eq!(found, tried);
}

/// Tells whether a check finds anything wrong, as the program does it.
fn is_found(root: &Path) -> bool {
    let Ok(store) = DirectoryStore::open(root, Options::new(Access::Read)) else { return true };
    let Ok(workspace) = wait(Workspace::open_default(Arc::new(store))) else { return true };
    let Ok(scanned) = scan_directory(root, workspace.id(), CheckData::Present) else { return true };
    let report = wait(check_workspace(&workspace, scanned, &CheckOptions::default(), &Silent));
    report.map_or(true, |report| report.health != Health::Sound)
}

fn create(root: &Path) -> Arc<dyn Store> {
    Arc::new(DirectoryStore::create(root, Options::new(Access::Write)).unwrap())
}

fn open(root: &Path, access: Access) -> Arc<dyn Store> {
    Arc::new(DirectoryStore::open(root, Options::new(access)).unwrap())
}

fn only_pack(root: &Path) -> std::path::PathBuf {
    let mut open = vec![root.to_owned()];
    let mut packs = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if entry.path().extension().is_some_and(|end| end == "pack") {
                packs.push(entry.path());
            }
        }
    }
    match &*packs {
        [only] => only.clone(),
        several => panic!("{several:?}"),
    }
}
