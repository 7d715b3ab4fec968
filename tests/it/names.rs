//! Names and texts that a server sends: nothing of them may leave the download directory, run a
//! program, or reach a terminal as it is.

use support::liar::{Script, Step};
use support::scene::Scene;
use support::terminal::transcript;

/// A listing line for MLSD.
fn mlsd(name: &[u8]) -> Vec<u8> {
    [b"type=file;size=5;modify=20240102030405; ", name, b"\r\n"].concat()
}

/// A listing line for LIST.
fn list(name: &[u8]) -> Vec<u8> {
    [b"-rw-r--r-- 1 ftp ftp 5 Jan  2  2024 ", name, b"\r\n"].concat()
}

const HOSTILE: [&[u8]; 16] = [
    b"..",
    b".",
    b"../evil",
    b"/abs",
    b"a/../../x",
    b"a/b",
    b"..\\win",
    b"\\..\\..\\win",
    b"dest/../../evil",
    b"with\0nul",
    b"esc\x1b[2J",
    b"bell\x07",
    b"",
    b"~/../evil",
    b"./x",
    b"//tmp/evil",
];

#[test]
fn hostile_names_in_a_listing_are_left_out_and_the_good_one_comes() {
    for (verb, line) in [("MLSD", mlsd as fn(&[u8]) -> Vec<u8>), ("LIST", list)] {
        let mut listing: Vec<u8> = HOSTILE.iter().flat_map(|name| line(name)).collect();
        listing.extend(line(b"good.txt"));
        let mut script = Script::new().listing(verb, &listing).file("/good.txt", "hello");
        for name in HOSTILE {
            script = script.file([b"/sub/", name].concat(), "evil!");
        }
        if verb == "LIST" {
            script = script.without("MLSD");
        }
        // Whatever path it asks for, the server has something to send.
        let scene = Scene::new(script);
        let ran = scene.call().args(["-k", "-c", "get *"]).run();
        assert_eq!(scene.read("good.txt").as_deref(), Some(&b"hello"[..]), "{verb}\n{ran}");
        assert_eq!(scene.tree(), ["dest", "dest/good.txt"], "{verb}\n{ran}");
        assert!(ran.status != 0, "what was refused makes the command fail: {verb}\n{ran}");
        assert!(no_control(&ran.stderr) && no_control(&ran.stdout), "{verb}\n{ran}");
    }
}

#[test]
fn names_that_were_not_asked_for_are_not_fetched() {
    for listing in [&b".bashrc\r\n"[..], b"other.c\r\n.hidden.txt\r\n", b"a.txt.exe\r\n"] {
        let lines: Vec<u8> = listing
            .split(|b| *b == b'\n')
            .filter_map(|line| line.strip_suffix(b"\r"))
            .flat_map(mlsd)
            .collect();
        let script = Script::new().listing("MLSD", &lines).file("/.bashrc", "evil");
        let scene = Scene::new(script.file("/a.txt.exe", "evil").file("/other.c", "evil"));
        scene.run("get *.txt").status(8).stderr_has("nothing matches");
        assert_eq!(scene.tree(), ["dest"]);
        assert!(!scene.liar.wire.has("RETR"));
    }
}

#[test]
fn names_are_only_names() {
    let names: [&[u8]; 10] = [
        b"~root",
        b"|touch x",
        b"$(touch x)",
        b"`touch x`",
        b"a;touch x;",
        b"-rf",
        b"#hash",
        b"two  spaces ",
        b"caf\xc3\xa9",
        b"caf\xe9",
    ];
    let mut script = Script::new();
    for name in names {
        script = script.file([b"/", name].concat(), name);
    }
    let scene = Scene::new(script);
    scene.run("get *").ok();
    for name in names {
        let path: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
        assert_eq!(scene.read(path).as_deref(), Some(name), "{}", name.escape_ascii());
    }
    assert_eq!(scene.whole_files().len(), names.len(), "{:?}", scene.tree());
    // A leading dash is not for the server's ls to read.
    let lines = scene.liar.wire.raw_lines();
    assert!(lines.contains(&b"RETR ./-rf".to_vec()));
    assert!(lines.contains(&b"RETR caf\xe9".to_vec()), "the very byte");
}

#[test]
fn what_is_typed_makes_a_local_name_only_if_it_is_one() {
    let names = ["..\\win", "esc\x1b[2J", "tab\tname", "bell\x07"];
    let script = names
        .iter()
        .fold(Script::new().dir("/d"), |script, name| script.file(format!("/d/{name}"), "hello"));
    let scene = Scene::new(script);
    for name in names {
        let ran = scene.run(&format!("get 'd/{name}'")).status(9).stderr_has("-o");
        assert!(no_control(&ran.stderr), "{ran}");
    }
    for path in ["/", ".", "..", "d/..", "d/.", "''"] {
        let ran = scene.run(&format!("get {path}"));
        assert!(matches!(ran.status, 2 | 8 | 9), "{path}\n{ran}");
    }
    assert_eq!(scene.tree(), ["dest"]);
    scene.run(&format!("get 'd/{}' -o good", names[0])).ok();
    assert_eq!(scene.tree(), ["dest", "dest/good"]);
}

