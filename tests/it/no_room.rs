//! A disk or a quota that is full, on the server or here: after the third file in a row a command
//! ends, with the server's words, what was done and what is left. One large file is no reason.

use std::process::Command;

use support::liar::{Liar, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const REPLIES: [&str; 2] = ["552 Quota of tester exceeded", "452 No room just now"];

/// So many local files in a directory, each of 1000 bytes.
fn write_files(scene: &Scene, count: usize) {
    std::fs::create_dir(scene.path("d")).unwrap();
    (0..count).for_each(|n| scene.write(format!("d/f{n}"), noise(1000)));
}

/// Runs commands with one retry after a transient failure.
fn run(scene: &Scene, options: &[&str], commands: &str) -> Ran {
    let call = scene.call().args(["--set", "net:max-retries=1"]);
    call.args(options).args(["-c", commands]).run()
}

/// A server that takes two files and is full from then on.
fn full_after_two(reply: &str) -> Script {
    let script = Script::new().on("STOR", Step::Honest).on("STOR", Step::Honest);
    script.always("STOR", Step::reply(reply))
}

#[test]
fn a_mirror_to_a_full_server_ends_after_the_third_file_in_a_row() {
    for reply in REPLIES {
        let scene = Scene::new(full_after_two(reply));
        write_files(&scene, 10);
        let ran = run(&scene, &[], "mirror -R -P1 d up").status(10);
        let (code, words) = reply.split_once(' ').unwrap();
        let ran = ran
            .stderr_has("mirror d: stopped: no room for three files in a row")
            .stderr_has(&format!("({code} \"{words}\"); 2 files (2.0 KiB) transferred, "))
            .stderr_has("8 files (7.8 KiB) left")
            .stderr_has("hint: make room there");
        let tried = if code == "452" { 2 + 3 * 2 } else { 2 + 3 };
        assert_eq!(scene.liar.wire.lines("STOR").len(), tried, "{ran}");
        // The summary says it, too.
        ran.stderr_has("3 failed");
        // With room again, the same command does the rest and no more.
        let roomy = Scene::new(Script::new().dir("/up"));
        write_files(&roomy, 10);
        roomy.run("mirror -R d up").ok().stderr_has("10 files");
    }
}

#[test]
fn a_mirror_of_several_files_at_a_time_ends_as_well_and_deletes_nothing() {
    let scene =
        Scene::new(Script::new().file("/up/old", "x").always("STOR", Step::last(REPLIES[0])));
    write_files(&scene, 200);
    let ran =
        run(&scene, &[], "mirror -R -P4 --delete --delete-despite-errors --yes d up").status(10);
    let ran = ran.stderr_has("stopped: no room for three files in a row").stderr_has("200 files");
    // Those that were under way when the third failed.
    let tried = scene.liar.wire.lines("STOR").len();
    assert!((3..=6).contains(&tried), "{tried}\n{ran}");
    assert!(scene.liar.content("/up/old").is_some(), "{ran}");
}

#[test]
fn a_file_that_is_too_large_for_a_quota_is_no_reason_to_leave_the_others() {
    let full = || Step::reply(REPLIES[0]);
    let script = Script::new().of("STOR", "/up/f1", full()).of("STOR", "/up/f2", full());
    let script = script.of("STOR", "/up/f4", full()).of("STOR", "/up/f5", full());
    for command in ["mirror -R -P1 d up", "put -O up d/*"] {
        let scene = Scene::new(script.clone().dir("/up"));
        write_files(&scene, 10);
        let ran = run(&scene, &[], command);
        assert!([8, 10].contains(&ran.status), "{ran}");
        assert!(!ran.err().contains("stopped"), "{ran}");
        assert_eq!(scene.liar.wire.lines("STOR").len(), 10, "{ran}");
    }
    // Nor is a failure that is not about room.
    let scene = Scene::new(Script::new().dir("/up").always("STOR", Step::reply("553 no")));
    write_files(&scene, 10);
    let ran = run(&scene, &[], "mirror -R d up").status(10);
    assert_eq!(scene.liar.wire.lines("STOR").len(), 10, "{ran}");
}

#[test]
fn put_of_many_files_ends_as_a_mirror_does() {
    // With -P, results are told while the next files are under way.
    for (command, count, most) in
        [("put d/*", 10, 5), ("mput d/*", 10, 5), ("put -P2 d/*", 200, 100)]
    {
        let scene = Scene::new(full_after_two(REPLIES[0]));
        write_files(&scene, count);
        let ran = run(&scene, &[], command).status(8);
        let ran = ran
            .stderr_has("put: stopped: no room for three files in a row")
            .stderr_has("552 \"Quota of tester exceeded\"")
            .stderr_has(&format!("2 of {count} files done, {} left", count - 2));
        let tried = scene.liar.wire.lines("STOR").len();
        assert!((5..=most).contains(&tried), "{command}: {tried}\n{ran}");
    }
}

#[test]
fn a_copy_to_a_full_server_ends_as_well() {
    let files = |script: Script, n| script.file(format!("/d/f{n}"), noise(1000));
    let scene = Scene::new((0..10).fold(Script::new(), files));
    let other = Liar::start(full_after_two(REPLIES[0]));
    let login = format!("{}:{}@", other.user, other.password);
    let url = other.url().replace(&format!("{}@", other.user), &login);
    let trust = ["--fingerprint", other.fingerprint.as_str()];
    let ran = run(&scene, &trust, &format!("mirror -P1 d {url}/up")).status(10);
    let ran =
        ran.stderr_has("no room for three files in a row").stderr_has("8 files (7.8 KiB) left");
    assert_eq!(other.wire.lines("STOR").len(), 5, "{ran}");
}

#[test]
fn downloads_end_on_a_full_local_disk() {
    let names = (0..10).map(|n| format!("/d/f{n}"));
    let script = names.fold(Script::new(), |script, name| script.file(name, noise(600_000)));
    for command in ["mirror -P1 d disk", "get -O disk d/*"] {
        let scene = Scene::new(script.clone());
        let disk = scene.path("disk");
        std::fs::create_dir(&disk).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=1m", "none"];
        let mounted = Command::new("mount").args(options).arg(&disk).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "left out: a full disk (mounting takes root)");
            return;
        }
        let ran = run(&scene, &[], command);
        Command::new("umount").arg("-l").arg(&disk).status().unwrap();
        assert!([9, 10].contains(&ran.status), "{ran}");
        let ran = ran.stderr_has("no room for three files in a row").stderr_has("no space left on");
        assert!(ran.err().contains("9 left") || ran.err().contains("9 files ("), "{ran}");
    }
}
