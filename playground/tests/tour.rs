//! The playground as a newcomer sees it, with the ftpsh that is built beside it (`cargo test --workspace`).

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use expectrl::{ControlCode, Eof, Expect as _, Regex, Session};

fn playground() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ftpsh-playground"));
    command.env("TERM", "xterm").env("NO_COLOR", "1").env("PAGER", "cat");
    command
}

fn run(arguments: &[&str]) -> Output {
    playground().args(arguments).output().unwrap()
}

#[test]
fn every_line_of_the_tour_works_and_the_first_words_are_about_the_server_and_its_certificate() {
    let mut session = Session::spawn(playground()).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(30)));
    let introduction = session.expect("The certificate of 127.0.0.1").unwrap();
    let introduction = String::from_utf8_lossy(introduction.before()).into_owned();
    assert!(introduction.starts_with("A temporary FTPS server is on 127.0.0.1:"), "{introduction}");
    assert!(!introduction.contains("ftpsh: "), "{introduction}");
    session.expect("[no]? ").unwrap();
    session.send("yes\r").unwrap();
    session.expect("Password for guest@127.0.0.1").unwrap();
    session.send("guest\r").unwrap();
    let login = session.expect("/> ").unwrap();
    assert!(!login.as_bytes().windows(7).any(|at| at == b"pipelin"), "{login:?}");

    let (_, lines) = introduction.split_once("Things to try:").unwrap();
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let commands: Vec<_> = lines.map(|line| line.split("  ").next().unwrap()).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        session.send(format!("{command}\r")).unwrap();
        session.expect(command).unwrap();
        // The prompt of a command that failed begins with its status.
        let shown = session.expect(Regex(r"(\[\d+\] )?ftpsh guest@[0-9.]+:\d+:/> ")).unwrap();
        assert!(!shown.as_bytes().windows(7).any(|at| at == b"ftpsh: "), "{command}: {shown:?}");
        let prompt = shown.get(0).unwrap();
        assert!(prompt.starts_with(b"ftpsh"), "{command}: {}", String::from_utf8_lossy(prompt));
    }
    session.send(ControlCode::EOT).unwrap();
    session.expect(Eof).unwrap();
}

#[test]
fn without_a_terminal_a_short_script_runs_and_nothing_is_left() {
    let directory = tempfile::TempDir::new().unwrap();
    let ran = playground().env("TMPDIR", directory.path()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}{err}");
    assert!(
        out.contains("Welcome to the playground.") && out.contains("numbers-again.csv"),
        "{out}"
    );
    assert!(!err.contains("pipelin"), "{err}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn the_proxy_of_the_environment_is_not_asked_for_a_server_on_this_machine() {
    let ran = playground().env("all_proxy", "http://127.0.0.1:1").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn arguments_reach_the_shell_and_its_exit_status_is_returned() {
    let ran = run(&["-c", "cat welcome.txt"]);
    assert_eq!(ran.stdout, b"Welcome to the playground.\n");
    assert_eq!(run(&["-c", "cat absent"]).status.code(), Some(8));
}

#[test]
fn when_it_is_terminated_the_shell_ends_first_and_nothing_is_left() {
    let directory = tempfile::TempDir::new().unwrap();
    let mut child = playground()
        .args(["-c", "cat welcome.txt; sleep 60"])
        .env("TMPDIR", directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
