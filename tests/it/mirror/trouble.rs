//! Mirrors on bad days: limits, resets, files that fail for good, a server that goes away.

use super::{PATHS, below, local_tree, script, there};
use std::time::Duration;
use support::liar::{Data, Event, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

/// A server with so many files of 20 kB in five directories.
fn many(count: usize) -> Script {
    (0..count).fold(Script::new(), |script, n| {
        script.file(format!("/s/d{}/f{n}", n % 5), noise(20_000 + n))
    })
}

#[track_caller]
fn is_complete(scene: &Scene, count: usize, ran: &Ran) {
    for n in 0..count {
        let content = scene.read(format!("s/d{}/f{n}", n % 5));
        assert!(content.as_ref() == Some(&noise(20_000 + n)), "f{n}\n{ran}");
    }
    assert_eq!(below(scene, "s").len(), count + 5, "something more is there\n{ran}");
}

#[test]
fn a_server_that_limits_connections_is_done_with_few() {
    for (case, script) in [
        ("two", many(40).max_sessions(2)),
        ("one", many(40).max_sessions(1)),
        (
            "two logins",
            many(40).on("PASS", Step::Honest).on("PASS", Step::Honest).always(
                "PASS",
                Step::reply(
                    "530 Sorry, the maximum number of clients from your address are connected",
                ),
            ),
        ),
        (
            "closed at once",
            many(40).on("", Step::Honest).on("", Step::Honest).always("", Step::Cut(Vec::new())),
        ),
    ] {
        let scene = Scene::new(script);
        let ran = scene.run("mirror -P8 s");
        assert_eq!(ran.status, 0, "{case}\n{ran}");
        is_complete(&scene, 40, &ran);
        assert_eq!(scene.liar.wire.lines("RETR").len(), 40, "{case}");
    }
    let scene = Scene::new(Script::new().max_sessions(2));
    local_tree(&scene, "up");
    scene.run("mirror -R -P4 up").ok();
    assert_eq!(there(&scene, "up"), PATHS);
}

#[test]
fn several_workers_use_several_connections_and_no_more_than_allowed() {
    for (options, most) in [("-P4", 4), ("-P8", 8), ("-P64", 8), ("", 4), ("-P1", 1)] {
        let scene = Scene::new(many(60));
        scene.run(&format!("mirror {options} s")).ok();
        let count = scene.liar.wire.connections();
        assert!(count <= most, "{options}: {count} connections");
        assert!(most == 1 || count > 1, "{options}: one connection");
    }
    let scene = Scene::new(many(20));
    scene.run("set net:connection-limit 2; mirror -P8 s").ok();
    assert!(scene.liar.wire.connections() <= 2);
}

#[test]
fn a_file_whose_transfer_breaks_is_retried_and_the_tree_is_complete() {
    for (case, script) in [
        ("data reset", many(30).on("RETR", Step::Honest).data("RETR", Data::Reset(5000))),
        ("data cut", many(30).data("RETR", Data::Cut(5000)).data("RETR", Data::Cut(10))),
        ("421", many(30).on("RETR", Step::Honest).on("RETR", Step::Close(b"421 bye\r\n".to_vec()))),
        ("control reset", many(30).on("RETR", Step::Reset(Vec::new()))),
        ("450", many(30).on("RETR", Step::reply("450 busy")).on("RETR", Step::reply("425 no"))),
        ("listing cut", many(30).data("MLSD", Data::Cut(20))),
        ("listing, 421", many(30).on("MLSD", Step::Honest).on("MLSD", Step::Cut(Vec::new()))),
        ("no reply", many(30).on("RETR", Step::Final(Vec::new()))),
    ] {
        for workers in [1, 4] {
            let scene = Scene::new(script.clone());
            let settings = ["--set", "net:timeout=1s"];
            let command = format!("mirror -P{workers} s");
            let ran = scene.call().args(settings).args(["-c", &command]).run();
            assert_eq!(ran.status, 0, "{case}, {workers}\n{ran}");
            is_complete(&scene, 30, &ran);
            let told = ran.err().lines().filter(|line| line.contains("trying again")).count();
            assert!((1..=2).contains(&told), "{case}, {workers}: {told} lines\n{ran}");
        }
    }
}

#[test]
fn an_upload_that_breaks_is_retried_and_the_tree_is_complete() {
    for (case, script) in [
        ("data reset", Script::new().data("STOR", Data::Reset(2))),
        ("451", Script::new().on("STOR", Step::last("451 oops"))),
        ("421", Script::new().on("STOR", Step::Close(b"421 bye\r\n".to_vec()))),
        ("MKD lost", Script::new().on("MKD", Step::Cut(Vec::new()))),
        ("MFMT lost", Script::new().on("MFMT", Step::Cut(Vec::new()))),
    ] {
        let scene = Scene::new(script);
        local_tree(&scene, "up");
        let ran = scene.run("mirror -R up");
        assert_eq!(ran.status, 0, "{case}\n{ran}");
        assert_eq!(there(&scene, "up"), PATHS, "{case}\n{ran}");
        assert!(scene.liar.content("/up/b.bin").unwrap() == noise(200_000), "{case}\n{ran}");
        assert_eq!(scene.liar.content("/up/a.txt").unwrap(), b"alpha", "{case}\n{ran}");
    }
}

#[test]
fn a_file_that_fails_for_good_is_named_and_the_others_come() {
    let broken = [
        ("550", Step::reply("550 no")),
        ("550 at the end", Step::last("550 no")),
        ("426", Step::last("426 broken")),
        ("always busy", Step::reply("450 busy")),
        ("no data connection", Step::reply("425 no")),
        ("hangs up", Step::Cut(Vec::new())),
        ("says nothing", Step::Silence),
    ];
    for (case, step) in broken {
        for workers in [1, 4] {
            let scene = Scene::new(script().of("RETR", "/src/d/c.txt", step.clone()));
            let settings = ["net:timeout=300ms", "net:max-retries=1"];
            let settings = settings.iter().flat_map(|setting| ["--set", setting]);
            let command = format!("mirror -P{workers} src");
            let ran = scene.call().args(settings).args(["-c", &command]).run();
            assert_eq!(ran.status, 10, "{case}, {workers}\n{ran}");
            assert!(ran.err().contains("/src/d/c.txt"), "{case}, {workers}\n{ran}");
            let mut wanted: Vec<_> = PATHS.iter().filter(|n| **n != "d/c.txt").collect();
            wanted.sort();
            let found = below(&scene, "src");
            let found: Vec<_> = found.iter().filter(|name| !name.contains("part")).collect();
            assert_eq!(found, wanted, "{case}, {workers}\n{ran}");
        }
    }
}

#[test]
fn a_failed_file_is_in_the_json_lines() {
    let scene = Scene::new(script().of("RETR", "/src/d/c.txt", Step::reply("550 no")));
    let ran = scene.call().args(["--json", "-c", "mirror src"]).run().status(10);
    let files = ran.json_of("transfer");
    let failed: Vec<_> = files.iter().filter(|file| file["status"] != "ok").collect();
    assert_eq!((files.len(), failed.len()), (4, 1), "{ran}");
    assert_eq!(failed[0]["remote"], "/src/d/c.txt", "{ran}");
    assert_eq!(ran.json_of("summary")[0]["exit"], 10, "{ran}");
    assert_eq!(ran.json_of("summary")[0]["files"], 3, "{ran}");
}

#[test]
fn a_server_that_goes_away_for_a_moment_is_connected_to_again() {
    let scene = Scene::new(many(60));
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| scene.run("set net:limit-total-rate 2M; mirror -P4 s"));
        for count in [15, 35] {
            scene.liar.wire.wait_until(|events| {
                let ended = |event: &&Event| matches!(event, Event::DataEnded { .. });
                events.iter().filter(ended).count() >= count
            });
            scene.liar.hang_up();
        }
        run.join().unwrap()
    });
    assert_eq!(ran.status, 0, "{ran}");
    is_complete(&scene, 60, &ran);
}

