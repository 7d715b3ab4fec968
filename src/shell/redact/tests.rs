//! Lines with and without secrets, and hostile ones.

use super::*;

#[test]
fn secrets_are_taken_out_of_the_line() {
    for (line, want) in [
        ("user bob hunter2", "user bob"),
        ("user bob,hunter2", "user bob"),
        ("lftp -u bob,hunter2 host", "lftp -u bob host"),
        ("! lftp -u bob,hunter2 host", "! lftp -u bob host"),
        ("open --password hunter2 host", "open --password host"),
        ("open --pass=hunter2 host", "open --pass host"),
        ("set ftp:acct hunter2", "set ftp:acct"),
        ("user bob", "user bob"),
        ("us bob 'hunter2 x'; ls -l", "us bob; ls -l"),
        ("login bob hunter2 && get a", "login bob && get a"),
        ("user bob > f hunter2", "user bob"),
        ("user bob hun>ter2", "user bob"),
        ("user bob (hunter2", "user bob"),
        ("user -- bob hunter2", "user -- bob"),
        ("USER bob hunter2", "USER bob"),
        ("user ftp://bob@h hunter2", "user ftp://bob@h"),
        ("open -u bob,hunter2 host", "open -u bob host"),
        ("open -ubob,hunter2 host", "open -ubob host"),
        ("open --user bob,hunter2 host", "open --user bob host"),
        ("open --user=bob,hunter2 -p 21 host", "open --user=bob -p 21 host"),
        ("o -u bob,'hunter2 x' host", "o -u bob host"),
        ("open bob:hunter2@host", "open bob@host"),
        ("open bob,hunter2@host", "open bob@host"),
        ("open ftp://bob,hunter2@host/d", "open ftp://bob@host/d"),
        ("open bob,hunt:er2@host", "open bob@host"),
        ("open ftp://bob:hunter2@host/dir", "open ftp://bob@host/dir"),
        ("open ftp://bob:hunter2@host:21/a@b", "open ftp://bob@host:21/a@b"),
        ("open 'ftp://bob:hunter2 x@host'", "open 'ftp://bob@host'"),
        ("open ftp://bob:hun\\ ter2@host", "open ftp://bob@host"),
        ("open ftp://bob:hunt/er2@host", "open ftp://bob@host"),
        ("open ftp://bob:hunt@er2@host", "open ftp://bob@host"),
        ("open ftp://bob:hunter2;x@host", "open ftp://bob@host"),
        ("open ftp://bob:hunter2&x@host", "open ftp://bob@host"),
        ("get ftps://a:hunter2@x/f -o ftpes://b:hunter2@y", "get ftps://a@x/f -o ftpes://b@y"),
        ("bookmark add w ftp://bob:hunter2@host", "bookmark add w ftp://bob@host"),
        ("set net:proxy http://p:hunter2@px:3128", "set net:proxy http://p@px:3128"),
        ("set net:proxy p:hunter2@px:3128", "set net:proxy p@px:3128"),
        ("set ftp:password hunter2", "set ftp:password"),
        ("quote PASS hunter2", "quote PASS"),
        ("quote 'pass hunter2'", "quote 'pass'"),
        ("quote ACCT hunter2; ls", "quote ACCT; ls"),
        ("quote SITE PSWD hunter2 hunter2", "quote SITE PSWD"),
        ("site pswd hunter2 hunter2", "site pswd"),
        ("site ADDUSER bob hunter2", "site ADDUSER"),
        ("site 'adduser bob hunter2'; ls", "site 'adduser'; ls"),
        ("si newuser bob hunter2", "si newuser"),
        ("quote SITE GADDUSER g bob hunter2", "quote SITE GADDUSER"),
        ("quote 'SITE CHANGE bob' hunter2", "quote 'SITE CHANGE'"),
        ("queue site adduser bob hunter2", "queue site adduser"),
        (
            "site chmod 600 x; site utime 20240102030405 a",
            "site chmod 600 x; site utime 20240102030405 a",
        ),
        ("quote MFMT 20240102030405 a", "quote MFMT 20240102030405 a"),
        ("queue user bob hunter2", "queue user bob"),
        ("q q user bob hunter2", "q q user bob"),
        ("repeat 3 open -u bob,hunter2 h", "repeat 3 open -u bob h"),
        ("alias in 'user bob hunter2'", "alias in 'user bob'"),
        ("open h -e \"user bob hunter2; ls\"", "open h -e \"user bob; ls\""),
        ("alias a \"alias b 'user bob hunter2'\"", "alias a \"alias b 'user bob'\""),
        ("(cd x; user bob hunter2) &", "(cd x; user bob) &"),
        ("cd x\nuser bob hunter2\nls", "cd x\nuser bob\nls"),
        ("ls # user bob hunter2", "ls # user bob"),
        ("# open ftp://bob:hunter2@host", "# open ftp://bob@host"),
        ("! curl 'ftp://bob:hunter2 x@h' -o f", "! curl 'ftp://bob@h' -o f"),
        ("cat f | curl -T - ftp://bob:hunter2@h; ls", "cat f | curl -T - ftp://bob@h; ls"),
        ("! ftpsh -c 'user bob hunter2' h", "! ftpsh -c 'user bob' h"),
    ] {
        assert_eq!(redact_line(line).as_deref(), Some(want), "{line}");
    }
}

