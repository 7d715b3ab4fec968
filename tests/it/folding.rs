//! Disks that do not tell `Same` from `same`, two ways of writing an accent, or what DOS reserves.
//!
//! They are real ones (FAT, or ext4 with folding) where this machine can make and mount one;
//! beside the code the same behaviour is held on a disk that the tests play.

use crate::support::liar::Script;
use crate::support::scene::Scene;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk in a file, mounted until it is dropped.
struct Disk {
    root: PathBuf,
    fat: bool,
}

impl Disk {
    fn mount(scene: &Scene) -> Option<Self> {
        let (image, root) = (scene.path("../image"), scene.path("disk"));
        std::fs::create_dir(&root).unwrap();
        for fat in [true, false] {
            std::fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
            let (make, options) = if fat {
                ("mkfs.vfat", &[][..])
            } else {
                ("mkfs.ext4", &["-q", "-F", "-O", "casefold"][..])
            };
            let mount = ["-o", if fat { "loop,utf8" } else { "loop" }];
            let done = run(make, options, &[&image]) && run("mount", &mount, &[&image, &root]);
            if !done {
                continue;
            }
            let disk = Self { root: root.clone(), fat };
            let folded = root.join("folded");
            std::fs::create_dir(&folded).unwrap();
            if fat || run("chattr", &["+F"], &[&folded]) {
                return Some(disk);
            }
        }
        use std::io::Write as _;
        let why = "left out: a disk that folds names (no FAT or folding ext4 can be mounted here)";
        let _ = writeln!(std::io::stderr(), "{why}");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["-l"], &[&self.root]);
    }
}

fn run(program: &str, options: &[&str], paths: &[&Path]) -> bool {
    let path = "/usr/sbin:/usr/bin:/sbin:/bin";
    let output = Command::new(program).args(options).args(paths).env("PATH", path).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn the_second_of_two_names_that_the_disk_takes_for_one_is_an_error() {
    // As one file and as a directory; an accent in one character and in two.
    let pairs = [("Same", "same"), ("caf\u{e9}", "cafe\u{301}"), ("Dir/x", "dir/x")];
    let mut script = Script::new();
    for (one, other) in pairs {
        script = script.file(format!("/s/{one}"), "first").file(format!("/s/{other}"), "second");
    }
    for name in ["NUL.txt", "con", "a:b", "dot.", "space "] {
        script = script.file(format!("/fat/{name}"), "x");
    }
    let scene = Scene::new(script.file("/fat/fine", "x"));
    let Some(disk) = Disk::mount(&scene) else { return };
    for jobs in ["1", "4"] {
        let ran = scene.run(&format!("mirror -P {jobs} s disk/folded/m{jobs}")).status(10);
        let ran = ran.stderr_has("the same file as");
        let count = std::fs::read_dir(disk.root.join("folded").join(format!("m{jobs}"))).unwrap();
        // FAT knows no two ways of writing an accent.
        assert_eq!(count.count(), if disk.fat { 4 } else { 3 }, "{ran}");
        let ran = scene.run(&format!("get -P {jobs} --overwrite -O disk/folded s/Same s/same"));
        assert_eq!(ran.status, 9, "{ran}");
    }
    if disk.fat {
        let ran = scene.run("mirror fat disk/names").status(10).stderr_has("device");
        let names: Vec<_> = std::fs::read_dir(disk.root.join("names")).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}\n{ran}");
    }
}
