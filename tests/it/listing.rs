//! Listings: cut, endless, lying, full of hostile names. What is shown is what is known, and a
//! listing that did not end well is a failure.

use crate::library::Library as _;
use std::time::{Duration, Instant};
use support::liar::{Data, Script, Step};
use support::program::Ran;
use support::scene::Scene;

fn script() -> Script {
    Script::new().file("/a", "hello").file("/b", "x").dir("/d")
}

fn names(scene: &Scene, commands: &str) -> Vec<String> {
    let ran = scene.call().args(["--json", "-k", "-c", commands]).run();
    ran.json_of("entry").iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_listing_that_did_not_end_well_is_a_failure() {
    let mlsd = |step: Step| script().always("MLSD", step);
    let data = |data: Data| script().always_data("MLSD", data);
    for (case, script, statuses) in [
        ("cut", data(Data::Cut(30)), &[10][..]),
        ("cut at a line's end", data(Data::Cut(0)), &[10]),
        ("reset", data(Data::Reset(30)), &[10]),
        ("stalled", data(Data::Stall(30)), &[3, 10]),
        ("426", mlsd(Step::last("426 cut")), &[10]),
        ("451", mlsd(Step::last("451 error")), &[10]),
        ("no reply", mlsd(Step::Final(Vec::new())), &[3, 10]),
        ("550", mlsd(Step::reply("550 no")), &[8]),
    ] {
        let scene = Scene::new(script);
        let ran = scene.hurried("ls");
        assert!(statuses.contains(&ran.status), "{case}\n{ran}");
    }
}

#[test]
fn what_the_server_left_out_is_reported_and_no_command_takes_the_rest_for_all() {
    for verb in ["MLSD", "LIST"] {
        let script = || {
            let said = Step::last("226-Options: -a -l\r\n226 Output truncated to 2 matches");
            let script = script().always(verb, said);
            if verb == "LIST" { script.without("MLSD").without("MLST") } else { script }
        };
        let scene = Scene::new(script());
        let ran = scene.run("ls -1").status(10).stderr_has("truncated to 2 matches");
        assert_eq!(ran.out().lines().collect::<Vec<_>>(), ["a", "b", "d"], "{ran}");
        let commands = ["ls *", "get *", "find .", "rm -r -f d", "get -r d", "ls --raw"];
        // The last asks with LIST.
        for command in &commands[..if verb == "LIST" { 6 } else { 5 }] {
            let scene = Scene::new(script());
            let ran = scene.run(command);
            assert_eq!(ran.status, 10, "{command}\n{ran}");
        }
    }
}

#[test]
fn an_endless_listing_or_line_ends_with_little_memory() {
    let line = b"type=file;size=1; name\r\n".to_vec();
    let long = [&b"type=file;size=1; "[..], &[b'n'; 250], b"\r\n"].concat();
    let no_line = [&[b'?'; 2000][..], b"\r\n"].concat();
    for (case, body) in [
        ("a line", vec![b'x'; 65_536]),
        ("lines", line.repeat(3000)),
        ("long names", long.repeat(300)),
        ("what is no entry", no_line.repeat(30)),
    ] {
        for command in ["ls", "mirror . m"] {
            let scene = Scene::new(script().always_data("MLSD", Data::Endless(body.clone())));
            let started = Instant::now();
            let ran = scene.run(command).within_mib(64);
            assert_eq!(ran.status, 10, "{case}, {command}\n{ran}");
            assert!(ran.err().contains("listing too large"), "{case}, {command}\n{ran}");
            assert_eq!(scene.liar.wire.lines("MLSD").len(), 1, "{case}, {command}\n{ran}");
            assert!(started.elapsed() < Duration::from_secs(25), "{case}, {command}");
        }
    }
}

#[test]
fn lines_that_are_not_entries_are_named_and_never_guessed() {
    let listing = b"total 12\r\n\
        -rw-r--r-- 1 ftp ftp 5 Jan  2  2024 good\r\n\
        ftpd: .: Permission denied\r\n\
        drwxr-xr-x 2 ftp ftp 4096 Jan  2  2024 dir\r\n\
        some words that mean nothing\r\n";
    let scene = Scene::new(script().without("MLSD").listing("LIST", listing));
    let mut found = names(&scene, "ls");
    found.sort();
    assert_eq!(found, ["dir", "good"]);
    let ran = scene.run("ls -1 .");
    assert!(ran.err().contains("some words that mean nothing"), "{ran}");
}

#[test]
fn numbers_that_cannot_be_are_unknown() {
    let listing = b"type=file;size=18446744073709551616;modify=20240102030405; big\r\n\
        type=file;size=-5;modify=20240102030405; negative\r\n\
        type=file;size=5;modify=00000000000000; never\r\n\
        type=file;size=5000000000;modify=20240102030405; 5e9\r\n";
    let scene = Scene::new(script().listing("MLSD", listing));
    let ran = scene.call().args(["--json", "-c", "ls"]).run();
    let of = |name: &str| {
        let entries = ran.json_of("entry");
        entries.into_iter().find(|e| e["name"] == name).unwrap_or_else(|| panic!("{name}\n{ran}"))
    };
    assert!(of("big")["size"].is_null() && of("negative")["size"].is_null(), "{ran}");
    assert!(of("never")["modified"].is_null(), "{ran}");
    assert_eq!(of("5e9")["size"], 5_000_000_000_u64);
}

#[test]
fn names_come_through_exactly() {
    let odd =
        ["two words", " leading", "trailing ", "\"quoted\"", "#", "*", "-la", "a;b", "caf\u{e9}"];
    for without in ["", "MLSD"] {
        let script = odd.iter().fold(Script::new().without(without), |script, name| {
            script.file(format!("/x/{name}"), "x")
        });
        let scene = Scene::new(script);
        let mut found = names(&scene, "ls x");
        let mut wanted: Vec<_> = odd.iter().map(|name| (*name).to_owned()).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "without {without:?}");
    }
}