#[test]
fn every_byte_that_a_name_can_hold_makes_the_round_trip() {
    let name: Vec<u8> = (1..=255).filter(|b| !b"/\r\n".contains(b)).collect();
    // Control bytes are refused in names that a server sends; 0x80 and above are not.
    let upper: Vec<u8> = name.iter().copied().filter(|b| *b >= 0x20 && *b != 0x7f).collect();
    let halves = upper.split_at(upper.len() / 2);
    let scene = Scene::new(
        Script::new()
            .file([b"/", halves.0].concat(), "lower")
            .file([b"/", halves.1].concat(), "upper"),
    );
    scene.run("get *; put *").ok();
    for (half, content) in [(halves.0, "lower"), (halves.1, "upper")] {
        let path: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(half);
        assert_eq!(scene.read(path).unwrap(), content.as_bytes());
        let stored = [b"STOR ", half].concat();
        let mut doubled = Vec::new();
        for byte in stored {
            doubled.push(byte);
            doubled.extend((byte == 0xff).then_some(byte));
        }
        assert!(scene.liar.wire.raw_lines().contains(&doubled));
    }
    assert_eq!(scene.liar.files.lock().unwrap().paths().len(), 2);
}

#[test]
fn a_name_too_long_for_a_file_is_reported_and_the_others_come() {
    let long = |n: usize| vec![b'n'; n];
    let mut listing = Vec::new();
    for n in [255, 256, 4096] {
        listing.extend(mlsd(&long(n)));
    }
    listing.extend(mlsd(b"short"));
    let script = Script::new()
        .listing("MLSD", &listing)
        .file([b"/", &long(255)[..]].concat(), "255!!")
        .file("/short", "short");
    let scene = Scene::new(script);
    let ran = scene.call().args(["-k", "-c", "get *"]).run();
    assert!(ran.status != 0, "{ran}");
    assert_eq!(scene.read("short").unwrap(), b"short");
    assert_eq!(scene.read("n".repeat(255)).unwrap(), b"255!!");
    assert_eq!(scene.whole_files().len(), 2);
}

#[test]
fn line_breaks_and_nul_in_what_is_typed_are_refused_before_anything_is_sent() {
    let scene = Scene::new(Script::new().file("/a", "x"));
    scene.write("a", "x");
    for commands in ["get 'a\r\nDELE a'", "get \"a\nDELE a\"", "put a -o 'x\r\nDELE a'"] {
        let ran = scene.run(commands).status(2);
        assert!(no_control(&ran.stderr), "{ran}");
    }
    for path in ["a%0d%0aDELE%20a", "a%00", "%0a"] {
        let url = format!("{}/{path}", scene.liar.url());
        scene.unconnected().arg(url).args(["-c", "get a"]).run().status(2);
    }
    let user = "--user=tester\r\nDELE a";
    scene.call().args([user, "-c", "get a"]).run().status(2);
    let lines = scene.liar.wire.commands();
    assert!(!lines.iter().any(|line| line.contains("DELE")), "{lines:?}");
}

#[test]
fn what_a_server_says_does_not_reach_a_terminal_as_it_is() {
    const TRICKS: &str = "\x1b]0;owned\x07\x1b[2J\u{9b}2J\u{202e}\u{2066}\r\x08\x7f hello";
    let reply = |code: u16| Step::Reply(format!("{code}-{TRICKS}\r\n{code} {TRICKS}\r\n").into());
    let cases: [(&str, Script); 7] = [
        ("greeting", Script::new().greeting(reply(220))),
        ("refused", Script::new().greeting(reply(421))),
        ("login", Script::new().always("PASS", reply(530))),
        ("welcome", Script::new().always("PASS", reply(230))),
        ("missing", Script::new().always("MLST", reply(550))),
        ("names", Script::new().listing("MLSD", mlsd(TRICKS.as_bytes()))),
        ("a file", Script::new().file("/\u{202e}hello\u{9b}2J\u{2067}", "x")),
    ];
    for (case, script) in cases {
        let scene = Scene::new(script.file("/a", "x"));
        let arguments = ["-vv", "--color", "never", "-c", "get absent || get *"];
        let said = transcript(&scene.call().args(arguments));
        assert!(said.contains("hello"), "{case}: {said:?}");
        let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\r');
        let own = strip_own_sequences(&said);
        assert!(!own.contains(bad), "{case}: {own:?}");
        let bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!said.contains(bidi), "{case}: {said:?}");
        assert!(!said.contains("\x1b]0;") && !said.contains("\x1b[2J"), "{case}: {said:?}");
    }
}

/// Without what a progress bar needs: up, down, to the left, erase the line, show and hide.
fn strip_own_sequences(text: &str) -> String {
    let mut rest = text.to_owned();
    for own in ["\x1b[1A", "\x1b[1B", "\x1b[2K", "\x1b[K", "\x1b[?25l", "\x1b[?25h", "\x1b[0m"] {
        rest = rest.replace(own, "");
    }
    rest
}

fn no_control(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| !b.is_ascii_control() || *b == b'\n')
}
