//! Flipped bits, lost ends and foreign packs: each is named.

use markerbed_core::hash::content_id;
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Records, StoreError, StoredItem,
        directory::{Access, Options},
    },
};
use markerbed_suites::print_count;

use crate::{
    files::{FakeFiles, Tamper},
    support::*,
};

fn small_store(count: u64) -> FakeFiles {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    for number in 0..count {
        put_and_commit(&store, number).unwrap();
    }
    drop(store);
    files
}

/// Tells whether a store shows, one way or another, that it is not as it was written.
fn shows_damage(files: &FakeFiles, count: u64) -> bool {
    let Ok((_, damaged)) = scan_all(root(), files.clone()) else { return true };
    // The objects of these tests are no objects, which a scan tells too.
    damaged.iter().any(|record| !is_test_object(record.item) || record.fault.contains("written"))
        || damaged.len() as u64 != count
}

fn is_test_object(item: StoredItem) -> bool {
    matches!(item, StoredItem::Object(..))
}

/// Reads everything; an answer is right, or there is none.
fn assert_no_wrong_answer(files: &FakeFiles, count: u64) {
    let Ok(store) = open_to_read(files) else { return };
    for number in 0..count {
        let (contents, (id, bytes)) = goods(number);
        for content in contents {
            if let Ok(found) = wait(store.fetch_contents(OURS, &[content_id(&content)])) {
                assert_eq!(found, [Some(content)]);
            }
        }
        if let Ok(found) = wait(store.fetch_objects(OURS, &[id])) {
            assert_eq!(found, [Some(bytes)]);
        }
    }
    if let Ok(found) = wait(store.number(OURS)) {
        assert_eq!(found, Some(count - 1));
    }
    if let Ok(found) = wait(store.fetch_entries(OURS, 0..99)) {
        assert_eq!(found, (0..count).map(|number| number.to_string()).collect::<Vec<_>>());
    }
    if let Ok(found) = wait(store.fetch_rows(OURS, &["number".into()])) {
        assert_eq!(found, [Some((count - 1).to_string().into())]);
    }
}

#[test]
fn every_flipped_bit_of_a_pack_is_found_and_gives_no_wrong_answer() {
    let files = small_store(2);
    let pack = files.bytes(&first_pack());
    let mut tried = 0;

    for bit in 0..pack.len() * 8 {
        let mut flipped = pack.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        files.set_bytes(&first_pack(), &flipped);

        assert!(shows_damage(&files, 2), "bit {bit} of {}", pack.len() * 8);
        if bit % 5 == 0 {
            assert_no_wrong_answer(&files, 2);
        }
        tried += 1;
    }
    print_count("directory_store_bit_flips", tried, 18_000);
}

#[test]
fn every_truncation_of_an_acknowledged_pack_is_found() {
    let files = small_store(3);
    let pack = files.bytes(&first_pack());

    for length in 0..pack.len() {
        files.set_bytes(&first_pack(), &pack[..length]);

        assert!(shows_damage(&files, 3), "{length}");
        assert_eq!(open(&files).unwrap_err().code(), "store-damaged", "{length}");
        assert_no_wrong_answer(&files, 3);
    }
    print_count("directory_store_truncations", pack.len() as u64, 3_000);
}

#[test]
fn a_torn_tail_ends_the_store_at_the_last_whole_batch() {
    let before = small_store(2);
    let mark = before.bytes(&path("durable"));
    let short = before.bytes(&first_pack()).len();
    let store = open(&before).unwrap();
    put_and_commit(&store, 2).unwrap();
    drop(store);
    let pack = before.bytes(&first_pack());
    // As if the power went before the mark was written.
    before.set_bytes(&path("durable"), &mark);

    for length in short..=pack.len() {
        before.set_bytes(&first_pack(), &pack[..length]);
        let files = before.copy();
        let count = if length == pack.len() { 3 } else { 2 };

        assert_holds(&open_to_read(&files).unwrap(), count);
        let store = open(&files).unwrap();
        assert_holds(&store, count);
        put_and_commit(&store, count).unwrap();
        drop(store);
        assert_holds(&open(&files).unwrap(), count + 1);
    }
}

