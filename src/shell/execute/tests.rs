//! Tests of scripts, up to their output, without a server.

mod commands;
mod jobs;

use super::run_script;
use crate::commands::context::testing::Fixture;
use crate::error::{Kind, kind_of};

/// Runs a script in a new context.
fn script(text: &str) -> Ran {
    ran(Fixture::new(run_script), text)
}

/// The result of a script.
struct Ran {
    fixture: Fixture,
    out: String,
    err: String,
    kind: Option<Kind>,
}

fn ran(mut fixture: Fixture, text: &str) -> Ran {
    fixture.ctx.redact = crate::shell::redact::redact_line;
    let result = run_script(&mut fixture.ctx, text, "test");
    let kind = result.err().map(|error| kind_of(&error));
    fixture.ctx.out.flush().unwrap();
    let (out, err) = (fixture.ctx.out.stdout_text(), fixture.ctx.out.stderr_text());
    Ran { fixture, out, err, kind }
}

/// Asserts the output of `text`, with its lines joined by blanks.
fn assert_prints(text: &str, want: &str) {
    let ran = script(text);
    assert_eq!(ran.out.lines().collect::<Vec<_>>().join(" "), want, "{text}: {}", ran.err);
}

#[test]
fn conditions_and_groups_decide_what_runs() {
    for (text, want) in [
        ("echo a; echo b\necho c", "a b c"),
        ("echo a && echo b || echo c", "a b"),
        ("false && echo b || echo c", "c"),
        ("true || echo b && echo c", "c"),
        ("false || false || echo c", "c"),
        ("(echo a; echo b) && echo c", "a b c"),
        ("(echo a; false; echo b) || echo c", "a c"),
        ("(false || true) && echo c", "c"),
        ("false || (echo a && false) || echo b", "a b"),
        ("! true || echo no", ""),
        ("echo 'a;b' # c", "a;b"),
        ("echo a; false; echo b", "a"),
        ("echo a; exit; echo b", "a"),
        ("echo a; (exit 3; echo b); echo c", "a"),
        ("exit 3 || echo b", ""),
    ] {
        assert_prints(text, want);
    }
}

#[test]
fn a_tolerated_failure_does_not_count_and_any_other_does() {
    for (text, failed, first, kind) in [
        ("false || true", 0, None, None),
        ("lcd /nowhere || true", 0, None, None),
        ("(lcd /nowhere; true) || true; echo a", 0, None, None),
        ("false && true || true", 0, None, None),
        ("false", 1, Some(Kind::Other), Some(Kind::Other)),
        ("lcd /nowhere", 1, Some(Kind::Local), Some(Kind::Local)),
        ("false || lcd /nowhere", 1, Some(Kind::Local), Some(Kind::Local)),
        ("true && (true; false)", 1, Some(Kind::Other), Some(Kind::Other)),
        ("! exit 3", 1, Some(Kind::Other), Some(Kind::Other)),
        ("alias a 'lcd /nowhere'; a", 1, Some(Kind::Local), Some(Kind::Local)),
        ("repeat -c 3 -d 0 false", 3, Some(Kind::Other), Some(Kind::Other)),
        ("repeat -c 3 -d 0 false || true", 0, None, None),
        ("repeat -c 3 -d 0 --until-ok false", 1, Some(Kind::Other), Some(Kind::Other)),
        ("repeat -c 3 -d 0 --while-ok false", 1, Some(Kind::Other), Some(Kind::Other)),
    ] {
        let ran = script(text);
        let totals = ran.fixture.ctx.totals;
        assert_eq!(
            (totals.failed, totals.first_failure, ran.kind),
            (failed, first, kind),
            "{text}"
        );
    }
}

#[test]
fn who_goes_on_after_a_failure() {
    let text = "false; echo on";
    assert_eq!(script(text).out, "");
    let mut fixture = Fixture::new(run_script);
    fixture.ctx.keep_going = true;
    let kept = ran(fixture, text);
    assert_eq!((kept.out.as_str(), kept.kind), ("on\n", Some(Kind::Other)));
    let mut fixture = Fixture::new(run_script);
    fixture.ctx.client.at_prompt = true;
    assert_eq!(ran(fixture, text).out, "on\n");
    assert_eq!(script("set cmd:fail-exit no; false; echo on").out, "on\n");
    let mut fixture = Fixture::new(run_script);
    fixture.ctx.client.at_prompt = true;
    assert_eq!(ran(fixture, "set cmd:fail-exit yes; false; echo on").out, "");
}

