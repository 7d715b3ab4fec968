//! A tree whose transfer broke off: the same command again carries what is missing, and no more.

use std::process::Stdio;

use super::below;
use rustix::process::{Pid, Signal, kill_process};
use support::liar::{Data, Event, Script, Step};
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What of a broken file is looked at once more.
const OVERLAP: usize = 64 * 1024;

/// Bytes of files on the wire since so many transfers. The listings among them are short.
fn carried(scene: &Scene, before: usize) -> usize {
    scene.liar.wire.bodies()[before..].iter().sum()
}

#[test]
fn a_download_that_was_interrupted_in_the_middle_transfers_only_what_is_missing() {
    let script = NAMES
        .iter()
        .fold(Script::new(), |script, name| script.file(format!("/s/{name}"), noise(SIZE)));
    let script = script.data("RETR", Data::Honest).data("RETR", Data::Cut(SIZE / 2));
    let scene = Scene::new(script);
    let settings = "set net:max-retries 0; set mirror:parallel 1; ";
    let ran = scene.run(&format!("{settings} mirror s"));
    assert!(ran.status != 0, "{ran}");
    let there = below(&scene, "s").iter().filter(|name| NAMES.contains(&name.as_str())).count();
    let missing = (NAMES.len() - there - 1) * SIZE + SIZE / 2;
    let before = scene.liar.wire.bodies().len();
    scene.run("mirror -c s").ok();
    assert_eq!(below(&scene, "s"), NAMES);
    assert!(NAMES.iter().all(|name| scene.read(format!("s/{name}")) == Some(noise(SIZE))));
    let moved = carried(&scene, before);
    assert!((missing..=missing + OVERLAP + 1000).contains(&moved), "{moved} of {missing}");
}

#[test]
fn an_upload_that_was_interrupted_in_the_middle_transfers_only_what_is_missing() {
    let scene =
        Scene::new(Script::new().data("STOR", Data::Honest).data("STOR", Data::Cut(SIZE / 2)));
    std::fs::create_dir(scene.path("s")).unwrap();
    NAMES.iter().for_each(|name| scene.write(format!("s/{name}"), noise(SIZE)));
    let settings = "set net:max-retries 0; set mirror:parallel 1; ";
    let ran = scene.run(&format!("{settings} mirror -R s"));
    assert!(ran.status != 0, "{ran}");
    scene.liar.wire.wait_idle();
    let sizes = NAMES.map(|name| scene.liar.content(format!("/s/{name}")).map_or(0, |b| b.len()));
    let missing: usize = sizes.iter().map(|size| SIZE - size).sum();
    let before = scene.liar.wire.bodies().len();
    scene.run("mirror -R -c s").ok();
    for name in NAMES {
        assert!(scene.liar.content(format!("/s/{name}")) == Some(noise(SIZE)), "{name}");
    }
    let moved = carried(&scene, before);
    assert!((missing..=missing + OVERLAP + 1000).contains(&moved), "{moved} of {missing}");
}

#[test]
fn an_interrupted_mirror_says_what_is_done_what_is_kept_and_what_resumes() {
    let stall = || Step::Data(Data::Stall(600_000));
    let (kept, incomplete) = ("1 of 2 files done, b kept at ", "b incomplete on the server (");
    for (line, signal, status, part, resuming) in [
        ("mirror s", Signal::INT, 130, kept, "'mirror -c …'"),
        ("mirror s", Signal::TERM, 143, kept, "'mirror -c …'"),
        ("get -r s", Signal::INT, 130, kept, "'get -r -c …'"),
        ("mirror -R t", Signal::TERM, 143, incomplete, "'mirror -R -c …'"),
        ("put -r t", Signal::INT, 130, incomplete, "'put -r -c …'"),
        ("mirror -R --manifest t", Signal::INT, 130, incomplete, "'mirror -R --manifest -c …'"),
    ] {
        let script = Script::new().file("/s/a", "whole").file("/s/b", noise(20_000_000));
        let scene = Scene::new(script.of("RETR", "/s/b", stall()).of("STOR", "/t/b", stall()));
        std::fs::create_dir(scene.path("t")).unwrap();
        scene.write("t/b", noise(20_000_000));
        let call = scene.call().args(["--set", "mirror:parallel=1", "-c", line]);
        let child = call.command().stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
        scene.liar.wire.wait_until(|events| events.iter().any(paused));
        while part == kept && scene.read("s/.b.ftpsh-part").is_none_or(|part| part.is_empty()) {
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(status), "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
        assert!(said.contains(&format!("; {resuming} resumes\n")), "{line}: {said}");
    }
}