#[test]
fn garbage_behind_the_last_record_is_cut_off_by_who_writes() {
    let files = small_store(1);
    let pack = files.bytes(&first_pack());
    // Old records in a place that is not theirs are garbage too.
    for garbage in [vec![0; 10_000], noise("garbage", 5_000).to_vec(), pack.clone(), vec![1]] {
        files.set_bytes(&first_pack(), &[&pack[..], &garbage].concat());

        let (report, _) = scan_all(root(), files.clone()).unwrap();
        assert_eq!(report.torn_bytes, garbage.len() as u64);
        let store = open(&files).unwrap();
        assert_holds(&store, 1);
        assert_eq!(store.damage(), []);
        drop(store);

        assert_eq!(files.bytes(&first_pack()), pack);
    }
}

#[test]
fn a_damaged_content_is_named_and_spares_its_neighbours() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let contents = [noise("a", 500), noise("b", 500), noise("c", 500)];
    let ids = wait(store.put_contents(OURS, &contents)).unwrap();
    commit(&store, 0).unwrap();
    drop(store);
    let mut pack = files.bytes(&first_pack());
    let place = pack.windows(500).position(|bytes| bytes == &contents[1][..]).unwrap();
    pack[place + 250] ^= 1;
    files.set_bytes(&first_pack(), &pack);

    let store = open(&files).unwrap();
    let error = wait(store.fetch_contents(OURS, &ids)).unwrap_err();
    let (_, damaged) = scan_all(root(), files).unwrap();

    let item = StoredItem::Content(OURS, ids[1]);
    assert!(matches!(error, StoreError::Damaged { item: found, .. } if found == item), "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("content {}", ids[1])), "{text}");
    assert!(text.contains("packs/00000001.pack at byte 64"), "{text}");
    assert_eq!(
        damaged.iter().map(|d| (d.pack, d.offset, d.item)).collect::<Vec<_>>(),
        [(1, 64, item)]
    );
    for at in [0, 2] {
        let found = wait(store.fetch_contents(OURS, &ids[at..=at])).unwrap();
        assert_eq!(found, [Some(contents[at].clone())]);
    }
}

#[test]
fn a_damaged_frame_of_several_contents_names_each_of_them() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let ids = wait(store.put_contents(OURS, &[text("a", 5_000), text("b", 5_000)])).unwrap();
    commit(&store, 0).unwrap();
    drop(store);
    let mut pack = files.bytes(&first_pack());
    pack[64 + 72 + 2 * 39 + 20] ^= 1;
    files.set_bytes(&first_pack(), &pack);

    let (_, damaged) = scan_all(root(), files.clone()).unwrap();

    let items: Vec<_> = damaged.iter().map(|damage| damage.item).collect();
    assert_eq!(items, [StoredItem::Content(OURS, ids[0]), StoredItem::Content(OURS, ids[1])]);
    let store = open(&files).unwrap();
    for id in ids {
        let error = wait(store.fetch_contents(OURS, &[id])).unwrap_err();
        assert!(error.to_string().contains(&id.to_string()), "{error}");
    }
}

#[test]
fn what_may_be_lost_in_damage_is_not_called_absent_and_can_be_put_again() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let ids = wait(store.put_contents(OURS, &["lost".into()])).unwrap();
    commit(&store, 0).unwrap();
    drop(store);
    let mut pack = files.bytes(&first_pack());
    pack[64] ^= 1;
    files.set_bytes(&first_pack(), &pack);

    let store = open(&files).unwrap();
    let error = wait(store.fetch_contents(OURS, &ids)).unwrap_err();
    let has = wait(store.has_contents(OURS, &ids)).unwrap();
    wait(store.put_contents(OURS, &["lost".into()])).unwrap();
    commit(&store, 1).unwrap();

    assert_eq!(store.damage().len(), 1);
    assert_eq!(error.code(), "store-damaged");
    assert_eq!(has, [false]);
    assert_eq!(wait(store.fetch_contents(OURS, &ids)).unwrap(), [Some("lost".into())]);
    assert_eq!(wait(store.number(OURS)).unwrap(), Some(1));
}

