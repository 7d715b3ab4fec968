//! URLs in the place of files: from a server that the shell is not connected to, and from server
//! to server.

use crate::support::liar::{Data, Liar, Script, Step};
use crate::support::program::Ran;
use crate::support::scene::{Scene, noise};

const SIZE: usize = 3_000_000;

/// The URL of a file on the other server, with its password.
fn url(liar: &Liar, path: &str) -> String {
    let login = format!("{}:{}@", liar.user, liar.password);
    format!("{}{path}", liar.url().replace(&format!("{}@", liar.user), &login))
}

/// Runs commands that may trust the other server; `URL` stands for its address.
fn run(scene: &Scene, other: &Liar, commands: &str) -> Ran {
    let commands = commands.replace("URL", &url(other, ""));
    scene.call().args(["--json", "--fingerprint", &other.fingerprint, "-c", &commands]).run()
}

fn source() -> Script {
    Script::new().file("/d/a", noise(SIZE)).file("/b", "b")
}

#[test]
fn a_url_is_fetched_without_leaving_the_current_server() {
    let scene = Scene::new(Script::new().dir("/here"));
    let other = Liar::start(source());
    let ran = run(&scene, &other, "cd here; get URL/d/a URL/b; pwd; get -r URL/d -O tree").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE) && scene.read("b").unwrap() == b"b", "{ran}");
    assert!(scene.read("tree/d/a").unwrap() == noise(SIZE), "{ran}");
    assert!(ran.json_of("text").iter().any(|text| text.to_string().contains("/here")), "{ran}");
    ran.never_says(&other.password);
}

#[test]
fn a_url_is_fetched_without_any_current_server() {
    let scene = Scene::new(source());
    let command = format!("get {}/d/a", scene.liar.url());
    let ran = scene.unconnected().args(["-c", &command]).run().ok();
    assert!(scene.read("a").unwrap() == noise(SIZE), "{ran}");
}

#[test]
fn a_file_goes_from_server_to_server() {
    let scene = Scene::new(source());
    let other = Liar::start(Script::new().dir("/in"));
    let ran = run(&scene, &other, "cd d; get a -o URL/in/copy; get /b a -O URL/in; pwd").ok();
    for (path, content) in
        [("/in/copy", noise(SIZE)), ("/in/a", noise(SIZE)), ("/in/b", b"b".to_vec())]
    {
        assert!(other.content(path) == Some(content), "{path}\n{ran}");
    }
    assert_eq!(scene.whole_files(), Vec::<String>::new(), "{ran}");
    let transfers = ran.json_of("transfer");
    assert_eq!(transfers.len(), 3, "{ran}");
    assert_eq!(transfers[0]["direction"], "copy", "{ran}");
    assert_eq!(transfers[0]["bytes"], SIZE, "{ran}");
    let local = transfers[0]["local"].as_str().unwrap();
    assert!(local.starts_with("ftpes://") && local.ends_with("/in/copy"), "{ran}");
    // `a` was in another directory than the one that the login led to.
    let remote = transfers[0]["remote"].as_str().unwrap();
    assert!(remote.ends_with("/%2Fd/a"), "{ran}");
    // The time goes along.
    assert!(other.wire.lines("MFMT")[0].contains("20240102030405"), "{ran}");
    ran.never_says(&other.password);
}

#[test]
fn both_sides_may_be_urls_and_texts_go_as_texts() {
    let from = Liar::start(Script::new().file("/t", "one\r\ntwo\r\n"));
    let to = Liar::start(Script::new());
    let scene = Scene::new(Script::new());
    let command = format!("get -a {} -o {}", url(&from, "/t"), url(&to, "/u"));
    let fingerprints = ["--fingerprint", &from.fingerprint, "--fingerprint", &to.fingerprint];
    let ran = scene.call().args(fingerprints).args(["-c", &command]).run().ok();
    assert_eq!(to.content("/u").unwrap(), b"one\r\ntwo\r\n", "{ran}");
    assert_eq!(
        (from.wire.lines("TYPE").pop(), to.wire.lines("TYPE").pop()),
        (Some("TYPE A".into()), Some("TYPE A".into()))
    );
}

