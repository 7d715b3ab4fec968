//! Links that a server lists with their own length, as ProFTPD does.

use support::liar::{Data, Script, Step};
use support::scene::{Scene, noise};

const SIZE: usize = 700_000;

/// A server with `/d/latest`, which leads to a file of [`SIZE`] bytes; `150` tells so or does not.
fn script(told: bool) -> Script {
    let script = Script::new().change(|files| files.link(b"/d/latest", "v1.2.tgz", noise(SIZE)));
    let opening = format!("150 opening data connection for latest ({SIZE} bytes)\r\n");
    if told { script.always("RETR", Step::Opening(opening.into())) } else { script }
}

#[test]
fn a_link_is_fetched_with_the_size_of_its_target() {
    for told in [true, false] {
        for command in [
            "get d/latest",
            "cd d; ls; get latest",
            "mget d/*",
            "mirror d .",
            "mirror -L d .",
            "get -r d -o .",
            "get -o - d/latest > latest",
        ] {
            let scene = Scene::new(script(told));
            let ran = scene.run(command).ok();
            assert!(scene.read("latest").unwrap() == noise(SIZE), "{command}\n{ran}");
            assert!(!ran.err().contains("trying again"), "{command}\n{ran}");
        }
    }
}

#[test]
fn stat_shows_the_size_of_what_a_link_leads_to() {
    let ran = Scene::new(script(true)).run("stat d/latest").ok();
    assert!(ran.out().contains(&format!("size:      {SIZE} ")), "{ran}");
}

#[test]
fn a_link_that_was_cut_short_is_detected() {
    for told in [true, false] {
        for command in ["get d/latest", "mirror d .", "mget d/*"] {
            let short = script(told).always_data("RETR", Data::Short(SIZE - 1));
            let scene = Scene::new(short);
            let ran = scene.call().args(["--set", "net:max-retries=0", "-c", command]).run();
            let ran = ran.status(10).stderr_has("too short");
            assert_eq!(scene.read("latest"), None, "{command}\n{ran}");
        }
    }
}

#[test]
fn as_many_bytes_as_the_link_is_long_are_not_the_file() {
    for command in ["get d/latest", "mirror d ."] {
        let scene = Scene::new(script(true).always_data("RETR", Data::Short("v1.2.tgz".len())));
        let ran = scene.call().args(["--set", "net:max-retries=0", "-c", command]).run();
        ran.status(10).stderr_has("too short");
        assert_eq!(scene.read("latest"), None);
    }
}

#[test]
fn a_server_that_announces_fewer_bytes_than_it_lists_is_not_believed() {
    let announced = Step::Opening(b"150 opening data connection for a (5 bytes)\r\n".to_vec());
    for command in ["get a", "mirror . ."] {
        let script = Script::new().file("/a", noise(SIZE)).always("RETR", announced.clone());
        let scene = Scene::new(script.always_data("RETR", Data::Short(5)));
        let ran = scene.call().args(["--set", "net:max-retries=0", "-c", command]).run();
        ran.status(10).stderr_has("too short: 5 bytes came, the server said 700000");
        assert_eq!(scene.read("a"), None);
    }
}

#[test]
fn a_mirror_of_files_needs_no_more_queries_than_before() {
    for told in [true, false] {
        let mut script = Script::new();
        for n in 0..5 {
            script = script.file(format!("/d/{n}"), noise(1000));
        }
        let opening = b"150 opening data connection (1000 bytes)\r\n".to_vec();
        let scene = Scene::new(match told {
            true => script.always("RETR", Step::Opening(opening)),
            false => script,
        });
        scene.run("mirror d .").ok();
        for verb in ["SIZE", "MLST", "MDTM"] {
            assert!(scene.liar.wire.lines(verb).is_empty(), "{verb}");
        }
    }
}

#[test]
fn an_interrupted_link_is_resumed_as_its_target() {
    let scene = Scene::new(script(true).data("RETR", Data::Cut(SIZE / 2)));
    scene.run("get d/latest").ok();
    assert!(scene.read("latest").unwrap() == noise(SIZE));
    assert_eq!(scene.liar.wire.lines("REST").len(), 1);
}
