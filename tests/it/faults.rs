//! Disks that fail: EIO on reading, on writing, and when it shows only at the end. What was there
//! stays, the message names the file, and what is left over is as documented.

use support::disk::{Disk, MEMORY, leave_out};
use support::liar::Script;
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;

fn script() -> Script {
    ["bad-write", "bad-end", "bad-read", "good"]
        .iter()
        .fold(Script::new(), |script, name| script.file(format!("/s/{name}"), noise(SIZE)))
}

fn failing(test: impl Fn(&Scene, &Disk)) {
    let scene = Scene::new(script());
    match Disk::mount(MEMORY, &scene) {
        Some(disk) => test(&scene, &disk),
        None => leave_out("a disk that fails"),
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_the_old_one_stays() {
    failing(|scene, disk| {
        // It may be told when the file is closed that it fails at the end.
        let old = |name: &str| drop(std::fs::write(disk.root.join(name), "old"));
        for (name, kept) in [("bad-write", true), ("bad-end", false)] {
            for command in ["get --overwrite -O disk s/NAME", "mirror s disk"] {
                let command = command.replace("NAME", name);
                old(name);
                let ran = scene.run(&command);
                assert!([9, 10].contains(&ran.status), "{command}\n{ran}");
                let ran = ran.stderr_has(&format!("disk/{name}")).stderr_has("error");
                let partial = disk.root.join(format!(".{name}.ftpsh-part"));
                assert_eq!(partial.exists(), kept, "{command}\n{ran}");
                assert_eq!(disk.files("").get(name), Some(&3), "{command}\n{ran}");
            }
        }
        // One that fails is no reason to leave the others.
        let ran = scene.run("get --overwrite -P2 -O disk s/bad-end s/good").status(9);
        let ran = ran.stderr_has("bad-end");
        assert!(std::fs::read(disk.root.join("good")).unwrap() == noise(SIZE), "{ran}");
    });
}

#[test]
fn a_file_that_cannot_be_read_is_not_begun_on_the_server() {
    // Its first bytes are no memory of anybody.
    let scene = Scene::new(Script::new().file("/mem", "old"));
    for command in ["put /proc/self/mem", "put --atomic /proc/self/mem", "put -c /proc/self/mem"] {
        let ran = scene.run(command).status(9).stderr_has("/proc/self/mem");
        assert!(!scene.liar.wire.has("STOR") && !scene.liar.wire.has("APPE"), "{command}\n{ran}");
        assert_eq!(scene.liar.content("/mem").unwrap(), b"old", "{command}\n{ran}");
    }
    failing(|scene, disk| {
        std::fs::write(disk.root.join("bad-read"), noise(SIZE)).unwrap();
        std::fs::write(disk.root.join("fine"), noise(SIZE)).unwrap();
        let old = scene.liar.content("/s/bad-read");
        for command in ["put -O s disk/bad-read disk/fine", "mirror -R disk s"] {
            let ran = scene.run(command);
            assert!([9, 10].contains(&ran.status), "{command}\n{ran}");
            let ran = ran.stderr_has("disk/bad-read");
            assert!(scene.liar.content("/s/bad-read") == old, "{command}\n{ran}");
            assert!(scene.liar.content("/s/fine") == Some(noise(SIZE)), "{command}\n{ran}");
        }
    });
}

#[test]
fn files_and_their_directories_are_synced_as_the_setting_says() {
    for (sync, calls) in [
        (
            "always",
            &[
                "mkdir /new",
                "fsyncdir /",
                "mkdir /new/s",
                "fsyncdir /new",
                "fsync /new/s/.good.ftpsh-part",
                "rename /new/s/good",
                "fsyncdir /new/s",
            ][..],
        ),
        // It is the disk of a program.
        (
            "auto",
            &["mkdir /new", "mkdir /new/s", "fsync /new/s/.good.ftpsh-part", "rename /new/s/good"],
        ),
        ("never", &["mkdir /new", "mkdir /new/s", "rename /new/s/good"]),
    ] {
        let scene = Scene::new(Script::new().file("/s/good", noise(SIZE)));
        let Some(disk) = Disk::mount(MEMORY, &scene) else {
            return leave_out("a disk that tells what is synced");
        };
        let ran = scene.run(&format!("set xfer:sync {sync}; mirror . disk/new")).ok();
        let told = std::fs::read_to_string(disk.root.join(".calls")).unwrap();
        let told: Vec<_> = told
            .lines()
            .filter(|line| !line.ends_with("/folded") && !line.ends_with(".ftpsh-part.j"))
            .collect();
        assert_eq!(told, calls, "{sync}\n{ran}");
        assert!(std::fs::read(disk.root.join("new/s/good")).unwrap() == noise(SIZE));
    }
}
