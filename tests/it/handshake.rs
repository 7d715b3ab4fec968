//! Before the login: greetings, AUTH TLS, TLS itself, certificates, PROT. Whatever a server does
//! here, no user name and no password may have been sent when it goes wrong.

use std::time::{Duration, Instant};
use support::certificate::Certificate;
use support::liar::{Script, Step, Versions};
use support::scene::Scene;

/// Fails if the server was told who we are, or anything but AUTH in clear.
#[track_caller]
fn nothing_was_told(scene: &Scene, case: &str) {
    let lines = scene.liar.wire.commands();
    let secret = |line: &String| line.contains(&scene.liar.user) || line.contains("s3cret");
    assert!(!lines.iter().any(secret), "{case}: {lines:?}");
    let clear = scene.liar.wire.clear_lines();
    assert!(clear.iter().all(|line| line == "AUTH TLS"), "{case}: {clear:?}");
}

#[test]
fn a_greeting_that_is_none_ends_the_connection_by_its_deadline_and_with_a_reason() {
    let ms = Duration::from_millis;
    for (case, step, status, said) in [
        ("endless lines", Step::Endless(b"220-still here\r\n".to_vec()), 3, "reply"),
        ("an endless line", Step::Endless(vec![b'x'; 4096]), 3, "reply"),
        ("silence", Step::Silence, 3, "no reply from the server within 0.5 s"),
        ("drip", Step::Drip(vec![b'2'; 400], ms(50)), 3, "no reply from the server within"),
        ("logged in already", Step::reply("230 welcome"), 4, "logged in before TLS"),
        ("farewell", Step::reply("421 too many users"), 3, "too many users"),
        ("refusal", Step::reply("554 go away"), 3, "go away"),
        ("another protocol", Step::reply("SSH-2.0-OpenSSH_9.2"), 3, "reply"),
        ("closed", Step::Close(Vec::new()), 3, "closed"),
        ("reset", Step::Reset(Vec::new()), 3, ""),
        ("half a greeting", Step::Close(b"220 hel".to_vec()), 3, "closed"),
    ] {
        let scene = Scene::new(Script::new().greeting(step));
        let started = Instant::now();
        let ran = scene.hurried("get a").status(status);
        assert!(ran.err().contains(said), "{case}: {said:?} wanted\n{ran}");
        let took = started.elapsed();
        assert!(took < ms(4000), "{case}: {took:?}");
        nothing_was_told(&scene, case);
    }
}

#[test]
fn unusual_but_legal_greetings_are_taken() {
    for greeting in [
        &b"220\r\n"[..],
        b"120 wait a moment\r\n220 now\r\n",
        b"220-\r\n500 users\r\n220 \xe9\r\n",
        b"220-\r\n 220 indented\r\n220 now\r\n",
    ] {
        let script = Script::new().file("/a", "hello").greeting(Step::Reply(greeting.into()));
        let scene = Scene::new(script);
        scene.run("get a").ok();
        assert_eq!(scene.read("a").unwrap(), b"hello", "{greeting:?}");
    }
}

#[test]
fn without_tls_there_is_no_login() {
    for (case, step, status, said) in [
        ("530", Step::reply("530 not here"), 4, "does not offer TLS: \"not here\""),
        ("500", Step::reply("500 AUTH?"), 4, "does not offer TLS"),
        ("230", Step::reply("230 no need, come in"), 4, "does not offer TLS"),
        ("injected", Step::Reply(b"234 go\r\n230 in\r\n".to_vec()), 4, "injecting"),
        ("half injected", Step::Reply(b"234 go\r\n2".to_vec()), 4, "injecting"),
        ("silence", Step::Silence, 3, "no reply"),
        ("closed", Step::Close(Vec::new()), 3, "closed"),
    ] {
        let scene = Scene::new(Script::new().on("AUTH", step));
        let ran = scene.hurried("get a").status(status);
        assert!(ran.err().contains(said), "{case}: {said:?} wanted\n{ran}");
        nothing_was_told(&scene, case);
    }
}

