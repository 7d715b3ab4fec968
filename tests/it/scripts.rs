//! Scripts: where they come from, how their commands hang together, and that nothing runs and
//! nothing connects before all of them has been read.

use support::liar::Script;
use support::program::Ran;
use support::scene::Scene;

fn scene() -> Scene {
    let script = Script::new().file("/a", "one\n").file("/b", "two\n").file("/c", "three\n");
    Scene::new(script.file("/with space", "four\n"))
}

/// What was fetched, in order.
fn fetched(scene: &Scene) -> Vec<String> {
    let lines = scene.liar.wire.lines("RETR");
    lines.iter().map(|line| line.strip_prefix("RETR ").unwrap().to_owned()).collect()
}

#[test]
fn a_script_comes_from_standard_input_a_file_or_the_command_line() {
    let text = "get a -o -\nget b -o -\n";
    let scene = scene();
    scene.call().stdin(text).run().ok().stdout_is("one\ntwo\n");
    scene.call().args(["-f", "-"]).stdin(text).run().ok().stdout_is("one\ntwo\n");
    scene.write("script", text);
    scene.call().args(["-f", "script"]).run().ok().stdout_is("one\ntwo\n");
    scene.call().args(["-c", text]).run().ok().stdout_is("one\ntwo\n");
    let several = scene.call().args(["-c", "get b -o -", "-c", "get a -o -", "-c", "get c -o -"]);
    several.stdin("get absent\n").run().ok().stdout_is("two\none\nthree\n");
    // With and without an end of the last line; with the line ends of another system.
    scene.call().stdin("get a -o -").run().ok().stdout_is("one\n");
    scene.call().stdin("get a -o -\r\nget b -o -\r\n").run().ok().stdout_is("one\ntwo\n");
    scene.call().stdin("").run().ok().stdout_is("");
    scene.call().stdin("# nothing\n\n   \n;\n").run();
}

#[test]
fn commands_follow_one_another_as_their_operators_say() {
    for (commands, status, said) in [
        ("get a -o -; get b -o -", 0, "one\ntwo\n"),
        ("get a -o - && get b -o -", 0, "one\ntwo\n"),
        ("get a -o - || get b -o -", 0, "one\n"),
        ("get no -o - || get b -o -", 0, "two\n"),
        ("get no -o - && get b -o -", 8, ""),
        ("get no -o -; get b -o -", 8, ""),
        ("get no -o - && get a -o - || get b -o -", 0, "two\n"),
        ("get no -o - || get nor -o -; get b -o -", 8, ""),
        ("get no -o - || get a -o - && get b -o -", 0, "one\ntwo\n"),
        ("(get a -o -; get b -o -) && get c -o -", 0, "one\ntwo\nthree\n"),
        ("(get no -o -; get b -o -) || get c -o -", 0, "three\n"),
        ("get a -o - # ; get b -o -", 0, "one\n"),
        ("get 'a' -o - ; get \"b\" -o -", 0, "one\ntwo\n"),
        ("get 'with space' -o -; get with\\ space -o -", 0, "four\nfour\n"),
        ("get a \\\n -o -", 0, "one\n"),
        ("get {a,b} -o c", 2, ""),
        ("exit; get a -o -", 0, ""),
        ("exit 5; get a -o -", 5, ""),
        ("(get a -o -; exit 6); get b -o -", 6, "one\n"),
        ("alias two 'get b -o -'; two", 0, "two\n"),
    ] {
        let scene = scene();
        let ran = scene.run(commands);
        assert_eq!((ran.status, &ran.out()[..]), (status, said), "{commands}\n{ran}");
    }
}

#[test]
fn keep_going_runs_everything_and_the_status_still_tells() {
    let scene = scene();
    let ran = scene.call().args(["-k", "-c", "get no -o -; get b -o -", "-c", "get a -o -"]).run();
    ran.status(8).stdout_is("two\none\n");
    let ran = scene.call().arg("-k").stdin("get no -o -\nget c -o -\n").run();
    ran.status(8).stdout_is("three\n");
    let set = ["--set", "cmd:fail-exit=no", "-c", "get no -o -; get b -o -"];
    scene.call().args(set).run().status(8).stdout_is("two\n");
}