#[test]
fn nothing_runs_of_a_script_that_is_wrong_somewhere() {
    for (text, want) in [
        ("echo a\necho b; nonsense c", "test:2:9: unknown command `nonsense`"),
        ("echo a; ech", ""),
        ("echo a; s", "test:1:9: ambiguous command `s`"),
        ("echo a; lls --nonsense", "test:1:9: lls: unexpected argument `--nonsense` found"),
        ("echo a; lcd x y", "test:1:9: lcd: unexpected argument `y` found"),
        ("echo a; set nonsense 1", "test:1:9: setting \"nonsense\": no such setting"),
        ("echo a; set net:timeout soon", "test:1:9: net:timeout: \"soon\" is not a time"),
        ("echo a; (echo b || nonsense)", "test:1:20: unknown command `nonsense`"),
        ("echo a; repeat nonsense", "test:1:9: repeat:1:1: unknown command `nonsense`"),
        ("echo a; repeat 'true; repeat sleep x'", "test:1:9: repeat:1:7: repeat:1:1: sleep: \"x\""),
        ("echo a; echo 'b", "test:1:14: unterminated quote"),
        ("echo a; unalias", "test:1:9: unalias: missing <NAME>..."),
        ("echo a; exit 256", "test:1:9: exit: invalid value `256`"),
        ("echo a; user", "test:1:9: user: "),
        ("echo a; bookmark add a:b host", "test:1:9: bookmark: \"a:b\" cannot be a name"),
        ("echo a; bookmark add a sftp://host", "test:1:9: sftp: "),
    ] {
        let ran = script(text);
        if want.is_empty() {
            // A unique prefix is a command.
            assert_eq!(ran.out, "a\n\n", "{text}: {}", ran.err);
            continue;
        }
        assert_eq!((ran.out.as_str(), ran.kind), ("", Some(Kind::Usage)), "{text}");
        assert!(ran.err.starts_with(&format!("ftpsh: {want}")), "{text}: {}", ran.err);
        assert_eq!(ran.fixture.ctx.totals.failed, 1, "{text}");
    }
}

#[test]
fn what_a_command_prints_goes_where_it_is_sent() {
    let fixture = Fixture::new(run_script);
    let (one, two) = (fixture.path("one"), fixture.path("two"));
    let text = format!(
        "echo a > {one}; echo b >> {one}; (echo c; echo d) > {two}; echo e; \
         echo 'f g' | cat >> {two}; (echo h > {two}.h; echo i) | tr i j >> {two}"
    );
    let ran = ran(fixture, &text);
    assert_eq!(ran.out, "e\n", "{}", ran.err);
    assert_eq!(ran.fixture.read("one"), "a\nb\n");
    assert_eq!(ran.fixture.read("two"), "c\nd\nf g\nj\n");
    assert_eq!(ran.fixture.read("two.h"), "h\n");
    // Notices and errors are not data.
    let fixture = Fixture::new(run_script);
    let one = fixture.path("one");
    let ran = self::ran(fixture, &format!("lls /nowhere > {one}"));
    assert!(ran.err.contains("/nowhere"), "{}", ran.err);
    assert_eq!(ran.fixture.read("one"), "");
}

#[test]
fn what_a_shell_command_says_counts() {
    for (text, kind) in [
        ("echo a | cat > /dev/null", None),
        ("echo a | exit 3", Some(Kind::Other)),
        ("false | cat > /dev/null", Some(Kind::Other)),
        ("! true", None),
        ("! kill -9 $$", Some(Kind::Other)),
        ("echo a > /nowhere/file", Some(Kind::Local)),
    ] {
        assert_eq!(script(text).kind, kind, "{text}");
    }
    // A reader that closes the pipe is no failure.
    let many = format!("echo {}; ", "x".repeat(1000)).repeat(200);
    assert_eq!(script(&format!("({many}) | head -n 1 > /dev/null")).kind, None);
}