#[test]
fn old_tls_is_refused_on_both_backends() {
    for backend in ["openssl", "native-tls"] {
        let scene = Scene::new(Script::new().versions(Versions::Tls11));
        let setting = format!("tls:backend={backend}");
        scene.call().args(["--set", &setting, "-c", "get a"]).run().status(4);
        nothing_was_told(&scene, backend);
    }
}

#[test]
fn each_tls_version_works_and_every_data_connection_resumes() {
    for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
        let script = Script::new().versions(versions).needs_resumption().file("/a", "hello");
        let scene = Scene::new(script);
        scene.write("b", "up");
        scene.run("get a; put b; get a -o c; put b -o d").ok();
        assert_eq!(scene.read("c").unwrap(), b"hello", "{versions:?}");
        assert_eq!(scene.liar.wire.resumed(), [true; 4], "{versions:?}");
    }
}

#[test]
fn a_mail_server_with_tls_is_not_logged_in_to() {
    let mut script = Script::new().implicit().greeting(Step::reply("220 mail.example ESMTP"));
    for verb in ["PBSZ", "PROT", "USER", "FEAT", "NOOP"] {
        script = script.always(verb, Step::reply("502 command not implemented"));
    }
    let scene = Scene::new(script);
    scene.run("get a").status(4).stderr_has("PBSZ");
    nothing_was_told(&scene, "SMTP");
}

#[test]
fn a_server_that_does_not_protect_data_is_not_logged_in_to() {
    for reply in ["536 no", "534 policy", "431 not now", "500 what?", "200\r\n200 twice"] {
        let scene = Scene::new(Script::new().on("PROT", Step::reply(reply)).file("/a", "x"));
        let ran = scene.run("get a");
        assert!(matches!(ran.status, 3 | 4), "{reply}\n{ran}");
        nothing_was_told(&scene, reply);
        assert_eq!(scene.liar.wire.lines("PROT"), ["PROT P"], "never PROT C");
    }
}

#[test]
fn implicit_tls_protects_data_as_well() {
    let scene = Scene::new(Script::new().implicit().file("/a", "hello").needs_resumption());
    scene.run("get a").ok();
    let before: Vec<_> = scene.liar.wire.commands().into_iter().take(3).collect();
    assert_eq!(before, ["PBSZ 0", "PROT P", "USER tester"]);
    assert!(scene.liar.wire.clear_lines().is_empty());
}

#[test]
fn an_unknown_certificate_is_shown_and_nothing_is_sent() {
    let scene = Scene::new(Script::new().file("/a", "x"));
    let ran = scene.bare().args(["-c", "get a"]).run().status(5);
    ran.stderr_has(&scene.liar.fingerprint).stderr_has("--fingerprint").stdout_is("");
    assert_eq!(scene.liar.wire.commands(), ["AUTH TLS"]);
    let strict = scene.call().args(["--trust", "strict", "-c", "get a"]);
    strict.run().ok(); // a fingerprint that is given is known
    let strict = scene.bare().args(["--trust", "strict", "-c", "get a"]);
    strict.run().status(5);
}

#[test]
fn a_wrong_fingerprint_on_the_command_line_accepts_no_server() {
    let scene = Scene::new(Script::new());
    let other = Certificate::make("other").unwrap().fingerprint().unwrap();
    let ran = scene.bare().args(["--fingerprint", &other, "-c", "get a"]).run();
    assert!(matches!(ran.status, 5 | 6), "{ran}");
    nothing_was_told(&scene, "fingerprint");
}

