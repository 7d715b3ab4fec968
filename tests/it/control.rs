//! Replies on the control connection: too long, too slow, too many, too few, oddly written. No
//! command may be credited with another one's reply, and no server may hold the client.

use crate::library::Library as _;
use ftpsh::error::Kind;
use ftpsh::ftp::data::open::open_data;
use ftpsh::ftp::path::RemotePath;
use ftpsh::ftp::session::Session;
use std::time::{Duration, Instant};
use support::liar::{Script, Step};
use support::scene::{Scene, noise};

fn script() -> Script {
    Script::new().file("/a", "hello").file("/d/b", "below")
}

#[test]
fn an_endless_or_slow_reply_ends_by_its_deadline() {
    for (case, step) in [
        ("lines", Step::Endless(b"250-more\r\n".to_vec())),
        ("one line", Step::Endless(vec![b'x'; 8192])),
        ("drip", Step::Drip(b"250-".repeat(200), Duration::from_millis(40))),
        ("silence", Step::Silence),
    ] {
        for verb in ["PASS", "FEAT", "MLST", "RETR"] {
            let scene = Scene::new(script().always(verb, step.clone()));
            let started = Instant::now();
            let ran = scene.hurried("get a");
            assert!(matches!(ran.status, 3 | 10), "{case} to {verb}\n{ran}");
            assert!(started.elapsed() < Duration::from_secs(3), "{case} to {verb}");
            assert!(scene.whole_files().is_empty(), "{case} to {verb}");
        }
    }
}

#[test]
fn a_duplicate_reply_is_never_credited_to_the_next_command() {
    for surplus in ["250 done\r\n", "250 done", "226", "250-begun\r\n", "\r\n"] {
        let scene = Scene::new(
            script().on("NOOP", Step::After(surplus.into())).always("DELE", Step::reply("550 no")),
        );
        let mut session = scene.session();
        assert!(session.checked_command("noop", "NOOP", "").is_ok());
        let error = session.checked_command("rm a", "DELE", "a").unwrap_err();
        assert_eq!(error.kind(), Kind::Connect, "{surplus:?}: {error}");
        assert!(session.failure().is_some(), "{surplus:?}");
        assert!(session.checked_command("noop", "NOOP", "").is_err(), "a dead session stays dead");
        drop(session);
        assert!(!scene.liar.wire.has("DELE"), "{surplus:?}: sent on a connection out of step");
    }
}

#[test]
fn after_a_duplicate_reply_the_program_works_on_a_new_connection() {
    for verb in ["TYPE", "PWD", "MLST", "EPSV"] {
        let scene = Scene::new(script().on(verb, Step::After(b"250 surplus\r\n".to_vec())));
        let url = scene.liar.url();
        let script = format!("open {url} || open {url}; get a || get a");
        scene.unconnected().args(["-c", &script]).run().ok();
        assert_eq!(scene.read("a").unwrap(), b"hello", "{verb}");
        assert_eq!(scene.liar.wire.connections(), 2, "{verb}");
    }
}

#[test]
fn replies_are_read_as_the_standard_says_whatever_they_look_like() {
    for (verb, reply) in [
        ("PASS", "230-Hi\r\n123 users online\r\n230-\r\n 230 not yet\r\n230 welcome\r\n"),
        ("PASS", "230-550 no\r\n550 no\r\n230 welcome\r\n"),
        ("PASS", "230\r\n"),
        ("PASS", "230 \u{c3}( not utf-8\r\n"),
        ("PASS", "230 bare line feed\n"),
        ("PASS", "232 logged in, by another code\r\n"),
        ("USER", "230 no password needed\r\n"),
        ("TYPE", "200\r\n"),
        ("PBSZ", "299 what is this code\r\n"),
    ] {
        let bytes = reply.chars().map(|c| c as u8).collect();
        let scene = Scene::new(script().on(verb, Step::Reply(bytes)));
        scene.run("get a").ok();
        assert_eq!(scene.read("a").unwrap(), b"hello", "{verb} {reply:?}");
    }
}