#[test]
fn a_name_with_a_dash_is_not_an_option_to_the_servers_ls() {
    let scene = Scene::new(Script::new().without("MLSD").file("/-la/inside", "x"));
    assert_eq!(names(&scene, "ls -- -la"), ["inside"]);
    let lines = scene.liar.wire.lines("LIST");
    assert!(lines.iter().any(|line| line.ends_with(" ./-la")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.ends_with(" -la")), "{lines:?}");
}

#[test]
fn commands_that_change_something_keep_every_byte_of_a_name() {
    let name = b"caf\xe9 \xff#";
    let scene = Scene::new(Script::new().file([b"/d/", &name[..]].concat(), "hello"));
    let path = ftpsh::ftp::path::decode_name(name);
    let pattern = "d/caf*";
    scene.run(&format!("cat {pattern}")).ok().stdout_is("hello");
    let mut session = scene.session();
    let from = ftpsh::ftp::path::RemotePath::new(format!("d/{path}")).unwrap();
    let to = ftpsh::ftp::path::RemotePath::new(format!("d/{path}2")).unwrap();
    session.rename(&from, &to).unwrap();
    assert_eq!(scene.liar.content([b"/d/", &name[..], b"2"].concat()).unwrap(), b"hello");
    scene.run(&format!("rm -f {pattern}")).ok();
    assert!(scene.liar.content([b"/d/", &name[..], b"2"].concat()).is_none());
}

#[test]
fn line_breaks_in_any_commands_argument_are_refused_before_the_wire() {
    let scene = Scene::new(script());
    for command in ["cd", "ls", "cat", "rm -f", "mkdir", "rmdir", "stat", "chmod 644", "mv a"] {
        let ran = scene.run(&format!("{command} 'x\r\nDELE a'"));
        assert_eq!(ran.status, 2, "{command}\n{ran}");
    }
    scene.run("quote 'NOOP\r\nDELE a'").status(2);
    assert!(!scene.liar.wire.has("DELE"), "{:?}", scene.liar.wire.commands());
    assert!(scene.liar.content("/a").is_some());
}

#[test]
fn protection_cannot_be_taken_off_by_hand() {
    let scene = Scene::new(script());
    for line in ["CCC", "ccc", "PROT C", "AUTH TLS"] {
        scene.run(&format!("quote {line}")).status(2);
    }
    for verb in ["CCC", "ccc"] {
        assert!(!scene.liar.wire.has(verb));
    }
    assert!(scene.liar.wire.lines("PROT").iter().all(|line| line == "PROT P"));
}

#[test]
fn a_refused_removal_is_never_credited_with_a_duplicate_reply() {
    let surplus = Step::Reply(b"200\r\n250 deleted\r\n".to_vec());
    let scene = Scene::new(script().always("NOOP", surplus).always("DELE", Step::reply("550 no")));
    let ran = scene.call().args(["-k", "-c", "quote NOOP; rm -f a"]).run();
    // On a new connection or not at all: but not with a reply that was there before.
    assert!(matches!(ran.status, 3 | 8), "{ran}");
    assert_eq!(scene.liar.wire.lines("DELE").len(), scene.liar.wire.connections() - 1, "{ran}");
}

#[test]
fn the_directory_survives_a_lost_connection() {
    let scene = Scene::new(
        script().file("/d/inside", "found").on("MLST", Step::Close(b"421 restarting\r\n".to_vec())),
    );
    let ran = scene.run("cd d; cat inside || cat inside; pwd").ok();
    assert!(ran.out().starts_with("found") && ran.out().contains("/d"), "{ran}");
    assert_eq!(scene.liar.wire.connections(), 2, "{ran}");
}

#[test]
fn a_listing_may_take_as_much_memory_as_the_setting_says() {
    let entries: String = (0..20_000).map(|i| format!("type=file;size=1; {i:05}\r\n")).collect();
    let scene = Scene::new(script().listing("MLSD", entries));
    for command in ["ls -1", "mirror --dry-run . m", "find"] {
        let least = format!("set ftp:max-listing 1; reconnect; {command}");
        scene.run(&least).status(10).stderr_has("listing too large").stderr_has("ftp:max-listing");
        let ran = scene.run(command).ok();
        assert_eq!(ran.out().matches("19999").count(), 1, "{command}\n{}", ran.err());
    }
}

