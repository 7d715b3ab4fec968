//! Commands that look around on the server and change it, with servers that are honest, odd or
//! hostile.

use std::fs;
use support::liar::{Liar, Script, Step};
use support::program::{Ftpsh, Ran};
use support::scene::Scene;

fn run(url: &str, password: &str, more: &[&str], commands: &str) -> Ran {
    Ftpsh::new()
        .env("SECRET", password)
        .args(["--password-env", "SECRET", "--trust", "accept-new", "--quiet"])
        .args(more)
        .args(["-c", commands, url])
        .run()
}

fn with(liar: &Liar, commands: &str) -> Ran {
    run(&liar.url(), &liar.password, &[], commands)
}

fn without_mlsd() -> Script {
    Script::new().without("MLSD").without("MLST")
}

/// The command lines of the verbs that move about or list, in order.
fn moves(liar: &Liar) -> Vec<String> {
    let verbs = ["CWD", "LIST", "MLSD", "MLST"];
    let wanted = |line: &String| verbs.iter().any(|verb| line.starts_with(verb));
    liar.wire.commands().into_iter().filter(wanted).collect()
}

#[test]
fn a_listing_of_a_path_that_list_could_misread_is_asked_for_from_inside() {
    let script = without_mlsd()
        .file("/in/a b/x", "1")
        .file("/in/-la/y", "2")
        .file("/in/-la/yy", "2")
        .file("/in/s*/z", "3");
    let liar = Liar::start(script);
    with(&liar, "cd in; ls -1 'a b/'; ls -1 -- -la/; ls -1 's*/'; pwd")
        .ok()
        .stdout_is("x\ny\nyy\nz\n/in\n");
    assert_eq!(
        moves(&liar),
        [
            "CWD in",
            "CWD a b/",
            "LIST -a",
            "CWD /in",
            "LIST -a ./-la/",
            "CWD s*/",
            "LIST -a",
            "CWD /in"
        ]
    );
}

#[test]
fn a_session_that_cannot_go_back_is_not_used_again() {
    let script = without_mlsd()
        .file("/in/a b/x", "1")
        .on("CWD", Step::Honest)
        .on("CWD", Step::Honest)
        .on("CWD", Step::reply("550 gone"));
    let liar = Liar::start(script);
    let ran = run(&liar.url(), &liar.password, &["-k"], "cd in; ls 'a b/'; pwd").status(8);
    assert_eq!(ran.out(), "/in\n", "{ran}");
    assert_eq!(liar.wire.connections(), 2, "{ran}");
}

#[test]
fn a_missing_directory_is_an_error_where_the_server_lists_nothing_instead() {
    // vsftpd does.
    let liar = Liar::start(without_mlsd().file("/a", "1").listing_of("LIST", "/nosuch", ""));
    with(&liar, "ls nosuch/").status(8).stderr_has("nosuch").stdout_is("");
    with(&liar, "ls nosuch").status(8).stderr_has("nosuch: no such file or directory");
}

#[test]
fn a_directory_that_may_not_be_read_is_not_listed_as_its_own_content() {
    // vsftpd lists the entry itself then, as of a file.
    let itself = "d---------    2 1        1            4096 Nov 20 07:49 d\r\n";
    let liar = Liar::start(
        without_mlsd()
            .dir("/d")
            .listing_of("LIST", "/d", itself)
            .always("CWD", Step::reply("550 Failed to change directory.")),
    );
    with(&liar, "find d").status(8).stdout_is("d\n").stderr_has("550");
    with(&liar, "ls d/").status(8).stdout_is("");
}

#[test]
fn a_directory_with_one_entry_is_listed() {
    let liar = Liar::start(without_mlsd().file("/d/x", "1"));
    with(&liar, "ls -1 d").ok().stdout_is("x\n");
}

#[test]
fn files_and_directories_are_listed_side_by_side() {
    for script in [Script::new(), without_mlsd()] {
        let liar = Liar::start(script.file("/d/x", "1").file("/f", "22").file("/d/.hid", "3"));
        with(&liar, "ls -1 f d").ok().stdout_is("f\n\nd:\nx\n");
        with(&liar, "ls -1a d").ok().stdout_is(".hid\nx\n");
        let ran = run(&liar.url(), &liar.password, &["--json"], "ls d/x").ok();
        let entry = &ran.json_of("entry")[0];
        assert_eq!((&entry["name"], &entry["path"]), (&"x".into(), &"/d/x".into()), "{ran}");
    }
}

