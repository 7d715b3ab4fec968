//! Every exit status, each by one scenario, and what `--json` says beside it.

use serde_json::json;
use support::certificate::Certificate;
use support::closed_port::ClosedPort;
use support::liar::{Data, Script, Step};
use support::program::{Ftpsh, Ran};
use support::scene::Scene;

fn script() -> Script {
    Script::new().file("/a", "hello").file("/b", "x")
}

/// A failure with `--json`: this status, this kind; the summary is the last line and agrees.
#[track_caller]
fn failed(ran: Ran, status: i32, kind: &str) -> serde_json::Value {
    let ran = ran.status(status);
    let errors = ran.json_of("error");
    let first = errors.first().unwrap_or_else(|| panic!("an error object wanted\n{ran}")).clone();
    assert_eq!(first["kind"], kind, "{ran}");
    assert_eq!(first["exit"], status, "{ran}");
    let message = first["message"].as_str().unwrap();
    assert!(!message.is_empty() && !message.ends_with(['\n', ' ']), "{ran}");
    let summary = ran.json().pop().unwrap();
    assert_eq!(summary["type"], "summary", "{ran}");
    assert_eq!(summary["exit"], status, "{ran}");
    assert!(summary["failed"].as_u64().unwrap() >= 1, "{ran}");
    // The same in words, for whoever watches.
    assert!(ran.err().contains("ftpsh: "), "{ran}");
    first
}

fn json(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--json", "--set", "net:max-retries=0", "-c", commands]).run()
}

#[test]
fn status_0_is_for_all_that_was_asked() {
    let scene = Scene::new(script());
    let ran = json(&scene, "get a; get b").ok();
    let transfers = ran.json_of("transfer");
    assert_eq!(transfers.len(), 2, "{ran}");
    let first = &transfers[0];
    assert_eq!(first["direction"], "download");
    assert_eq!((&first["remote"], &first["local"]), (&json!("/a"), &json!(scene.path("a"))));
    assert_eq!((&first["bytes"], &first["status"]), (&json!(5), &json!("ok")));
    assert!(first["seconds"].is_number() && first["resumed_from"].is_null());
    let summary = ran.json().pop().unwrap();
    let wanted = [("commands", 2), ("failed", 0), ("files", 2), ("bytes", 6), ("exit", 0)];
    for (name, value) in wanted {
        assert_eq!(summary[name], value, "{name}\n{ran}");
    }
}

#[test]
fn status_1_is_for_a_local_command_that_failed() {
    let scene = Scene::new(script());
    let error = failed(json(&scene, "! exit 3"), 1, "failed");
    assert!(error["message"].as_str().unwrap().contains("status 3"));
}

#[test]
fn status_2_is_for_wrong_usage() {
    let scene = Scene::new(script());
    for commands in ["get", "get --no-such a", "nosuchcommand", "get 'a", "get -P 2 --segments 2 a"]
    {
        failed(json(&scene, commands), 2, "usage");
    }
    assert_eq!(scene.liar.wire.connections(), 0);
    for arguments in
        [&["--no-such-option"][..], &["--set", "net:timeout=x"], &["--set", "no:such=1"]]
    {
        Ftpsh::new().args(arguments).arg("localhost").run().status(2);
    }
    Ftpsh::new().args(["http://localhost/"]).run().status(2);
    // Nothing was opened.
    failed(Ftpsh::new().args(["--json", "-c", "get a"]).run(), 2, "usage");
}

#[test]
fn status_3_is_for_no_connection() {
    let closed = ClosedPort::new();
    for host in [closed.addr.to_string(), "no-such-host.invalid".to_owned()] {
        let call = Ftpsh::new().args(["--json", "--set", "net:max-retries=0", "-u", "x"]);
        failed(call.arg(&host).args(["-c", "get a"]).run(), 3, "connect");
    }
    let scene = Scene::new(script().always("MLST", Step::Close(b"421 bye\r\n".to_vec())));
    let error = failed(json(&scene, "get a"), 3, "connect");
    assert_eq!(error["reply"], "421 bye");
}

#[test]
fn status_4_is_for_tls() {
    let scene = Scene::new(script().always("AUTH", Step::reply("502 no")));
    let error = failed(json(&scene, "get a"), 4, "tls");
    assert_eq!(error["reply"], "502 no");
    assert!(error["hint"].as_str().unwrap().contains("ftps://"));
}