#[test]
fn a_failure_at_either_end_is_told_with_the_server_it_was_at() {
    let retr = |step: Step| source().always("RETR", step);
    let stor = |step: Step| Script::new().always("STOR", step);
    let none = "net:max-retries=0";
    for (case, from, to, at_source) in [
        ("cut", source().always_data("RETR", Data::Cut(SIZE / 2)), Script::new(), true),
        ("reset", source().always_data("RETR", Data::Reset(SIZE / 2)), Script::new(), true),
        ("451", retr(Step::last("451 disk error")), Script::new(), true),
        ("550", retr(Step::reply("550 not yours")), Script::new(), true),
        ("no room", source(), stor(Step::last("552 full")), false),
        ("refused", source(), stor(Step::reply("553 not here")), false),
        ("reset", source(), Script::new().always_data("STOR", Data::Reset(SIZE / 2)), false),
        ("lost", source(), stor(Step::Reset(Vec::new())), false),
    ] {
        let scene = Scene::new(from);
        let other = Liar::start(to);
        let command = format!("get d/a -o {}", url(&other, "/x"));
        let fingerprint = ["--fingerprint", &other.fingerprint, "--set", none];
        let ran = scene.call().args(fingerprint).args(["-c", &command]).run();
        assert!(ran.status != 0, "{case}\n{ran}");
        let guilty = if at_source { scene.liar.addr } else { other.addr };
        assert!(ran.err().contains(&format!("ftpsh: {guilty}: ")), "{case}\n{ran}");
    }
}

#[test]
fn a_lost_connection_at_either_end_is_made_again() {
    let broken = Script::new().data("STOR", Data::Reset(SIZE / 2));
    let broken = broken.on("STOR", Step::last("426 broken"));
    for (from, to) in [
        (source().data("RETR", Data::Reset(SIZE / 2)), Script::new()),
        (source(), broken),
        (source().on("RETR", Step::Reset(Vec::new())), Script::new()),
        (source(), Script::new().on("STOR", Step::Reset(Vec::new()))),
    ] {
        let (scene, other) = (Scene::new(from), Liar::start(to));
        let ran = run(&scene, &other, "get d/a -o URL/x; pwd").ok().stderr_has("trying again");
        assert!(other.content("/x").unwrap() == noise(SIZE), "{ran}");
    }
}

#[test]
fn an_unknown_server_gets_no_name_and_no_file() {
    let scene = Scene::new(source());
    let other = Liar::start(Script::new());
    let command = format!("get d/a -o {}", url(&other, "/x"));
    let ran = scene.call().args(["-c", &command]).run().status(5);
    assert!(!other.wire.has("USER") && other.content("/x").is_none(), "{ran}");
}

#[test]
fn the_current_servers_password_is_not_for_another_host() {
    // `localhost` is another host than `127.0.0.1`, whose password the variable holds.
    let (scene, other) = (Scene::new(source()), Liar::start(Script::new()));
    let target = format!("ftpes://tester@localhost:{}/x", other.addr.port());
    let command = format!("get d/a -o {target}");
    let ran = scene.call().args(["--fingerprint", &other.fingerprint, "-c", &command]).run();
    assert_eq!(ran.status, 7, "{ran}");
    assert!(!other.wire.has("PASS"), "{ran}");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_connected() {
    let scene = Scene::new(source());
    for commands in [
        "get -c d/a -o ftps://h/x",
        "get -r d -o ftps://h/x",
        "get sftp://h/x",
        "get ftps://h/",
        "get -P 2 --segments 2 a b",
        "pget -n 0 a",
        "reput a b -o c",
    ] {
        scene.run(commands).status(2);
    }
    assert_eq!(scene.liar.wire.connections(), 0);
}

#[test]
fn a_tree_goes_from_server_to_server_and_the_second_time_nothing_does() {
    let scene = Scene::new(source().file("/d/e/f", "deep"));
    let other = Liar::start(Script::new().dir("/in"));
    for carried in [2, 0] {
        let ran = run(&scene, &other, "mirror d URL/in/d; pwd").ok();
        assert_eq!(ran.json_of("transfer").len(), carried, "{ran}");
        assert!(other.content("/in/d/a") == Some(noise(SIZE)), "{ran}");
        assert!(other.content("/in/d/e/f") == Some(b"deep".to_vec()), "{ran}");
        assert_eq!(scene.whole_files(), Vec::<String>::new(), "{ran}");
        ran.never_says(&other.password);
    }
    // What is only there goes, if that is asked for; and from a URL to this side.
    let ran = run(&scene, &other, "rm d/a; mirror --delete --yes d URL/in/d; mirror URL/in/d back");
    assert!(other.content("/in/d/a").is_none(), "{}", ran.ok());
    assert!(scene.read("back/e/f").unwrap() == b"deep");
}
