//! `mirror -R --watch` at the prompt: Ctrl-C ends it, and a job of it can be stopped.

use crate::{PROMPT, home, lied_to};
use support::liar::Script;

#[test]
fn ctrl_c_ends_a_watch_with_a_summary_and_returns_to_a_prompt_that_works() {
    let home = home();
    let (liar, mut terminal) = lied_to(&home, Script::new().dir("/src"), &[]);
    let source = home.path().join("src");
    std::fs::create_dir(&source).unwrap();
    terminal.send(&format!("mirror -R --watch {}\r", source.display()));
    terminal.expect("watching; Ctrl-C ends");
    std::fs::write(source.join("a"), "saved").unwrap();
    terminal.expect("sent a: 5 B");
    assert_eq!(liar.content("/src/a").unwrap(), b"saved");
    terminal.send("\x03");
    terminal.expect("1 file (5 B) sent in ");
    terminal.expect(PROMPT);
    terminal.send("ls -1 src\r");
    terminal.expect("\na");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_watch_in_the_background_sends_until_it_is_killed() {
    let home = home();
    let (_liar, mut terminal) = lied_to(&home, Script::new().dir("/src"), &[]);
    let source = home.path().join("src");
    std::fs::create_dir(&source).unwrap();
    terminal.send(&format!("mirror -R --watch {} &\r", source.display()));
    terminal.expect("watching");
    std::fs::write(source.join("a"), "saved").unwrap();
    terminal.expect("sent a: 5 B");
    terminal.send("jobs\r");
    terminal.expect("running");
    terminal.send("kill 1\r");
    terminal.expect("1 file (5 B) sent in ");
    terminal.expect("[1] ");
    terminal.send("echo still here\r");
    terminal.expect("\nstill here");
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn ctrl_backslash_sends_a_watch_to_the_background() {
    for options in ["", " --manifest"] {
        let home = home();
        let (liar, mut terminal) = lied_to(&home, Script::new().dir("/src"), &[]);
        let source = home.path().join("src");
        std::fs::create_dir(&source).unwrap();
        terminal.send(&format!("mirror -R --watch{options} {}\r", source.display()));
        terminal.expect("watching; Ctrl-C ends");
        terminal.send("\x1c");
        terminal.expect("in the background now");
        terminal.expect("watching");
        std::fs::write(source.join("a"), "saved").unwrap();
        terminal.expect("sent a: 5 B");
        terminal.send("kill 1\r");
        terminal.expect("1 file (5 B) sent in ");
        terminal.expect("[1] ");
        terminal.send_ctrl_d();
        assert_eq!(terminal.end().0, 0);
        let manifest = liar.content("/src/.ftpsh-manifest");
        let has_it = manifest.is_some_and(|text| text.ends_with(b" 5 644 a\n"));
        assert_eq!(has_it, !options.is_empty());
        let paths = liar.files.lock().unwrap().paths();
        assert!(!paths.iter().any(|path| path.ends_with(b".lock")));
    }
}