#[test]
fn status_5_is_for_an_unknown_certificate() {
    let scene = Scene::new(script());
    let ran = scene.bare().args(["--json", "-c", "get a"]).run();
    let error = failed(ran, 5, "certificate-unknown");
    let text = error.to_string();
    assert!(text.contains(&scene.liar.fingerprint), "{text}");
}

#[test]
fn status_6_is_for_a_changed_certificate() {
    let scene = Scene::new(script());
    let known = || scene.bare().args(["--json", "--password-env", "P"]).env("P", "s3cret-word");
    known().args(["--trust", "accept-new", "-c", "get a"]).run().ok();
    scene.liar.show(&Certificate::make("localhost").unwrap());
    failed(known().args(["-c", "get b"]).run(), 6, "certificate-changed");
}

#[test]
fn status_7_is_for_a_login() {
    let scene = Scene::new(script());
    let wrong = scene.call().env("SCENE_PASSWORD", "wrong").args(["--json", "-c", "get a"]).run();
    let error = failed(wrong, 7, "login");
    assert_eq!(error["reply"], "530 login incorrect");
    let none = scene.bare().args(["--json", "--fingerprint", &scene.liar.fingerprint]);
    failed(none.args(["-c", "get a"]).run(), 7, "login");
}

#[test]
fn status_8_is_for_a_refusal() {
    let scene = Scene::new(script());
    scene.write("up", "x");
    let error = failed(json(&scene, "get absent"), 8, "refused");
    assert_eq!(error["reply"], "550 no such file");
    failed(json(&scene, "get *.nothing"), 8, "refused");
    failed(json(&scene, "put up -o absent/up"), 8, "refused");
    let url = format!("{}/absent", scene.liar.url());
    let call = scene.unconnected().args(["--json", "-c", "get a"]).arg(url);
    failed(call.run(), 8, "refused");
}

#[test]
fn status_9_is_for_local_files() {
    let scene = Scene::new(script());
    for commands in ["put absent", "get a -o absent/a", "get a -o -> absent/a"] {
        failed(json(&scene, commands), 9, "local");
    }
    scene.write("a", "old");
    failed(json(&scene, "get a"), 9, "local");
    scene.call().args(["--json", "-f", "absent"]).run().status(9);
}

#[test]
fn status_10_is_for_an_incomplete_transfer() {
    let scene = Scene::new(script().always_data("RETR", Data::Short(3)));
    let ran = json(&scene, "get a");
    let transfers = ran.json_of("transfer");
    assert_eq!(transfers.len(), 1, "{ran}");
    assert_eq!(transfers[0]["status"], "incomplete");
    failed(ran, 10, "incomplete");
}

#[test]
fn status_11_is_for_the_start_up_file() {
    let scene = Scene::new(script());
    let rc = scene.path("rc");
    for text in ["set no:such 1\n", "nosuchcommand\n", "get 'a\n", "set net:timeout -5\n"] {
        std::fs::write(&rc, text).unwrap();
        let call = scene.call().args(["--json", "--rcfile"]).arg(&rc).args(["-c", "get a"]);
        failed(call.run(), 11, "config");
        scene.call().args(["--norc", "-c", "get --overwrite b"]).run().ok();
    }
    scene.call().args(["--rcfile", "/absent/rc", "-c", "get a"]).run().status(11);
    assert!(scene.read("a").is_none());
}

#[test]
fn the_first_failures_cause_wins() {
    let scene = Scene::new(script());
    let keep = |commands: &str| scene.call().args(["-k", "-c", commands]).run();
    keep("get absent; put absent; get a").status(8);
    assert!(scene.read("a").is_some(), "it went on");
    keep("put absent; get absent; get b").status(9);
    keep("get absent || get --overwrite a; put absent").status(9);
    // Within one command as well, the other files come.
    std::fs::remove_file(scene.path("a")).unwrap();
    scene.run("get absent a").status(8);
    assert!(scene.read("a").is_some());
}

#[test]
fn hints_are_one_line_and_reply_texts_are_quoted() {
    let scene = Scene::new(script().always("RETR", Step::Opening(b"550-no\r\n550 way\r\n".into())));
    let ran = scene.run("get a").status(8);
    let err = ran.err();
    assert_eq!(err.lines().filter(|line| line.starts_with("hint:")).count(), 1, "{ran}");
    assert_eq!(err.lines().filter(|line| line.starts_with("ftpsh: ")).count(), 1, "{ran}");
    assert!(err.contains("550 \"no way\""), "{ran}");
    ran.stdout_is("");
}
