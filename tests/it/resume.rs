//! Going on where a transfer stopped: only with the same file, only with what was checked, and
//! with no more bytes on the wire than are missing.

use crate::support::liar::{Data, Event, Script, Step};
use crate::support::scene::{Scene, noise};

const SIZE: usize = 3_000_000;

/// What is compared before a download goes on, at most.
const OVERLAP: usize = 64 * 1024;

fn script() -> Script {
    Script::new().file("/a", noise(SIZE))
}

/// Bytes of all data connections so far.
fn moved(scene: &Scene) -> usize {
    let bytes = |event: &Event| match event {
        Event::DataEnded { bytes, .. } => *bytes,
        _ => 0,
    };
    scene.liar.wire.events().iter().map(bytes).sum()
}

/// A scene in which `get a` was cut half-way.
fn interrupted(script: Script) -> Scene {
    let scene = Scene::new(script.data("RETR", Data::Cut(SIZE / 2)));
    scene.hurried("get a").status(10);
    assert!(scene.whole_files().is_empty());
    scene
}

#[test]
fn an_interrupted_download_goes_on_with_what_is_missing() {
    let scene = interrupted(script());
    scene.run("get -c a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert_eq!(scene.tree(), ["dest", "dest/a"], "nothing is left beside it");
    assert!(moved(&scene) <= SIZE + OVERLAP, "{} bytes moved", moved(&scene));
    assert!(scene.liar.wire.has("REST"));
    // Nothing is left to do.
    let before = moved(&scene);
    scene.run("get -c a").ok();
    assert!(moved(&scene) - before <= OVERLAP);
    assert!(scene.read("a").unwrap() == noise(SIZE));
}

#[test]
fn without_being_told_to_a_download_begins_at_the_beginning() {
    let scene = interrupted(script());
    scene.run("get a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert!(!scene.liar.wire.has("REST"));
}

#[test]
fn a_file_that_has_changed_in_between_is_fetched_anew() {
    for change in ["time", "content", "size"] {
        let scene = interrupted(script());
        let mut other = noise(SIZE);
        other.reverse();
        let wanted = {
            let mut files = scene.liar.files.lock().unwrap();
            match change {
                "time" => assert!(files.set_time(b"/a", "20240203040506")),
                "size" => files.put(b"/a", [noise(SIZE), noise(10)].concat()),
                _ => files.put(b"/a", other),
            }
            files.content(b"/a").unwrap().to_vec()
        };
        scene.run("get -c a").ok();
        assert!(scene.read("a").unwrap() == wanted, "{change}");
    }
}

#[test]
fn a_server_that_ignores_or_refuses_the_offset_is_found_out() {
    for rest in [
        Step::reply("350 of course"), // and then it sends from the beginning
        Step::reply("502 no"),
        Step::reply("501 too large"),
        Step::reply("200 fine"),
    ] {
        let scene = interrupted(script().always("REST", rest));
        scene.run("get -c a").ok();
        assert!(scene.read("a").unwrap() == noise(SIZE));
    }
    let scene = interrupted(script().without("REST"));
    scene.run("get -c a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
}

#[test]
fn an_unconfirmed_download_is_confirmed_with_next_to_nothing() {
    let scene = Scene::new(script().on("RETR", Step::Final(Vec::new())));
    scene.hurried("get a").status(10).stderr_has("unconfirmed");
    assert!(scene.whole_files().is_empty());
    let before = moved(&scene);
    scene.run("get -c a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert!(moved(&scene) - before <= OVERLAP, "{} bytes", moved(&scene) - before);
}

#[test]
fn a_lost_connection_is_made_up_for_within_one_command() {
    for data in [Data::Cut(SIZE / 2), Data::Reset(SIZE / 2), Data::Short(SIZE / 2)] {
        let scene = Scene::new(script().data("RETR", data));
        scene.run("get a").ok().stderr_has("trying again");
        assert!(scene.read("a").unwrap() == noise(SIZE));
    }
    // But not for ever.
    let scene = Scene::new(script().always_data("RETR", Data::Cut(0)));
    let ran = scene.call().args(["--set", "net:max-retries=2", "-c", "get a"]).run();
    assert_eq!(ran.status, 10, "{ran}");
    assert_eq!(scene.liar.wire.lines("RETR").len(), 3, "{ran}");
}

#[test]
fn what_the_server_refuses_for_good_is_not_asked_again() {
    for reply in ["550 no such file", "553 no", "501 what?"] {
        let scene = Scene::new(script().always("RETR", Step::reply(reply)));
        scene.run("get a").status(8);
        assert_eq!(scene.liar.wire.lines("RETR").len(), 1, "{reply}");
    }
}

#[test]
fn an_interrupted_upload_goes_on_with_what_is_missing() {
    let scene = Scene::new(Script::new().data("STOR", Data::Cut(SIZE / 2)));
    scene.write("up", noise(SIZE));
    scene.hurried("put up").status(10);
    let there = scene.liar.content("/up").unwrap();
    assert_eq!(there.len(), SIZE / 2);
    scene.run("put -c up").ok();
    assert!(scene.liar.content("/up").unwrap() == noise(SIZE));
    assert!(moved(&scene) <= SIZE + 2 * OVERLAP, "{} bytes moved", moved(&scene));
}

#[test]
fn an_upload_does_not_go_on_behind_another_file() {
    let mut other = noise(SIZE / 2);
    other.reverse();
    for there in [other, noise(SIZE + 5), b"xyz".to_vec()] {
        let scene = Scene::new(Script::new().file("/up", there));
        scene.write("up", noise(SIZE));
        let ran = scene.run("put -c up").ok();
        assert!(scene.liar.content("/up").unwrap() == noise(SIZE), "{ran}");
    }
}
