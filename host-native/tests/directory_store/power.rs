//! Power cuts on a real file system while another process commits.

use std::{thread, time::Duration};

use markerbed_host::{
    drive::blocking::wait,
    store::{DirectoryStore, Records, directory::Access},
};
use markerbed_suites::{Random, cases_in_ci, print_count, seed};

use crate::{
    mount::Disk,
    processes::{Writer, small_packs},
    support::*,
};

#[test]
fn power_cuts_on_ext4_lose_nothing_that_was_acknowledged() {
    let name = "directory_store_power_cuts";
    let mut random = Random::new(seed(), name);
    let Some(mut disk) = Disk::new() else { return };
    let cuts = u64::from(cases_in_ci(300));
    let mut held = Held::default();
    let (mut commits, mut in_flight, mut unmade) = (0, 0, 0);

    for cut in 0..cuts {
        // Not in the place of the one before: that it was removed may be lost, too.
        let root = disk.place().join(format!("store {}", cut / CUTS_PER_STORE));
        let is_new = cut % CUTS_PER_STORE == 0;
        if is_new {
            std::fs::read_dir(disk.place())
                .unwrap()
                .for_each(|old| drop(std::fs::remove_dir_all(old.unwrap().path())));
            commits += held.count();
            held = Held::default();
        }
        let mut writer = Writer::spawn(&root);
        if is_new {
            thread::sleep(Duration::from_millis(random.below(60)));
        } else {
            writer.wait_until_ready();
            for _ in 0..random.below(25) {
                held.hear(&writer.lines.next().unwrap().unwrap());
            }
            thread::sleep(Duration::from_micros(random.below(3_000)));
        }
        if !disk.cut_power(writer.output.try_clone().unwrap()) {
            return;
        }
        let said = writer.kill();
        let mut begun = said.iter().filter(|line| line.parse::<u64>().is_ok()).count() as u64;
        begun += held.count() + 1;
        said.iter().take_while(|line| *line != "cut").for_each(|line| held.hear(line));
        assert!(disk.power_on());

        match DirectoryStore::open(&root, small_packs(Access::Write)) {
            Ok(store) => {
                let case = format!("cut {cut}, seed {}", seed());
                assert_eq!(store.damage(), [], "{case}");
                let number = wait(store.number(OURS)).unwrap();
                assert!(number >= held.acknowledged, "{case}: {number:?} {held:?}");
                assert!(number.map_or(0, |number| number + 1) <= begun, "{case}: {number:?}");
                assert_holds(&store, number.map_or(0, |number| number + 1));
                in_flight += u64::from(number > held.acknowledged);
                held = Held { is_made: true, acknowledged: number };
            }
            Err(error) => {
                assert!(!held.is_made, "cut {cut}, seed {}: {error}", seed());
                assert!(["no-store", "not-a-store"].contains(&error.code()), "{error}");
                unmade += 1;
            }
        }
    }

    println!("{commits} commits; {in_flight} in flight were whole, {unmade} stores were not made");
    print_count(name, cuts, cuts);
}

/// What the writer has acknowledged.
#[derive(Debug, Default)]
struct Held {
    /// It said that there is a store.
    is_made: bool,
    /// The newest number.
    acknowledged: Option<u64>,
}

impl Held {
    fn hear(&mut self, line: &str) {
        self.is_made |= line == "ready";
        self.acknowledged = line.parse().ok().or(self.acknowledged);
    }

    fn count(&self) -> u64 {
        self.acknowledged.map_or(0, |number| number + 1)
    }
}

/// All that a store holds is read after each cut.
const CUTS_PER_STORE: u64 = 20;
