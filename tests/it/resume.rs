//! Transfers that were interrupted and go on, whatever interrupted them.

use std::process::Stdio;
use std::time::Duration;
use support::liar::{Data, Event, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 1_200_000;
const OVERLAP: usize = 64 * 1024;

fn script() -> Script {
    Script::new().file("/a", noise(SIZE))
}

/// Runs commands without retries.
fn once(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--set", "net:max-retries=0", "-c", commands]).run()
}

/// Bytes of body that the transfers since the wire was so long have carried.
fn carried(scene: &Scene, before: usize) -> usize {
    scene.liar.wire.bodies()[before..].iter().sum()
}

fn is_whole(scene: &Scene) {
    assert!(scene.read("a").unwrap() == noise(SIZE), "not the same");
    assert_eq!(scene.tree(), ["dest", "dest/a"]);
}

/// Another file of the same size, from `from` on.
fn other(from: usize) -> Vec<u8> {
    let mut bytes = noise(SIZE);
    bytes[from..].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

#[test]
fn a_download_resumes_where_it_was_interrupted() {
    for at in [0, 1, 1000, OVERLAP - 1, OVERLAP, OVERLAP + 1, SIZE / 2, SIZE - 1] {
        let scene = Scene::new(script().data("RETR", Data::Cut(at)));
        once(&scene, "get a").status(10);
        assert_eq!(scene.read("a"), None, "{at}");
        let before = scene.liar.wire.bodies().len();
        let ran = once(&scene, "get -c a").ok();
        is_whole(&scene);
        let moved = carried(&scene, before);
        assert!(moved <= SIZE - at + OVERLAP, "{at}: {moved} bytes\n{ran}");
        let again = once(&scene, "get -c a").ok();
        is_whole(&scene);
        assert!(carried(&scene, before) <= moved + OVERLAP, "{at}: a second time\n{again}");
    }
}

#[test]
fn without_being_told_to_a_download_starts_at_the_beginning() {
    let scene = Scene::new(script().data("RETR", Data::Cut(SIZE / 2)));
    once(&scene, "get a").status(10);
    let before = scene.liar.wire.bodies().len();
    once(&scene, "get a").ok();
    is_whole(&scene);
    assert_eq!(carried(&scene, before), SIZE);
}

#[test]
fn a_download_that_only_lacked_its_reply_has_nothing_left_to_do() {
    let scene = Scene::new(script().on("RETR", Step::Final(Vec::new())));
    scene.hurried("get a").status(10).stderr_has("unconfirmed");
    let before = scene.liar.wire.bodies().len();
    once(&scene, "get -c a").ok();
    is_whole(&scene);
    assert!(carried(&scene, before) <= OVERLAP);
}

#[test]
fn a_file_that_has_changed_meanwhile_is_fetched_from_the_beginning() {
    let newer = noise(SIZE + 1)[1..].to_vec();
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("another time", other(0), "20250101000000"),
        ("a longer one", noise(SIZE + 500), "20240102030405"),
        ("a shorter one", noise(SIZE - 500), "20240102030405"),
        ("other bytes at the seam", newer, "20240102030405"),
    ];
    for mlst in [true, false] {
        for (case, content, time) in &cases {
            let script = script().data("RETR", Data::Cut(SIZE / 2));
            let script = if mlst { script } else { script.without("MLST").without("MLSD") };
            let scene = Scene::new(script);
            once(&scene, "get a").status(10);
            {
                let mut files = scene.liar.files.lock().unwrap();
                files.put(b"/a", content.clone());
                files.set_time(b"/a", time);
            }
            once(&scene, "get -c a").ok().stderr_has("starting again");
            assert!(scene.read("a").as_ref() == Some(content), "{case}: not the same");
        }
    }
}

#[test]
fn a_small_file_that_has_changed_far_from_the_seam_is_not_mixed() {
    const SMALL: usize = 600_000;
    for journal in [true, false] {
        let scene =
            Scene::new(Script::new().file("/a", noise(SMALL)).data("RETR", Data::Cut(SMALL / 2)));
        once(&scene, "get a").status(10);
        if !journal {
            std::fs::remove_file(scene.path(".a.ftpsh-part.j")).unwrap();
        }
        let mut changed = noise(SMALL);
        changed[..100].fill(b'x');
        {
            let mut files = scene.liar.files.lock().unwrap();
            files.put(b"/a", changed.clone());
            files.set_time(b"/a", "20250101000000");
        }
        once(&scene, "get -c a").ok().stderr_has("starting again");
        assert!(scene.read("a").unwrap() == changed, "a mixture of two versions");
    }
}

#[test]
fn another_try_never_resumes_the_file_that_was_to_be_replaced() {
    // The old version differs at its beginning only: by its end it could be the new one.
    let mut old = noise(SIZE);
    old[..100].fill(b'x');
    for length in [SIZE, SIZE / 2] {
        let busy = script().on("RETR", Step::reply("450 busy"));
        let scene = Scene::new(busy);
        scene.write("a", &old[..length]);
        scene.run("get --overwrite a").ok();
        assert!(scene.read("a").unwrap() == noise(SIZE), "the old file was taken for the new one");
    }
    for length in [SIZE, SIZE / 2] {
        let busy = Script::new().file("/up", &old[..length]).on("STOR", Step::reply("450 busy"));
        let scene = Scene::new(busy);
        scene.write("up", noise(SIZE));
        scene.run("put up").ok();
        assert!(scene.liar.content("/up").unwrap() == noise(SIZE), "the old file was kept");
    }
}

#[test]
fn a_server_that_cannot_resume_is_distinguished_from_one_that_only_says_so() {
    let cases = [
        ("ignored", Step::reply("350 fine")),
        ("another good reply", Step::reply("200 fine")),
        ("unknown", Step::reply("500 what?")),
        ("not implemented", Step::reply("502 no")),
        ("refused", Step::reply("501 not that offset")),
    ];
    for (case, step) in cases {
        let scene = Scene::new(script().data("RETR", Data::Cut(SIZE / 2)).always("REST", step));
        once(&scene, "get a").status(10);
        let ran = once(&scene, "get -c a").ok().stderr_has("starting again");
        is_whole(&scene);
        assert_eq!(ran.err().contains("cannot resume"), case != "ignored", "{case}\n{ran}");
    }
}

#[test]
fn a_file_cut_short_by_another_program_is_continued() {
    for here in [1, OVERLAP, OVERLAP + 1, SIZE - 1, SIZE] {
        let scene = Scene::new(script());
        scene.write("a", &noise(SIZE)[..here]);
        let ran = once(&scene, "get -c a").ok();
        is_whole(&scene);
        assert!(carried(&scene, 0) <= SIZE - here + OVERLAP, "{here}\n{ran}");
    }
    // Something else of that name.
    for (case, here) in
        [("other bytes", other(0)[..SIZE / 2].to_vec()), ("longer", noise(SIZE + 1))]
    {
        let scene = Scene::new(script());
        scene.write("a", here);
        once(&scene, "get -c a").ok().stderr_has("starting again");
        assert!(scene.read("a").unwrap() == noise(SIZE), "{case}");
    }
}

#[test]
fn a_continued_file_of_another_program_can_be_interrupted_as_well() {
    let scene = Scene::new(script().data("RETR", Data::Cut(OVERLAP + 500_000)));
    scene.write("a", &noise(SIZE)[..100_000]);
    // From 34464 on: 64 KiB to compare, and 500000 bytes more.
    once(&scene, "get -c a").status(10);
    let before = scene.liar.wire.bodies().len();
    once(&scene, "get -c a").ok();
    is_whole(&scene);
    let moved = carried(&scene, before);
    assert!(moved <= SIZE - 600_000 + OVERLAP, "{moved} bytes were fetched again");
}

#[test]
fn an_upload_resumes_where_it_was_interrupted() {
    for at in [1, 1000, OVERLAP, SIZE / 2, SIZE - 1] {
        for appends in [true, false] {
            let script = Script::new().data("STOR", Data::Reset(at));
            let scene = Scene::new(if appends { script } else { script.without("APPE") });
            scene.write("a", noise(SIZE));
            let failed = once(&scene, "put a");
            assert!(failed.status != 0, "{at}\n{failed}");
            scene.liar.wire.wait_idle();
            assert_eq!(scene.liar.content("/a").unwrap().len(), at);
            let before = scene.liar.wire.bodies().len();
            let ran = once(&scene, "put -c a").ok();
            assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{at}: not the same\n{ran}");
            let moved = carried(&scene, before);
            assert!(moved <= SIZE - at + OVERLAP, "{at}: {moved} bytes\n{ran}");
            once(&scene, "put -c a").ok();
            assert!(carried(&scene, before) <= moved + OVERLAP, "{at}: a second time");
        }
    }
}

/// Makes the server's file one that another program may have begun to store.
fn is_no_older_than_ours(scene: &Scene) {
    assert!(scene.liar.files.lock().unwrap().set_time(b"/a", "20980102030405"));
}

#[test]
fn an_upload_that_is_not_the_beginning_of_the_file_restarts() {
    for (case, there) in [
        ("other bytes", other(0)[..SIZE / 2].to_vec()),
        ("other bytes at the seam", other(SIZE / 2 - 1)[..SIZE / 2].to_vec()),
        ("longer", noise(SIZE + 1)),
    ] {
        let scene = Scene::new(Script::new().file("/a", there));
        scene.write("a", noise(SIZE));
        is_no_older_than_ours(&scene);
        once(&scene, "put -c a").ok().stderr_has("starting again");
        assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{case}");
    }
    // No REST: nothing can be compared.
    let scene = Scene::new(Script::new().file("/a", &noise(SIZE)[..SIZE / 2]).without("REST"));
    scene.write("a", noise(SIZE));
    is_no_older_than_ours(&scene);
    once(&scene, "put -c a").ok().stderr_has("starting again");
    assert!(scene.liar.content("/a").unwrap() == noise(SIZE));
}

#[test]
fn an_upload_of_even_content_restarts_where_restart_is_ignored() {
    let zeros = vec![0; SIZE];
    let script = Script::new().file("/a", &zeros[..SIZE / 2]);
    let scene = Scene::new(script.always("REST", Step::reply("350 fine")));
    scene.write("a", &zeros);
    is_no_older_than_ours(&scene);
    once(&scene, "put -c a").ok();
    assert!(scene.liar.content("/a").unwrap() == zeros);
}

/// Starts the program, and kills it with SIGKILL after a while.
fn kill_after(scene: &Scene, commands: &str, moment: Duration) {
    let call = scene.call().args(["--set", "net:limit-rate=4M", "-c", commands]);
    let mut command = call.command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::park_timeout(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    scene.liar.wire.wait_idle();
}

/// Twenty moments from before the connection to after the end, at an even distance from a
/// beginning that is different in every run.
fn moments() -> impl Iterator<Item = Duration> {
    let odd = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    (0..20).map(move |n| Duration::from_millis(u64::from(odd.subsec_nanos() % 20) + n * 20))
}

#[test]
fn whenever_a_download_is_killed_the_same_command_with_c_finishes_it() {
    for (round, moment) in moments().enumerate() {
        let scene = Scene::new(script());
        let old = round % 2 == 1;
        if old {
            scene.write("a", "old");
        }
        kill_after(&scene, "get --overwrite -c a", moment);
        match scene.read("a") {
            None => {}
            Some(bytes) if bytes == b"old" => assert!(old, "{moment:?}"),
            Some(bytes) => assert!(bytes == noise(SIZE), "{moment:?}: a broken file"),
        }
        once(&scene, "get --overwrite -c a").ok();
        is_whole(&scene);
    }
}

#[test]
fn whenever_an_upload_is_killed_the_same_command_with_c_finishes_it() {
    for (round, moment) in moments().enumerate() {
        let (script, atomic) = match round % 2 {
            0 => (Script::new(), ""),
            _ => (Script::new().file("/a", "old"), "--atomic"),
        };
        let scene = Scene::new(script);
        scene.write("a", noise(SIZE));
        let command = format!("put -c {atomic} a");
        kill_after(&scene, &command, moment);
        if !atomic.is_empty() {
            let there = scene.liar.content("/a").unwrap();
            assert!(there == b"old" || there == noise(SIZE), "{moment:?}: a broken file");
        }
        let ran = once(&scene, &command).ok();
        assert!(scene.liar.content("/a").unwrap() == noise(SIZE), "{moment:?}\n{ran}");
        let paths = scene.liar.files.lock().unwrap().paths();
        assert_eq!(paths, [b"/a"], "{moment:?}");
    }
}

#[test]
fn a_stalled_transfer_resumes_after_the_deadline() {
    let scene = Scene::new(script().data("RETR", Data::Stall(SIZE / 2)));
    let settings = ["--set", "net:timeout=500ms", "-c", "get a"];
    let ran = scene.call().args(settings).run().ok().stderr_has("stalled");
    is_whole(&scene);
    let last = scene.liar.wire.bodies().pop().unwrap();
    assert!(last <= SIZE / 2 + OVERLAP, "{last} bytes\n{ran}");
    let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
    assert_eq!(scene.liar.wire.count(paused), 1);
}

#[test]
fn offsets_beyond_32_bits_are_offsets() {
    const HERE: u64 = 5_000_000_000;
    const OVERLAP: u64 = 65_536;
    let mut rest = vec![0; OVERLAP as usize];
    rest.extend(b"the end");
    let script = Script::new().file("/big", "").without("MLST").without("MLSD");
    let script = script
        .always("SIZE", Step::reply("213 5000000007"))
        .always("REST", Step::reply("350 restarting"))
        .always_data("RETR", Data::Body(rest));
    let scene = Scene::new(script);
    // A file without a byte on the disk.
    std::fs::File::create(scene.path("big")).unwrap().set_len(HERE).unwrap();
    scene.run("get -c big").ok();
    assert_eq!(scene.liar.wire.lines("REST"), [format!("REST {}", HERE - OVERLAP)]);
    assert_eq!(scene.path("big").metadata().unwrap().len(), HERE + 7);
    // Where the server is cut short far behind 4 GiB, both numbers are named.
    let whole = scene.run("get --overwrite big").status(10);
    whole.stderr_has("5000000007").stderr_has("65543");
}

#[test]
fn an_upload_to_a_server_without_size_resumes_with_the_size_of_a_listing() {
    let half = &noise(SIZE)[..SIZE / 2];
    let script = ["SIZE", "MLSD"].iter().fold(Script::new(), |script, verb| script.without(verb));
    let begun = |script: Script| script.file("/d/a", half).time("/d/a", "20300101000000");
    let scene = Scene::new(begun(script.clone()));
    scene.write("a", noise(SIZE));
    let ran = once(&scene, "put -c a -o d/a").ok();
    assert!(scene.liar.content("/d/a").unwrap() == noise(SIZE), "{ran}");
    assert!(scene.liar.wire.has("APPE") && !scene.liar.wire.has("STOR"), "{ran}");
    // What is not there yet is no matter for words.
    let ran = once(&scene, "put -c a -o d/new").ok();
    assert!(!ran.err().contains("starting again"), "{ran}");
    // A listing that does not tell the size.
    let vague = begun(script).listing("LIST", "+/,m1000000000,\ta\r\n");
    let scene = Scene::new(vague);
    scene.write("a", noise(SIZE));
    let ran = once(&scene, "put -c a -o d/a").ok();
    assert!(ran.err().contains("the server does not tell its size: starting again"), "{ran}");
    assert!(scene.liar.content("/d/a").unwrap() == noise(SIZE), "{ran}");
    assert!(!scene.liar.wire.has("APPE"), "{ran}");
}

#[test]
fn a_download_from_a_server_without_size_says_that_it_begins_again() {
    let script =
        ["SIZE", "MLSD", "MLST"].iter().fold(script(), |script, verb| script.without(verb));
    let scene = Scene::new(script.always("RETR", Step::Opening(b"150 here\r\n".to_vec())));
    scene.write("a", &noise(SIZE)[..SIZE / 2]);
    let ran = once(&scene, "get -c a --overwrite").ok();
    assert!(ran.err().contains("the server does not tell its size: starting again"), "{ran}");
    is_whole(&scene);
}
