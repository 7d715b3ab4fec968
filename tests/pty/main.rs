//! Dialogues in a real terminal: a person, the program, a server in this process.

// Helpers of tests may stop at the first surprise, as tests may (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connecting;
mod dialogues;
mod hangup;
mod jobs;
mod lines;
mod logins;
mod pager;
mod phases;
mod picture;
mod progress;
mod questions;
mod secrecy;
mod terminal;
mod tiny;
mod tour;
mod watch;

use std::process::Command;
use std::sync::Arc;

use support::embedded::Embedded;
use support::liar::{Liar, Script};
use support::program::Ftpsh;
use tempfile::TempDir;
use terminal::Terminal;

/// A home that several runs share.
fn home() -> Arc<TempDir> {
    Arc::new(TempDir::with_prefix("ftpsh-home-").unwrap())
}

/// The program without colour, in a terminal that can move its cursor.
fn ftpsh(home: &Arc<TempDir>, arguments: &[&str]) -> Command {
    let program = Ftpsh::at(home).args(arguments).env("TERM", "xterm").env("NO_COLOR", "1");
    program.env("FTPSH_TEST_PASSWORD", "s3cret-word").command()
}

/// Connected to an honest server with some files, at the prompt.
fn connected(home: &Arc<TempDir>, more: &[&str]) -> (Embedded, Terminal) {
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    std::fs::write(server.root.join("notes.txt"), "remember the milk\n").unwrap();
    std::fs::write(server.root.join("my file.txt"), "spaces\n").unwrap();
    std::fs::create_dir_all(server.root.join("docs/old")).unwrap();
    std::fs::write(server.root.join("docs/old/c.txt"), "old c\n").unwrap();
    let terminal = Terminal::start(ftpsh(home, &logged_in(&server.url(), more)));
    (server, at_prompt(terminal))
}

/// Connected to a scripted server, at the prompt.
fn lied_to(home: &Arc<TempDir>, script: Script, more: &[&str]) -> (Liar, Terminal) {
    let liar = Liar::start(script);
    let terminal = Terminal::start(ftpsh(home, &logged_in(&liar.url(), more)));
    (liar, at_prompt(terminal))
}

fn logged_in<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let how = ["--trust", "accept-new", "--password-env", "FTPSH_TEST_PASSWORD", url];
    [more, &how].concat()
}

fn at_prompt(mut terminal: Terminal) -> Terminal {
    terminal.expect(PROMPT);
    terminal
}

/// The prompt at the top of either server.
const PROMPT: &str = "ftpsh tester@127.0.0.1:PORT:/> ";