#[test]
fn passive_replies_may_hold_any_bytes_around_the_port() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (high, low) = (port >> 8, port & 255);
    for (verb, without, reply) in [
        ("EPSV", "PASV", format!("229 mode \u{e9}tendu \0 (|||{port}|)")),
        ("PASV", "EPSV", format!("227 mode pass\u{e9} (127,0,0,1,{high},{low}).")),
        ("PASV", "EPSV", format!("227 no brackets 127,0,0,1,{high},{low}")),
    ] {
        let bytes: Vec<u8> = reply.chars().map(|c| c as u8).collect();
        let scene = Scene::new(script().without(without).on(verb, Step::reply(bytes)));
        // The scripted server knows nothing of this port, so it refuses: but it was reached.
        let ran = scene.run("get a");
        assert!(ran.err().contains("use EPSV or PASV first"), "{reply}\n{ran}");
        drop(listener.accept().unwrap());
    }
}

#[test]
fn a_preliminary_reply_may_come_twice_or_under_another_code() {
    for opening in
        ["125 begins\r\n", "150 one\r\n150 two\r\n", "150-one\r\n150 two\r\n", "110 x\r\n"]
    {
        let scene = Scene::new(script().always("RETR", Step::Opening(opening.into())));
        scene.run("get a").ok();
        assert_eq!(scene.read("a").unwrap(), b"hello", "{opening:?}");
    }
}