#[test]
fn a_certificate_once_accepted_may_not_change() {
    let scene = Scene::new(Script::new().file("/a", "hello"));
    let known = |arguments: &[&str]| {
        let call = scene.bare().args(["--password-env", "P"]).env("P", &scene.liar.password);
        call.args(arguments).args(["-c", "get --overwrite=yes a"]).run()
    };
    known(&["--trust", "accept-new"]).ok();
    known(&[]).ok();
    assert_eq!(scene.liar.wire.lines("USER").len(), 2);
    let other = Certificate::make("localhost").unwrap();
    scene.liar.show(&other);
    // No policy lets a changed certificate through.
    for arguments in [&[][..], &["--trust", "accept-new"], &["--trust", "strict"]] {
        let ran = known(arguments).status(6);
        let ran = ran.stderr_has(&scene.liar.fingerprint).stderr_has("trust remove");
        ran.stderr_has(&other.fingerprint().unwrap());
    }
    assert_eq!(scene.liar.wire.lines("USER").len(), 2, "no name was sent to the changed server");
    // Insecure and a fingerprint are for this run only.
    known(&["--insecure"]).ok().stderr_has("warning");
    known(&["--fingerprint", &other.fingerprint().unwrap()]).ok();
    known(&[]).status(6);
}

#[test]
fn a_certificate_with_the_same_key_is_a_renewal() {
    let first = Certificate::make("localhost").unwrap();
    let now = first.x509.not_before().diff(&openssl::asn1::Asn1Time::from_unix(0).unwrap());
    let start = -i64::from(now.unwrap().days) * 86_400;
    let renewed = Certificate::sign("localhost", first.key.clone(), start, start + 5_184_000);
    let scene = Scene::new(Script::new().file("/a", "hello").certificate(&first));
    let known = |trust: &[&str]| {
        let call = scene.bare().args(["--password-env", "P"]).env("P", &scene.liar.password);
        call.args(trust).args(["-c", "get --overwrite=yes a"]).run()
    };
    known(&["--trust", "accept-new"]).ok();
    scene.liar.show(&renewed.unwrap());
    known(&[]).ok().stderr_has("renew");
    let quiet = known(&[]).ok();
    assert!(!quiet.err().contains("renew"), "one notice only\n{quiet}");
}

#[test]
fn a_server_that_protects_data_only_after_the_login_is_asked_again() {
    let files = (0..6).fold(Script::new(), |script, i| script.file(format!("/t/{i}"), "x"));
    let scene = Scene::new(files.protects_after_login());
    scene.run("ls; mirror -P 3 t here; mirror -R here again").ok();
    assert!(scene.liar.content("/again/5").is_some());
    let wire = &scene.liar.wire;
    let protection: Vec<_> =
        wire.commands().into_iter().filter(|line| line.starts_with('P') && line != "PWD").collect();
    let (first, further) = protection.split_at(5);
    assert_eq!(first, ["PBSZ 0", "PROT P", "PASS s3cret-word", "PBSZ 0", "PROT P"]);
    let further: Vec<_> = further.iter().filter(|line| line.starts_with("PBSZ")).collect();
    assert_eq!(further.len() + 1, wire.lines("USER").len(), "further sessions know");
    let ran = scene.unconnected().args(["doctor", &scene.liar.url()]).run().ok();
    ran.stdout_has("prot").never_says("503 \"");
}

#[test]
fn nothing_is_transferred_where_data_is_protected_neither_before_nor_after_the_login() {
    for step in [Step::reply("503 not yet"), Step::reply("536 no")] {
        let script = Script::new().file("/a", "x").on("PROT", Step::reply("530 log in first"));
        let scene = Scene::new(script.protects_after_login().always("PROT", step));
        scene.run("ls").status(4).stderr_has("protect data").stderr_has("tls:data=clear");
        for verb in ["MLSD", "LIST", "RETR"] {
            assert!(!scene.liar.wire.has(verb), "{verb}");
        }
    }
}