#[test]
fn a_name_with_control_bytes_is_raw_in_a_pipe() {
    let liar = Liar::start(Script::new().file(b"/esc\x1b[31m", "1").file(b"/caf\xe9", "1"));
    with(&liar, "ls -1").ok().stdout_is(b"caf\xe9\nesc\x1b[31m\n");
}

#[test]
fn a_hostile_listing_leads_no_recursive_command_out_of_its_tree() {
    let names = ["../../victim", "/victim", "..", "", "sub/../../victim"];
    let lines: String = names.iter().map(|name| format!("type=file;size=1; {name}\r\n")).collect();
    let script = Script::new().file("/d/x", "1").file("/victim", "2");
    let liar = Liar::start(script.listing_of("MLSD", "/d", lines));
    with(&liar, "rm -rf d").status(8);
    for line in liar.wire.lines("DELE") {
        assert_eq!(line, "DELE d", "only to see that it is no link");
    }
    assert!(liar.content("/victim").is_some());
    with(&liar, "chmod -R 600 d").status(8);
    assert!(liar.wire.lines("SITE").iter().all(|line| line.ends_with(" d")));
}

#[test]
fn a_directory_that_contains_itself_ends_a_walk() {
    let endless = "type=dir; again\r\n";
    let liar = Liar::start(Script::new().listing("MLSD", endless).dir("/d"));
    let ran = with(&liar, "find d").status(8).stderr_has("too deep");
    assert_eq!(ran.out().lines().count(), 65, "{ran}");
    let looped = "type=dir;unique=7; again\r\n";
    let liar = Liar::start(Script::new().listing("MLSD", looped).dir("/d"));
    let ran = with(&liar, "find d").status(8).stderr_has("directory loop");
    assert_eq!(ran.out(), "d\nd/again\nd/again/again\n", "{ran}");
}

#[test]
fn a_tree_is_removed_from_the_bottom_up() {
    for script in [Script::new(), without_mlsd()] {
        let liar = Liar::start(script.file("/d/a/x", "1").file("/d/b", "2").file("/e", "3"));
        with(&liar, "rm -r --yes d").ok();
        assert_eq!(liar.wire.lines("RMD"), ["RMD d/a", "RMD d"]);
        assert!(liar.content("/e").is_some());
    }
}

#[test]
fn a_link_that_mlsd_calls_a_directory_is_removed_and_not_its_target() {
    let script = Script::new()
        .file("/d/link/precious", "1")
        .on("DELE", Step::reply("550 is a directory"))
        .on("DELE", Step::reply("250 removed"));
    let liar = Liar::start(script);
    with(&liar, "rm -rf d");
    assert_eq!(liar.wire.lines("DELE"), ["DELE d", "DELE d/link"]);
    assert!(liar.content("/d/link/precious").is_some());
}

#[test]
fn a_script_must_say_that_it_means_to_remove_a_tree_or_a_wildcard() {
    let liar = Liar::start(Script::new().file("/d/x", "1").file("/a1", "1").file("/a2", "1"));
    with(&liar, "rm -r d").status(2).stderr_has("-f");
    with(&liar, "rm a*").status(2).stderr_has("-f");
    assert!(!liar.wire.has("DELE"));
    with(&liar, "rm --yes a*; rm a1 || rm -f a1").ok();
    with(&liar, "rm a1").status(8);
    with(&liar, "rm d").status(8).stderr_has("is a directory");
}