#[test]
fn an_account_that_is_wanted_comes_from_netrc_or_is_asked_for_in_words() {
    let script = || script().always("PASS", Step::reply("332 account, please"));
    let scene = Scene::new(script());
    scene.run("get a").status(7).stderr_has("account");
    let scene = Scene::new(script().on("ACCT", Step::reply("230 fine")).on("ACCT", Step::Honest));
    let netrc = scene.path("netrc");
    let host = scene.liar.addr.ip();
    let text = format!("machine {host} login tester password s3cret-word account billing-77\n");
    std::fs::write(&netrc, text).unwrap();
    std::fs::set_permissions(&netrc, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let call = scene.bare().args(["--fingerprint", &scene.liar.fingerprint, "-vv", "-c", "get a"]);
    let ran = call.env("NETRC", &netrc).run().ok();
    assert_eq!(scene.liar.wire.lines("ACCT"), ["ACCT billing-77"]);
    ran.never_says("billing-77").never_says("s3cret");
}

#[test]
fn a_421_at_any_moment_is_said_and_the_next_command_reconnects() {
    for verb in ["USER", "PASS", "FEAT", "TYPE", "PWD", "CWD", "MLST", "EPSV", "RETR"] {
        for bytes in ["421 shutting down\r\n", ""] {
            let scene = Scene::new(script().on(verb, Step::Close(bytes.into())));
            let url = format!("{}/d/", scene.liar.url());
            // The first may fail, at the latest the second succeeds.
            let script = format!("open {url} || open {url}; get b || get b");
            let ran = scene.unconnected().args(["-c", &script]).run();
            assert_eq!(scene.read("b").as_deref(), Some(&b"below"[..]), "{verb} {bytes:?}\n{ran}");
            if !bytes.is_empty() {
                assert!(ran.err().contains("shutting down"), "{verb}\n{ran}");
            }
            assert!(scene.liar.wire.connections() >= 2);
        }
    }
}

#[test]
fn a_reconnection_restores_everything_before_it_does_anything() {
    let scene = Scene::new(script().on("RETR", Step::Close(b"421 restarting\r\n".to_vec())));
    let url = format!("{}/d/", scene.liar.url());
    scene.unconnected().args(["-c", &format!("open {url}; get b || get b")]).run().ok();
    let lines = scene.liar.wire.commands();
    let last = lines.iter().rposition(|line| line == "AUTH TLS").unwrap();
    let after: Vec<_> = lines[last..].iter().map(String::as_str).collect();
    let at = |line: &str| {
        after.iter().position(|l| *l == line).unwrap_or_else(|| panic!("no {line}: {after:?}"))
    };
    let order = ["AUTH TLS", "PBSZ 0", "PROT P", "USER tester", "TYPE I", "CWD /d", "RETR b"];
    let places: Vec<_> = order.iter().map(|line| at(line)).collect();
    assert!(places.is_sorted(), "{after:?}");
}

#[test]
fn a_reconnection_does_not_log_in_to_a_server_that_has_changed() {
    let scene = Scene::new(script().on("RETR", Step::Close(b"421 restarting\r\n".to_vec())));
    let other = support::certificate::Certificate::make("localhost").unwrap();
    let call = scene.call().args(["-k", "-c", "get a; get a"]);
    let ran = std::thread::scope(|scope| {
        let ran = scope.spawn(|| call.run());
        // Long before the second connection.
        scene.liar.wire.wait_for("USER", 1);
        scene.liar.show(&other);
        ran.join().unwrap()
    });
    assert!(ran.status != 0, "{ran}");
    assert!(scene.liar.wire.connections() > 1, "{ran}");
    assert_eq!(scene.liar.wire.lines("USER").len(), 1, "{ran}");
    assert!(scene.whole_files().is_empty());
}

#[test]
fn a_late_reply_to_another_command_is_never_a_success() {
    // It comes when the next command was sent already: nothing tells it but its code.
    let late = [
        "150 late", "200 late", "211 late", "213 7", "215 late", "220 late", "221 late", "226 late",
    ];
    let more =
        ["227 (127,0,0,1,9,9)", "229 (|||9|)", "230 late", "257 \"/\"", "331 late", "350 late"];
    let path = |path| RemotePath::new(path).unwrap();
    type Change = fn(&mut Session, &RemotePath) -> ftpsh::error::Result<()>;
    let changes: [(&str, &str, Change); 6] = [
        ("DELE", "", |session, path| session.remove_file(path)),
        ("MKD", "257", |session, path| session.make_directory(path)),
        ("RMD", "", |session, path| session.remove_directory(path)),
        ("RNFR", "350", |session, path| session.rename(path, &RemotePath::root())),
        ("RNTO", "", |session, path| session.rename(path, &RemotePath::root())),
        ("SITE", "200 211 213 215", |session, path| session.set_permissions(0o600, path)),
    ];
    for (verb, own, change) in changes {
        for late in late.iter().chain(&more).filter(|late| !own.contains(&late[..3])) {
            let answer = format!("{late}\r\n550 not done\r\n");
            let scene = Scene::new(script().always(verb, Step::Reply(answer.into())));
            let mut session = scene.session();
            assert!(change(&mut session, &path("a")).is_err(), "{verb}: {late}");
        }
    }
    // A file and a listing are complete with their own completion replies only.
    for late in ["200 late", "213 7", "221 late", "257 \"/\"", "331 late"] {
        for (commands, verb) in [("get a -o x", "RETR"), ("put x a", "STOR"), ("ls", "MLSD")] {
            let last = Step::last(format!("{late}\r\n451 failed"));
            let scene = Scene::new(script().always(verb, last));
            scene.write("x", "x");
            let options = ["--set", "net:max-retries=0", "--set", "xfer:overwrite=yes"];
            let ran = scene.call().args(options).args(["-c", commands]).run();
            assert!(ran.status != 0, "{verb}: {late}\n{ran}");
        }
    }
}

#[test]
fn a_success_with_an_unusual_code_counts_where_the_next_reply_is_in_step() {
    let scene = Scene::new(script().dir("/d").always("DELE", Step::reply("200 removed")));
    scene.run("rm a; ls -1").ok();
    assert_eq!(scene.liar.wire.connections(), 1);
    for (commands, verb) in [("rmdir d", "RMD"), ("mkdir n", "MKD"), ("mv a b", "RNTO")] {
        let scene = Scene::new(script().dir("/d").always(verb, Step::reply("200 done")));
        scene.run(commands).ok();
        let sent = scene.liar.wire.commands();
        let at = sent.iter().rposition(|line| line.starts_with(verb)).unwrap();
        assert_eq!(sent[at + 1], "PWD", "{verb}");
    }
}

#[test]
fn the_working_directory_may_be_quoted_in_any_way() {
    for (reply, directory) in [
        ("257 \"/a\"\"b\" is \"x\"", Some("/a\"b")),
        ("257 \"/with space\"", Some("/with space")),
        ("257 \"/caf\u{e9}\"", Some("/caf\u{f7e9}")),
        ("257 \"/\" is current", Some("/")),
        // No sense in it: the directory is unknown, and not the root.
        ("257 \"/open", None),
        ("257", None),
        ("550 no idea", None),
        ("500 PWD?", None),
    ] {
        let bytes: Vec<u8> = reply.chars().map(|c| c as u8).collect();
        let there = directory.unwrap_or("/").replace('\u{f7e9}', "\u{e9}");
        let script = script().dir(there).always("PWD", Step::reply(bytes));
        let scene = Scene::new(script);
        let session = scene.session();
        assert_eq!(session.cwd().as_str(), directory.unwrap_or("."), "{reply}");
    }
}

#[test]
fn features_are_understood_in_every_form() {
    for (reply, known) in [
        ("211-Features:\r\n SIZE\r\n MLST type*;size*;\r\n211 End\r\n", true),
        ("211-Features:\r\nSIZE\r\nMLST type*;size*;\r\n211 End\r\n", true),
        ("211-Features:\r\n\tSIZE\r\n\tMLST type*;size*;\r\n211 End\r\n", true),
        ("211-Features:\r\n211-SIZE\r\n211-MLST type*;size*;\r\n211 End\r\n", true),
        ("211-features\r\n size\r\n mlst TYPE*;SIZE*;\r\n211 end\r\n", true),
        ("211 no features\r\n", false),
        ("211-none\r\n211 end\r\n", false),
        ("500 what?\r\n", false),
        ("502 not implemented\r\n", false),
        ("550 no\r\n", false),
    ] {
        let scene = Scene::new(script().always("FEAT", Step::Reply(reply.into())));
        let session = scene.session();
        assert_eq!(session.features().mlst(), known, "{reply:?}");
        drop(session);
        scene.write("up", noise(5000));
        scene.run("get a; put up").ok();
        assert_eq!(scene.read("a").unwrap(), b"hello", "{reply:?}");
        assert_eq!(scene.liar.content("/up").unwrap(), noise(5000), "{reply:?}");
    }
}

#[test]
fn line_breaks_and_nul_in_arguments_reach_no_wire() {
    let scene = Scene::new(script());
    let mut session = scene.session();
    let before = scene.liar.wire.raw_lines().len();
    for argument in ["a\r\nDELE a", "a\nDELE a", "a\rb", "a\0b", "\r\n"] {
        let error = session.checked_command("x", "RETR", argument).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{argument:?}");
        assert!(open_data(&mut session, "x", "RETR", argument, 0).is_err(), "{argument:?}");
        assert!(session.failure().is_none(), "{argument:?}: nothing was sent, nothing is lost");
    }
    assert_eq!(scene.liar.wire.raw_lines().len(), before);
    assert!(session.checked_command("noop", "NOOP", "").is_ok());
}

#[test]
fn telnet_bytes_are_doubled_on_the_wire_and_undone_from_it() {
    let scene = Scene::new(Script::new().file(b"/x\xffy", "hello").dir(b"/d\xff"));
    let mut session = scene.session();
    let path = ftpsh::ftp::path::decode_name(b"d\xff");
    let path = ftpsh::ftp::path::RemotePath::new(path).unwrap();
    session.change_directory(&path).unwrap();
    let shown = ftpsh::ftp::path::encode_name(session.cwd().as_str());
    assert_eq!(shown, b"/d\xff");
    assert!(scene.liar.wire.raw_lines().contains(&b"CWD d\xff\xff".to_vec()));
}

/// What goes out for `cd` to a name with two bytes 0xFF, and what is made of the reply to PWD.
#[track_caller]
fn telnet(case: &str, script: Script, sent: &[u8], told: &[u8]) {
    let pwd = [b"257 \"", told, b"\""].concat();
    let script = script
        .on("PWD", Step::reply("257 \"/\""))
        .always("CWD", Step::reply("250 ok"))
        .always("PWD", Step::reply(pwd));
    let scene = Scene::new(script);
    let mut session = scene.session();
    let path = ftpsh::ftp::path::decode_name(b"a\xff\xffb");
    let path = ftpsh::ftp::path::RemotePath::new(path).unwrap();
    session.change_directory(&path).unwrap();
    let shown = ftpsh::ftp::path::encode_name(session.cwd().as_str());
    assert_eq!(shown, b"/a\xff\xffb", "{case}");
    assert!(scene.liar.wire.raw_lines().contains(&sent.to_vec()), "{case}");
}

const DOUBLED: (&[u8], &[u8]) = (b"CWD a\xff\xff\xff\xffb", b"/a\xff\xff\xff\xffb");

#[test]
fn telnet_bytes_are_left_alone_where_the_server_is_known_to_do_so() {
    let greeting = |text| Script::new().implicit().greeting(Step::reply(text));
    let password = Script::new().always("PASS", Step::reply("230 (vsFTPd 3.0.3)"));
    for (case, script, (sent, told)) in [
        (
            "vsftpd",
            greeting("220 (vsFTPd 3.0.3)"),
            (&b"CWD a\xff\xffb"[..], &b"/a\xff\xff\xff\xffb"[..]),
        ),
        ("vsftpd's login", password, (b"CWD a\xff\xffb", b"/a\xff\xff\xff\xffb")),
        (
            "ProFTPD",
            greeting("220 ProFTPD Server ready"),
            (b"CWD a\xff\xff\xff\xffb", b"/a\xff\xffb"),
        ),
        (
            "ProFTPD's features",
            Script::new().feature("SSCN"),
            (b"CWD a\xff\xff\xff\xffb", b"/a\xff\xffb"),
        ),
        ("Pure-FTPd", greeting("220 Welcome to Pure-FTPd"), (b"CWD a\xff\xffb", b"/a\xff\xffb")),
        (
            "Pure-FTPd's features",
            Script::new().feature("ESTA"),
            (b"CWD a\xff\xffb", b"/a\xff\xffb"),
        ),
        ("another", greeting("220 hello"), DOUBLED),
    ] {
        telnet(case, script, sent, told);
    }
}

#[test]
fn what_was_said_before_tls_does_not_decide_how_names_are_sent() {
    for name in ["vsFTPd 3.0.3", "Welcome to Pure-FTPd"] {
        let greeting = Script::new().greeting(Step::reply(format!("220 ({name})")));
        telnet(name, greeting, DOUBLED.0, DOUBLED.1);
        let auth = Script::new().always("AUTH", Step::reply(format!("234 ({name})")));
        telnet(name, auth, DOUBLED.0, DOUBLED.1);
    }
}

#[test]
fn what_a_server_does_with_telnet_bytes_is_known_on_its_further_connections() {
    let names = (0..6).map(|n| [b"/a\xff".as_slice(), n.to_string().as_bytes()].concat());
    let script = Script::new().implicit().on("", Step::reply("220 (vsFTPd 3.0.3)"));
    let scene = Scene::new(names.fold(script, |script, name| script.file(name, "hello")));
    let words: Vec<_> = (0..6).map(|n| format!("a\u{f7ff}{n}")).collect();
    let get = format!("get -P 3 {}", words.join(" "));
    // Only the first greeting says what it is.
    let ran = scene.call().args(["--set", "ftp:sync-mode=yes", "-c", &get]).run().ok();
    assert!(scene.liar.wire.lines("USER").len() > 1, "{ran}");
    let twice = |line: &Vec<u8>| line.windows(2).any(|two| two == b"\xff\xff");
    assert!(!scene.liar.wire.raw_lines().iter().any(twice), "{ran}");
}
