//! Questions before something is replaced or deleted.

use crate::{PROMPT, connected, home, lied_to};
use support::liar::{Data, Script, Step};

const QUESTION: &str = "? [y]es [n]o [a]ll n[o]ne ne[w]er [q]uit ";

#[test]
fn a_download_asks_with_sizes_until_it_is_answered_and_all_holds_for_the_command() {
    let home = home();
    let (server, mut terminal) = connected(&home, &[]);
    for name in ["a1", "a2", "a3", "b1", "b2"] {
        std::fs::write(server.root.join(name), "new content").unwrap();
        std::fs::write(home.path().join(name), "old").unwrap();
    }
    let local = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();
    terminal.send("get a1 a2 a3\r");
    terminal.expect("Replace a1 (3 B, ");
    terminal.expect(") with 11 B, ");
    terminal.expect(QUESTION);
    terminal.send("perhaps\r");
    terminal.expect("Replace a1 (");
    terminal.send("n\r");
    terminal.expect("Replace a2 (");
    terminal.send("a\r");
    terminal.expect(PROMPT);
    assert_eq!(
        (local("a1"), local("a2"), local("a3")),
        ("old".into(), "new content".into(), "new content".into())
    );
    // Quit ends the command, and what depends on its success.
    terminal.send("get b1 b2 && echo not-reached; echo done\r");
    terminal.expect("Replace b1 (");
    terminal.send("q\r");
    terminal.expect("\ndone");
    terminal.expect(PROMPT);
    assert_eq!((local("b1"), local("b2")), ("old".into(), "old".into()));
    terminal.send_ctrl_d();
    let (_, shown) = terminal.end();
    assert_eq!(shown.matches("Replace ").count(), 4, "{shown}");
    assert!(!shown.contains("\nnot-reached"), "{shown}");
}

