//! Output and effects of commands that need no server.

use super::{assert_prints, ran, script};
use crate::commands::context::testing::Fixture;
use crate::error::Kind;
use crate::output::{Output, OutputOptions};
use crate::shell::execute::run_script;

#[test]
fn settings_are_shown_as_they_can_be_set_again() {
    for (text, want) in [
        ("set", ""),
        ("set net:timeout 7; set", "set net:timeout 7s"),
        ("set timeout=7; set n:timeout", "set net:timeout 7s"),
        ("set cmd:prompt a b; set", "set cmd:prompt 'a b'"),
        ("set cmd:prompt \"it's\"; set", r"set cmd:prompt 'it'\''s'"),
        ("set ftp:timezone -05:00; set", "set ftp:timezone -05:00"),
        ("set tls:ca-file ''; set tls:ca-file", "set tls:ca-file ''"),
        ("set net:timeout/*.org 7; set", "set 'net:timeout/*.org' 7s"),
        ("set net:timeout/*.org 7; set net:timeout/a.org", "set net:timeout/a.org 7s"),
        (
            "set net:timeout/*.org 7; set net:timeout",
            "set net:timeout 30s set 'net:timeout/*.org' 7s",
        ),
        ("set net:timeout 7; set -u net:timeout; set", ""),
    ] {
        assert_prints(text, want);
    }
    let ran = script("set log:file /nowhere/log || set");
    assert_eq!((ran.out.as_str(), ran.kind), ("", None), "what fails leaves nothing behind");
    // Running the whole output changes nothing.
    let all = script("set -a").out;
    assert_eq!(all.lines().count(), crate::settings::SETTINGS.len());
    assert_eq!(script(&format!("{all}set")).out, "");
    for text in ["set -a x", "set -u", "set -u net:timeout 3", "set cmd:prompt/host x"] {
        assert_eq!(script(text).kind, Some(Kind::Usage), "{text}");
    }
}

#[test]
fn words_are_echoed_as_they_are() {
    for (text, want) in [
        ("echo", "\n"),
        ("echo a  b", "a b\n"),
        ("echo 'a  b' \"c\"", "a  b c\n"),
        ("echo -n a; echo b", "ab\n"),
        ("echo a -n", "a -n\n"),
        ("echo -x --y", "-x --y\n"),
        ("echo -- -n", "-n\n"),
        ("echo *.txt {a,b} ~", "*.txt {a,b} ~\n"),
        ("echo é", "é\n"),
    ] {
        assert_eq!(script(text).out, want, "{text}");
    }
}

#[test]
fn the_history_is_shown_with_its_numbers() {
    let with_history = |text: &str| {
        let mut fixture = Fixture::new(run_script);
        fixture.ctx.history = ["ls", "get a", "pwd"].map(str::to_owned).to_vec();
        ran(fixture, text).out
    };
    assert_eq!(with_history("history"), "1  ls\n2  get a\n3  pwd\n");
    assert_eq!(with_history("history 1"), "3  pwd\n");
    assert_eq!(with_history("history 9"), with_history("history"));
    assert_eq!(with_history("history -c; history"), "");
}

#[test]
fn help_knows_commands_aliases_and_settings() {
    let lists = script("help").out;
    for name in ["open, connect", "exit, quit, bye", "source"] {
        assert!(lists.contains(name), "{name}: {lists}");
    }
    for (text, parts) in [
        ("help get", &["Download files", "Usage: get", "--output-dir", "mget", "# "][..]),
        ("? connect", &["Usage: open", "Other names: connect"]),
        ("get --help", &["Usage: get"]),
        ("help bookmark", &["Usage: bookmark add <NAME> [URL]"]),
        ("help net:timeout", &["deadline", "30s"]),
        ("help fail-exit", &["cmd:fail-exit: "]),
        ("help keys", &["Ctrl-R     ", "Ctrl-\\     ", "[N]        before the prompt"]),
        ("alias hi echo a; help hi", &["hi is an alias for: echo a"]),
    ] {
        let ran = script(text);
        for part in parts {
            assert!(ran.out.contains(part), "{text}: no {part:?} in {}", ran.out);
        }
        assert!(!ran.out.contains('\u{1b}'), "{text}");
    }
    let ran = script("help gte");
    assert_eq!(ran.kind, Some(Kind::Usage));
    assert!(ran.err.contains("did you mean `get`?"), "{}", ran.err);
    assert!(script("help net:timeuot").err.contains("did you mean net:timeout?"));
}

#[test]
fn leaving_keeps_the_status_it_was_given() {
    for (text, want) in [
        ("true", None),
        ("exit", Some(None)),
        ("quit 3", Some(Some(3))),
        ("bye 255", Some(Some(255))),
    ] {
        assert_eq!(script(text).fixture.ctx.exit_requested, want, "{text}");
    }
}

#[test]
fn each_line_is_a_record_with_json() {
    let options = OutputOptions { json: true, ..OutputOptions::default() };
    let fixture = Fixture::with(Output::memory_with(options), run_script);
    let ran = super::ran(fixture, "echo a; set net:timeout 7; set; false || lcd /nowhere");
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "text", "error"]);
    assert_eq!(lines[1]["text"], "set net:timeout 7s");
    assert_eq!(lines[2]["exit"], 9);
}

#[test]
fn commands_that_need_a_server_say_that_there_is_none() {
    for text in ["get a", "reconnect", "user x", "bookmark add here"] {
        let ran = script(text);
        assert_eq!(ran.kind, Some(Kind::Usage), "{text}");
        assert!(ran.err.contains("not connected"), "{text}: {}", ran.err);
    }
    assert_eq!(script("close; status > /dev/null").kind, None);
}

#[test]
fn local_files_are_listed() {
    let fixture = Fixture::new(run_script);
    for name in ["b.txt", "a.txt", ".hidden", "c d"] {
        fixture.file(name, "1234");
    }
    let dir = fixture.path("");
    let text = format!("lls {dir}; lls -a {dir}; lls {dir}*.txt; lls -l {dir}a.txt");
    let ran = super::ran(fixture, &text);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines[..3], ["a.txt", "b.txt", "c d"], "{}", ran.err);
    assert_eq!(lines[3..7], [".hidden", "a.txt", "b.txt", "c d"]);
    assert_eq!(lines[7..9], [format!("{dir}a.txt"), format!("{dir}b.txt")]);
    assert!(lines[10].starts_with("-rw") && lines[10].contains(" 4 "), "{}", lines[10]);
    let ran = script("lls /nowhere /");
    assert_eq!((ran.kind, ran.fixture.ctx.totals.failed), (Some(Kind::Local), 1));
    assert!(ran.out.contains("etc"), "the other directory is listed");
}

#[test]
fn bookmarks_are_kept_without_passwords() {
    let ran = script(
        "bookmark add a ftps://u:hunter2@h:99/d; bookmark add b h; bookmark; bookmark remove b; \
         bookmark list",
    );
    assert_eq!(ran.out, "a  ftps://u@h:99/d\nb  ftpes://h\na  ftps://u@h:99/d\n", "{}", ran.err);
    assert!(ran.err.contains("warning"));
    assert!(!ran.fixture.read("home/bookmarks").contains("hunter2"));
    assert_eq!(script("bookmark remove nothing").kind, Some(Kind::Usage));
}
