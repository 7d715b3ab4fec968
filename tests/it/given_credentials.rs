//! The login of the command line is for one site: its TARGET, or without one the first that is
//! opened. No other host, port or user ever sees it.

use support::liar::{Liar, Script};
use support::program::{Ftpsh, Ran};
use support::scene::{PASSWORD, Scene};

fn script() -> Script {
    Script::new().file("/a", "hello").user("eve", "hers")
}

/// The server that the login is for, another one, and the program without a login or a URL.
fn servers() -> (Scene, Liar) {
    (Scene::new(script()), Liar::start(script()))
}

fn call(scene: &Scene, other: &Liar) -> Ftpsh {
    scene
        .bare_unaddressed()
        .args(["--fingerprint", &scene.liar.fingerprint, "--fingerprint", &other.fingerprint])
        .args(["--set", "net:timeout=5s", "--set", "net:max-retries=0"])
        .env(PASSWORD, &scene.liar.password)
}

fn url(liar: &Liar, user: &str) -> String {
    format!("ftpes://{user}{}", liar.addr)
}

#[track_caller]
fn saw_nothing(other: &Liar, ran: &Ran) {
    assert!(
        !other.wire.has("USER") && !other.wire.has("PASS"),
        "{:?}\n{ran}",
        other.wire.commands()
    );
}

#[track_caller]
fn saw_no_password(other: &Liar, password: &str, ran: &Ran) {
    let passwords = other.wire.lines("PASS").concat();
    assert!(!passwords.contains(password), "{passwords}\n{ran}");
}

#[test]
fn another_site_gets_neither_the_name_nor_the_password_of_the_target() {
    for source in
        [["--password-file", "pw"], ["--password-command", "cat pw"], ["--password-env", PASSWORD]]
    {
        let (scene, other) = servers();
        scene.write("pw", &scene.liar.password);
        let there = url(&other, "");
        for commands in [
            format!("open {there}"),
            format!("(open {there}; ls) & wait"),
            format!("doctor {there}"),
            format!("get {there}/a"),
            format!("get a -o {there}/b"),
            format!("mirror {there}/ copy"),
        ] {
            let call = call(&scene, &other).args(source).args(["--user", "tester"]);
            let ran = call.args([&url(&scene.liar, ""), "-c", &commands]).run();
            assert!(ran.status != 0 || commands.starts_with("doctor"), "{commands}\n{ran}");
            assert!(scene.liar.wire.has("PASS"), "{ran}");
            saw_nothing(&other, &ran);
        }
        // Nor does one that says the same name itself get the password.
        let named = format!("open {}", url(&other, "tester@"));
        let call = call(&scene, &other).args(source).args([&url(&scene.liar, "tester@"), "-c"]);
        let ran = call.arg(named).run().status(7);
        assert!(ran.err().contains("for tester on 127.0.0.1 port"), "{ran}");
        saw_no_password(&other, &scene.liar.password, &ran);
    }
}

#[test]
fn without_a_target_it_is_the_first_sites_also_when_that_cannot_be_reached() {
    let (scene, other) = servers();
    let there = url(&other, "tester@");
    let gone = "ftpes://tester@127.0.0.1:1";
    for first in [url(&scene.liar, "tester@"), gone.to_owned()] {
        let commands = format!("open {first} || echo no; open {there}");
        let call = call(&scene, &other).args(["-k", "--password-env", PASSWORD, "-c", &commands]);
        let ran = call.run();
        assert!(ran.status != 0, "{ran}");
        saw_no_password(&other, &scene.liar.password, &ran);
    }
    assert!(scene.liar.wire.has("PASS"));
}

#[test]
fn a_start_up_file_that_opens_another_site_does_not_get_it() {
    let (scene, other) = servers();
    scene.write("rc", format!("open {} || echo no\n", url(&other, "tester@")));
    let call = call(&scene, &other).args(["--rcfile", "rc", "-k", "--password-env", PASSWORD]);
    let ran = call.args([&url(&scene.liar, "tester@"), "-c", "get a"]).run().ok();
    assert_eq!(scene.read("a").unwrap(), b"hello", "{ran}");
    saw_no_password(&other, &scene.liar.password, &ran);
}

#[test]
fn another_user_of_the_same_server_does_not_get_it() {
    let (scene, other) = servers();
    for commands in ["user eve", "open -u eve URL", "get ftpes://eve@HOST/a"] {
        let target = url(&scene.liar, "tester@");
        let commands = commands.replace("URL", &url(&scene.liar, ""));
        let commands = commands.replace("HOST", &scene.liar.addr.to_string());
        let call = call(&scene, &other).args(["--password-env", PASSWORD]);
        let ran = call.args([&target, "-c", &commands]).run().status(7);
        let lines = scene.liar.wire.commands();
        let pairs = lines.windows(2).filter(|pair| pair[0] == "USER eve");
        let theirs = pairs.filter(|pair| pair[1].contains(&scene.liar.password)).count();
        assert_eq!(theirs, 0, "{commands}: {lines:?}\n{ran}");
    }
}

#[test]
fn a_password_in_the_user_option_is_for_the_target_and_is_not_shown() {
    for command_line in [true, false] {
        let (scene, other) = servers();
        let option = format!("tester,{}", scene.liar.password);
        let there = url(&other, "tester@");
        let log = scene.path("log");
        let call = call(&scene, &other).args(["-k", "-vv", "--log-file"]).arg(&log);
        let ran = if command_line {
            let target = url(&scene.liar, "");
            call.args(["-u", &option, &target, "-c", &format!("get a; open {there}")]).run()
        } else {
            let here = scene.liar.addr;
            let commands = format!("open -u {option} {here}; get a; open {there}");
            call.args(["-c", &commands]).run()
        };
        assert_eq!(scene.read("a").unwrap(), b"hello", "{ran}");
        assert_eq!(scene.liar.wire.lines("USER"), ["USER tester"], "{ran}");
        assert!(ran.err().contains("holds a password"), "{ran}");
        saw_no_password(&other, &scene.liar.password, &ran);
        let ran = ran.never_says(&scene.liar.password);
        let log = std::fs::read_to_string(log).unwrap();
        assert!(!log.contains(&scene.liar.password), "{log}\n{ran}");
    }
}

#[test]
fn the_target_has_it_again_and_again() {
    let (scene, other) = servers();
    let (here, there) = (url(&scene.liar, ""), url(&other, "eve:hers@"));
    let named = url(&scene.liar, "tester@");
    scene.write("pw", &scene.liar.password);
    let commands = format!(
        "close; pwd; reconnect; open {here}; open {there}; open {here}; get a; bookmark add b {here}; \
         open b; get {here}/a -o c; (open {here}; get a -o d) & wait; get {there}/a -o e; \
         user eve || user tester; doctor {here}"
    );
    let call = call(&scene, &other).args(["--password-file", "pw", "--user", "tester", &here]);
    let ran = call.args(["-k", "-c", &commands]).run();
    for name in ["a", "c", "d", "e"] {
        assert_eq!(scene.read(name).unwrap_or_default(), b"hello", "{name}\n{ran}");
    }
    let passwords = other.wire.lines("PASS");
    assert!(passwords.iter().all(|line| line == "PASS hers"), "{passwords:?}\n{ran}");
    let call = self::call(&scene, &other).args(["--password-file", "pw", "doctor", &named]);
    let ran = call.run();
    assert!(ran.out().contains("as tester") || ran.err().contains("as tester"), "{ran}");
}