#[test]
fn what_is_wrong_anywhere_is_found_before_anything_is_connected() {
    for (text, position) in [
        ("get a\nnosuch b\n", ":2:1"),
        ("get a; get --no-such b", ":1:8"),
        ("get a && (get b;\n   frobnicate)", ":2:4"),
        ("get a\nget b 'open\n", ":2:"),
        ("get a\nget\n", ":2:1"),
        ("get a |\n", ":1:"),
        ("get a >\n", ":1:"),
        ("get a && \n", ":"),
        ("(get a", ":"),
        ("get a)", ":"),
        ("get -o x a b", ":1:1"),
    ] {
        let scene = scene();
        let wrong = |ran: Ran, name: &str| {
            let ran = ran.status(2);
            assert!(
                ran.err().contains(&format!("{name}{position}")),
                "{text:?}: {position}\n{ran}"
            );
            assert!(ran.stdout.is_empty(), "{ran}");
        };
        wrong(scene.run(text), "-c");
        wrong(scene.call().stdin(text).run(), "stdin");
        wrong(scene.call().args(["-k", "-c", "get a", "-c", text]).run(), "-c");
        scene.write("script", text);
        wrong(scene.call().args(["-f", "script"]).run(), "script");
        assert_eq!(scene.liar.wire.connections(), 0, "{text:?}");
        assert_eq!(scene.whole_files(), ["script"], "{text:?}");
    }
}

#[test]
fn all_mistakes_of_a_script_are_told_at_once() {
    let scene = scene();
    scene.write("there.txt", "x");
    scene.write("inner", "lpwd\nput gone5\n");
    let text = "get a\n\
        gte b\n\
        put there.txt gone1 '*.zip'\n\
        mkdir --no-such x\n\
        set net:tiemout 3\n\
        ) stray\n\
        put *.zip; put {there.txt,gone2}\n\
        alias up 'put gone3'; up\n\
        lcd nowhere\n\
        source inner\n";
    scene.write("script", text);
    let wanted = [
        "script:2:1: unknown command `gte`",
        "script:3:1: put: gone1: no such",
        "script:3:1: put: *.zip: no such",
        "script:4:1: mkdir: ",
        "script:5:1: setting ",
        "script:6:1: `)`",
        "script:7:1: put: *.zip: no local file matches",
        "script:7:12: put: gone2: no such",
        "script:8:23: alias up:1:1: put: gone3: no such",
        "script:9:1: lcd: nowhere: no such",
    ];
    for arguments in [&["-f", "script"][..], &["check", "script"]] {
        let call = if arguments[0] == "check" { scene.unconnected() } else { scene.call() };
        let ran = call.args(arguments).run().status(2);
        let told: Vec<_> = ran
            .err()
            .lines()
            .filter_map(|line| line.strip_prefix("ftpsh: "))
            .map(str::to_owned)
            .collect();
        assert_eq!(told.len(), wanted.len(), "{ran}");
        for (told, wanted) in told.iter().zip(wanted) {
            assert!(told.starts_with(wanted), "{told}\n{wanted}\n{ran}");
        }
        assert!(ran.stdout.is_empty(), "{ran}");
    }
    assert_eq!(scene.liar.wire.connections(), 0);
}

#[test]
fn a_local_file_is_missed_only_where_no_earlier_command_may_make_it() {
    for (text, missing) in [
        ("put gone", true),
        ("put gone || lpwd", false),
        ("lpwd || put gone", false),
        ("cd / && put gone", true),
        ("lls gone && put gone", false),
        ("! touch gone\nput gone", false),
        ("lpwd > gone; put gone", false),
        ("get a; put a", false),
        ("get a; put gone", true),
        ("get a -o new; put new", false),
        ("get a -O dir; put dir/a", false),
        ("get *; put gone", false),
        ("put gone &\nwait || true", false),
        ("repeat -c 1 --until-ok put gone", false),
        ("lcd ..; put home/../gone", true),
        ("set glob:nomatch empty; put *.gone", false),
        ("source gone", true),
        ("(put gone)", true),
        ("(put gone; lpwd) || true", false),
    ] {
        let scene = scene();
        scene.write("script", text);
        let ran = scene.unconnected().args(["check", "script"]).run();
        assert_eq!(ran.status, if missing { 9 } else { 0 }, "{text:?}\n{ran}");
        assert_eq!(ran.err().contains("nothing wrong found"), !missing, "{text:?}\n{ran}");
    }
    let scene = scene();
    scene.call().args(["-k", "-c", "put gone; get a -o -"]).run().status(9).stdout_is("one\n");
}

