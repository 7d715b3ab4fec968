//! Downloads to devices and pipes by their names, and to links that lead to them. Only by names
//! under /proc, where nothing can be replaced: that /dev/stdout is a link of this kind is tested
//! beside the code, without a download to it.

use std::os::unix::fs::symlink;
use support::liar::Script;
use support::scene::{Scene, noise};

const SIZE: usize = 100_000;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", noise(SIZE)))
}

#[test]
fn standard_output_is_written_to_by_any_of_its_names() {
    for name in ["-", "/dev/fd/1", "/proc/self/fd/1"] {
        let ran = scene().run(&format!("get --overwrite a -o {name}")).ok();
        assert!(ran.stdout == noise(SIZE), "{name}");
    }
}

#[test]
fn a_link_of_the_system_to_a_pipe_is_written_through() {
    for name in ["/proc/self/fd/2", "/dev/fd/2"] {
        let ran = scene().run(&format!("get --overwrite a -o {name}")).ok();
        let text = String::from_utf8_lossy(&noise(SIZE)).into_owned();
        assert!(ran.err().contains(&text), "{name}");
    }
}

#[test]
fn a_link_of_the_system_to_a_file_is_neither_replaced_nor_followed() {
    let scene = scene();
    scene.write("log", "a line");
    let program = scene.call().args(["-c", "get --overwrite a -o /proc/self/fd/2"]);
    let mut command = program.command();
    let log = std::fs::File::options().append(true).open(scene.path("log")).unwrap();
    let status = command.stdin(std::process::Stdio::null()).stderr(log).status().unwrap();
    assert_eq!(status.code(), Some(9));
    let log = String::from_utf8(scene.read("log").unwrap()).unwrap();
    assert!(log.starts_with("a line") && log.contains("leads to no device or pipe"), "{log}");
}

#[test]
fn a_link_to_a_device_elsewhere_is_neither_replaced_nor_followed() {
    let scene = scene();
    symlink("/dev/null", scene.path("sink")).unwrap();
    let ran = scene.run("get --overwrite a -o sink").status(9);
    ran.stderr_has("is a link to a device").stderr_has("name the device itself");
    assert_eq!(std::fs::read_link(scene.path("sink")).unwrap().to_str(), Some("/dev/null"));
    scene.run("get a -o /dev/null").ok();
    // In a tree that is mirrored it is in the way, and replaced as any other link.
    let tree = Scene::new(Script::new().file("/sink", noise(SIZE)));
    symlink("/dev/null", tree.path("sink")).unwrap();
    tree.run("mirror . .").ok();
    assert!(tree.path("sink").symlink_metadata().unwrap().is_file());
}
