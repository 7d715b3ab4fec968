//! Directories that somebody swaps for links while a mirror runs, and what else may lie in a
//! file's place: nothing outside the target is written or deleted, nothing outside the source sent.

use super::{below, there};
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use support::liar::{Script, Step};
use support::scene::Scene;

/// The directory around the download directory, known once the scene is there.
type Around = Arc<OnceLock<PathBuf>>;

/// What a stranger does on this machine at the moment when the server gets a command: `path`
/// becomes a link to `outside`, and what was there lies in `moved`, once.
fn swap(around: &Around, path: &'static str) -> Step {
    let around = Arc::clone(around);
    Step::change(move |_| {
        let around = around.get().unwrap();
        let moved = around.join("moved");
        if !moved.exists() {
            std::fs::rename(around.join(path), moved).unwrap();
            symlink(around.join("outside"), around.join(path)).unwrap();
        }
    })
}

fn scene(script: Script, around: &Around) -> Scene {
    let scene = Scene::new(script);
    around.set(scene.dest.parent().unwrap().to_owned()).unwrap();
    std::fs::create_dir_all(scene.path("../outside/e")).unwrap();
    std::fs::write(scene.path("../outside/1"), "precious").unwrap();
    std::fs::write(scene.path("../outside/old"), "precious").unwrap();
    std::fs::write(scene.path("../outside/e/old"), "precious").unwrap();
    scene
}

#[track_caller]
fn outside_is_untouched(scene: &Scene) {
    let mut tree = scene.tree();
    tree.retain(|path| path.starts_with("outside"));
    assert_eq!(tree, ["outside", "outside/1", "outside/e", "outside/e/old", "outside/old"]);
    for name in ["1", "old", "e/old"] {
        let path = Path::new("../outside").join(name);
        assert_eq!(scene.read(path).unwrap(), b"precious", "{name}");
    }
}

#[test]
fn a_directory_swapped_for_a_link_between_two_files_gets_no_more_of_them() {
    let around = Around::default();
    // The first of the two to be asked for does it.
    let script = ["1", "2"].iter().fold(Script::new(), |script, name| {
        let path = format!("/s/d/{name}");
        script.file(&path, "evil").of("RETR", &path, swap(&around, "dest/s/d"))
    });
    let scene = scene(script.file("/s/a", "alpha"), &around);
    let ran = scene.run("mirror -P 1 s").status(10).stderr_has("is a link");
    outside_is_untouched(&scene);
    // The one under way went on in the directory in which it was begun.
    let moved = std::fs::read_dir(scene.path("../moved")).unwrap();
    let moved: Vec<_> = moved.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(moved.len(), 1, "{moved:?}\n{ran}");
    assert!(moved == ["1"] || moved == ["2"], "{moved:?}\n{ran}");
    assert_eq!(scene.read("s/a").unwrap(), b"alpha");
}

#[test]
fn a_target_swapped_for_a_link_is_followed_to_where_it_went() {
    let around = Around::default();
    let script = Script::new().file("/s/a/1", "one").file("/s/b/1", "one");
    let script = ["/s/a/1", "/s/b/1"]
        .iter()
        .fold(script, |script, path| script.of("RETR", path, swap(&around, "dest/s")));
    let scene = scene(script, &around);
    scene.run("mirror -P 1 s").ok();
    outside_is_untouched(&scene);
    for name in ["a", "b"] {
        assert_eq!(scene.read(format!("../moved/{name}/1")).unwrap(), b"one");
    }
}

#[test]
fn nothing_is_deleted_through_a_directory_swapped_after_it_was_listed() {
    for gone in [false, true] {
        let around = Around::default();
        let script =
            Script::new().file("/s/z", "last").of("RETR", "/s/z", swap(&around, "dest/s/d"));
        let script = if gone { script } else { script.file("/s/d/1", "precious") };
        let scene = scene(script, &around);
        std::fs::create_dir_all(scene.path("s/d/e")).unwrap();
        for name in ["1", "old", "e/old"] {
            scene.write(format!("s/d/{name}"), "precious");
        }
        let ran = scene.run("mirror -P 1 --delete --yes s").status(10).stderr_has("is a link");
        outside_is_untouched(&scene);
        assert!(scene.path("../moved/e/old").exists(), "{ran}");
    }
}

