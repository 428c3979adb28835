//! File systems of a test's own, where the machine permits them.

use std::{
    fs::File,
    io::{ErrorKind, PipeWriter},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A mounted file system, which goes with the value.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// Mounts what these arguments say; none, said loudly, where that is not permitted.
    pub(crate) fn new(arguments: &[&str], at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        run(mount.args(arguments).arg(at)).then(|| Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).stderr(Stdio::null()).status();
    }
}

/// An image of ext4 whose power can be cut.
pub(crate) struct Disk {
    scratch: TempDir,
    mounted: Option<Mounted>,
}

impl Disk {
    /// Makes and mounts one; none, said loudly, where that is not permitted.
    pub(crate) fn new() -> Option<Self> {
        let scratch = tempfile::Builder::new().tempdir_in("/dev/shm").or_else(|_| TempDir::new());
        let mut disk = Self { scratch: scratch.unwrap(), mounted: None };
        File::create(disk.image()).unwrap().set_len(DISK_BYTES).unwrap();
        std::fs::create_dir(disk.place()).unwrap();
        let made = run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(disk.image()));
        (made && disk.power_on()).then_some(disk)
    }

    /// Where it is mounted.
    pub(crate) fn place(&self) -> PathBuf {
        self.scratch.path().join("mounted")
    }

    /// Says so in a line, and stops it: what has not reached the image is gone, and nothing more is
    /// written, not even what the journal holds. Tells whether that is permitted.
    ///
    /// A sync that is under way then may be told that all is well, which nobody hears of whose
    /// power has gone: so what is said after that line does not count.
    pub(crate) fn cut_power(&self, output: PipeWriter) -> bool {
        // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH. Rust would need `unsafe` for it.
        let script = r#"open(my $disk, "<", $ARGV[0]) or die "open: $!\n";
            my $flags = pack("L", 2);
            syswrite(STDOUT, "cut\n");
            defined(ioctl($disk, 0x8004587D, $flags)) or die "shutdown: $!\n";"#;
        run(Command::new("perl").args(["-e", script]).arg(self.place()).stdout(output))
    }

    /// Takes it out and mounts it again, as after a power cut.
    pub(crate) fn power_on(&mut self) -> bool {
        self.mounted = None;
        let image = self.image().into_os_string().into_string().unwrap();
        self.mounted = Mounted::new(&["-t", "ext4", "-o", "loop", &image], &self.place());
        self.mounted.is_some()
    }

    fn image(&self) -> PathBuf {
        self.scratch.path().join("image")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Before the image goes.
        self.mounted = None;
    }
}

/// Runs a command that must end well; false, said loudly, where the machine does not permit it.
fn run(command: &mut Command) -> bool {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = match command.env("LC_ALL", "C").stdin(Stdio::null()).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return skipped(&format!("there is no {name} here"));
        }
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stderr).trim().to_lowercase();
    match output.status.success() {
        true => true,
        false if REFUSALS.iter().any(|refusal| said.contains(refusal)) => skipped(&said),
        false => panic!("{name}: {said}"),
    }
}

fn skipped(why: &str) -> bool {
    println!("SKIPPED: {why}");
    false
}

/// How `mount` and the system say that they may not, or that there are no loop devices.
const REFUSALS: [&str; 6] = [
    "permission denied",
    "not permitted",
    "superuser",
    "loop device",
    "/dev/loop",
    "unknown filesystem type",
];

const DISK_BYTES: u64 = 48 << 20;
