//! A tree whose transfer broke off: the same command again carries what is missing, and no more.

use super::below;
use support::liar::{Data, Script};
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