#[test]
fn removals_are_in_the_audit_log() {
    let liar = Liar::start(Script::new().file("/d/x", "1"));
    let ran = run(&liar.url(), &liar.password, &["--log-file", "log"], "rm d/x; rmdir d").ok();
    let log = fs::read_to_string(ran.home().path().join("log")).unwrap();
    let deletes: Vec<_> = log.lines().filter(|line| line.contains(r#""event":"delete""#)).collect();
    assert!(deletes[0].contains(r#""path":"/d/x""#) && deletes[1].contains(r#""path":"/d""#));
}

#[test]
fn what_would_break_the_session_or_its_protection_is_not_quoted() {
    let liar = Liar::start(Script::new());
    for line in ["PROT C", "ccc", "PASS x", "RETR x", "PASV", "REIN"] {
        with(&liar, &format!("quote {line}")).status(2).stderr_has("not sent");
    }
    assert_eq!(liar.wire.connections(), 0, "refused before a connection is made");
    with(&liar, "quote \"NOOP\r\nDELE x\"").status(2);
    with(&liar, "quote NOSUCH").status(8).stdout_has("500 unknown command\n");
}

#[test]
fn the_way_back_is_known() {
    let liar = Liar::start(Script::new().dir("/a/b").dir("/c"));
    with(&liar, "cd a/b; cd /c; cd -; pwd; cd ..; pwd; cd; pwd; quote CWD a; pwd")
        .ok()
        .stdout_has("/a/b\n/a\n/\n")
        .stdout_has("\n/a\n");
    with(&liar, "cd -").status(2);
    with(&liar, "cd nosuch").status(8);
}

#[test]
fn files_are_moved_into_a_directory_under_their_own_names() {
    let liar = Liar::start(Script::new().file("/a", "1").file("/b", "2").dir("/d"));
    with(&liar, "mv a b d; mv d/a d/c; ls -1 d").ok().stdout_is("b\nc\n");
    with(&liar, "mv d/b d/c nosuch").status(8);
}

#[test]
fn directories_above_are_made_where_they_are_missing() {
    let liar = Liar::start(Script::new().file("/f", "1").dir("/a"));
    with(&liar, "mkdir -p a a/b /x/y/z; cd a/b; cd /x/y/z; pwd").ok().stdout_is("/x/y/z\n");
    with(&liar, "mkdir a").status(8);
    // A server that makes nothing, whatever it says.
    let liar = Liar::start(Script::new().always("MKD", Step::reply("550 no")));
    with(&liar, "mkdir -p p/q/r").status(8);
}

#[test]
fn touch_makes_files_sets_times_and_never_empties_a_file() {
    for script in [Script::new(), without_mlsd()] {
        let liar = Liar::start(script.file("/old", "content"));
        with(&liar, "touch old new; touch -d 2020-02-03T04:05:06Z old; stat old")
            .ok()
            .stdout_has("2020-02-03 04:05");
        assert_eq!(liar.wire.lines("STOR"), ["STOR new"]);
        assert_eq!(liar.content("/old").as_deref(), Some(&b"content"[..]));
        assert_eq!(liar.content("/new").as_deref(), Some(&b""[..]));
        with(&liar, "touch -c none").ok();
        assert_eq!(liar.content("/none"), None);
    }
}

#[test]
fn a_symbolic_mode_starts_from_the_listed_one() {
    for script in [Script::new(), without_mlsd()] {
        let liar = Liar::start(script.file("/f", "1"));
        with(&liar, "chmod 640 f; chmod u+x,g-r f; stat f").ok().stdout_has("0700 (-rwx------)");
    }
}

#[test]
fn the_hint_of_a_refusal_fits_the_command() {
    let script = Script::new().dir("/full").file("/full/a", "x");
    let refused = Step::reply("553 Could not create file.");
    let script = script.of("STOR", "/absent/in/x", refused.clone()).of("STOR", "/full/x", refused);
    let scene = Scene::new(script);
    scene.run("mkdir new/inner").status(8).stderr_has("hint: `mkdir -p new/inner`");
    scene.run("mkdir full/a").status(8).stderr_has("mkdir full/a: a file has this name");
    scene.write("x", "text");
    let ran = scene.run("put -O absent/in x").status(8);
    ran.stderr_has("hint: there is no directory absent/in: `mkdir -p absent/in` makes it");
    scene.run("put -O full x").status(8).never_says("mkdir");
    scene.run("rmdir full").status(8).stderr_has("`rm -r full` removes it and its contents");
    scene.run("rmdir absent").status(8).never_says("rm -r");
}

#[test]
fn each_transfer_in_json_has_whole_paths() {
    let scene = Scene::new(Script::new().dir("/d").file("/d/a", "x"));
    let ran = scene.call().args(["--json", "-c", "cd d; get a; put a -o b"]).run().ok();
    let here = scene.path("a").canonicalize().unwrap();
    let transfers = ran.json_of("transfer");
    for (transfer, remote) in transfers.iter().zip(["/d/a", "/d/b"]) {
        assert_eq!(transfer["remote"], remote, "{ran}");
        assert_eq!(transfer["local"], here.to_str().unwrap(), "{ran}");
    }
    assert_eq!(transfers.len(), 2, "{ran}");
}

#[test]
fn features_and_bookmarks_are_objects_in_json() {
    let scene = Scene::new(Script::new());
    let commands = "feat; bookmark add work ftps://h.example; bookmark list";
    let ran = scene.call().args(["--json", "-c", commands]).run().ok();
    let texts = ran.json_of("text");
    assert!(texts.iter().any(|t| t["feature"] == "REST" && t["argument"] == "STREAM"), "{ran}");
    assert!(texts.iter().any(|t| t["name"] == "work" && t["url"] == "ftps://h.example"), "{ran}");
    assert!(texts.iter().all(|t| t["text"].is_string()), "{ran}");
}

#[test]
fn the_state_and_the_settings_are_objects_in_json() {
    let scene = Scene::new(Script::new());
    let commands = "status; set net:timeout 7s; set net:timeout/h.example 8s; set; set net:timeout";
    let ran = scene.call().args(["--json", "-c", commands]).run().ok();
    let texts = ran.json_of("text");
    let field = |name: &str| texts.iter().find_map(|text| text[name].as_str()).unwrap_or_default();
    assert_eq!(field("directory"), "/", "{ran}");
    assert!(field("tls").starts_with("TLSv1."), "{ran}");
    assert!(!field("local_directory").is_empty(), "{ran}");
    assert!(field("data_connections").starts_with("private"), "{ran}");
    let timeouts: Vec<_> = texts.iter().filter(|text| text["name"] == "net:timeout").collect();
    let value = |host: &serde_json::Value| {
        timeouts.iter().find(|text| text["host"] == *host).map(|text| text["value"].clone())
    };
    assert_eq!(value(&serde_json::Value::Null), Some("7s".into()), "{ran}");
    assert_eq!(value(&"h.example".into()), Some("8s".into()), "{ran}");
    assert_eq!(timeouts.len(), 4, "{ran}");
    assert!(texts.iter().all(|text| text["text"].is_string()), "{ran}");
}

#[test]
fn a_directory_is_called_one_also_without_mlst() {
    for arguments in
        ["get d", "get -P 2 d e", "cat d", "get d -o -", "get --segments 3 d", "pget d"]
    {
        let scene = Scene::new(without_mlsd().dir("/d").file("/d/a", "x").dir("/e"));
        let ran = scene.run(arguments).status(8).stderr_has("d: is a directory");
        ran.stderr_has("hint: `ls` shows what is in it, `get -r` fetches it");
        scene.run("get absent").status(8).never_says("directory\n").never_says("get -r");
    }
}

#[test]
fn what_is_missing_is_said_in_plain_words() {
    for (line, why) in [
        ("mv x", "mv: missing <TARGET> (the new name, or the directory)"),
        ("mv", "mv: missing <SOURCE>... <TARGET>"),
        ("get", "get: missing <FILE>... (remote files)"),
        ("ln -s x", "ln: missing <NAME> ("),
        ("bookmark remove", "bookmark: missing <NAME> ("),
    ] {
        Ftpsh::new().args(["-c", line]).run().status(2).stderr_has(why);
    }
}

#[test]
fn a_wrong_command_line_has_the_form_of_all_errors() {
    let ran = Ftpsh::new().args(["--frob"]).run().status(2);
    ran.stderr_has("ftpsh: unexpected argument `--frob` found")
        .never_says("error:")
        .never_says("'");
    let ran = Ftpsh::new().args(["--porx", "1", "h"]).run().status(2);
    ran.stderr_has("\nhint: ").stderr_has("`--port`").never_says("'");
    Ftpsh::new()
        .args(["--color", "x"])
        .run()
        .status(2)
        .stderr_has("invalid value `x` for `--color");
}