#[test]
fn a_server_that_goes_away_for_good_is_not_waited_for_by_each_file() {
    let scene = Scene::new(many(60).always("", Step::Cut(Vec::new())).on("", Step::Honest));
    let started = std::time::Instant::now();
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| scene.run("set net:limit-total-rate 1M; mirror -P1 s"));
        scene.liar.wire.wait_for("RETR", 3);
        scene.liar.hang_up();
        run.join().unwrap()
    });
    assert!(matches!(ran.status, 3 | 10), "{ran}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}\n{ran}", started.elapsed());
    assert!(scene.liar.wire.connections() < 20, "{ran}");
}

#[test]
fn the_session_works_after_a_mirror_whatever_became_of_it() {
    let scene = Scene::new(script().of("RETR", "/src/d/c.txt", Step::Cut(Vec::new())));
    let ran = scene.run("set net:max-retries 0; cd src; mirror d || true; pwd; get a.txt").ok();
    assert_eq!(ran.out(), "/src\n", "{ran}");
    assert_eq!(scene.read("a.txt").unwrap(), b"alpha");
}

#[test]
fn a_file_in_the_place_of_a_directory_is_an_error_and_the_rest_comes() {
    let scene = Scene::new(script());
    std::fs::create_dir(scene.path("src")).unwrap();
    scene.write("src/d", "a file");
    std::fs::create_dir(scene.path("src/a.txt")).unwrap();
    let ran = scene.run("mirror src").status(10).stderr_has("src/d").stderr_has("src/a.txt");
    assert_eq!(scene.read("src/d").unwrap(), b"a file", "{ran}");
    assert!(scene.read("src/b.bin").is_some(), "{ran}");
    scene.write("file", "x");
    let ran = scene.run("mirror src file");
    assert!(ran.status != 0, "{ran}");
    assert_eq!(scene.read("file").unwrap(), b"x");
}

#[test]
fn links_and_special_files_are_skipped_and_counted_apart() {
    let scene = Scene::new(Script::new());
    std::fs::create_dir(scene.path("s")).unwrap();
    scene.write("s/a", "text");
    std::os::unix::fs::symlink("a", scene.path("s/link")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(scene.path("s/socket")).unwrap();
    let ran = scene.run("mirror -R s").ok();
    ran.stderr_has("s: 1 file (4 B)").stderr_has("1 link skipped, 1 special file skipped");
    assert_eq!(scene.liar.files.lock().unwrap().paths(), [b"/s".to_vec(), b"/s/a".to_vec()]);
}

#[test]
fn a_failure_names_the_command_that_was_typed() {
    let scene =
        Scene::new(Script::new().file("/s/a", "text").always("RETR", Step::reply("550 no")));
    scene.run("get -r s").status(10).stderr_has("get -r s: 1 item failed");
    scene.run("mirror s").status(10).stderr_has("mirror s: 1 item failed");
}
