//! Downloads into directories where other users can put files, and over files of theirs.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use support::liar::{Data, Script};
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;
const SOMEBODY: u32 = 54_320;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", noise(SIZE)))
}

fn may_give_away() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let _ = writeln!(std::io::stderr(), "left out: only root can give files to others");
    }
    root
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_partial_file_of_another_user_is_not_written_to() {
    if !may_give_away() {
        return;
    }
    for command in ["get a", "get -c a", "get --segments 2 a", "mirror . ."] {
        let scene = scene();
        scene.write(".a.ftpsh-part", "bait");
        set_mode(&scene.path(".a.ftpsh-part"), 0o666);
        chown(scene.path(".a.ftpsh-part"), Some(SOMEBODY), None).unwrap();
        let ran = scene.run(command);
        assert_eq!(scene.read(".a.ftpsh-part").unwrap(), b"bait", "{command}\n{ran}");
        assert_ne!(scene.path("a").metadata().map_or(0, |a| a.uid()), SOMEBODY, "{command}\n{ran}");
        if !command.contains("segments") {
            ran.stderr_has("belongs to another user");
        }
    }
}

#[test]
fn a_partial_file_with_a_second_name_is_not_written_to() {
    for name in [".a.ftpsh-part", ".a.ftpsh-part.j.tmp", ".a.ftpsh-part.j"] {
        for command in ["get a", "get -c a", "mirror -c . ."] {
            let scene =
                Scene::new(Script::new().file("/a", noise(SIZE)).data("RETR", Data::Cut(99_999)));
            scene.write("victim", "precious");
            std::fs::hard_link(scene.path("victim"), scene.path(name)).unwrap();
            let ran = scene.call().args(["--set", "net:max-retries=0", "-c", command]).run();
            assert_eq!(scene.read("victim").unwrap(), b"precious", "{name}, {command}\n{ran}");
            scene.run("get -c a");
            assert_eq!(scene.read("victim").unwrap(), b"precious", "{name}, {command}\n{ran}");
        }
    }
}

#[test]
fn a_journal_of_another_user_is_ignored() {
    if !may_give_away() {
        return;
    }
    let scene = Scene::new(Script::new().file("/a", noise(SIZE)).data("RETR", Data::Cut(SIZE / 2)));
    scene.call().args(["--set", "net:max-retries=0", "-c", "get a"]).run().status(10);
    chown(scene.path(".a.ftpsh-part.j"), Some(SOMEBODY), None).unwrap();
    scene.run("get -c a").ok().stderr_has("no journal says which file it is a part of");
    assert!(scene.read("a").unwrap() == noise(SIZE));
}

#[test]
fn a_file_that_is_not_ours_alone_is_replaced_and_not_appended_to() {
    let scene = scene();
    scene.write("victim", &noise(SIZE)[..SIZE / 2]);
    std::fs::hard_link(scene.path("victim"), scene.path("a")).unwrap();
    scene.run("get -c a").ok().stderr_has("a second link: starting again");
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert!(scene.read("victim").unwrap() == noise(SIZE)[..SIZE / 2]);
}

#[test]
fn setuid_and_setgid_of_a_replaced_file_are_not_kept() {
    // A mirror copies the permissions of the source.
    for (command, kept) in [("get --overwrite a", 0o755), ("mirror . .", 0o644)] {
        let scene = scene();
        scene.write("a", "old");
        set_mode(&scene.path("a"), 0o6755);
        scene.run(command).ok();
        assert_eq!(scene.path("a").metadata().unwrap().mode() & 0o7777, kept, "{command}");
    }
}

#[test]
fn permissions_of_another_users_file_are_not_taken_over() {
    if !may_give_away() {
        return;
    }
    for command in ["get --overwrite a", "mirror . ."] {
        let scene = scene();
        scene.write("a", "old");
        chown(scene.path("a"), Some(SOMEBODY), None).unwrap();
        set_mode(&scene.path("a"), 0o4777);
        scene.write("new", "");
        let plain = scene.path("new").metadata().unwrap().mode() & 0o7777;
        std::fs::remove_file(scene.path("new")).unwrap();
        scene.run(command).ok();
        let now = scene.path("a").metadata().unwrap();
        assert_eq!((now.uid(), now.mode() & 0o7777), (0, plain), "{command}");
    }
}
