//! Active mode (`ftp:mode active`): the server connects to us, and nobody else may.

use support::certificate::Certificate;
use support::liar::{Data, Event, Script, Versions};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 100_000;

fn script() -> Script {
    Script::new().file("/a", noise(SIZE)).needs_resumption()
}

fn active(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--set", "ftp:mode=active", "-c", commands]).run()
}

#[test]
fn files_and_listings_come_in_active_mode_on_resumed_sessions() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let scene = Scene::new(script().versions(versions));
        scene.write("up", noise(SIZE));
        active(&scene, "get a; put up; ls; get a -o b").ok();
        assert!(scene.read("b").unwrap() == noise(SIZE));
        assert!(scene.liar.content("/up").unwrap() == noise(SIZE));
        assert!(scene.liar.wire.resumed().iter().all(|resumed| *resumed));
        assert!(scene.liar.wire.has("PORT") && !scene.liar.wire.has("EPSV"));
    }
}

#[test]
fn a_stranger_who_connects_first_gets_and_gives_nothing() {
    let stranger = || Data::Stranger(b"\x16\x03\x01 evil".to_vec());
    let scene =
        Scene::new(script().always_data("RETR", stranger()).always_data("STOR", stranger()));
    scene.write("up", noise(SIZE));
    active(&scene, "get a; put up").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert!(scene.liar.content("/up").unwrap() == noise(SIZE));
    let connected = |event: &Event| matches!(event, Event::DataConnected { .. });
    assert!(scene.liar.wire.count(connected) >= 4, "there was no stranger");
}

#[test]
fn a_stranger_at_the_servers_own_address_lacks_its_certificate() {
    let other = Certificate::make("localhost").unwrap();
    let impostor = || Data::Certificate(other.clone());
    let scene =
        Scene::new(script().always_data("RETR", impostor()).always_data("STOR", impostor()));
    scene.write("up", "secret");
    for command in ["get a", "put up"] {
        let ran = active(&scene, command).status(4);
        ran.stderr_has("another certificate than the control connection");
    }
    assert_eq!(scene.whole_files(), ["up"]);
    assert!(scene.liar.content("/up").is_none_or(|content| content.is_empty()));
}

#[test]
fn a_server_that_never_connects_is_not_waited_for_beyond_the_deadline() {
    let scene = Scene::new(script().always_data("RETR", Data::NeverAccept));
    let begun = std::time::Instant::now();
    let call = scene.call().args(["--set", "ftp:mode=active", "--set", "net:timeout=1s"]);
    let ran = call.args(["--set", "net:max-retries=0", "-c", "get a"]).run();
    assert_eq!(ran.status, 3, "{ran}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}\n{ran}", begun.elapsed());
    assert!(ran.err().contains("made no data connection within 1 s"), "{ran}");
}
