//! A whole session at a terminal, as talkative as it gets, with passwords of every kind. Afterwards
//! none of them is on the screen (where it was not typed in plain sight), in a file, in a command
//! line or in the environment of a child.

use std::path::Path;

use openssl::pkey::PKey;
use openssl::symm::Cipher;

use crate::terminal::Terminal;
use crate::{PROMPT, home};
use support::certificate::Certificate;
use support::executable::write_script;
use support::liar::{Liar, Script};
use support::program::Ftpsh;
use support::proxy::{Manner, Proxy};

/// Typed where nothing is shown, or given by other ways.
const HIDDEN: [&str; 4] = ["s3cret-word", "w-of-mistake", "w-of-proxy", "w-of-key"];

/// Typed in plain sight, where they do not belong.
const SHOWN: [&str; 4] = ["w-in-url", "w-in-user", "w-in-quote", "w-in-bookmark"];

/// Writes down what it can see: its environment, its command line, and those above it.
const SPY: &str = "#!/bin/sh
{ echo \"$0 $*\"; tr '\\0' '\\n' < /proc/self/environ
  tr '\\0' '\\n' < /proc/$$/cmdline; tr '\\0' '\\n' < /proc/$PPID/cmdline; } >> \"$HOME/seen.$$\"
[ -z \"$1\" ] && cat > /dev/null
exit 0
";

/// The files below a directory.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn after_a_whole_session_no_secret_is_anywhere() {
    let home = home();
    let at = |name: &str| home.path().join(name).display().to_string();
    let own = Certificate::make("tester").unwrap();
    let key = PKey::private_key_from_pem(&own.key_pem().unwrap()).unwrap();
    let key = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"w-of-key").unwrap();
    std::fs::write(at("own.crt"), own.pem().unwrap()).unwrap();
    std::fs::write(at("own.key"), key).unwrap();
    write_script(at("spy"), SPY);
    let proxy = Proxy::start(Manner::HttpLogin("guest:w-of-proxy"));
    let script = || Script::new().file("/notes.txt", "remember the milk\n").wants_certificate();
    let (liar, plain) = (Liar::start(script()), Liar::start(Script::new().file("/b", "x")));
    let (url, port) = (liar.url(), plain.addr.port());
    let program = Ftpsh::at(&home)
        .args(["--trust", "accept-new", "-vv", "--log-file", "audit.log"])
        .args(["--set", "tls:cert-file=own.crt", "--set", "tls:key-file=own.key"])
        .args(["--set", &format!("net:proxy=http://guest@{}", proxy.addr), &url])
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("RUST_LOG", "trace")
        .env("SHELL", "/bin/sh")
        .env("PAGER", at("spy"))
        .env("EDITOR", at("spy"));
    let mut terminal = Terminal::start(program.command());
    let answer = |terminal: &mut Terminal, question: &str, answer: &str| {
        terminal.expect(question);
        terminal.send(&format!("{answer}\r"));
    };
    answer(&mut terminal, "Passphrase of the client key", "w-of-key");
    answer(&mut terminal, "Password for guest@", "w-of-proxy");
    answer(&mut terminal, "Password for tester@", "s3cret-word");
    terminal.expect(PROMPT);
    let lines = [
        "status; set -a; feat",
        "less notes.txt",
        "edit notes.txt",
        "! $HOME/spy alone",
        "cat notes.txt | $HOME/spy",
        "put notes.txt || ! $HOME/spy again",
        "get notes.txt & wait",
        "user tester w-in-user",
        "quote PASS w-in-quote",
        "quote NOOP",
        "bookmark list; history; alias; jobs",
    ];
    for line in lines {
        terminal.send(&format!("{line}\r"));
        if line.starts_with("get") {
            // A job's connection is one of its own; it never asks.
            terminal.expect("[1] ");
        }
        terminal.expect(PROMPT);
    }
    terminal.send(&format!("bookmark add here ftpes://tester:w-in-bookmark@127.0.0.1:{port}\r"));
    terminal.expect(PROMPT);
    terminal.send("user tester\r");
    // A wrong one is asked for again.
    for _ in 0..3 {
        answer(&mut terminal, "Password for tester@", "w-of-mistake");
        terminal.expect("530");
    }
    terminal.expect(PROMPT);
    terminal.send("set net:proxy ''; set tls:cert-file ''; set tls:key-file ''\r");
    terminal.expect(PROMPT);
    terminal.send(&format!("open ftpes://tester:w-in-url@127.0.0.1:{port}\r"));
    terminal.expect("530");
    terminal.expect("> ");
    terminal.send("get nothing; ls; exit\r");
    let (_, shown) = terminal.end();

    assert!(shown.contains("PASS ***"), "{shown}");
    for secret in HIDDEN {
        assert!(!shown.contains(secret), "{secret}: {}", shown.escape_debug());
    }
    let mut kept = Vec::new();
    files(home.path(), &mut kept);
    for name in ["history", "audit.log", "known_servers", "seen."] {
        assert!(kept.iter().any(|(path, _)| path.contains(name)), "no {name}: {shown}");
    }
    assert!(kept.iter().filter(|(path, _)| path.contains("seen.")).count() >= 4);
    for (path, content) in &kept {
        let text = String::from_utf8_lossy(content);
        for secret in HIDDEN.iter().chain(&SHOWN) {
            assert!(!text.contains(secret), "{secret} in {path}: {text}");
        }
    }
}
