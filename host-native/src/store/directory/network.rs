//! Tells network file systems from local ones, as Linux names them.
//!
//! Over a network a lock may hold on one machine alone, a sync may answer before the server has the
//! bytes, and what one machine writes another may see late: none of what the store promises.

use std::{fs, io, path::Path};

use rustix::fs::{major, minor, stat, statfs};

/// The network file system on which a path lies, or would lie; `None` if it is a local one, or of
/// a kind that nobody knows to be one of the network.
pub(super) fn network_at(path: &Path) -> io::Result<Option<String>> {
    for place in path.ancestors() {
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        let magic = match statfs(place) {
            Ok(found) => found.f_type as u32,
            Err(error) => match io::Error::from(error) {
                error if is_absence(&error) => continue,
                error => return Err(error),
            },
        };
        if magic != FUSE {
            return Ok(network_of(magic).map(str::to_owned));
        }
        let device = stat(place)?.st_dev;
        // Without it nothing more can be told.
        let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
        let mounts = String::from_utf8_lossy(&mounts);
        let mount = mount_of(&mounts, &format!("{}:{}", major(device), minor(device)));
        return Ok(mount.filter(Mount::is_remote).map(|mount| mount.kind.to_owned()));
    }
    Ok(None)
}

/// The name of the network file system with this number.
fn network_of(magic: u32) -> Option<&'static str> {
    NETWORKS.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

/// What the system says of a mount.
#[derive(Debug, Eq, PartialEq)]
struct Mount<'a> {
    kind: &'a str,
    source: &'a str,
}

impl Mount<'_> {
    /// Tells whether a program that serves files reaches for them over a network.
    fn is_remote(&self) -> bool {
        let program = self.kind.strip_prefix("fuse.").unwrap_or_default();
        REMOTE_PROGRAMS.contains(&program)
            || self.source.contains("://")
            || self.source.starts_with("//")
    }
}

/// Finds the newest mount of a device in the text of `mountinfo`.
fn mount_of<'a>(mounts: &'a str, device: &str) -> Option<Mount<'a>> {
    let mount = |line: &'a str| {
        let (before, behind) = line.split_once(" - ")?;
        let mut behind = behind.split(' ');
        let mount = Mount { kind: behind.next()?, source: behind.next()? };
        (before.split(' ').nth(2)? == device).then_some(mount)
    };
    mounts.lines().rev().find_map(mount)
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A program of its own serves the files; which one, only the list of mounts says.
const FUSE: u32 = 0x6573_5546;

/// What `statfs` calls the file systems whose files are on other machines, or are shared with some.
const NETWORKS: [(u32, &str); 20] = [
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x564c, "ncp"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "ceph"),
    (0x0bd0_0bd0, "lustre"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "kafs"),
    (0x7375_7245, "coda"),
    (0x4750_4653, "gpfs"),
    (0x1983_0326, "beegfs"),
    (0x2003_0528, "orangefs"),
    (0xaad7_aaea, "panfs"),
    (0xbeef_dead, "snfs"),
    (0xbacb_acbc, "vmhgfs"),
    (0x786f_4256, "vboxsf"),
];

/// Programs that serve files of other machines through FUSE.
const REMOTE_PROGRAMS: [&str; 27] = [
    "afpfs",
    "blobfuse",
    "blobfuse2",
    "ceph",
    "ceph-fuse",
    "curlftpfs",
    "davfs",
    "davfs2",
    "fuse-nfs",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "gvfsd-fuse",
    "httpfs",
    "juicefs",
    "lizardfs",
    "mfs",
    "moosefs",
    "mount-s3",
    "mountpoint-s3",
    "onedriver",
    "quobyte",
    "rclone",
    "s3fs",
    "seaweedfs",
    "smbnetfs",
    "sshfs",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_of_the_network_are_told_by_their_numbers() {
        for (magic, name) in [
            (0x6969, Some("nfs")),
            (0xff53_4d42, Some("cifs")),
            (0x0102_1997, Some("9p")),
            (0x00c3_6400, Some("ceph")),
            (0xef53, None),
            (0x9123_683e, None),
            (0x5846_5342, None),
            (0x0102_1994, None),
            (0x794c_7630, None),
            (FUSE, None),
        ] {
            assert_eq!(network_of(magic), name, "{magic:x}");
        }
    }

    #[test]
    fn a_mount_is_found_by_its_device_and_the_newest_counts() {
        let mounts = "\
            24 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n\
            31 24 0:45 / /mnt/a\\040b rw shared:2 master:1 - fuse.sshfs me@host:/ rw,user_id=0\n\
            32 24 0:46 / /mnt/c rw - fuse /dev/one rw\n\
            33 24 0:46 / /mnt/d rw - fuse.gocryptfs /srv/cipher rw\n\
            34 24 0:47 broken line\n";

        let found = |device| mount_of(mounts, device);

        assert_eq!(found("0:45"), Some(Mount { kind: "fuse.sshfs", source: "me@host:/" }));
        assert_eq!(found("0:46").map(|mount| mount.kind), Some("fuse.gocryptfs"));
        assert_eq!(found("254:1").map(|mount| mount.kind), Some("ext4"));
        for absent in ["0:4", "0:47", "4:1", ""] {
            assert_eq!(found(absent), None, "{absent}");
        }
    }

    #[test]
    fn programs_that_reach_over_the_network_are_told_from_local_ones() {
        let is_remote = |kind, source| Mount { kind, source }.is_remote();

        for (kind, source) in [
            ("fuse.sshfs", "me@host:/"),
            ("fuse.rclone", "drive:"),
            ("fuse", "https://host/dav"),
            ("fuse.unheard-of", "s3://bucket"),
            ("fuse.smb-something", "//host/share"),
        ] {
            assert!(is_remote(kind, source), "{kind} {source}");
        }
        for (kind, source) in [
            ("fuse.gocryptfs", "/srv/cipher"),
            ("fuse.mergerfs", "one:two"),
            ("fuseblk", "/dev/sdb1"),
            ("fuse", "sshfs"),
        ] {
            assert!(!is_remote(kind, source), "{kind} {source}");
        }
    }

    #[test]
    fn a_path_that_is_not_there_is_where_it_would_be() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("file"), "").unwrap();

        for path in ["", "absent", "absent/below", "file/below"] {
            let path = scratch.path().join(path);
            assert_eq!(network_at(&path).unwrap(), network_at(scratch.path()).unwrap());
        }
        assert_eq!(network_at(Path::new("absent")).unwrap(), network_at(Path::new(".")).unwrap());
        assert_eq!(network_at(Path::new("/proc/absent")).unwrap(), None);
    }
}