#[test]
fn a_lost_batch_stops_writers_and_answers_about_numbers_and_rows() {
    let files = small_store(2);
    let mut pack = files.bytes(&first_pack());
    let rows = pack.windows(6).position(|bytes| bytes == b"number").unwrap();
    pack[rows] ^= 1;
    files.set_bytes(&first_pack(), &pack);

    let error = open(&files).unwrap_err();
    let reader = open_to_read(&files).unwrap();

    assert!(matches!(error, StoreError::Damaged { item: StoredItem::Batch(OURS), .. }), "{error}");
    assert_eq!(wait(reader.number(OURS)).unwrap_err().code(), "store-damaged");
    assert_eq!(wait(reader.fetch_rows(OURS, &["x".into()])).unwrap_err().code(), "store-damaged");
    assert_eq!(wait(reader.fetch_entries(OURS, 0..1)).unwrap_err().code(), "store-damaged");
    let (contents, _) = goods(1);
    let found = wait(reader.fetch_contents(OURS, &[content_id(&contents[0])])).unwrap();
    assert_eq!(found, [Some(contents[0].clone())]);
}

/// A store of several packs.
fn with_packs(count: u64) -> FakeFiles {
    let files = FakeFiles::default();
    let sizes = Options { pack_bytes: 500, ..options(&files, Access::Write) };
    let store = DirectoryStore::create(root(), sizes).unwrap();
    for number in 0..count {
        put_and_commit(&store, number).unwrap();
    }
    drop(store);
    files
}

#[test]
fn a_pack_of_another_store_is_named() {
    let (ours, theirs) = (with_packs(3), with_packs(3));
    let second = path("packs/00000002.pack");
    ours.set_bytes(&second, &theirs.bytes(&second));

    let (_, damaged) = scan_all(root(), ours.clone()).unwrap();

    assert!(
        damaged.iter().any(|d| d.pack == 2 && d.fault.contains("another store")),
        "{damaged:?}"
    );
    assert_eq!(open(&ours).unwrap_err().code(), "store-damaged");
}

#[test]
fn a_store_whose_beginning_is_changed_is_damaged_and_not_empty() {
    let other_id = small_store(1);
    other_id.set_bytes(&path("format"), &small_store(0).bytes(&path("format")));
    let emptied = small_store(1);
    emptied.remove(&path("durable"));
    emptied.set_bytes(&first_pack(), b"");

    for files in [other_id, emptied] {
        let (_, damaged) = scan_all(root(), files.clone()).unwrap();
        let reader = open_to_read(&files).unwrap();
        let number = wait(reader.number(OURS)).unwrap_err();
        let content = wait(reader.fetch_contents(OURS, &[content_id(&goods(0).0[0])])).unwrap_err();

        assert!(damaged.iter().any(|d| (d.pack, d.offset) == (1, 0)), "{damaged:?}");
        assert_eq!(open(&files).unwrap_err().code(), "store-damaged");
        assert_eq!([number.code(), content.code()], ["store-damaged"; 2]);
    }
}

#[test]
fn a_missing_a_swapped_and_a_shortened_sealed_pack_are_named() {
    let (second, third) = (path("packs/00000002.pack"), path("packs/00000003.pack"));
    let missing = with_packs(4);
    missing.remove(&second);
    let swapped = with_packs(4);
    swapped.set_bytes(&second, &swapped.bytes(&third));
    let shortened = with_packs(4);
    let bytes = shortened.bytes(&second);
    shortened.set_bytes(&second, &bytes[..64]);
    let lengthened = with_packs(4);
    lengthened.set_bytes(&second, &[&bytes[..], b"more"].concat());

    for (files, pack) in [(missing, 2), (swapped, 2), (shortened, 2), (lengthened, 2)] {
        let (_, damaged) = scan_all(root(), files.clone()).unwrap();
        assert!(damaged.iter().any(|damage| damage.pack == pack), "{damaged:?}");
        assert_no_wrong_answer(&files, 4);
    }
}