#[test]
fn an_upload_asks_and_what_it_replaces_is_renamed_into_place() {
    let home = home();
    let script = Script::new().file("/old.txt", "what was there").file("/dir/x", "");
    let (liar, mut terminal) = lied_to(&home, script, &[]);
    std::fs::write(home.path().join("old.txt"), "changed").unwrap();
    std::fs::write(home.path().join("new.txt"), "fresh").unwrap();
    terminal.send("put new.txt old.txt\r");
    terminal.expect("Replace old.txt (14 B, ");
    terminal.expect(") with 7 B, ");
    terminal.expect(QUESTION);
    terminal.send("no\r");
    terminal.expect(PROMPT);
    assert_eq!(liar.content("/old.txt").unwrap(), b"what was there");
    assert_eq!(liar.content("/new.txt").unwrap(), b"fresh");
    assert_eq!(liar.wire.lines("STOR"), ["STOR new.txt"]);
    terminal.send("put old.txt\r");
    terminal.expect(QUESTION);
    terminal.send("y\r");
    terminal.expect(PROMPT);
    assert_eq!(liar.content("/old.txt").unwrap(), b"changed");
    assert_eq!(liar.wire.lines("STOR")[1], "STOR .old.txt.ftpsh-part");
    assert_eq!(liar.wire.lines("RNTO"), ["RNTO old.txt"]);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn what_follows_a_question_without_an_answer_is_on_a_line_of_its_own() {
    let home = home();
    let script = Script::new().file("/a", "text").file("/s/b", "text");
    let (_liar, mut terminal) = lied_to(&home, script, &[]);
    std::fs::write(home.path().join("a"), "old").unwrap();
    std::fs::create_dir(home.path().join("here")).unwrap();
    std::fs::write(home.path().join("here/surplus"), "").unwrap();
    terminal.send("get a\r");
    terminal.expect(QUESTION);
    terminal.send("\x03");
    terminal.expect("^C\r\nftpsh: interrupted\r\n");
    terminal.expect(PROMPT);
    terminal.send("mirror --delete s here\r");
    terminal.expect("(1 file)? ");
    terminal.send("\x03");
    // The deletion is what is left to do.
    terminal.expect("^C\r\nftpsh: interrupted: 1 of 1 files done\r\n");
    terminal.expect(PROMPT);
    terminal.send("get a; echo after\r");
    terminal.expect(QUESTION);
    terminal.send("\x04");
    terminal.expect("\r\nafter");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn a_broken_upload_that_replaces_a_file_is_resumed_and_the_file_stays_until_then() {
    let home = home();
    let script = Script::new().file("/a", "what was there").data("STOR", Data::Reset(150_000));
    let (liar, mut terminal) = lied_to(&home, script, &["--set", "net:max-retries=0"]);
    std::fs::write(home.path().join("a"), vec![b'x'; 300_000]).unwrap();
    terminal.send("put a\r");
    terminal.expect(QUESTION);
    terminal.send("y\r");
    terminal.expect(PROMPT);
    assert_eq!(liar.content("/a").unwrap(), b"what was there");
    assert!(liar.content("/.a.ftpsh-part").is_some());
    terminal.send("put -c a\r");
    terminal.expect("were there) in ");
    terminal.expect(PROMPT);
    assert!(liar.content("/a").unwrap() == vec![b'x'; 300_000]);
    assert_eq!(liar.wire.lines("APPE"), ["APPE .a.ftpsh-part"]);
    assert_eq!(liar.files.lock().unwrap().paths(), [b"/a"]);
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn an_upload_replaces_in_place_where_the_server_allows_no_other_name() {
    let home = home();
    for refused in ["STOR /.old.txt.ftpsh-part", "RNTO /old.txt"] {
        let (verb, path) = refused.split_once(' ').unwrap();
        let script = Script::new().file("/old.txt", "what was there").of(
            verb,
            path,
            Step::reply("553 not here"),
        );
        let (liar, mut terminal) = lied_to(&home, script, &[]);
        std::fs::write(home.path().join("old.txt"), "changed").unwrap();
        terminal.send("put old.txt\r");
        terminal.expect(QUESTION);
        terminal.send("y\r");
        terminal.expect(PROMPT);
        assert_eq!(liar.content("/old.txt").unwrap(), b"changed", "{refused}");
        assert!(liar.content("/.old.txt.ftpsh-part").is_none(), "{refused}");
        terminal.send_ctrl_d();
        terminal.end();
    }
}

#[test]
fn a_deletion_says_which_tree_where_and_how_much_and_lists_it() {
    let home = home();
    let script = Script::new()
        .file("/docs/a", "")
        .file("/docs/b", "")
        .file("/docs/sub/c", "")
        .file("/keep", "");
    let (liar, mut terminal) = lied_to(&home, script, &[]);
    terminal.send("rm -r docs\r");
    terminal.expect(&format!("Remove docs on {} (3 files, 2 directories)? ", liar.addr));
    terminal.expect("[y]es [N]o [l]ist ");
    terminal.send("what\r");
    terminal.expect("[l]ist ");
    terminal.send("l\r");
    terminal.expect("\n  docs/sub/\r\n");
    terminal.expect("  docs/sub/c\r\n");
    terminal.expect("[l]ist ");
    terminal.send("\r");
    terminal.expect(PROMPT);
    assert!(liar.wire.lines("DELE").is_empty() && liar.wire.lines("RMD").is_empty());

    std::fs::create_dir_all(home.path().join("dest/old")).unwrap();
    std::fs::write(home.path().join("dest/old/x"), "").unwrap();
    terminal.send("mirror --delete docs dest\r");
    terminal
        .expect("Delete from dest on this computer what the source lacks (1 file, 1 directory)? ");
    terminal.send("l\r");
    terminal.expect("  old/x\r\n");
    terminal.expect("[l]ist ");
    terminal.send("y\r");
    terminal.expect(PROMPT);
    assert!(!home.path().join("dest/old").exists() && home.path().join("dest/sub/c").exists());
    // The other side.
    terminal.send("mirror -R --delete dest /docs\r");
    terminal.expect(PROMPT);
    std::fs::remove_file(home.path().join("dest/a")).unwrap();
    terminal.send("mirror -R --delete dest /docs\r");
    terminal
        .expect(&format!("Delete from /docs on {} what the source lacks (1 file)? ", liar.addr));
    terminal.send("n\r");
    terminal.expect(PROMPT);
    assert!(liar.content("/docs/a").is_some());
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_second_name_that_is_no_source_is_asked_about_in_one_sentence() {
    let home = home();
    let script = Script::new().file("/notes.txt", "there").dir("/docs");
    let (liar, mut terminal) = lied_to(&home, script, &[]);
    std::fs::write(home.path().join("a.txt"), "here").unwrap();
    terminal.send(&format!("lcd {}\r", home.path().display()));
    terminal.expect(PROMPT);
    for (line, question) in [
        (
            "put a.txt docs",
            "docs: no such file here. Store a.txt on the server in the directory docs",
        ),
        ("put a.txt b.txt", "b.txt: no such file here. Store a.txt on the server as b.txt"),
        ("get notes.txt c.txt", "c.txt: no such file on the server. Store notes.txt here as c.txt"),
    ] {
        terminal.send(&format!("{line}\r"));
        terminal.expect(question);
        terminal.expect("(y/N)? ");
        terminal.send("y\r");
        terminal.expect(PROMPT);
    }
    assert_eq!(std::fs::read(home.path().join("c.txt")).unwrap(), b"there");
    assert_eq!(liar.wire.lines("STOR").len(), 2);
    // What is as it was takes no effect later.
    terminal.send("set ftp:passive-mode on; echo done\r");
    terminal.expect("\ndone");
    assert!(!terminal.transcript().contains("takes effect"), "{}", terminal.transcript());
    terminal.send("set ftp:mode pasv\r");
    terminal.expect("ftp:mode takes effect with the next connection");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}
