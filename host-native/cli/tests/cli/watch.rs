//! `watch`: one line a snapshot, whatever happens below the directory.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    mem::MaybeUninit,
    path::Path,
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use markerbed_suites::print_count;
use rustix::{
    fd::OwnedFd,
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    process::{Pid, Signal, kill_process},
};
use serde_json::Value;

use crate::support::{Desk, Ran, check_schema};

/// A watcher that runs, and the lines that it says.
struct Watching {
    child: Child,
    lines: Receiver<Value>,
}

impl Watching {
    /// Begins to watch and waits for the first snapshot.
    fn begin(desk: &Desk, arguments: &[&str]) -> (Self, Value) {
        let mut program = desk.program();
        program.arg("watch").args(arguments).arg("--json");
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap();
                if line.get("error").is_none() {
                    check_schema("snap", &line);
                }
                // Whoever has heard enough is gone.
                let _ = said.send(line);
            }
        });
        let watching = Self { child, lines };
        let first = watching.line();
        (watching, first)
    }

    /// The next line.
    fn line(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for the line that says that the root is the one that is there now.
    fn until_it_is_as(&self, desk: &Desk, tree: &str) -> Value {
        let root = desk.json_of("status", &["status", tree, "--rehash"])["root"].clone();
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap();
            if line["root"] == root {
                return line;
            }
        }
    }

    fn is_silent_for(&self, time: Duration) -> bool {
        self.lines.recv_timeout(time).is_err()
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Waits for the end; gives the code and what was said on standard error.
    fn end(mut self) -> Ran {
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran { code, out: String::new(), err }
    }

    fn stop(self) -> Ran {
        self.signal(Signal::TERM);
        self.end()
    }

    /// Stops the process where it is, until it is told to go on.
    fn hold(&self) {
        self.signal(Signal::STOP);
        let status = format!("/proc/{}/status", self.child.id());
        while !fs::read_to_string(&status).unwrap().contains("State:\tT") {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Watching {
    /// A test that fails leaves nothing running.
    fn drop(&mut self) {
        // Most have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another queue of the system, in which is told what a watcher of one directory is told.
struct Witness(OwnedFd);

impl Witness {
    fn of(directory: &Path) -> Self {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&queue, directory, WatchFlags::MODIFY).unwrap();
        Self(queue)
    }

    /// How many events the queue has held, and whether there were more than it holds.
    fn told(self) -> (u64, bool) {
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut queue = inotify::Reader::new(&self.0, &mut buffer);
        let (mut events, mut is_more) = (0, false);
        while let Ok(event) = queue.next() {
            events += 1;
            is_more |= event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        }
        (events, is_more)
    }
}

/// Less than what passes from one look at everything to the next: what is found sooner was told of.
const PATIENCE: Duration = Duration::from_secs(40);

/// In what has the name of something else, what was there, what is new, what has another name.
const EDITED_AFTER: [&str; 4] = ["moved/below/f", "quiet/same-size", "new/d/e", "renamed/below/f"];

#[test]
fn what_is_to_be_sealed_is_sealed_while_it_is_watched() {
    let desk = Desk::with_store();
    desk.write("tree/a.key", "1");

    let (watching, first) = Watching::begin(&desk, &["tree", "--seal", "*.key"]);
    desk.write("tree/d/b.key", "2");
    desk.write("tree/d/plain", "3");
    let second = watching.until_it_is_as(&desk, "tree");

    assert_eq!((&first["sealed"], &second["sealed"]), (&1.into(), &2.into()));
    assert_eq!(second["bytes"], 1);
    assert_eq!(watching.stop().code, 130);
}

#[test]
fn each_change_is_one_line_and_ctrl_c_ends_it() {
    let desk = Desk::with_store();
    desk.write("tree/a/b", "one");
    let (watching, first) = Watching::begin(&desk, &["tree"]);
    assert_eq!((&first["recorded"], &first["nodes"]), (&true.into(), &2.into()));

    desk.write("tree/a/b", "two");
    let changed = watching.until_it_is_as(&desk, "tree");
    desk.write("tree/c/d/e", "new");
    watching.until_it_is_as(&desk, "tree");
    desk.write("tree/c/d/f", "in a directory that is new");
    watching.until_it_is_as(&desk, "tree");
    let mode = fs::metadata(desk.path("tree/a/b")).unwrap().permissions();
    fs::set_permissions(desk.path("tree/a/b"), mode).unwrap();

    assert_eq!((&changed["parent"], &changed["recorded"]), (&first["snapshot"], &true.into()));
    assert!(watching.is_silent_for(Duration::from_millis(400)), "nothing has changed");
    watching.signal(Signal::INT);
    let ended = watching.end();
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.err.contains("directories watched"), "{ended:?}");
    desk.ok(&["check", "--read-data"]);
    assert_eq!(desk.json_of("snap", &["snap", "tree"])["recorded"], false);
}

#[test]
fn a_storm_of_events_loses_nothing() {
    for limits in [&["--events-max", "7"][..], &[]] {
        let desk = Desk::with_store();
        desk.write("tree/a/b", "one");
        let (watching, _) = Watching::begin(&desk, &[&["tree"], limits].concat());

        for storm in 0..3 {
            for number in 0..150 {
                desk.write(&format!("tree/{storm}/{}/{number}", number % 10), "x");
            }
            for turn in 0..20 {
                let at = |name: &str| desk.path(&format!("tree/{name}"));
                fs::rename(at(&format!("{storm}/{}", turn % 10)), at("away")).unwrap();
                fs::rename(at("a"), at(&format!("{storm}/{}", turn % 10))).unwrap();
                fs::rename(at("away"), at("a")).unwrap();
            }
            watching.until_it_is_as(&desk, "tree");
        }

        assert_eq!(watching.stop().code, 130);
        desk.ok(&["check", "--read-data"]);
    }
}

#[test]
fn what_the_queue_of_the_system_has_no_room_for_is_seen_all_the_same() {
    let queue_max = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let queue_max: u64 = queue_max.trim().parse().unwrap();
    if queue_max > 100_000 {
        println!("skipped: the queue of this system holds {queue_max} events");
        return;
    }
    let (desk, other) = (Desk::with_store(), Desk::with_store());
    for path in ["noise/a", "noise/b", "quiet/same-size", "quiet/gone", "moved/below/f"] {
        desk.write(&format!("tree/{path}"), "one");
    }
    // What is too young to be known again is looked at again whatever was told.
    thread::sleep(Duration::from_millis(150));
    let (watching, first) = Watching::begin(&desk, &["tree", "--events-max", "1000000"]);
    assert!(watching.is_silent_for(Duration::from_millis(300)));
    watching.hold();
    let witness = Witness::of(&desk.path("tree/noise"));

    let mut noise =
        ["a", "b"].map(|name| File::create(desk.path("tree/noise").join(name)).unwrap());
    // Two that are equal and follow each other would be one.
    for turn in 0..=queue_max as usize {
        noise[turn % 2].write_all(b"x").unwrap();
    }
    desk.write("tree/quiet/same-size", "two");
    fs::remove_file(desk.path("tree/quiet/gone")).unwrap();
    fs::rename(desk.path("tree/moved"), desk.path("tree/renamed")).unwrap();
    desk.write("tree/moved/below/f", "another");
    desk.write("tree/new/d/e", "new");
    let (events, is_more) = witness.told();
    watching.signal(Signal::CONT);
    let next = watching.line();

    assert!(is_more, "{events} events are no overflow");
    assert_ne!(next["root"], first["root"]);
    assert_eq!(next["root"].as_str().unwrap(), other.root_of(desk.path("tree")));
    for (number, path) in EDITED_AFTER.into_iter().enumerate() {
        desk.write(&format!("tree/{path}"), format!("after it, {number}"));
        let edited = watching.until_it_is_as(&desk, "tree");
        assert_eq!(edited["root"].as_str().unwrap(), other.root_of(desk.path("tree")));
    }
    assert_eq!(watching.stop().code, 130);
    desk.ok(&["check", "--read-data"]);
    print_count("cli_watch_overflow", events, queue_max);
}

#[test]
fn where_not_all_can_be_watched_everything_is_looked_at_again_and_again() {
    let desk = Desk::with_store();
    for number in 0..8 {
        desk.write(&format!("tree/{number}/f"), "one");
    }
    let (watching, _) = Watching::begin(&desk, &["tree", "--watches-max", "2"]);

    desk.write("tree/7/f", "two");
    watching.until_it_is_as(&desk, "tree");

    let ended = watching.stop();
    assert!(ended.err.contains("max_user_watches"), "{ended:?}");
    assert!(ended.err.contains("everything is looked at every 5 seconds"), "{ended:?}");
}

#[test]
fn a_directory_that_is_removed_ends_it_with_an_error() {
    let desk = Desk::with_store();
    desk.write("tree/a/b", "one");
    let (watching, _) = Watching::begin(&desk, &["tree"]);

    fs::remove_dir_all(desk.path("tree")).unwrap();
    let mut last = watching.line();
    while last.get("error").is_none() {
        last = watching.line();
    }

    check_schema("error", &last);
    assert_eq!(last["error"]["code"], "path-not-found");
    assert_eq!(watching.end().code, 2);
    desk.ok(&["check"]);
}

#[test]
fn its_own_store_and_what_is_left_out_do_not_wake_it() {
    let desk = Desk::with_store();
    desk.write("a/b", "one");
    desk.write(".markerbedignore", "out/");
    desk.write("out/x", "one");
    let (watching, _) = Watching::begin(&desk, &[".", "--source", "here"]);
    assert!(watching.is_silent_for(Duration::from_millis(500)));
    let reads = || {
        let io = fs::read_to_string(format!("/proc/{}/io", watching.child.id())).unwrap();
        io.lines().find_map(|line| line.strip_prefix("syscr: ")).unwrap().to_owned()
    };
    let before = reads();

    for number in 0..20 {
        desk.write(&format!("out/{number}"), "left out");
        desk.write(&format!(".markerbed/seen/{number}.junk"), "as if the store wrote it");
    }

    assert!(watching.is_silent_for(Duration::from_millis(500)));
    // The system is asked once for each of its answers; whoever looks asks more.
    assert_eq!(reads(), before);
    desk.write("a/b", "two");
    watching.line();
    watching.stop();
}

#[test]
fn others_write_to_the_store_meanwhile() {
    let desk = Desk::with_store();
    desk.write("tree/a", "one");
    desk.write("other/a", "one");
    let (watching, _) = Watching::begin(&desk, &["tree"]);

    for turn in 0..5 {
        desk.write("other/a", format!("{turn}"));
        desk.write("tree/a", format!("{turn}"));
        while desk.run(&["snap", "other"]).code == 11 {
            thread::sleep(Duration::from_millis(5));
        }
        watching.until_it_is_as(&desk, "tree");
    }

    watching.stop();
    assert!(desk.json("log", &["log"]).1.len() >= 12);
    desk.ok(&["check", "--read-data"]);
}

#[test]
fn it_is_stopped_at_any_moment_and_nothing_is_half_done() {
    let desk = Desk::with_store();
    for number in 0..200 {
        desk.write(&format!("tree/{}/{number}", number % 9), "one");
    }
    for turn in 0..8_u64 {
        let mut program = desk.program();
        program.args(["watch", "tree", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = program.spawn().unwrap();
        let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        for edit in 0..4 {
            desk.write(&format!("tree/0/{}", turn % 3), format!("{turn} {edit}"));
            thread::sleep(Duration::from_millis(11 * (turn + 1)));
        }
        let signal = [Signal::INT, Signal::TERM, Signal::KILL][(turn % 3) as usize];
        kill_process(process, signal).unwrap();

        let ended = Ran::of(child.wait_with_output().unwrap());

        assert!([130, -1].contains(&ended.code), "{ended:?}");
        let (_, log) = desk.json("log", &["log", "--limit", "1000"]);
        let logged: Vec<&Value> = log.iter().map(|entry| &entry["snapshot"]["id"]).collect();
        for line in ended.out.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line.get("error").is_some() || logged.contains(&&line["snapshot"]), "{line}");
        }
        desk.ok(&["check"]);
    }
    desk.ok(&["snap", "tree"]);
    desk.ok(&["check", "--read-data"]);
}
