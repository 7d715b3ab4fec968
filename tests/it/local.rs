//! The local side: targets that are not what they seem, full disks, two programs at one file.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use support::liar::{Data, Event, Script, Step};
use support::program::{Ran, wait};
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", noise(SIZE)))
}

/// Runs what a scene would run behind some lines of shell.
fn behind_shell(scene: &Scene, lines: &str, commands: &str) -> (i32, String) {
    let call = scene.call().args(["-c", commands]).command();
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("{lines}\nexec \"$0\" \"$@\""));
    shell.arg(call.get_program()).args(call.get_args()).env_clear();
    shell.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(&scene.dest).stdin(Stdio::null());
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

#[test]
fn a_file_that_may_not_grow_is_an_error_with_path_and_reason() {
    let scene = scene();
    scene.write("a", "precious");
    // 100 blocks of 512 or 1024 bytes.
    let lines = "trap '' XFSZ; ulimit -f 100";
    let (status, said) = behind_shell(&scene, lines, "get --overwrite=yes a");
    assert_eq!(status, 9, "{said}");
    assert!(said.contains(": a: write: file too large"), "{said}");
    assert_eq!(scene.read("a").unwrap(), b"precious");
}

#[test]
fn a_full_disk_is_an_error_with_path_and_reason() {
    let script = || Script::new().file("/a", noise(3_000_000));
    let scene = Scene::new(script());
    let disk = scene.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let options = ["-t", "tmpfs", "-o", "size=1m", "none"];
    let mounted = Command::new("mount").args(options).arg(&disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "left out: a full disk (mounting takes root)");
        return;
    }
    let _mounted = Unmount(&disk);
    std::fs::write(disk.join("a"), "precious").unwrap();
    let ran = scene.run("get --overwrite=yes -O disk a").status(9);
    ran.stderr_has("disk").stderr_has("no space left");
    assert_eq!(std::fs::read(disk.join("a")).unwrap(), b"precious");
    let names: Vec<_> = std::fs::read_dir(&disk).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!scene.liar.wire.has("RETR"), "the size is known before: {names:?}");
    // Without a size it shows while the file comes.
    let sizeless = Scene::new(script().without("MLST").without("MLSD").without("SIZE"));
    let target = disk.display();
    let ran = sizeless.run(&format!("get --overwrite=yes -O {target} a")).status(9);
    ran.stderr_has("no space left");
    assert_eq!(std::fs::read(disk.join("a")).unwrap(), b"precious");
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_target_that_cannot_be_written_fails_before_anything_is_fetched() {
    let scene = scene();
    std::fs::create_dir(scene.path("dir")).unwrap();
    std::fs::create_dir(scene.path("a")).unwrap();
    std::fs::create_dir(scene.path("closed")).unwrap();
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o555);
    std::fs::set_permissions(scene.path("closed"), closed).unwrap();
    make_fifo(&scene.path("fifo"));
    let mut commands = vec![
        "get -O absent a",
        "get a -o absent/a",
        "get -O /proc a",
        "get a", // a directory of that name
        "get a -o fifo",
        "get -O fifo a",
    ];
    if !rustix::process::geteuid().is_root() {
        commands.push("get -O closed a");
    }
    for command in commands {
        let started = std::time::Instant::now();
        scene.run(command).status(9);
        assert!(started.elapsed() < Duration::from_secs(2), "{command}");
    }
    assert!(!scene.liar.wire.has("RETR"), "{:?}", scene.liar.wire.commands());
    assert_eq!(scene.tree(), ["dest", "dest/a", "dest/closed", "dest/dir", "dest/fifo"]);
}

fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

#[test]
fn links_in_the_way_are_replaced_never_followed() {
    let scene = scene();
    let outside = scene.path("../outside");
    std::fs::write(&outside, "untouched").unwrap();
    symlink("../outside", scene.path("a")).unwrap();
    scene.run("get a").status(9);
    scene.run("get --overwrite=yes a").ok();
    assert!(scene.path("a").symlink_metadata().unwrap().is_file());
    assert!(scene.read("a").unwrap() == noise(SIZE));
    // A link in the place of the partial file.
    symlink("../outside", scene.path(".b.ftpsh-part")).unwrap();
    scene.run("get a -o b").status(9);
    // One that leads nowhere.
    symlink("../created", scene.path("c")).unwrap();
    scene.run("get --overwrite=yes a -o c").ok();
    assert_eq!(std::fs::read(&outside).unwrap(), b"untouched");
    assert!(!scene.path("../created").exists());
}

#[test]
fn a_device_is_written_to_as_it_is() {
    let scene = scene();
    scene.run("get a -o /dev/null").ok();
    use std::os::unix::fs::FileTypeExt as _;
    assert!(Path::new("/dev/null").metadata().unwrap().file_type().is_char_device());
    scene.run("get a -o /dev/full").status(9).stderr_has("/dev/full");
}

