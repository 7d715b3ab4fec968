//! `bookmark import`: other programs' sites as bookmarks, without their passwords.

use std::sync::Arc;
use support::program::Ftpsh;

const SITES: &str = "<?xml version=\"1.0\"?>\n<FileZilla3><Servers><Folder>Work\n\
    <Server><Host>ftp.example.org</Host><Port>2121</Port><Protocol>0</Protocol><User>bob</User>\
    <Pass>hunter2</Pass><Name>main</Name></Server></Folder>\n\
    <Server><Host>h</Host><Protocol>1</Protocol><Name>shell</Name></Server>\n\
    </Servers></FileZilla3>\n";

fn run(call: &Ftpsh, commands: &str) -> support::program::Ran {
    Ftpsh::at(&call.home()).args(["-c", commands]).run()
}

#[test]
fn sites_become_bookmarks_and_passwords_stay_behind() {
    let call = Ftpsh::new();
    let home: Arc<_> = call.home();
    std::fs::write(home.path().join("sites.xml"), SITES).unwrap();
    let ran = run(&call, "bookmark import sites.xml; bookmark list").ok();
    let ran = ran.stdout_has("Work.main").stdout_has("ftpes://bob@ftp.example.org:2121");
    let ran = ran.stderr_has("shell: skipped, because it is SFTP").stderr_has("added: 1");
    ran.stderr_has("used plain FTP").stderr_has("passwords in the file").never_says("hunter2");
    let kept = std::fs::read_to_string(home.path().join("ftpsh/bookmarks")).unwrap();
    assert!(!kept.contains("hunter2"), "{kept}");
    // Again: nothing is new, and nothing is wrong.
    run(&call, "bookmark import sites.xml").ok().stderr_has("added: 0");
}

#[test]
fn a_bookmark_that_is_there_is_not_changed() {
    let call = Ftpsh::new();
    let file = call.home().path().join("lftp");
    std::fs::write(&file, "a ftps://new\nb ftps://b\n").unwrap();
    let ran = run(&call, "bookmark add a ftps://old; bookmark import lftp").status(1);
    ran.stderr_has("line 1: a: bookmark already exists");
    let list = run(&call, "bookmark list").ok();
    assert!(list.out().contains("ftps://old") && list.out().contains("ftps://b"), "{list}");
}

#[test]
fn names_that_a_shell_would_act_on_are_changed_and_never_completed() {
    let call = Ftpsh::new();
    let file = call.home().path().join("lftp");
    std::fs::write(&file, "$(touch${IFS}x) ftps://a\n!rm ftps://b\na;b ftps://c\n-e ftps://d\n")
        .unwrap();
    let ran = run(&call, "bookmark import lftp; bookmark list").ok();
    for (was, name) in
        [("!rm", "rm"), ("a;b", "a-b"), ("-e", "e"), ("$(touch${IFS}x)", "touch-IFS-x")]
    {
        let notice = format!("{was}: a shell would interpret this name");
        assert!(ran.err().contains(&notice), "{ran}");
        assert!(ran.out().lines().any(|line| line.starts_with(&format!("{name} "))), "{ran}");
    }
    for name in ["'$(x)'", "'a;b'", "'!x'"] {
        run(&call, &format!("bookmark add {name} ftps://h")).status(2);
    }
    // Nor is what somebody wrote into the file.
    let bookmarks = call.home().path().join("ftpsh/bookmarks");
    std::fs::write(bookmarks, "$(x) ftps://h\n;y ftps://h\n-z ftps://h\ngood ftps://h\n").unwrap();
    let ran = Ftpsh::at(&call.home()).args(["__complete", "targets", "--", ""]).run().ok();
    ran.stdout_is("good\n");
}

#[test]
fn other_files_are_refused() {
    let call = Ftpsh::new();
    for (content, why) in [("<html/>", "not a file of FileZilla's sites"), ("<a", "not a file")] {
        std::fs::write(call.home().path().join("x"), content).unwrap();
        run(&call, "bookmark import x").status(9).stderr_has(why);
    }
    run(&call, "bookmark import missing").status(9);
}
