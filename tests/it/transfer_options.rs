//! Ways to transfer that are asked for: with checksums, by a rename, in ASCII type, at a limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};
use support::liar::{Data, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;

fn script() -> Script {
    Script::new().file("/a", noise(SIZE))
}

/// Another file of the same size, from `from` on.
fn other(from: usize) -> Vec<u8> {
    let mut bytes = noise(SIZE);
    bytes[from..].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

/// Runs commands without retries.
fn once(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--set", "net:max-retries=0", "-c", commands]).run()
}

const CHECKSUMS: [&str; 6] =
    ["HASH SHA-256*;SHA-1", "HASH SHA-1*;MD5", "XSHA256", "XSHA1", "XMD5", "XCRC"];

#[test]
fn checksums_are_compared_where_the_server_makes_them() {
    for line in CHECKSUMS {
        let verb = line.split(' ').next().unwrap();
        let scene = Scene::new(script().feature(line));
        scene.run("set xfer:verify hash; get a; put a -o b").ok();
        assert_eq!(scene.liar.wire.lines(verb), [format!("{verb} a"), format!("{verb} b")]);

        // What is stored or sent is not what it should be, though its size is.
        let wrong = Data::Body(other(SIZE / 2));
        let scene = Scene::new(script().feature(line).always_data("RETR", wrong));
        once(&scene, "set xfer:verify hash; get a").status(10).stderr_has("checksums differ");
        assert_eq!(scene.tree(), ["dest"], "{line}: what differs is of no use");
        once(&scene, "get a").ok();

        let spoil = Step::change(|files| files.put(b"/up", other(0)));
        let scene = Scene::new(Script::new().feature(line).always(verb, spoil));
        scene.write("up", noise(SIZE));
        let ran = once(&scene, "set xfer:verify hash; put up").status(10);
        ran.stderr_has("checksums differ").stderr_has("up");
    }
}

#[test]
fn an_unavailable_checksum_is_not_a_failure() {
    for (case, script) in [
        ("none offered", script()),
        ("refused", script().feature("XCRC").always("XCRC", Step::reply("550 no"))),
        ("nonsense", script().feature("XCRC").always("XCRC", Step::reply("250 done"))),
    ] {
        let scene = Scene::new(script);
        let ran = once(&scene, "set xfer:verify hash; get a; put a -o b");
        assert_eq!(ran.status, 0, "{case}\n{ran}");
    }
}

#[test]
fn an_atomic_upload_appears_by_a_rename() {
    let scene = Scene::new(Script::new().file("/d/a", "old"));
    scene.write("a", noise(SIZE));
    scene.run("put --atomic -O d a").ok();
    let wire = &scene.liar.wire;
    let of = |verbs: &[&str]| -> Vec<String> {
        let is = |line: &String| verbs.iter().any(|verb| line.starts_with(verb));
        wire.commands().into_iter().filter(is).collect()
    };
    assert_eq!(
        of(&["STOR", "RNFR", "RNTO", "DELE"]),
        ["STOR d/.a.ftpsh-part", "RNFR d/.a.ftpsh-part", "RNTO d/a"]
    );
    assert!(scene.liar.content("/d/a").unwrap() == noise(SIZE));
    assert_eq!(scene.liar.files.lock().unwrap().paths(), [&b"/d"[..], b"/d/a"]);
}

#[test]
fn an_atomic_upload_is_resumed_under_its_temporary_name_and_a_complete_one_is_not_sent_again() {
    let mirror = |c: &str| format!("set xfer:atomic yes; mirror -R {c} --transfer-all . /");
    for (first, command) in [
        ("put --atomic a", "put -c --atomic a"),
        ("put --atomic a", "put -c a"),
        (&mirror(""), &mirror("-c")),
    ] {
        let script = Script::new().file("/a", "old").data("STOR", Data::Reset(SIZE / 2));
        let scene = Scene::new(script);
        scene.write("a", noise(SIZE));
        scene.liar.files.lock().unwrap().set_time(b"/a", "20200101000000");
        assert_ne!(once(&scene, first).status, 0);
        scene.liar.wire.wait_idle();
        assert_eq!(scene.liar.content("/a").unwrap(), b"old");
        once(&scene, command).ok();
        assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{command}");
        assert_eq!(scene.liar.wire.lines("APPE").len(), 1, "{command}");
        assert_eq!(scene.liar.files.lock().unwrap().paths(), [b"/a"]);
        let ran = once(&scene, command).ok();
        let sent = (scene.liar.wire.lines("STOR").len(), scene.liar.wire.lines("APPE").len());
        assert_eq!(sent, (1, 1), "{ran}");
        // By its end it is another file.
        scene.liar.files.lock().unwrap().put(b"/a", vec![b'y'; SIZE]);
        once(&scene, command).ok();
        assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{command}");
    }
}

#[test]
fn an_atomic_upload_that_fails_leaves_the_old_file() {
    let faults = [
        ("cut", Script::new().always_data("STOR", Data::Reset(1000))),
        ("552", Script::new().always("STOR", Step::last("552 full"))),
        ("stored short", Script::new().always_data("STOR", Data::Short(1000))),
        ("no rename", Script::new().always("RNTO", Step::reply("553 no"))),
        ("no rename at all", Script::new().always("RNFR", Step::reply("502 no"))),
        ("cut before the rename", Script::new().always("RNFR", Step::Cut(Vec::new()))),
    ];
    for (case, script) in faults {
        let scene = Scene::new(script.file("/a", "old"));
        scene.write("a", noise(200_000));
        let ran = once(&scene, "put --atomic a");
        assert!(ran.status != 0, "{case}\n{ran}");
        scene.liar.wire.wait_idle();
        assert_eq!(scene.liar.content("/a").as_deref(), Some(&b"old"[..]), "{case}\n{ran}");
    }
}

#[test]
fn an_atomic_upload_works_where_nothing_is_renamed_over_a_file() {
    let refused = || Step::reply("553 it exists");
    let scene = Scene::new(Script::new().file("/a", "old").on("RNTO", refused()));
    scene.write("a", noise(SIZE));
    let ran = once(&scene, "put --atomic a").ok();
    assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{ran}");
    assert_eq!(scene.liar.files.lock().unwrap().paths(), [b"/a"], "{ran}");
}

#[test]
fn texts_get_the_line_ends_of_each_side() {
    let scene = Scene::new(Script::new().file("/a", "one\r\ntwo\r\n\r\nthree"));
    scene.run("get -a a").ok();
    assert_eq!(scene.read("a").unwrap(), b"one\ntwo\n\nthree");
    scene.run("put -a a -o b").ok();
    assert_eq!(scene.liar.content("/b").unwrap(), b"one\r\ntwo\r\n\r\nthree");
    // Binary again, in the same session and without being asked.
    scene.run("get -a a -o c; get a -o d; put -a c -o e; put c -o f").ok();
    assert_eq!(scene.read("d").unwrap(), b"one\r\ntwo\r\n\r\nthree");
    assert_eq!(scene.liar.content("/f").unwrap(), b"one\ntwo\n\nthree");
}

#[test]
fn an_interrupted_text_restarts() {
    let text = "a line of text\r\n".repeat(60_000);
    let script = Script::new().file("/a", &text);
    let scene = Scene::new(script.data("RETR", Data::Cut(500_000)).without("SIZE").without("MLST"));
    once(&scene, "get -a a").status(10);
    once(&scene, "get -a -c a").ok();
    assert!(scene.read("a").unwrap() == text.replace("\r\n", "\n").into_bytes());
}

#[test]
fn a_rate_limit_is_kept_in_both_directions() {
    for (setting, commands) in [
        ("net:limit-rate=400k", "get a"),
        ("net:limit-rate=0:400k", "put up"),
        ("net:limit-total-rate=400k", "get a"),
    ] {
        let scene = Scene::new(Script::new().file("/a", noise(200_000)));
        scene.write("up", noise(200_000));
        let started = Instant::now();
        scene.call().args(["--set", setting, "-c", commands]).run().ok();
        let taken = started.elapsed();
        // Half a second less what is allowed at once; 400k are 409600 bytes.
        assert!(taken > Duration::from_millis(380), "{setting}: {taken:?}");
    }
}

/// A server with two files, the first of which changes so often after its data was sent.
fn changing(size: usize, times: usize) -> (Script, Vec<u8>) {
    let (mut newer, left) = (noise(size), AtomicUsize::new(times));
    newer[..50].fill(b'x');
    let new = newer.clone();
    let change = Step::change_after(move |files| {
        if let Ok(left) =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        {
            files.put(b"/d/a", new.clone());
            files.set_time(b"/d/a", &format!("202501010000{left:02}"));
        }
    });
    let script = Script::new().file("/d/a", noise(size)).file("/d/b", "b");
    (script.of("RETR", "/d/a", change), newer)
}

#[test]
fn a_file_that_changes_while_it_is_fetched_is_fetched_again_if_it_is_to_be_stable() {
    for (command, size) in [
        ("get -O d d/a", SIZE),
        ("get -O d d/a", 100),
        ("get -P2 -O d d/a d/b", SIZE),
        ("get --segments 2 -O d d/a", 9_000_000),
        ("mirror d", SIZE),
        ("get -r d", 100),
    ] {
        for stable in [false, true] {
            // Segments that do not match are an error anyway.
            if !stable && command.contains("--segments") {
                continue;
            }
            let (script, newer) = changing(size, 1);
            let scene = Scene::new(script);
            std::fs::create_dir(scene.path("d")).unwrap();
            let verify = if stable { "stable" } else { "size" };
            let ran = scene.run(&format!("set xfer:verify {verify}; {command}")).ok();
            if stable {
                assert!(scene.read("d/a").unwrap() == newer, "{command}\n{ran}");
                ran.stderr_has("the file changed while it was fetched");
                let modified = scene.path("d/a").metadata().unwrap().modified().unwrap();
                let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_601);
                assert_eq!(modified, expected, "{command}");
            }
            assert!(!scene.tree().iter().any(|name| name.contains("ftpsh-part")), "{command}");
        }
    }
}

#[test]
fn a_file_that_keeps_changing_fails_after_the_last_retry() {
    let (script, _) = changing(SIZE, 50);
    let scene = Scene::new(script.clone());
    for command in ["get --overwrite a", "mirror . here"] {
        scene.write("a", "old");
        let command = format!("cd d; set xfer:verify stable; set net:max-retries 2; {command}");
        let ran = scene.run(&command).status(10);
        let ran = ran.stderr_has("a: the file changed while it was fetched");
        assert!(ran.err().contains("(2 of 2)"), "{ran}");
        assert_eq!(scene.read("a").unwrap(), b"old", "{ran}");
        assert!(!scene.path("here/a").exists(), "{ran}");
        assert!(!scene.tree().iter().any(|name| name.contains("ftpsh-part")), "{ran}");
    }
    let fetched = |line: &&String| line.ends_with('a');
    assert_eq!(scene.liar.wire.lines("RETR").iter().filter(fetched).count(), 6);
    // What was printed cannot be taken back.
    let ran = Scene::new(script).run("set xfer:verify stable; cat d/a").status(10);
    assert_eq!(ran.stdout.len(), SIZE, "{}", ran.err());
}

#[test]
fn a_file_of_unknown_time_is_said_to_be_unverified() {
    let script = script().without("MLST").without("MLSD").without("MDTM");
    let scene = Scene::new(script);
    let ran = scene.run("set xfer:verify stable; get a").ok();
    ran.stderr_has("unverified: the server does not tell when it was last changed");
    assert!(scene.read("a").unwrap() == noise(SIZE));
}
