//! Files that are replaced by other versions: between two runs, and while a connection is lost.
//!
//! The versions have one size, and end alike: only their times, and what lies before the last block,
//! tell them apart.

use std::time::{Duration, SystemTime};
use support::liar::{Data, Files, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 1_200_000;

/// Another version: it differs from the first only far from where anything is compared.
fn other() -> Vec<u8> {
    let mut bytes = noise(SIZE);
    bytes[100_000..110_000].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

/// Another version of which nothing but the last block is the same, seen from the middle.
fn much_other() -> Vec<u8> {
    let mut bytes = noise(SIZE);
    bytes[..SIZE / 2 - 66_000].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

/// Replaces a file by another version, which is newer.
fn replace(path: &'static [u8], content: Vec<u8>) -> impl Fn(&mut Files) + Send + Sync {
    move |files| {
        files.put(path, content.clone());
        files.set_time(path, "20250101000000");
    }
}

/// A server that tells no time to the second.
fn timeless(script: Script) -> Script {
    ["MDTM", "MLST", "MLSD"].into_iter().fold(script, Script::without)
}

fn once(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--set", "net:max-retries=0", "-c", commands]).run()
}

fn set_modified(scene: &Scene, name: &str, time: SystemTime) {
    let file = std::fs::File::options().write(true).open(scene.path(name)).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn an_older_complete_copy_here_is_not_a_partial_file() {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    for length in [SIZE, SIZE - 100_000] {
        for command in
            ["get -c a", "reget a", "get -r -c a", "mirror -c . .", "get -c --segments 2 a"]
        {
            let scene = Scene::new(Script::new().file("/a", noise(SIZE)));
            scene.write("a", &other()[..length]);
            set_modified(&scene, "a", long_ago);
            let ran = once(&scene, command).ok();
            assert!(scene.read("a").unwrap() == noise(SIZE), "{command}, {length}\n{ran}");
            ran.stderr_has("the local file is older: starting again");
        }
    }
}

#[test]
fn an_older_complete_copy_on_the_server_is_not_a_partial_file() {
    for length in [SIZE, SIZE - 100_000] {
        for command in ["put -c a", "reput a", "put -c --atomic a", "mirror -R -c . /"] {
            let scene = Scene::new(Script::new().file("/a", &other()[..length]));
            scene.write("a", noise(SIZE));
            let ran = once(&scene, command).ok();
            assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{command}, {length}\n{ran}");
        }
    }
}

#[test]
fn a_local_file_that_changed_between_two_uploads_restarts() {
    for command in ["put -c a", "put a"] {
        let scene = Scene::new(Script::new().data("STOR", Data::Reset(SIZE / 2)));
        scene.write("a", noise(SIZE));
        let before = scene.path("a").metadata().unwrap().modified().unwrap();
        assert_ne!(once(&scene, command).status, 0);
        scene.liar.wire.wait_idle();
        // By its size, its time and its end it is the same.
        scene.write("a", other());
        set_modified(&scene, "a", before);
        once(&scene, "put -c a").ok().stderr_has("has changed: starting again");
        assert!(scene.liar.content("/a").unwrap() == other(), "a mixture\n{command}");
    }
}

#[test]
fn a_local_file_that_changed_before_a_retry_restarts() {
    let path = std::sync::Arc::new(std::sync::Mutex::new(None::<std::path::PathBuf>));
    let shared = std::sync::Arc::clone(&path);
    let change = Step::change_after(move |_| {
        let path = shared.lock().unwrap().clone().unwrap();
        let new = path.with_extension("new");
        std::fs::write(&new, other()).unwrap();
        std::fs::rename(new, path).unwrap();
    });
    // More than fits into the sockets: it is not complete when the connection is reset.
    let script = Script::new().on("STOR", change).data("STOR", Data::Reset(SIZE / 2));
    let scene = Scene::new(script);
    scene.write("a", noise(30 * SIZE));
    *path.lock().unwrap() = Some(scene.path("a"));
    scene.run("put a").ok().stderr_has("has changed: starting again");
    assert!(scene.liar.content("/a").unwrap() == other(), "a mixture");
}

#[test]
fn an_upload_that_a_journal_knows_is_resumed_whatever_the_servers_clock_says() {
    for known in [true, false] {
        let scene = Scene::new(Script::new().data("STOR", Data::Reset(SIZE - 1000)));
        scene.write("a", noise(SIZE));
        assert_ne!(once(&scene, "put a").status, 0);
        scene.liar.wire.wait_idle();
        scene.liar.files.lock().unwrap().set_time(b"/a", "20200101000000");
        if !known {
            std::fs::remove_dir_all(scene.home.path().join("ftpsh/uploads")).unwrap();
        }
        let ran = once(&scene, "put -c a").ok();
        assert!(scene.liar.content("/a").unwrap() == noise(SIZE));
        assert_eq!(scene.liar.wire.lines("APPE").len(), usize::from(known), "{ran}");
        assert_eq!(ran.err().contains("is older: starting again"), !known, "{ran}");
        // What is complete is forgotten.
        let journals = std::fs::read_dir(scene.home.path().join("ftpsh/uploads"));
        assert_eq!(journals.map_or(0, Iterator::count), 0);
    }
}

#[test]
fn a_file_that_is_replaced_while_a_connection_is_lost_is_downloaded_again() {
    for command in ["mirror d .", "get -r d -o .", "mirror -c d .", "get d/a", "get -c d/a"] {
        let script = Script::new()
            .file("/d/a", noise(SIZE))
            .on("RETR", Step::change_after(replace(b"/d/a", other())))
            .data("RETR", Data::Cut(SIZE / 2));
        let scene = Scene::new(script);
        let ran = scene.run(command).ok();
        assert!(scene.read("a").unwrap() == other(), "{command}: a mixture\n{ran}");
        ran.stderr_has("the remote file has changed: starting again");
        let time = scene.path("a").metadata().unwrap().modified().unwrap();
        let newer = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_600);
        assert_eq!(time, newer, "{command}");
    }
}

#[test]
fn segments_of_a_file_that_is_replaced_while_a_connection_is_lost_do_not_mix() {
    const LARGE: usize = 9 * 1024 * 1024;
    for told in [true, false] {
        let mut newer = noise(LARGE);
        newer[..1000].fill(b'x');
        let expected = newer.clone();
        let script = Script::new()
            .file("/d/a", noise(LARGE))
            .data("RETR", Data::Cut(2_000_000))
            .on("RETR", Step::change_after(replace(b"/d/a", newer)));
        let scene = Scene::new(if told { script } else { timeless(script) });
        let ran = scene.run("pget -n 2 d/a").ok();
        assert!(scene.read("a").unwrap() == expected, "a mixture\n{ran}");
    }
}

#[test]
fn without_a_time_a_retry_restarts() {
    for command in ["mirror d .", "get -r d -o .", "get d/a"] {
        let script = Script::new()
            .file("/d/a", noise(SIZE))
            .on("RETR", Step::change_after(|files| files.put(b"/d/a", other())))
            .data("RETR", Data::Cut(SIZE / 2));
        let scene = Scene::new(timeless(script));
        let ran = scene.run(command).ok();
        assert!(scene.read("a").unwrap() == other(), "{command}: a mixture\n{ran}");
        let ran = ran.stderr_has("does not tell when it was last changed: starting again");
        assert!(scene.liar.wire.lines("REST").is_empty(), "{command}\n{ran}");
    }
}

#[test]
fn without_a_time_samples_from_all_over_a_file_are_compared_when_it_is_resumed() {
    for replaced in [false, true] {
        for partial in [true, false] {
            let script = Script::new().file("/a", noise(SIZE));
            let cut = script.clone().data("RETR", Data::Cut(SIZE / 2));
            let scene = Scene::new(timeless(if partial { cut } else { script }));
            if partial {
                once(&scene, "get a").status(10);
            } else {
                scene.write("a", &noise(SIZE)[..SIZE / 2]);
            }
            let content = if replaced { much_other() } else { noise(SIZE) };
            scene.liar.files.lock().unwrap().put(b"/a", content.clone());
            let ran = once(&scene, "get -c a").ok().stderr_has("unverified");
            assert!(scene.read("a").unwrap() == content, "{replaced} {partial}\n{ran}");
            assert_eq!(ran.err().contains("starting again"), replaced, "{partial}\n{ran}");
        }
    }
}
