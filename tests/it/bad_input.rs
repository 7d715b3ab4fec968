//! What nobody should type, and what somebody will: a clear error with its place before anything is
//! sent, or the right result; never a hang, a panic, or memory without bounds.

use std::process::Command;
use std::time::{Duration, Instant};

use support::liar::Script;
use support::program::{Ftpsh, Ran};
use support::scene::Scene;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", "hello").dir("/d"))
}

/// A script on standard input: there no argument of the system is too long.
fn fed(scene: &Scene, script: impl Into<Vec<u8>>) -> Ran {
    scene.call().stdin(script).run().never_says("panicked")
}

#[test]
fn what_is_wrong_in_a_line_is_reported_with_its_place_before_anything_is_sent() {
    let scene = scene();
    let deep = |c: &str, n| c.repeat(n);
    let lines: Vec<(String, &str)> = [
        ("get 'x", "stdin:1:5: unterminated quote"),
        ("get \"x\necho y", "stdin:1:5: unterminated quote"),
        ("echo 'a\nb' 'c\nd", "stdin:2:4: unterminated quote"),
        ("(echo a", "stdin:1:1: `(` without `)`"),
        ("echo a)", "stdin:1:7: `)` without `(`"),
        ("()", "stdin:1:1: empty group"),
        ("&& echo", "stdin:1:1: unexpected `&&`"),
        ("echo a ||", "stdin:1:8: no command after `||`"),
        ("echo a & & echo b", "stdin:1:10: unexpected `&`"),
        ("echo a |", "stdin:1:8: no shell command after `|`"),
        ("echo a >", "stdin:1:8: no file name after `>`"),
        ("echo a > f > g", "stdin:1:12: unexpected `>`"),
        ("> f", "stdin:1:1: unexpected `>`"),
        ("''", "stdin:1:1: unknown command ``"),
        ("{get,put} a", "stdin:1:1: unknown command `{get,put}`"),
        ("\u{1b}[31m", "stdin:1:1: unknown command `\\x1b[31m`"),
        ("\u{202e}teg", "unknown command"),
        ("get ''", "stdin:1:1: get: `''` is no name"),
        ("echo a; cd ''", "stdin:1:9: cd: `''` is no name"),
        ("mirror ''", "stdin:1:1: mirror: a value is required"),
        ("get -P 0 a", "0 is not in 1..=64"),
        ("get -P 99999999999999999999 a", "number too large"),
        ("get --segments -1 a", "get: "),
        ("sleep 1e999", "\"1e999\" is not a duration"),
        ("repeat -c x pwd", "invalid digit"),
        ("set net:timeout 0x", "\"0x\" is not a time"),
        ("set net: 5", "setting \"net:\": ambiguous"),
        ("set '' 5", "no such setting"),
        ("find --size x", "not a size"),
        ("find --newer never", "not a date"),
        ("find --type x", "it may be f, d, l"),
        ("ls --sort x", "it may be name, size, time"),
        ("chmod 99999 a", "neither octal"),
        ("chmod u+q a", "neither octal"),
        ("kill x", "neither a job's number"),
        ("exit 256", "256 is not in 0..=255"),
        ("touch -d never a", "not a date"),
        ("alias '' x", "cannot be a name"),
        ("bookmark add a/b x", "cannot be a name"),
        ("quote ''", "is not an FTP command"),
        ("queue 'get", "unterminated quote"),
        ("trust frobnicate", "unrecognized subcommand"),
    ]
    .map(|(line, why)| (line.to_owned(), why))
    .into_iter()
    .chain([
        (deep("(", 100_000), "nested too deep"),
        (deep("'", 100_001), "unterminated quote"),
        (deep("\\", 100_001), "unknown command"),
        (format!("{}true", deep("repeat ", 10_000)), "nested too deep"),
        (deep("x", 1_000_000), "unknown command"),
        (format!("get -{}", deep("c", 100_000)), "get: "),
    ])
    .collect();
    let mut wrong = Vec::new();
    for (line, why) in lines {
        let start = Instant::now();
        let ran = fed(&scene, format!("{line}\n"));
        let took = start.elapsed();
        let shown: String = line.chars().take(60).collect();
        if ran.status != 2
            || !ran.err().contains(why)
            || ran.err().len() > 1000
            || took > Duration::from_secs(5)
        {
            let said: String = ran.err().chars().take(300).collect();
            wrong.push(format!("{shown:?}: {} after {took:?}: {said}", ran.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(scene.liar.wire.connections(), 0, "nothing was sent");
}

#[test]
fn what_looks_odd_and_is_right_is_done() {
    let scene = scene();
    for (script, wanted) in [
        (&b"echo a\r\necho b\r\n"[..], "a\nb\n"),
        (b"\xef\xbb\xbfecho mark", "mark\n"),
        (b"; ;\n\n;# nothing\n", ""),
        (b"echo ''", "\n"),
        (b"echo \"a\nb\"", "a\nb\n"),
        (b"echo a\\\n b", "a b\n"),
        (b"echo '*' \"?\" \\[ '{a,b}' '~'", "* ? [ {a,b} ~\n"),
        ("echo '\u{202e}\u{7f}\u{1}'".as_bytes(), "\u{202e}\u{7f}\u{1}\n"),
        (b"sleep 0; repeat -c 0 pwd", ""),
        (b"ls -1 d/*", ""),
    ] {
        let text = String::from_utf8_lossy(script).into_owned();
        let ran = fed(&scene, script);
        // An empty directory holds nothing that matches.
        let status = if text.contains("d/*") { 8 } else { 0 };
        assert!(ran.status == status && ran.out() == wanted, "{text:?}\n{ran}");
    }
}

#[test]
fn patterns_with_no_end_and_words_without_bounds_are_bounded() {
    let scene = scene();
    let stars = format!("ls -1 {}x", "*".repeat(5_000));
    let sets = format!("ls -1 {}", "[".repeat(5_000));
    let braces = format!("ls -1 {}", "{a,b}".repeat(40));
    let nested = format!("cat {}a{}", "{".repeat(50_000), "}".repeat(50_000));
    for (script, status) in [(stars, 8), (sets, 8), (braces, 2), (nested, 8)] {
        let start = Instant::now();
        let ran = fed(&scene, script);
        let begin: String = ran.err().chars().take(200).collect();
        assert_eq!(ran.status, status, "{begin}");
        assert!(start.elapsed() < Duration::from_secs(5), "{begin}");
    }
}

/// The program with so much address space, and these arguments.
fn bounded(call: &Ftpsh, kilobytes: u64) -> Command {
    let call = call.command();
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\""));
    shell.arg(call.get_program()).args(call.get_args()).env_clear();
    shell.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[test]
fn ten_thousand_commands_run_in_order_in_little_memory() {
    let call = Ftpsh::new();
    let home = call.home();
    let script: String = (0..10_000).map(|n| format!("echo {n} && true || false\n")).collect();
    let wanted: String = (0..10_000).map(|n| format!("{n}\n")).collect();
    let file = home.path().join("script");
    std::fs::write(&file, &script).unwrap();
    let from_file = Ftpsh::at(&home).arg("-f").arg(&file);
    let from_stdin = Ftpsh::at(&home);
    for call in [from_file, from_stdin] {
        let mut command = bounded(&call, 400_000);
        command.stdin(std::fs::File::open(&file).unwrap());
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(done.stdout == wanted.as_bytes());
    }
    // One line, one list of conditions, one very long word.
    let one = vec!["echo x"; 10_000];
    let word = "w".repeat(1_000_000);
    for (script, lines) in
        [(one.join("; "), 10_000), (one.join(" && "), 10_000), (format!("echo {word}"), 1)]
    {
        let ran = Ftpsh::new().stdin(script).run().ok();
        assert_eq!(ran.out().lines().count(), lines);
    }
}

#[test]
fn closed_standard_streams_harm_nothing() {
    for closed in [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let scene = scene();
        scene.write("up", "content");
        let call = scene.call().args(["-v", "-c", "pwd; ls; get a; put up; ls | cat"]).command();
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!("exec \"$0\" \"$@\" {closed}"));
        shell.arg(call.get_program()).args(call.get_args()).env_clear();
        shell.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(&scene.dest);
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{closed}: {}", String::from_utf8_lossy(&done.stderr));
        // No data went where a file or a connection had taken the stream's place.
        assert_eq!(scene.read("a").as_deref(), Some(&b"hello"[..]), "{closed}");
        assert_eq!(scene.liar.content("/up").as_deref(), Some(&b"content"[..]), "{closed}");
    }
}

#[test]
fn every_printable_byte_and_many_others_are_quoted_and_typed() {
    let scene = scene();
    let mut script = Vec::new();
    let mut names = Vec::new();
    for byte in (1..=255u8).filter(|byte| !b"\n\r/".contains(byte)) {
        let name = [b"n", &[byte][..], b"m"].concat();
        if std::str::from_utf8(&name).is_err() {
            // A script is text; such bytes come from wildcards.
            continue;
        }
        std::fs::write(scene.path(String::from_utf8_lossy(&name).as_ref()), "x").unwrap();
        let quoted = match byte {
            b'\'' => b"\"n'm\"".to_vec(),
            _ => [b"'", &name[..], b"'"].concat(),
        };
        script.extend(
            [b"put -O d ", &quoted[..], b"; rm ", &with_directory(&quoted), b"\n"].concat(),
        );
        names.push(name);
    }
    assert!(names.len() > 120);
    fed(&scene, script).ok();
    assert_eq!(scene.liar.wire.lines("DELE").len(), names.len());
    fed(&scene, "put -O d n*m").ok();
    for name in names {
        let path = format!("/d/{}", String::from_utf8_lossy(&name));
        assert_eq!(scene.liar.content(&path).as_deref(), Some(&b"x"[..]), "{path:?}");
    }
}

/// `'name'` as `'d/name'`.
fn with_directory(quoted: &[u8]) -> Vec<u8> {
    [&quoted[..1], b"d/", &quoted[1..]].concat()
}