#[test]
fn a_failure_of_a_script_names_its_file_line_and_command() {
    let scene = scene();
    scene.write("script", "lpwd > x\n\nget 'no such'\n");
    let said = |arguments: &[&str], place: &str| {
        let ran = scene.call().args(arguments).run().status(8);
        assert!(ran.err().lines().any(|line| line == format!("  at {place}")), "{place}\n{ran}");
    };
    said(&["-f", "script"], "script:3: get 'no such'");
    // In a nested text of one line the place is that of the outer command.
    scene.write("outer", "lpwd > x\nalias up 'get no'\nup\n");
    said(&["-f", "outer"], "outer:3: up");
    scene.write("sourcing", "source inner\n");
    scene.write("inner", "lpwd > x\nlpwd > x; get no\n");
    said(&["-f", "sourcing"], "inner:2: get no");
    said(&["-c", "get no &\nqueue get nor; wait"], "-c:1: get no");
    said(&["-c", "get no &\nqueue get nor; wait"], "-c:2: queue get nor");
    let ran = scene.call().args(["--json", "-c", "lpwd\nget no"]).run().status(8);
    let errors = ran.json_of("error");
    assert_eq!(
        (&errors[0]["at"], &errors[0]["command"]),
        (&"-c:2".into(), &"get no".into()),
        "{ran}"
    );
    // No secret is named.
    let ran = scene.run("quote SITE PSWD hunter2 hunter3").status(8);
    assert!(!ran.err().contains("hunter"), "{ran}");
}

#[test]
fn output_can_be_redirected_and_piped() {
    let scene = scene();
    scene.run("get a -o - > out; get b -o - >> out; get c -o - >out2").ok().stdout_is("");
    assert_eq!(scene.read("out").unwrap(), b"one\ntwo\n");
    assert_eq!(scene.read("out2").unwrap(), b"three\n");
    scene.run("(get a -o -; get b -o -) > 'two words'").ok();
    assert_eq!(scene.read("two words").unwrap(), b"one\ntwo\n");
    scene.run("get a -o - | tr a-z A-Z").ok().stdout_is("ONE\n");
    scene.run("get a -o - | tr a-z A-Z | rev; get b -o -").ok().stdout_is("ENO\ntwo\n");
    scene.run("get a -o - | exit 3").status(1);
    scene.run("get a -o - | head -c 0; get b -o -").ok().stdout_is("two\n");
    scene.run("get no -o - | cat").status(8).stdout_is("");
    scene.run("! echo here; ! exit 0").ok().stdout_is("here\n");
    scene.run("! false").status(1);
    scene.run("get a -o - > /dev/full").status(9);
}

#[test]
fn wildcards_match_on_the_server_or_here() {
    let scene = scene();
    scene.run("get [ab]").ok();
    assert_eq!(fetched(&scene), ["a", "b"]);
    assert_eq!(scene.whole_files(), ["a", "b"]);
    scene.run("put a* -O /; get '[ab]'").status(8);
    scene.run("get nothing* || get w*").ok();
    assert_eq!(scene.read("with space").unwrap(), b"four\n");
    let literal = ["--set", "glob:nomatch=literal", "-c", "get *.no"];
    scene.call().args(literal).run().status(8).stderr_has("550");
}

#[test]
fn a_script_that_is_not_all_text_is_refused_or_run_but_never_half() {
    let scene = scene();
    for text in [&b"get a -o -\n\xff\xfe\n"[..], b"get a -o -\nget \0b\n"] {
        let ran = scene.call().stdin(text).run();
        assert!(matches!(ran.status, 2 | 9), "{ran}");
        assert!(ran.stdout.is_empty(), "{ran}");
    }
    assert_eq!(scene.liar.wire.connections(), 0);
}

#[test]
fn each_connection_of_a_script_is_closed_with_a_word() {
    let scene = scene();
    scene.run("get a -o -").ok();
    // The program does not wait for the reply, and the server may read it later.
    scene.liar.wire.wait_for("QUIT", 1);
    assert_eq!(scene.liar.wire.commands().last().unwrap(), "QUIT");
    let url = scene.liar.url();
    let twice = format!("open {url}; get a -o -; open {url}; get b -o -");
    scene.unconnected().args(["-c", &twice]).run().ok().stdout_is("one\ntwo\n");
    scene.liar.wire.wait_for("QUIT", 3);
    assert_eq!(scene.liar.wire.lines("QUIT").len(), 3);
}
