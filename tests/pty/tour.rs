//! The TOUR of the man page (`help tour`) is what happens on the server of `ftpsh demo`.

use ftpsh::commands::find_topic;
use regex::Regex;
use support::embedded::Embedded;
use support::samples::write_samples;

use crate::picture::emulate;
use crate::terminal::Terminal;
use crate::{ftpsh, home};

/// What is different in each run: ports, fingerprints, times, the home directory.
fn without_chance(text: &str) -> Vec<String> {
    let mut text = text.to_owned();
    for (chance, constant) in [
        (r"127\.0\.0\.1(:|, port )\d+", "127.0.0.1${1}PORT"),
        ("SHA256:[A-Za-z0-9+/]{43}", "SHA256:…"),
        (r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "DATE$1"),
        (r"DATE \d\d:\d\d", "DATE"),
        (r"in \d+\.\ds", "in TIME"),
        (r"remembered in \S+/ftpsh/known_servers", "remembered in FILE"),
    ] {
        text = Regex::new(chance).unwrap().replace_all(&text, constant).into_owned();
    }
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn the_tour_of_the_man_page_is_what_happens() {
    let text = find_topic("tour").unwrap().text();
    let session = text.split("\n\n").find(|part| part.starts_with("    ")).unwrap();
    let lines: Vec<_> = session.lines().map(|line| line.strip_prefix("    ").unwrap()).collect();
    let typed = lines.iter().filter_map(|line| {
        let (prompt, typed) = line.split_once("> ")?;
        prompt.starts_with("ftpsh ").then_some(typed)
    });

    let server = Embedded::serve("guest", "guest").unwrap();
    write_samples(&server.root).unwrap();
    let home = home();
    let mut command = ftpsh(&home, &["--set", "ftp:sync-mode=yes", &server.url()]);
    std::fs::create_dir(home.path().join("local")).unwrap();
    command.current_dir(home.path().join("local"));
    let mut terminal = Terminal::with_size(command, 80, 40);
    terminal.expect("[no]? ");
    terminal.send("yes\r");
    terminal.expect("Password for ");
    terminal.send("guest\r");
    let mut count = 0;
    for line in typed {
        terminal.await_prompt();
        terminal.send(&format!("{line}\r"));
        count += 1;
    }
    assert!(count >= 6, "{count}");
    let (status, transcript) = terminal.end();
    assert_eq!(status, 0);
    let shown = emulate(&transcript).contents();
    assert_eq!(without_chance(&shown), without_chance(&lines.join("\n")));
}