#[test]
fn nothing_outside_the_source_is_sent() {
    let around = Around::default();
    let script = ["1", "2"].iter().fold(Script::new().dir("/up"), |script, name| {
        script.of("STOR", format!("/up/d/{name}"), swap(&around, "dest/up/d"))
    });
    let scene = scene(script, &around);
    std::fs::create_dir_all(scene.path("up/d")).unwrap();
    scene.write("up/d/1", "mine");
    scene.write("up/d/2", "mine");
    std::fs::write(scene.path("../outside/2"), "secret").unwrap();
    let ran = scene.run("mirror -R -P 1 up").status(10);
    ran.stderr_has("is a link");
    let sent = |name: &str| scene.liar.content(format!("/up/d/{name}"));
    let sent: Vec<_> = ["1", "2"].into_iter().filter_map(sent).collect();
    assert!(sent.iter().all(|content| content == b"mine"), "{sent:?}");

    // With -L links are meant to be followed, also to directories.
    let scene = Scene::new(Script::new());
    std::fs::create_dir_all(scene.path("real")).unwrap();
    scene.write("real/x", "inside");
    std::fs::create_dir_all(scene.path("up")).unwrap();
    symlink("../real", scene.path("up/linked")).unwrap();
    scene.run("mirror -R -L up").ok();
    assert_eq!(there(&scene, "up"), ["linked", "linked/x"]);
}

#[test]
fn what_is_no_file_in_a_files_place_is_neither_waited_for_nor_written_to() {
    let names = ["fifo", "link", "dangling", "device", "good"];
    let script = names.iter().fold(Script::new(), |s, name| s.file(format!("/s/{name}"), "evil"));
    let scene = Scene::new(script);
    std::fs::create_dir(scene.path("s")).unwrap();
    let make = |kind: &str| {
        Command::new("mknod")
            .arg(scene.path("s").join(kind))
            .args(if kind == "fifo" { &["p"][..] } else { &["c", "1", "5"][..] })
            .output()
    };
    assert!(make("fifo").unwrap().status.success());
    // Only root can make a device (this one is /dev/zero).
    let device = make("device").unwrap().status.success();
    scene.write("outside", "precious");
    symlink("../outside", scene.path("s/link")).unwrap();
    symlink("../nowhere", scene.path("s/dangling")).unwrap();
    let started = Instant::now();
    let ran = scene.run("mirror s").status(10).stderr_has("fifo: is not a regular file");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}\n{ran}", started.elapsed());
    assert_eq!(scene.read("outside").unwrap(), b"precious");
    assert!(!scene.path("nowhere").exists(), "{ran}");
    assert!(scene.path("s/fifo").symlink_metadata().unwrap().file_type().is_fifo());
    for name in ["link", "dangling", "good"] {
        assert!(scene.path("s").join(name).symlink_metadata().unwrap().is_file(), "{name}\n{ran}");
    }
    if device {
        let kind = scene.path("s/device").symlink_metadata().unwrap().file_type();
        assert!(kind.is_char_device(), "{ran}");
        assert!(!scene.liar.wire.lines("RETR").contains(&"RETR /s/device".to_owned()), "{ran}");
        assert!(ran.err().contains("device: is a device"), "{ran}");
    }
}

#[test]
fn a_server_cannot_name_a_file_as_another_ones_partial_file() {
    let big = vec![b'x'; 300_000];
    let script = Script::new()
        .file("/s/a", &big)
        .file("/s/.a.ftpsh-part", "evil")
        .file(
            "/s/.a.ftpsh-part.j",
            "{\"size\":300000,\"modified\":null,\"segments\":[[0,300000,300000]]}",
        )
        .file("/s/.a.ftpsh-part.tmp", "evil");
    let scene = Scene::new(script);
    for commands in ["mirror -P 4 s", "mirror -P 4 -c s", "get -O s --overwrite s/.a.ftpsh-part.j"]
    {
        let ran = scene.run(commands);
        assert!([9, 10].contains(&ran.status), "{commands}\n{ran}");
        ran.stderr_has("partial file");
        assert_eq!(below(&scene, "s"), ["a"], "{commands}");
        assert_eq!(scene.read("s/a").unwrap(), big);
    }
}
