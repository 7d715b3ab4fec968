//! What a transfer shows while it runs, and what is left on the screen after a command.

use std::sync::Arc;
use std::time::Duration;

use crate::terminal::Terminal;
use crate::{PROMPT, home, lied_to};
use support::liar::{Liar, Script, Step};
use tempfile::TempDir;

/// The numbers before ` KiB/s`.
fn rates(shown: &str) -> Vec<f64> {
    let before = shown.split(" KiB/s").map(|text| text.rsplit(' ').next().unwrap_or_default());
    before.filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn a_download_shows_its_name_as_typed_and_a_rate_that_is_never_above_the_limit() {
    let home = home();
    let file = vec![b'x'; 400_000];
    let script = Script::new().file("/pub/big", file.clone()).file("/pub/other", file);
    let (_liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-total-rate=100k"]);
    terminal.send("cd pub\r");
    terminal.expect("/pub> ");
    terminal.send(&format!("get -P2 big other -O {}\r", home.path().display()));
    terminal.expect("0 of 2 files ");
    terminal.expect("\nbig  ");
    terminal.expect("ETA 0:0");
    let rates = rates(&terminal.transcript());
    assert!(!rates.is_empty() && rates.iter().all(|rate| *rate <= 100.0), "{rates:?}");
    terminal.send("\x03");
    terminal.expect("/pub> ");
    terminal.send_ctrl_d();
    terminal.end();
}

/// Two downloads under a rate limit, with a total line and two others on the screen.
fn downloading(home: &Arc<TempDir>, size: usize) -> (Liar, Terminal) {
    let script = Script::new().file("/big", vec![b'x'; size]).file("/other", vec![b'x'; size]);
    let (liar, mut terminal) = lied_to(home, script, &["--set", "net:limit-total-rate=100k"]);
    terminal.send(&format!("get -P2 big other -O {}\r", home.path().display()));
    terminal.expect("0 of 2 files ");
    terminal.expect("other ");
    (liar, terminal)
}

#[test]
fn a_narrower_terminal_shows_the_lines_afresh_and_nothing_of_the_old_ones() {
    let home = home();
    let (_liar, mut terminal) = downloading(&home, 1_000_000);
    terminal.resize(40, 24);
    // Each of the three lines takes two rows now.
    terminal.expect("\u{1b}[6A\r\u{1b}[J0 of 2 ");
    terminal.resize(100, 24);
    terminal.expect("\u{1b}[3A\r\u{1b}[J0 of 2 files ");
    // No more lines than rows, and one for the cursor.
    terminal.resize(100, 3);
    terminal.expect("\u{1b}[2A\r0 of 2 files ");
    terminal.send("\x03");
    terminal.expect(PROMPT);
}

#[test]
fn after_a_stop_the_lines_are_drawn_below_what_the_shell_wrote() {
    let home = home();
    let (_liar, mut terminal) = downloading(&home, 1_000_000);
    terminal.stop_and_continue(Duration::ZERO);
    // The end of a drawing, and one that moves up over nothing.
    terminal.expect("\u{1b}[J\u{1b}[J0 of 2 files ");
    terminal.expect("\u{1b}[3A\r0 of 2 files ");
    terminal.send("\x03");
    terminal.expect(PROMPT);
}

#[test]
fn the_time_of_a_stop_is_not_part_of_a_rate_or_a_duration() {
    let home = home();
    let script = Script::new().file("/big", vec![b'x'; 300_000]);
    let (_liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-rate=100k"]);
    terminal.send(&format!("get big -O {}\r", home.path().display()));
    terminal.expect(" 40% ");
    let before = terminal.transcript().len();
    terminal.stop_and_continue(Duration::from_secs(3));
    terminal.expect("big: 293.0 KiB in ");
    terminal.expect(" KiB/s)");
    let shown = terminal.transcript().split_off(before).replace("(", " ");
    let rates = rates(&shown);
    assert!(rates.len() > 5 && rates.iter().all(|rate| *rate > 75.0), "{rates:?}");
}

#[test]
fn what_is_typed_during_a_transfer_appears_at_the_prompt_after_it() {
    let home = home();
    let (_liar, mut terminal) = downloading(&home, 100_000);
    terminal.send("echo typed-ahead\recho and-half");
    terminal.expect("2 files, 195.3 KiB in ");
    let shown = terminal.transcript();
    let during = shown.split("2 files, ").next().unwrap();
    assert!(!during.contains("typed"), "{}", during.escape_debug());
    terminal.expect("echo typed-ahead");
    terminal.expect("\ntyped-ahead\r\n");
    terminal.expect("echo and-half");
    terminal.send("-more\r");
    terminal.expect("\nand-half-more");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn several_files_one_after_the_other_have_a_total_and_one_closing_line() {
    let home = home();
    let mut script = Script::new();
    for name in ["a", "b", "c"] {
        script = script.file(name, vec![b'x'; 60_000]);
    }
    // LIST tells sizes, but no exact times.
    let script = script.on("MLSD", Step::reply("502 no MLSD"));
    let (_liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-rate=100k"]);
    terminal.send(&format!("get -O {} *\r", home.path().display()));
    terminal.expect("0 of 3 files ");
    terminal.expect("/176 KiB ");
    terminal.expect("\na  ");
    terminal.expect("2 of 3 files ");
    terminal.expect("c: 58.6 KiB in ");
    terminal.expect("\u{1b}[J3 files, 175.8 KiB in ");
    terminal.expect(" KiB/s\r\n");
    terminal.expect(PROMPT);
    terminal.send(&format!("get -c -O {} *\r", home.path().display()));
    terminal.expect("3 files, 0 B in ");
    terminal.expect("; 3 already complete\r\n");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn above_twenty_files_single_done_lines_are_shown_only_with_v() {
    let home = home();
    let names = |count: usize| (0..count).map(|n| format!("f{n:02}"));
    let script = names(21).fold(Script::new(), |script, name| script.file(&name, "text"));
    let (_liar, mut terminal) = lied_to(&home, script, &[]);
    let target = home.path().display().to_string();
    terminal.send(&format!("get --overwrite -O {target} *\r"));
    terminal.expect("21 files, 84 B in ");
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("f07: 4 B in"), "a single done line");
    terminal.send(&format!("get --overwrite -O {target} f0*\r"));
    terminal.expect("f07: 4 B in");
    terminal.expect("10 files, 40 B in ");
    terminal.expect(PROMPT);
    terminal.send(&format!("debug 1; get --overwrite -P3 -O {target} *\r"));
    terminal.expect("f07: 4 B in");
    terminal.expect("21 files, 84 B in ");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn an_interruption_says_what_is_done_and_what_is_kept() {
    let home = home();
    let script = Script::new()
        .file("1.jpg", "short")
        .file("2.jpg", vec![b'x'; 500_000])
        .file("3.jpg", "short");
    let (liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-rate=50k"]);
    terminal.send(&format!("lcd {}; get *.jpg\r", home.path().display()));
    terminal.expect("1.jpg: 5 B in ");
    let partial = home.path().join(".2.jpg.ftpsh-part");
    while partial.metadata().map_or(0, |metadata| metadata.len()) < 80_000 {
        std::thread::yield_now();
    }
    terminal.send("\x03");
    terminal.expect("interrupted: 1 of 3 files done, 2.jpg kept at ");
    terminal.expect(" KiB; 'get -c …' resumes");
    terminal.expect(PROMPT);
    // A download without -c would throw it away.
    terminal.send("get 2.jpg\r");
    terminal.expect("2.jpg: ");
    let question = "of an earlier download are kept. Resume it? [y]es [n]o [a]ll n[o]ne [q]uit: ";
    terminal.expect(question);
    terminal.send("what\r");
    terminal.expect(question);
    terminal.send("y\r");
    terminal.expect("2.jpg  ");
    // Only the second one is resumed.
    liar.wire.wait_for("REST", 1);
    terminal.send("\x03");
    terminal.expect("interrupted: 2.jpg kept at ");
    terminal.expect(PROMPT);
    terminal.send("get 2.jpg\r");
    terminal.expect(question);
    terminal.send("q\r");
    terminal.expect("interrupted");
    terminal.expect(PROMPT);
    terminal.send("!mv 1.jpg 4.jpg; head -c 400000 /dev/zero > 5.jpg; touch 6.jpg\r");
    terminal.expect(PROMPT);
    terminal.send("put 4.jpg 5.jpg 6.jpg\r");
    terminal.expect("1 of 3 files ");
    terminal.expect(" 7% ");
    terminal.send("\x03");
    terminal.expect("interrupted: 1 of 3 files done, 5.jpg incomplete on the server (");
    terminal.expect(" KiB sent); 'put -c …' resumes");
    terminal.expect(PROMPT);
    assert_eq!(liar.wire.lines("STOR").len(), 2, "the third one was not begun");
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn the_time_that_a_question_waits_is_not_part_of_a_duration() {
    let home = home();
    let (_liar, mut terminal) = lied_to(&home, Script::new().file("/pub/a", "text"), &[]);
    std::fs::create_dir(home.path().join("here")).unwrap();
    std::fs::write(home.path().join("here/surplus"), "").unwrap();
    terminal.send(&format!("mirror --delete pub {}\r", home.path().join("here").display()));
    terminal.expect("(1 file)? ");
    let asked = std::time::Instant::now();
    while asked.elapsed() < Duration::from_millis(1500) {
        std::thread::yield_now();
    }
    terminal.send("y\r");
    terminal.expect("pub: 1 file (4 B) in 0.");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn output_without_a_line_feed_at_its_end_is_not_overwritten_by_the_prompt() {
    let script = Script::new().file("unfinished", "no line feed").file("finished", "one\n");
    let (_liar, mut terminal) = lied_to(&home(), script, &[]);
    // The mark, and blanks up to the next line or the end of this one.
    let blanks = format!("{}\r\u{1b}[K", " ".repeat(79));
    for (line, text) in
        [("cat unfinished", "no line feed"), ("!printf abc", "abc"), ("cat finished", "one\r\n")]
    {
        terminal.send(&format!("{line}\r"));
        terminal.expect(text);
        terminal.expect(&blanks);
        terminal.expect(PROMPT);
    }
    terminal.send_ctrl_d();
    terminal.end();
}