#[test]
fn data_in_clear_text_needs_no_agreement_unless_the_server_demands_protection() {
    for reply in ["500 what?", "502 not here", "503 log in first", "530 log in first", "550 no"] {
        let refused = Step::reply(reply);
        let script = Script::new().file("/a", "hello").always("PBSZ", refused.clone());
        let scene = Scene::new(script.always("PROT", refused));
        scene.run("get a").status(4).stderr_has("--set tls:data=clear");
        let call = scene.call().args(["--set", "tls:data=clear", "-c", "ls; get a"]);
        let ran = call.run().ok().stderr_has("clear");
        assert_eq!(scene.read("a").unwrap(), b"hello", "{reply}\n{ran}");
    }
    for reply in ["534 policy", "536 only P"] {
        let scene = Scene::new(Script::new().file("/a", "x").always("PROT", Step::reply(reply)));
        let ran = scene.call().args(["--set", "tls:data=clear", "-c", "get a"]).run();
        ran.status(4).stderr_has("--set tls:data=private");
        nothing_was_told(&scene, reply);
    }
}

#[test]
fn a_port_for_implicit_tls_is_found_out_soon_and_named() {
    for script in [Script::new().implicit(), Script::new().implicit().versions(Versions::Tls11)] {
        let scene = Scene::new(script);
        let begun = Instant::now();
        let url = format!("ftp://{}", scene.liar.addr);
        let ran = scene.unconnected().args(["--set", "net:timeout=30s", &url, "-c", "ls"]).run();
        let ran = ran.status(3).stderr_has("the server speaks TLS from the first byte");
        let ran = ran.stderr_has(&format!("use ftps://{}", scene.liar.addr));
        assert!(begun.elapsed() < Duration::from_secs(7), "{:?} {ran}", begun.elapsed());
        assert!(scene.liar.wire.raw_lines().is_empty(), "{ran}");
    }
}

#[test]
fn a_target_may_be_a_host_and_a_directory() {
    let scene = Scene::new(Script::new().file("/docs/old/a", "hello"));
    let target = format!("{}@{}/docs", scene.liar.user, scene.liar.addr);
    let ran = scene.unconnected().args([&target, "-c", "pwd; cat old/a"]).run().ok();
    assert_eq!(ran.out(), "/docs\nhello");
    let open = format!("open {target}//docs/old; pwd");
    let open = open.replace("/docs//", "//");
    assert_eq!(scene.unconnected().args(["-c", &open]).run().ok().out(), "/docs/old\n");
}

#[test]
fn a_refusal_before_and_at_the_login_has_the_code_of_the_reply() {
    for (verb, step, status, said) in [
        ("greeting", "421 closed for lunch", 3, "\"closed for lunch\" (421)"),
        ("greeting", "500 go away", 3, "\"go away\" (500)"),
        ("AUTH", "530 not here", 4, "\"not here\" (530)"),
        ("PASS", "530 wrong again", 7, "\"wrong again\" (530)"),
        ("PASS", "421 come back later", 3, "\"come back later\" (421)"),
    ] {
        let step = Step::reply(step);
        let script = Script::new().file("/a", "hello");
        let script = match verb {
            "greeting" => script.greeting(step),
            verb => script.always(verb, step),
        };
        let scene = Scene::new(script);
        let ran = scene.call().args(["--set", "net:max-retries=0", "-c", "get a"]).run();
        assert!(ran.status == status && ran.err().contains(said), "{verb}: {said}\n{ran}");
    }
}

#[test]
fn verbose_output_has_the_tls_version_and_the_time_of_each_phase() {
    let scene = Scene::new(Script::new());
    let ran = scene.call().args(["-v", "-c", "pwd"]).run().ok();
    let (key, user) = (scene.liar.addr, &scene.liar.user);
    ran.stderr_has(&format!("{key}: connected in "))
        .stderr_has(" ms, TLSv1.3 TLS_")
        .stderr_has(&format!("{key}: logged in as {user} in "));
    assert!(!scene.run("pwd").ok().err().contains("logged in as"));
}
