//! Uploads: whatever is missing at their end makes them fail, in the server's own words.

use support::liar::{Data, Event, Script, Step};
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;

fn scene(script: Script) -> Scene {
    let scene = Scene::new(script);
    scene.write("up", noise(SIZE));
    scene
}

#[test]
fn an_upload_that_lacks_one_sign_of_success_fails_and_says_which() {
    let last = |text: &str| Script::new().always("STOR", Step::last(text));
    let opening = |text: &str| Script::new().always("STOR", Step::Opening(text.into()));
    for (case, script, status, said) in [
        ("426", last("426 broken"), 10, "426 \"broken\""),
        ("451", last("451 no"), 10, "451 \"no\""),
        ("452", last("452 full"), 8, "452 \"full\""),
        ("552", last("552 quota"), 8, "the account's quota is used up (552 \"quota\")"),
        ("553", last("553 name"), 8, "553 \"name\""),
        ("no reply", Script::new().always("STOR", Step::Final(Vec::new())), 10, "unconfirmed"),
        ("553 early", opening("553 not there\r\n"), 8, "553 \"not there\""),
        ("425 early", opening("425 port\r\n"), 8, "425 \"port\""),
        ("closed", Script::new().always("STOR", Step::Close(Vec::new())), 3, "closed"),
        ("stored short", Script::new().always("MLST", short()), 10, "the server has 299999"),
        ("stored long", Script::new().always("MLST", long()), 10, "the server has 300001"),
    ] {
        let scene = scene(script);
        let ran = scene.hurried("put up").status(status);
        assert!(ran.err().contains(said), "{case}: {said:?} wanted\n{ran}");
    }
}

fn short() -> Step {
    Step::change(|files| files.put(b"/up", noise(SIZE - 1)))
}

fn long() -> Step {
    Step::change(|files| files.put(b"/up", noise(SIZE + 1)))
}

#[test]
fn a_size_that_size_tells_is_compared_as_well() {
    let script = Script::new().without("MLST").without("MLSD");
    let scene = scene(script.always("SIZE", Step::reply("213 7")));
    scene.run("put up").status(10).stderr_has("300000 bytes were sent, the server has 7");
    scene.call().args(["--set", "xfer:verify=none", "-c", "put up"]).run().ok();
}

#[test]
fn the_servers_reason_is_shown_when_it_stops_an_upload_half_way() {
    for data in [Data::Reset(1000), Data::Cut(1000), Data::Short(1000)] {
        let script = Script::new()
            .always("STOR", Step::last("552 no room for more"))
            .always_data("STOR", data);
        let scene = Scene::new(script);
        scene.write("up", noise(20_000_000));
        scene.run("put up").status(8).stderr_has("552 \"no room for more\"");
    }
}

#[test]
fn a_server_that_stops_reading_and_reports_success_has_not_got_the_file() {
    for data in [Data::Reset(1000), Data::Cut(1000), Data::Short(1000)] {
        let scene = Scene::new(Script::new().always_data("STOR", data));
        scene.write("up", noise(20_000_000));
        scene.hurried("put up").status(10);
        // Another attempt may mend it, but only in truth.
        let ran = scene.run("put up");
        let there = scene.liar.content("/up").unwrap_or_default();
        assert_eq!(ran.status == 0, there == noise(20_000_000), "{ran}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_uploaded_is_not_reported_as_stored() {
    for (case, change) in [
        ("appended", append as fn(&std::path::Path)),
        ("replaced", |path| {
            std::fs::write(path.with_extension("new"), noise(SIZE)).unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        }),
        ("removed", |path| std::fs::remove_file(path).unwrap()),
    ] {
        let scene = scene(Script::new());
        let path = scene.path("up");
        // At the latest moment: the server is asked for the file's facts after the upload.
        let script = Script::new().on("STOR", Step::change(move |_| change(&path)));
        let changing = Scene::new(script);
        let up = scene.path("up").display().to_string();
        let ran = changing.run(&format!("put {up}"));
        assert!(matches!(ran.status, 9 | 10), "{case}\n{ran}");
    }
}

fn append(path: &std::path::Path) {
    use std::io::Write as _;
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
}

#[test]
fn uploads_end_properly_for_a_server_that_is_strict_about_it() {
    let scene = scene(Script::new());
    let puts: Vec<String> = (0..20).map(|n| format!("put up -o up{n}")).collect();
    scene.run(&puts.join("; ")).ok();
    let clean = |event: &Event| matches!(event, Event::DataEnded { clean: true, .. });
    assert_eq!(scene.liar.wire.count(clean), 20, "each with close_notify");
    for n in 0..20 {
        assert!(scene.liar.content(format!("/up{n}")).unwrap() == noise(SIZE), "{n}");
    }
    assert_eq!(scene.liar.wire.connections(), 1);
}

#[test]
fn empty_files_go_both_ways() {
    let scene = Scene::new(Script::new().file("/empty", ""));
    scene.write("nothing", "");
    scene.run("get empty; put nothing").ok();
    assert_eq!(scene.read("empty").unwrap(), b"");
    assert_eq!(scene.liar.content("/nothing").unwrap(), b"");
}

#[test]
fn what_cannot_be_read_here_is_no_business_of_the_server() {
    let scene = Scene::new(Script::new());
    std::fs::create_dir(scene.path("dir")).unwrap();
    std::os::unix::fs::symlink("loop", scene.path("loop")).unwrap();
    for name in ["absent", "dir", "loop"] {
        scene.run(&format!("put {name}")).status(9).stderr_has(name);
    }
    assert!(!scene.liar.wire.has("STOR"));
}

#[test]
fn the_sequence_of_commands_for_a_small_file_is_short() {
    let scene = Scene::new(Script::new().file("/a", "x"));
    scene.write("up", "x");
    scene.run("get a; put up; get a -o b; put up -o c").ok();
    let lines = scene.liar.wire.commands();
    let first = lines.iter().position(|line| line.starts_with("RETR")).unwrap();
    let second = lines.iter().rposition(|line| line.starts_with("RETR")).unwrap();
    let between: Vec<_> = lines[first + 1..second].iter().collect();
    // put: EPSV STOR MLST MFMT; get: MLST EPSV.
    assert!(between.len() <= 6, "{between:?}");
}