#[test]
fn an_alias_stands_for_its_text_and_its_own_name_for_the_command() {
    for (text, want) in [
        ("alias hi echo hello; hi 'a  b'", "hello a  b"),
        ("alias hi='echo hello; echo'; hi you", "hello you"),
        ("alias echo echo +; echo a", "+ a"),
        ("alias q1 q2; alias q2 'q1 || echo end'; q1", "end"),
        ("alias hi \"echo 'a  b'\"; hi", "a  b"),
        ("alias hi echo 'a  b'; hi", "a  b"),
        ("alias hi 'echo it'\\''s'; true", ""),
        ("alias hi echo; alias", "alias hi 'echo'"),
        ("alias hi echo a; alias hi", "alias hi 'echo a'"),
        ("alias f false; f || echo caught", "caught"),
        ("alias hi echo a; unalias hi; alias", ""),
        ("alias sl 'echo a > /dev/null; echo'; sl b", "b"),
    ] {
        assert_prints(text, want);
    }
}

#[test]
fn an_alias_of_an_alias_ends() {
    let mut text = String::new();
    for level in 0..100 {
        text.push_str(&format!("alias a{level} a{}; ", level + 1));
    }
    let ran = script(&format!("{text} alias a100 echo end; a0"));
    assert_eq!(ran.kind, Some(Kind::Usage));
    assert!(ran.err.contains("nested too deep"), "{}", ran.err);
    assert_eq!(ran.fixture.ctx.totals.failed, 1);
}

#[test]
fn aliases_that_cannot_be_are_refused() {
    for text in ["alias a=", "alias 'a b' echo", "alias =x", "alias a ''", "alias 'a|b' echo"] {
        assert_eq!(script(text).kind, Some(Kind::Usage), "{text}");
    }
    let ran = script("alias hello echo; unalias hallo");
    assert!(ran.err.contains("did you mean `hello`?"), "{}", ran.err);
}

#[test]
fn a_sourced_file_runs_here_and_its_errors_tell_its_lines() {
    let fixture = Fixture::new(run_script);
    let file = fixture.file("ok", "# comment\necho a\nset net:timeout 7s\nalias x echo y\n");
    let ran = self::ran(fixture, &format!("source {file}; set; alias; echo end"));
    assert_eq!(ran.out, "a\nset net:timeout 7s\nalias x 'echo y'\nend\n", "{}", ran.err);

    let fixture = Fixture::new(run_script);
    let file = fixture.file("wrong", "echo a\n echo b; nonsense\n");
    let ran = self::ran(fixture, &format!("source {file}; echo end"));
    assert_eq!(ran.out, "");
    assert!(ran.err.contains(&format!("{file}:2:10: unknown command")), "{}", ran.err);
    assert_eq!(ran.fixture.ctx.totals.failed, 1, "one failure counts once");

    let ran = script("source /nowhere");
    assert_eq!((ran.kind, ran.fixture.ctx.totals.failed), (Some(Kind::Local), 1));
}

#[test]
fn a_file_that_sources_itself_ends() {
    let fixture = Fixture::new(run_script);
    let file = fixture.path("loop");
    fixture.file("loop", &format!("source {file}\n"));
    let ran = self::ran(fixture, &format!("source {file}"));
    assert_eq!((ran.kind, ran.fixture.ctx.totals.failed), (Some(Kind::Usage), 1));
    assert!(ran.err.contains("nested too deep"), "{}", ran.err);
    assert_eq!(ran.fixture.ctx.script_depth, 0);
}

#[test]
fn repeating_ends_by_number_and_by_condition() {
    for (text, want) in [
        ("repeat -c 3 -d 0 echo a", "a a a"),
        ("repeat -c 0 echo a", ""),
        ("repeat -c 2 -d 0 echo 'a  b'", "a  b a  b"),
        ("repeat -c 2 -d 0 'echo a; echo b'", "a b a b"),
        ("repeat -c 9 -d 0 --until-ok echo a", "a"),
        ("repeat -c 9 -d 0 --while-ok 'echo a; false' || echo end", "a end"),
        ("repeat -c 9 -d 0 'echo a; exit'", "a"),
        ("repeat -c 2 -d 0 echo -c -d", "-c -d -c -d"),
        ("repeat -c 2 -d 0 repeat -c 2 -d 0 echo a", "a a a a"),
    ] {
        assert_prints(text, want);
    }
}

#[test]
fn an_interruption_ends_the_whole_script() {
    let fixture = Fixture::new(run_script);
    fixture.ctx.client.cancel.request(crate::cancel::Reason::Interrupted);
    let ran = ran(fixture, "echo a || echo b; echo c");
    assert_eq!((ran.out.as_str(), ran.kind), ("", Some(Kind::Interrupted)));
}
