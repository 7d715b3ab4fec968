//! Disks of other kinds than the tests' own, made and mounted here: FAT and ext4 by the kernel,
//! exFAT, NTFS and one in memory by programs (FUSE). That takes root; a kind that cannot be
//! mounted is left out.

use super::liar::Script;
use super::scene::Scene;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kind of disk.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    name: &'static str,
    /// What makes it; the image comes behind.
    make: &'static [&'static str],
    /// What mounts it; device and directory come behind.
    mount: &'static [&'static str],
    /// Whether a directory folds only when told to.
    by_flag: bool,
    /// Whether Windows reads it.
    pub dos: bool,
    /// Whether it takes two ways of writing an accent for one.
    pub normalizes: bool,
}

/// One in memory (disk.py): folds as HFS+ does, and fails where a file's name says so.
pub const MEMORY: Kind = Kind {
    name: "memory",
    make: &[],
    mount: &["/usr/bin/python3", concat!(env!("CARGO_MANIFEST_DIR"), "/src/disk.py")],
    by_flag: false,
    dos: false,
    normalizes: true,
};

/// All of them.
const KINDS: [Kind; 5] = [
    MEMORY,
    // Numbers a file anew for each spelling of its name.
    Kind {
        name: "exFAT",
        make: &["mkfs.exfat"],
        mount: &["mount.exfat-fuse"],
        by_flag: false,
        dos: true,
        normalizes: false,
    },
    // Stores every name in lower case.
    Kind {
        name: "NTFS",
        make: &["mkntfs", "-Q", "-F"],
        mount: &["lowntfs-3g", "-o", "ignore_case"],
        by_flag: false,
        dos: true,
        normalizes: false,
    },
    Kind {
        name: "FAT",
        make: &["mkfs.vfat"],
        mount: &["mount", "-t", "vfat", "-o", "utf8"],
        by_flag: false,
        dos: true,
        normalizes: false,
    },
    Kind {
        name: "ext4",
        make: &["mkfs.ext4", "-q", "-F", "-O", "casefold"],
        mount: &["mount", "-t", "ext4"],
        by_flag: true,
        dos: false,
        normalizes: true,
    },
];

/// A disk that is mounted as `disk` in a scene until it is dropped.
pub struct Disk {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub root: PathBuf,
    /// The file that it is in, as a device.
    device: Option<String>,
}

impl Disk {
    /// Makes and mounts one, with a directory `folded` in it; `None` where this machine cannot.
    pub fn mount(kind: Kind, scene: &Scene) -> Option<Self> {
        let (image, root) = (scene.path("../image"), scene.path("disk"));
        std::fs::create_dir_all(&root).unwrap();
        let mut device = None;
        if !kind.make.is_empty() {
            std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
            run(kind.make, &[image.as_os_str()])?;
            let told = run(&["losetup", "-f", "--show"], &[image.as_os_str()])?;
            device = Some(told.trim().to_owned());
        }
        // It detaches the device, also where mounting fails.
        let disk = Self { kind, root: root.clone(), device };
        let device = disk.device.iter().map(OsStr::new);
        run(kind.mount, &device.chain([root.as_os_str()]).collect::<Vec<_>>())?;
        let folded = root.join("folded");
        std::fs::create_dir(&folded).unwrap();
        if kind.by_flag {
            run(&["chattr", "+F"], &[folded.as_os_str()])?;
        }
        Some(disk)
    }

    /// What is in a directory of it but for partial files: names as the disk spells them, and sizes.
    pub fn files(&self, directory: &str) -> BTreeMap<String, u64> {
        let entries = std::fs::read_dir(self.root.join(directory)).unwrap().map(Result::unwrap);
        let name = |name: std::ffi::OsString| name.into_string().unwrap();
        let files = entries.map(|e| (name(e.file_name()), e.metadata().unwrap().len()));
        files.filter(|(name, _)| !name.contains(".ftpsh-part")).collect()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(&["umount", "-l"], &[self.root.as_os_str()]);
        if let Some(device) = &self.device {
            run(&["losetup", "-d"], &[device.as_ref()]);
        }
    }
}

fn run(command: &[&str], more: &[&OsStr]) -> Option<String> {
    let output = Command::new(command[0])
        .args(&command[1..])
        .args(more)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// Runs a test on every kind of disk that there is; each has a server of its own.
pub fn on_each_disk(script: impl Fn() -> Script, test: impl Fn(&Scene, &Disk)) {
    let mut any = false;
    for kind in KINDS {
        let scene = Scene::new(script());
        if let Some(disk) = Disk::mount(kind, &scene) {
            any = true;
            let _ = writeln!(std::io::stderr(), "on {}", kind.name);
            test(&scene, &disk);
        }
    }
    if !any {
        leave_out("a disk that folds names");
    }
}

/// Says that a test was left out, for want of a disk.
///
/// # Panics
///
/// When `make test` has installed what it takes, and this is a machine that mounts.
pub fn leave_out(disk: &str) {
    let why = format!("{disk} cannot be mounted here");
    let mounts = rustix::process::geteuid().is_root()
        && Path::new("/dev/fuse").exists()
        && Path::new("/dev/loop-control").exists();
    assert!(!mounts || std::env::var_os("FTPSH_SERVERS").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "left out: {why}");
}
