//! URLs in the place of files: from a server that the shell is not connected to, and from server
//! to server.

use support::liar::{Data, Liar, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

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
fn a_failure_at_either_end_is_reported_with_the_server_it_was_at() {
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
fn a_tree_goes_from_server_to_server_and_the_second_time_nothing_is_transferred() {
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

/// Runs commands without retries.
fn once(scene: &Scene, other: &Liar, more: &[&str], commands: &str) -> Ran {
    let commands = commands.replace("URL", &url(other, ""));
    let call = scene.call().args(["--fingerprint", &other.fingerprint]);
    call.args(["--set", "net:max-retries=0"]).args(more).args(["-c", &commands]).run()
}

#[test]
fn the_target_is_not_touched_before_the_source_has_sent_something() {
    let retr = |step: Step| source().always("RETR", step);
    for (case, from) in [
        ("refused", retr(Step::reply("550 not yours"))),
        ("busy", retr(Step::reply("450 later"))),
        ("lost", retr(Step::Reset(Vec::new()))),
        ("cut at once", source().always_data("RETR", Data::Cut(0))),
        ("reset at once", source().always_data("RETR", Data::Reset(0))),
    ] {
        for command in ["get d/a -o URL/x/a", "mirror d URL/x"] {
            let scene = Scene::new(from.clone());
            let other = Liar::start(Script::new().file("/x/a", "old"));
            let ran = once(&scene, &other, &[], command);
            assert!(ran.status != 0, "{case}\n{ran}");
            assert_eq!(other.content("/x/a").unwrap(), b"old", "{case}, {command}\n{ran}");
        }
    }
}

#[test]
fn a_source_that_tells_another_size_each_time_is_asked_once_more() {
    let told = |size: u64| Step::reply(format!("213 {size}"));
    let script = source().without("MLST").without("MLSD");
    let script = script.on("SIZE", told(10)).on("SIZE", told(1_000_000));
    let scene = Scene::new(script.on("SIZE", told(2_000_000)).on("SIZE", told(2_500_000)));
    let other = Liar::start(Script::new());
    let ran = once(&scene, &other, &[], "get d/a -o URL/x").status(10);
    assert_eq!(scene.liar.wire.lines("RETR").len(), 2, "{ran}");
}

#[test]
fn empty_files_go_from_server_to_server() {
    let scene = Scene::new(Script::new().file("/a", ""));
    let other = Liar::start(Script::new().file("/x", "old"));
    once(&scene, &other, &[], "get a -o URL/x").ok();
    assert_eq!(other.content("/x").unwrap(), b"");
}

#[test]
fn an_atomic_copy_appears_only_when_it_is_whole() {
    let atomic = ["--set", "xfer:atomic=yes"];
    let scene = Scene::new(source().data("RETR", Data::Cut(SIZE / 2)));
    let other = Liar::start(Script::new().file("/x", "old"));
    once(&scene, &other, &atomic, "get d/a -o URL/x").status(10);
    assert_eq!(other.content("/x").unwrap(), b"old");
    let ran = once(&scene, &other, &atomic, "get d/a -o URL/x").ok();
    assert!(other.content("/x").unwrap() == noise(SIZE), "{ran}");
    assert_eq!(other.files.lock().unwrap().paths(), [b"/x"], "{ran}");
}

#[test]
fn an_interrupted_copy_is_resumed_if_the_source_is_still_the_same() {
    for (atomic, replaced) in [(false, false), (true, false), (false, true), (true, true)] {
        let more: &[&str] = if atomic { &["--set", "xfer:atomic=yes"] } else { &[] };
        let scene = Scene::new(source());
        let other = Liar::start(Script::new().data("STOR", Data::Reset(SIZE / 2)));
        assert_ne!(once(&scene, &other, more, "get d/a -o URL/x").status, 0);
        other.wire.wait_idle();
        let mut newer = noise(SIZE);
        newer[..1000].fill(b'x');
        if replaced {
            let mut files = scene.liar.files.lock().unwrap();
            files.put(b"/d/a", newer.clone());
            files.set_time(b"/d/a", "20250101000000");
        }
        let ran = once(&scene, &other, more, "get -c d/a -o URL/x").ok();
        let wanted = if replaced { newer } else { noise(SIZE) };
        assert!(other.content("/x").unwrap() == wanted, "{atomic} {replaced}\n{ran}");
        assert_eq!(other.wire.lines("APPE").len(), usize::from(!replaced), "{ran}");
        assert_eq!(ran.err().contains("starting again"), replaced, "{ran}");
        let stored = |other: &Liar| (other.wire.lines("STOR"), other.wire.lines("APPE"));
        let sent = stored(&other);
        once(&scene, &other, more, "get -c d/a -o URL/x").ok().stderr_has("already complete");
        assert_eq!(stored(&other), sent, "{ran}");
    }
}

#[test]
fn a_retry_of_a_copy_resumes_it_and_a_source_replaced_meanwhile_restarts() {
    for replaced in [false, true] {
        let mut newer = noise(SIZE);
        newer[..1000].fill(b'x');
        let new = newer.clone();
        let change = Step::change_after(move |files| {
            if replaced {
                files.put(b"/d/a", new.clone());
                files.set_time(b"/d/a", "20250101000000");
            }
        });
        for command in ["get d/a -o URL/x/a", "mirror d URL/x"] {
            let from = source().on("RETR", change.clone()).data("RETR", Data::Cut(SIZE / 2));
            let scene = Scene::new(from);
            let other = Liar::start(Script::new().dir("/x"));
            let ran = run(&scene, &other, command).ok();
            let wanted = if replaced { newer.clone() } else { noise(SIZE) };
            assert!(other.content("/x/a").unwrap() == wanted, "{command} {replaced}\n{ran}");
            assert_eq!(ran.err().contains("starting again"), replaced, "{command}\n{ran}");
            let appended = other.wire.lines("APPE").len();
            assert_eq!(appended, usize::from(!replaced), "{command}\n{ran}");
        }
    }
}

#[test]
fn an_older_copy_on_the_other_server_is_not_a_partial_file() {
    let mut old = noise(SIZE);
    old[..1000].fill(b'x');
    for length in [SIZE, SIZE - 100_000] {
        for command in ["get -c d/a -o URL/x/a", "mirror -c d URL/x"] {
            let scene = Scene::new(source());
            let other = Liar::start(Script::new().file("/x/a", &old[..length]));
            other.files.lock().unwrap().set_time(b"/x/a", "20200101000000");
            let ran = once(&scene, &other, &[], command).ok().stderr_has("older: starting again");
            assert!(other.content("/x/a").unwrap() == noise(SIZE), "{command}\n{ran}");
        }
    }
}

#[test]
fn a_copy_of_a_file_that_changes_meanwhile_is_made_again_if_it_is_to_be_stable() {
    let mut newer = noise(SIZE);
    newer[..1000].fill(b'x');
    for command in ["get d/a -o URL/x/a", "mirror d URL/x"] {
        for atomic in ["yes", "no"] {
            let new = newer.clone();
            let change = Step::change_after(move |files| {
                files.put(b"/d/a", new.clone());
                files.set_time(b"/d/a", "20250101000000");
            });
            let scene = Scene::new(source().on("RETR", change));
            let other = Liar::start(Script::new().file("/x/a", "old"));
            let settings = format!("set xfer:atomic {atomic}; set xfer:verify stable");
            let ran = run(&scene, &other, &format!("{settings}; {command}")).ok();
            let ran = ran.stderr_has("the file changed while it was fetched");
            assert!(other.content("/x/a").unwrap() == newer, "{command}\n{ran}");
            assert_eq!(other.files.lock().unwrap().paths(), [&b"/x"[..], b"/x/a"], "{ran}");
        }
    }
}

#[test]
fn an_atomic_copy_is_resumed_under_its_temporary_name_and_a_complete_one_is_not_sent_again() {
    let scene = Scene::new(source());
    let other = Liar::start(Script::new().file("/x", "old").data("STOR", Data::Reset(SIZE / 2)));
    other.files.lock().unwrap().set_time(b"/x", "20200101000000");
    let copy = "get -c --atomic d/a -o URL/x";
    assert_ne!(once(&scene, &other, &[], "get --atomic d/a -o URL/x").status, 0);
    other.wire.wait_idle();
    assert_eq!(other.content("/x").unwrap(), b"old");
    once(&scene, &other, &[], copy).ok();
    assert!(other.content("/x").unwrap() == noise(SIZE));
    assert_eq!(other.wire.lines("APPE"), ["APPE .x.ftpsh-part"]);
    assert_eq!(other.files.lock().unwrap().paths(), [b"/x"]);
    let sent = other.wire.lines("STOR").len();
    let ran = once(&scene, &other, &[], copy).ok().stderr_has("already complete");
    assert_eq!(other.wire.lines("STOR").len() + other.wire.lines("APPE").len(), sent + 1, "{ran}");
}

#[test]
fn an_atomic_copy_that_fails_its_check_gets_no_name() {
    let spoil = || Step::change(|files| files.put(b"/.x.ftpsh-part", vec![b'y'; SIZE]));
    for (case, from, to, more) in [
        ("stored short", source(), Script::new().always_data("STOR", Data::Short(1000)), "size"),
        (
            "checksums differ",
            source().feature("XSHA256"),
            Script::new().feature("XSHA256").always("XSHA256", spoil()),
            "hash",
        ),
        (
            "refused after all",
            source(),
            Script::new().always("STOR", Step::last("452 full")),
            "size",
        ),
        ("not renamed", source(), Script::new().always("RNFR", Step::reply("550 no")), "size"),
    ] {
        let (scene, other) = (Scene::new(from), Liar::start(to.file("/x", "old")));
        let verify = format!("xfer:verify={more}");
        let ran = once(&scene, &other, &["--set", &verify], "get --atomic d/a -o URL/x");
        assert!([8, 10].contains(&ran.status), "{case}\n{ran}");
        assert_eq!(other.content("/x").unwrap(), b"old", "{case}\n{ran}");
    }
    // Checksums that cannot be compared are said to be.
    let scene = Scene::new(source().feature("XSHA256"));
    let other = Liar::start(Script::new().feature("XMD5"));
    let ran = once(&scene, &other, &["--set", "xfer:verify=hash"], "get d/a -o URL/x").ok();
    ran.stderr_has("one server has Sha256, the other Md5");
}