#[test]
fn an_existing_file_is_refused_in_a_script_and_replaced_when_told_to() {
    let scene = scene();
    scene.write("a", "old");
    scene.run("get a").status(9).stderr_has("--overwrite");
    scene.run("get --overwrite=no a").status(9);
    assert_eq!(scene.read("a").unwrap(), b"old");
    assert!(!scene.liar.wire.has("RETR"));
    scene.run("get --overwrite a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    scene.write("a", "old");
    scene.call().args(["--set", "xfer:overwrite=yes", "-c", "get a"]).run().ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
}

#[test]
fn permissions_of_what_is_replaced_and_the_remote_time_are_kept() {
    let scene = scene();
    scene.write("a", "old");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(scene.path("a"), private).unwrap();
    scene.run("get --overwrite a").ok();
    let metadata = scene.path("a").metadata().unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    assert_eq!(metadata.mtime(), 1_704_164_645, "2024-01-02 03:04:05 UTC");
    scene.call().args(["--set", "xfer:preserve-times=no", "-c", "get a -o b"]).run().ok();
    assert!(scene.path("b").metadata().unwrap().mtime() > 1_704_164_645);
}

#[test]
fn a_bad_download_leaves_the_good_file_of_that_name_alone() {
    for data in [Data::Cut(SIZE / 2), Data::Short(SIZE / 2), Data::Reset(SIZE / 2)] {
        let script = Script::new().file("/a", noise(SIZE)).always_data("RETR", data);
        let scene = Scene::new(script);
        scene.write("a", "precious");
        scene.hurried("get --overwrite a").status(10);
        assert_eq!(scene.read("a").unwrap(), b"precious");
        assert_eq!(scene.whole_files(), ["a"]);
    }
}

#[test]
fn two_programs_at_one_file_do_not_mix() {
    let stalled = Data::Stall(SIZE / 2);
    let script = Script::new().file("/a", noise(SIZE)).data("RETR", stalled);
    let scene = Scene::new(script);
    let mut first = scene.call().args(["-c", "get a"]).command();
    let mut first = first.stderr(Stdio::null()).spawn().unwrap();
    let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
    scene.liar.wire.wait_until(|events| events.iter().any(paused));
    scene.run("get a").status(9).stderr_has("another ftpsh");
    assert!(scene.whole_files().is_empty());
    first.kill().unwrap();
    wait(&mut first, Duration::from_secs(5));
    scene.run("get a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert_eq!(scene.tree(), ["dest", "dest/a"]);
}

#[test]
fn two_programs_that_race_for_one_file_leave_one_whole_file() {
    let scene = scene();
    let runs: Vec<Ran> = std::thread::scope(|scope| {
        let run = || scene.call().args(["-c", "get --overwrite a"]).run();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(runs.iter().any(|ran| ran.status == 0), "{}", runs[0]);
    assert!(runs.iter().all(|ran| matches!(ran.status, 0 | 9)));
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert_eq!(scene.tree(), ["dest", "dest/a"]);
}

#[test]
fn what_appears_while_a_file_comes_is_kept_without_overwrite_and_replaced_with_it() {
    for (options, large, status) in
        [("", false, 9), ("", true, 9), ("--overwrite", false, 0), ("--overwrite", true, 0)]
    {
        let content = noise(if large { 9_000_000 } else { SIZE });
        let appears = Arc::new(OnceLock::<PathBuf>::new());
        let write = {
            let appears = Arc::clone(&appears);
            move |_: &mut _| std::fs::write(appears.get().unwrap(), "another's").unwrap()
        };
        let script = Script::new().file("/a", &content).on("RETR", Step::change(write));
        let scene = Scene::new(script);
        appears.set(scene.path("a")).unwrap();
        let segments = if large { "--segments 2" } else { "" };
        let ran = scene.run(&format!("get {options} {segments} a")).status(status);
        if status == 0 {
            assert!(scene.read("a").unwrap() == content);
        } else {
            ran.stderr_has("a: created by somebody else in the meantime; kept");
            assert_eq!(scene.read("a").unwrap(), b"another's");
        }
        assert_eq!(scene.tree(), ["dest", "dest/a"], "{options} {segments}");
    }
}

#[test]
fn a_reader_that_has_read_enough_is_not_a_failure() {
    let scene = scene();
    let mut child = scene
        .call()
        .args(["-c", "get a -o -"])
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(wait(&mut child, Duration::from_secs(10)), 0, "{said}");
    assert!(!said.contains("panic") && !said.contains("pipe"), "{said}");
}

#[test]
fn what_is_missing_here_is_told_apart_from_what_is_missing_there() {
    let scene = Scene::new(Script::new().file("/a", "x"));
    for line in ["put gone", "lcd gone", "mirror -R gone there", "get a -o gone/a", "source gone"] {
        scene.run(line).status(9).stderr_has(": no such file or directory (local)");
    }
    for line in ["get gone", "cd gone", "cat gone", "mirror gone here"] {
        scene.run(line).status(8).never_says("(local)");
    }
}