#[test]
fn no_line_becomes_an_entry_by_another_name() {
    let of = |lines: &str| Scene::new(Script::new().dir("/dir").listing_of("MLSD", "/dir", lines));
    let entries = |scene: &Scene| {
        let ran = scene.call().args(["--json", "-c", "ls dir/"]).run();
        let text = |entry: &serde_json::Value| {
            let field = |name: &str| entry[name].as_str().unwrap().to_owned();
            format!("{} {}", field("name"), field("path"))
        };
        (ran.json_of("entry").iter().map(text).collect::<Vec<_>>(), ran)
    };
    // Each line ends in CR CR LF: so do the server's lines end.
    let (found, ran) = entries(&of("type=file; a\r\r\ntype=file; b\r\r\n"));
    assert_eq!(found, ["a /dir/a", "b /dir/b"], "{ran}");
    // One does: its name holds a CR, and cannot be sent back.
    let (found, ran) = entries(&of("type=file; a\r\ntype=file; b\r\r\n"));
    assert_eq!(found, ["a /dir/a"], "{ran}");
    ran.stderr_has("not understood");
    for (line, shown) in [
        ("type=file; \r", ""),
        ("type=dir; /dir", "/dir /dir//dir"),
        ("type=file; sub/", "sub/ /dir/sub/"),
        ("type=file; up/../x", "up/../x /dir/up/../x"),
        ("type=file; a\rb", ""),
        ("type=file; a\0", ""),
    ] {
        let (found, ran) = entries(&of(&format!("type=file; z\r\n{line}\r\n")));
        let others: Vec<_> = found.iter().filter(|found| *found != "z /dir/z").collect();
        let expected: Vec<_> = Some(shown).filter(|shown| !shown.is_empty()).into_iter().collect();
        assert_eq!(others, expected, "{line:?}\n{ran}");
        let ran = scene_mirror(&of(&format!("type=file; z\r\n{line}\r\n")));
        assert!(ran.status != 0, "{line:?}\n{ran}");
    }
}

fn scene_mirror(scene: &Scene) -> Ran {
    scene.run("set net:max-retries 0; mirror dir")
}

#[test]
fn json_has_a_time_only_where_it_is_known_to_the_minute_and_always_its_text() {
    let listing = "-rw-r--r-- 1 u g 5 Mar 04 2019 old\r\n-rw-r--r-- 1 u g 5 Mar 04 2018 older\r\n";
    let script = || {
        let script = Script::new().file("/old", "hello").file("/older", "hello");
        let script = script.without("MLSD").without("MLST");
        script
            .always_data("LIST", Data::Body(listing.into()))
            .always("MDTM", Step::reply("213 20190304101112"))
    };
    let entry = |commands: &str, name: &str| {
        let ran = Scene::new(script()).call().args(["--json", "-c", commands]).run().ok();
        let entries = ran.json_of("entry");
        entries.into_iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("{ran}"))
    };
    for commands in ["ls", "find"] {
        let old = entry(commands, "old");
        assert!(old["modified"].is_null(), "{commands}: {old}");
        assert_eq!(old["modified_text"], "2019-03-04", "{commands}: {old}");
        assert_eq!(old["modified_precision"], "day", "{commands}: {old}");
    }
    for commands in ["ls old", "ls -T", "stat old"] {
        let old = entry(commands, "old");
        assert_eq!(old["modified"], "2019-03-04T10:11:12Z", "{commands}: {old}");
        assert_eq!(old["modified_precision"], "second", "{commands}: {old}");
    }
}

#[test]
fn ls_lists_directories_below_and_find_takes_one_dash() {
    let script = || {
        let script = Script::new().file("/a", "hello").dir("/d").dir("/d/e");
        script.file("/d/b.txt", "x").file("/d/e/c.txt", "yy")
    };
    let scene = Scene::new(script());
    let ran = scene.run("ls -1R").ok();
    assert_eq!(ran.out(), "a\nd\n\nd:\nb.txt\ne\n\nd/e:\nc.txt\n", "{ran}");
    let paths = |commands: &str| {
        let ran = scene.call().args(["--json", "-c", commands]).run().ok();
        let entries = ran.json_of("entry");
        entries.iter().map(|e| e["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths("ls -R d"), ["/d/b.txt", "/d/e", "/d/e/c.txt"]);
    assert_eq!(paths("find -name *.txt -type f -size +1"), ["/d/e/c.txt"]);
    scene.run("get -h").ok().stdout_has("Usage: get");
    scene.run("lmkdir -p x/y; lcd x/y; clear").ok().stdout_is("");
    assert!(scene.path("x/y").is_dir());
    scene.run("lmkdir nope/y").status(9).stderr_has("hint: `lmkdir -p nope/y`");
}