#[test]
fn the_newest_packs_cannot_go_unnoticed() {
    let files = with_packs(4);
    let last = (1..).take_while(|n| files_have(&files, *n)).last().unwrap();

    files.remove(&path(&format!("packs/{last:08}.pack")));

    assert_eq!(open(&files).unwrap_err().code(), "store-damaged");
    assert!(shows_damage(&files, 4));
}

fn files_have(files: &FakeFiles, pack: u32) -> bool {
    use markerbed_host::store::directory::layer::FileLayer;
    files.kind(&path(&format!("packs/{pack:08}.pack"))).unwrap().is_some()
}

#[test]
fn a_new_pack_that_was_only_begun_is_begun_again() {
    let files = with_packs(2);
    let last = (1..).take_while(|n| files_have(&files, *n)).last().unwrap();
    let next = path(&format!("packs/{:08}.pack", last + 1));
    for begun in [&b""[..], b"mbpack1\n", &[0; 64]] {
        let files = files.copy();
        {
            use markerbed_host::store::directory::layer::{FileLayer, OpenMode};
            files.open(&next, OpenMode::Create).unwrap().write_at(begun, 0).unwrap();
        }

        assert_holds(&open_to_read(&files).unwrap(), 2);
        let sizes = Options { pack_bytes: 500, ..options(&files, Access::Write) };
        let store = DirectoryStore::open(root(), sizes).unwrap();
        assert_eq!(store.damage(), []);
        for number in 2..5 {
            put_and_commit(&store, number).unwrap();
        }
        drop(store);

        assert_holds(&open(&files).unwrap(), 5);
    }
}

#[test]
fn a_lost_or_broken_mark_is_no_damage() {
    let files = small_store(2);
    let lost = files.copy();
    lost.remove(&path("durable"));
    files.set_bytes(&path("durable"), &[0xff; 10]);

    for files in [lost, files] {
        let store = open(&files).unwrap();
        assert_holds(&store, 2);
        put_and_commit(&store, 2).unwrap();
        drop(store);
        assert_holds(&open(&files).unwrap(), 3);
    }
}

#[test]
fn without_a_mark_a_later_batch_vouches_for_what_is_before_it() {
    let files = small_store(3);
    files.remove(&path("durable"));
    let mut pack = files.bytes(&first_pack());
    pack[64] ^= 1;
    files.set_bytes(&first_pack(), &pack);

    let store = open(&files).unwrap();

    assert_eq!(store.damage().iter().map(|d| (d.pack, d.offset)).collect::<Vec<_>>(), [(1, 64)]);
    assert_eq!(wait(store.number(OURS)).unwrap(), Some(2));
    put_and_commit(&store, 3).unwrap();
}

#[test]
fn a_large_content_that_lost_a_part_can_be_put_again() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let large = noise("large", 2_500_000);
    let ids = wait(store.put_contents(OURS, std::slice::from_ref(&large))).unwrap();
    commit(&store, 0).unwrap();
    drop(store);
    let mut pack = files.bytes(&first_pack());
    pack[64] ^= 1;
    files.set_bytes(&first_pack(), &pack);

    let store = open(&files).unwrap();
    let error = wait(store.fetch_contents(OURS, &ids)).unwrap_err();
    wait(store.put_contents(OURS, std::slice::from_ref(&large))).unwrap();

    assert_eq!(error.code(), "store-damaged");
    assert!(wait(store.fetch_contents(OURS, &ids)).unwrap() == [Some(large)]);
}