#[test]
fn innocent_lines_stay_as_they_are() {
    for line in [
        "",
        "ls -l 'a b' | sort -u > x # it is",
        "get \"user guide.pdf\" -o ftp://host:2121/dir",
        "get ftpes://[::1]:2121/f && echo 'ok'",
        "open -u bob host:21",
        "set ftp:passive-mode off",
        "mirror -u a b",
        "open ftp://bob@host:21/dir@2",
        "set net:limit-rate 10k:5k",
        "set net:timeout 3m",
        "quote NOOP",
        "site chmod 644 f",
        "! make -j2 && ./run x,y",
        "get it's",
        "a\\",
        "mv a:b@c d",
        "( ls",
        "&& ;; )",
    ] {
        assert_eq!(redact_line(line).as_deref(), Some(line), "{line}");
    }
}

#[test]
fn what_cannot_be_made_safe_is_not_kept() {
    for line in [
        " ls",
        "\tls",
        "user bob hun;ter2",
        "user bob hun&ter2 ",
        "user bob hun|ter2",
        "user bob #hunter2",
        "user bob ;hunter2",
        "user bob hun)ter2",
        "queue user bob #hunter2",
        "quote PASS #hunter2",
        "open h -u bob,hun&ter2",
        "user 'bob hunter2",
        "ls 'x; user bob hunter2",
        "quote \"PASS hunter2",
        "open ftp://bob:hunt er2@host",
        "open 'ftp://bob:hunter2@host",
        "open 'host -u bob,hunter2",
    ] {
        assert_eq!(redact_line(line), None, "{line}");
    }
}

#[test]
fn hostile_lines_end_soon() {
    let begun = std::time::Instant::now();
    for hostile in ["://:x", "q ", "o -u,", "'a b'", "# ", "queue user ", "\"'\" ", "a:b@"] {
        let _ = redact_line(&hostile.repeat(MAX_LINE / hostile.len()));
        assert_eq!(redact_line(&hostile.repeat(MAX_LINE)), None, "{hostile}");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn commands_quoted_too_deep_are_not_kept() {
    let mut line = "user bob hunter2".to_owned();
    for depth in 0..12 {
        let kept = redact_line(&line);
        assert!(kept.is_none_or(|kept| !kept.contains("hunter2")), "depth {depth}: {line}");
        line = format!("queue {}", quote_for(&line, Quote::Single));
    }
}

#[test]
fn secrets_are_found_wherever_the_command_stands() {
    for line in [
        "user bob hunter2",
        "open -u bob,hunter2 h",
        "open ftp://bob:hunter2@h",
        "open 'ftp://bob:hunter2 x@h'",
        "quote PASS hunter2",
        "site PSWD hunter2",
        "set x:password hunter2",
    ] {
        for around in ["ls; @", "ls | wc; @", "(cd x; @)", "a &&\n@", "a || @ &", "! x\n@", "# @"] {
            let line = around.replacen('@', line, 1);
            let kept = redact_line(&line).expect(&line);
            assert!(!kept.contains("hunter2") && kept.contains(['b', 'P', 'x']), "{kept}");
        }
        for quote in [Quote::None, Quote::Single, Quote::Double] {
            let line = format!("repeat 3 {}", quote_for(line, quote));
            let kept = redact_line(&line);
            assert!(kept.is_none_or(|kept| !kept.contains("hunter2")), "{line}");
        }
    }
}

#[test]
fn a_script_with_a_password_is_told_from_one_without() {
    for (script, holds) in [
        ("open -u bob,hunter2 h; ls", true),
        ("open h;user bob hunter2;ls", true),
        ("open h; (cd x && user bob hunter2)", true),
        ("ls\nget ftp://bob:hunter2@h/x", true),
        ("queue open -u bob,hunter2 h", true),
        ("set net:proxy http://p:hunter2@px:3128", true),
        ("open h;user bob;ls", false),
        ("open -u bob h", false),
        ("  set ftp:passive-mode off; site foo bar # comment", false),
        ("get a,b; put -O x,y z", false),
        ("open 'h", false),
    ] {
        assert_eq!(holds_password(script), holds, "{script}");
    }
}
