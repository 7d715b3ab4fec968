//! `mirror -R --watch --manifest`: the manifest says at every moment what is certain, whatever ends
//! the watch, and nobody else changes the target meanwhile.

use super::manifest::assert_true_of;
use super::watch::{Watched, rename};
use super::{below, there};
use rustix::process::Signal;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::liar::{Data, Script, Step};
use support::program::{Ftpsh, wait};
use support::scene::Scene;

const OPTIONS: &str = " --manifest --delete --yes";
const DEPLOY: &str = "mirror -R -v --manifest --delete --yes src";
const MANIFEST: &str = ".ftpsh-manifest";

impl Watched {
    fn manifest(&self) -> String {
        String::from_utf8(self.there(MANIFEST).unwrap_or_default()).unwrap()
    }

    /// Whether the manifest has a file in doubt.
    fn doubts(&self, path: &str) -> bool {
        self.manifest().lines().any(|line| line.starts_with("- -") && line.ends_with(path))
    }

    /// The manifest is true, has everything, and is not locked.
    #[track_caller]
    fn assert_true(&self) {
        assert_true_of(&self.scene, "src", &self.manifest());
        let there = there(&self.scene, "src");
        let others: Vec<_> = there.iter().filter(|path| !path.starts_with(MANIFEST)).collect();
        assert_eq!(others, below(&self.scene, "src").iter().collect::<Vec<_>>());
        assert!(!there.iter().any(|path| path.contains(".lock")), "{there:?}");
    }

    /// How many commands have come.
    fn seen(&self) -> usize {
        self.scene.liar.wire.commands().len()
    }

    /// The uploads and renames since then, without the directory.
    fn written_since(&self, seen: usize) -> Vec<String> {
        let lines = self.scene.liar.wire.commands().into_iter().skip(seen);
        let lines =
            lines.filter(|line| ["STOR", "RNTO", "DELE"].iter().any(|v| line.starts_with(v)));
        lines.map(|line| line.replace("/src/", "")).collect()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.scene.liar.wire.wait_idle();
    }
}

/// As from another computer.
fn elsewhere(scene: &Scene) -> Ftpsh {
    let call = Ftpsh::at(&Arc::new(tempfile::tempdir().unwrap())).cwd(&scene.dest);
    let call = call.arg(scene.liar.url()).args(["--fingerprint", &scene.liar.fingerprint]);
    call.args(["--password-env", "SECRET"]).env("SECRET", &scene.liar.password)
}

const ANNOUNCEMENT: [&str; 2] = ["STOR .ftpsh-manifest.new", "RNTO .ftpsh-manifest"];

#[test]
fn a_new_file_is_sent_at_once_and_one_that_is_replaced_is_in_doubt_before() {
    let mut watched = Watched::start(Script::new(), &["a", "b", "d/", "d/c"], OPTIONS);
    assert_true_of(&watched.scene, "src", &watched.manifest());
    let seen = watched.seen();
    watched.write("new", "new");
    watched.until_sent("new", "new");
    assert_eq!(watched.written_since(seen)[0], "STOR new");
    let seen = watched.seen();
    watched.write("a", "changed");
    watched.until_sent("a", "changed");
    let written = watched.written_since(seen);
    assert_eq!(written, [ANNOUNCEMENT[0], ANNOUNCEMENT[1], "STOR a"]);
    assert!(watched.doubts(" a"), "{}", watched.manifest());
    // It still is: a second save needs no other manifest.
    let seen = watched.seen();
    watched.write("a", "changed again");
    watched.until_sent("a", "changed again");
    assert_eq!(watched.written_since(seen), ["STOR a"]);
    // Both ends of a rename are, and what is deleted.
    let seen = watched.seen();
    rename(&watched, "b", "d/b");
    watched.until("a rename", |watched| watched.err().contains("renamed b to d/b"));
    assert_eq!(watched.written_since(seen), [ANNOUNCEMENT[0], ANNOUNCEMENT[1], "RNTO d/b"]);
    assert!(watched.doubts(" b") && !watched.manifest().contains("d/b"), "{}", watched.manifest());
    let seen = watched.seen();
    std::fs::remove_dir_all(watched.local("d")).unwrap();
    watched.until("a deletion", |watched| watched.err().contains("deleted d/\n"));
    assert_eq!(watched.written_since(seen)[..2], ANNOUNCEMENT);
    assert_eq!(watched.end(), 0, "{}", watched.err());
    watched.assert_true();
    watched.scene.run(DEPLOY).ok().stderr_has("up to date (2 files)");
}

#[test]
fn a_watch_at_rest_has_a_true_manifest_and_a_lock() {
    let mut watched = Watched::start(Script::new(), &["a", "b"], OPTIONS);
    watched.write("a", "changed");
    std::fs::remove_file(watched.local("b")).unwrap();
    watched.until_sent("a", "changed");
    watched.until("a true manifest", |watched| {
        let text = watched.manifest();
        !text.contains("- -") && text.lines().count() == 2
    });
    assert_true_of(&watched.scene, "src", &watched.manifest());
    watched.scene.run(DEPLOY).status(8).stderr_has("another mirror of this computer runs");
    let other = elsewhere(&watched.scene).args(["-c", DEPLOY]).run().status(8);
    let pid = watched.child.id();
    other.stderr_has("held by").stderr_has(&format!("(process {pid})"));
    assert_eq!(watched.end(), 0);
    watched.assert_true();
    elsewhere(&watched.scene).args(["-c", DEPLOY]).run().ok().stderr_has("up to date (1 file)");
}

#[test]
fn a_first_run_without_a_manifest_deletes_nothing_and_the_watch_what_it_knows() {
    let mut watched = Watched::start(Script::new().file("/src/foreign", "f"), &["a"], OPTIONS);
    assert!(watched.err().contains("no manifest yet"), "{}", watched.err());
    assert!(!watched.manifest().contains("# unfinished"), "{}", watched.manifest());
    std::fs::remove_file(watched.local("a")).unwrap();
    watched.until("a deletion", |watched| watched.err().contains("deleted a\n"));
    assert_eq!(watched.end(), 0);
    assert_eq!(watched.there("foreign").unwrap(), b"f");
}

#[test]
fn a_file_whose_content_is_the_same_is_not_sent_again() {
    for options in [OPTIONS.to_owned(), format!("=1{OPTIONS}")] {
        let mut watched = Watched::start(Script::new(), &["a", "b"], &options);
        let seen = watched.seen();
        watched.write("a", "a");
        watched.write("last", "last");
        watched.until_sent("last", "last");
        assert_eq!(watched.end(), 0);
        assert_eq!(watched.written_since(seen)[0], "STOR last");
        assert!(!watched.err().contains("sent a"), "{}", watched.err());
        watched.assert_true();
    }
}

#[test]
fn sigterm_ends_it_with_a_true_manifest_and_without_a_lock() {
    let mut watched = Watched::start(Script::new(), &["a"], OPTIONS);
    watched.write("a", "changed");
    watched.until_sent("a", "changed");
    watched.signal(Signal::TERM);
    assert_eq!(wait(&mut watched.child, Duration::from_secs(10)), 143);
    watched.assert_true();
}

#[test]
fn a_manifest_that_others_may_read_is_told_when_the_watch_begins() {
    let script = Script::new().always("SITE", Step::reply("502 no SITE here"));
    let mut watched = Watched::start(script, &["a"], OPTIONS);
    assert!(watched.err().contains("others may be able to read it"), "{}", watched.err());
    assert_eq!(watched.end(), 0);
}

#[test]
fn a_silent_server_does_not_keep_a_watch_from_ending() {
    let mut watched = Watched::start(Script::new(), &["a", "b"], OPTIONS);
    watched.write("a", "changed");
    watched.until_sent("a", "changed");
    watched.scene.liar.change_script(|script| script.always("STOR", Step::Silence));
    let begun = Instant::now();
    assert_eq!(watched.end(), 130, "{}", watched.err());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(watched.err().contains("the manifest was not written"), "{}", watched.err());
    watched.scene.liar.change_script(|script| script.always("STOR", Step::Honest));
    watched.scene.run(DEPLOY).ok().stderr_has("up to date (2 files)");
    watched.assert_true();
}

#[test]
fn a_file_that_is_refused_stays_in_doubt() {
    let refusal = Script::new().of("STOR", "/src/a", Step::reply("553 not now"));
    let mut watched = Watched::start(refusal, &["a", "b"], OPTIONS);
    watched.write("a", "changed");
    watched.until("a refusal", |watched| watched.err().contains("not now"));
    watched.write("b", "changed");
    watched.until_sent("b", "changed");
    assert_eq!(watched.end(), 10);
    assert!(watched.doubts(" a") && !watched.doubts(" b"), "{}", watched.manifest());
    watched.scene.liar.change_script(|script| script.of("STOR", "/src/a", Step::Honest));
    let ran = watched.scene.run(DEPLOY).ok();
    assert_eq!(ran.out(), "put a\n", "{ran}");
    watched.assert_true();
}

#[test]
fn what_others_have_changed_is_left_by_a_watch_that_has_verified_it() {
    let mut watched = Watched::start(Script::new(), &["a", "b"], OPTIONS);
    assert_eq!(watched.end(), 0);
    watched.scene.liar.files.lock().unwrap().put(b"/src/a", b"by somebody else".to_vec());
    watched.start_again(&format!("{OPTIONS} --verify"));
    watched.write("a", "changed");
    watched.write("b", "changed");
    watched.until_sent("b", "changed");
    std::fs::remove_file(watched.local("a")).unwrap();
    watched.write("last", "last");
    watched.until_sent("last", "last");
    assert_eq!(watched.end(), 10);
    assert!(watched.err().contains("1 change by others left"), "{}", watched.err());
    assert_eq!(watched.there("a").unwrap(), b"by somebody else");
}

#[test]
fn a_manifest_in_the_source_is_not_sent_and_wakes_nobody() {
    let options = " --manifest=local:src/site.list --delete --yes";
    let mut watched = Watched::start(Script::new(), &["a"], options);
    for number in 0..3 {
        let content = format!("changed {number}");
        watched.write("a", &content);
        watched.until_sent("a", &content);
    }
    watched.write(".ftpsh-manifest", "of another tree");
    watched.write("last", "last");
    watched.until_sent("last", "last");
    assert_eq!(watched.end(), 0, "{}", watched.err());
    assert_eq!(there(&watched.scene, "src"), ["a", "last"]);
    assert_eq!(watched.lines("STOR").len(), 4, "{:?}", watched.lines("STOR"));
    let text = String::from_utf8(watched.scene.read("src/site.list").unwrap()).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
}

/// No connection is accepted any more.
fn go_away(watched: &Watched) {
    watched.scene.liar.change_script(|script| script.greeting(Step::Cut(Vec::new())));
    watched.scene.liar.hang_up();
}

fn come_back(watched: &Watched) {
    watched.scene.liar.change_script(|script| script.greeting(Step::Honest));
}

/// Its holder has said nothing for an hour.
fn let_lock_grow_old(watched: &Watched) {
    let mut files = watched.scene.liar.files.lock().unwrap();
    let locks = files.paths().into_iter().filter(|path| path.windows(6).any(|p| p == b".lock/"));
    locks.for_each(|path| assert!(files.set_time(&path, "20240102010000")));
}

/// A batch that cannot be sent: the server is away.
fn change_while_away(watched: &mut Watched) {
    go_away(watched);
    watched.write("a", "changed");
    watched.write("new", "new");
    rename(watched, "b", "c");
    std::fs::remove_file(watched.local("d")).unwrap();
    watched.until("a batch that failed", |watched| watched.err().contains("trying again in"));
}

#[test]
fn a_batch_is_executed_when_the_server_is_there_again() {
    for options in [" --delete --yes", OPTIONS] {
        let mut watched = Watched::start(Script::new(), &["a", "b", "d"], options);
        change_while_away(&mut watched);
        let seen = watched.seen();
        come_back(&watched);
        watched.until_sent("a", "changed");
        watched.until_sent("new", "new");
        watched.until("the rest", |watched| {
            let err = watched.err();
            err.contains("deleted d\n") && err.contains("renamed b to c")
        });
        assert_eq!(watched.end(), 0, "{}", watched.err());
        assert_eq!(watched.there("c").unwrap(), b"b");
        if options == OPTIONS {
            // The manifest that announces it was not written before.
            assert_eq!(watched.written_since(seen)[..2], ANNOUNCEMENT);
            watched.assert_true();
        }
    }
}

#[test]
fn a_watch_whose_lock_somebody_else_has_taken_meanwhile_ends_and_says_who() {
    let mut watched = Watched::start(Script::new(), &["a", "b", "d"], OPTIONS);
    let_lock_grow_old(&watched);
    let mut command = elsewhere(&watched.scene).args(["-c", "mirror -R --watch --manifest src"]);
    command = command.args(["--set", "net:reconnect-interval=1h"]);
    let mut command = command.command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut other = command.spawn().unwrap();
    let owner = format!("-{}-", other.id());
    let has_it = |watched: &Watched| {
        there(&watched.scene, "src").iter().any(|p| p.contains("@") && p.contains(&owner))
    };
    watched.until("another lock", has_it);
    let before = watched.manifest();
    change_while_away(&mut watched);
    other.kill().unwrap();
    other.wait().unwrap();
    let seen = watched.seen();
    come_back(&watched);
    assert_eq!(wait(&mut watched.child, Duration::from_secs(10)), 10, "{}", watched.err());
    let who = format!("(process {})", other.id());
    let err = watched.err();
    assert!(err.contains("was taken over by") && err.contains(&who), "{err}");
    assert_eq!(watched.written_since(seen), [""; 0]);
    assert_eq!((watched.manifest(), watched.there("d").unwrap()), (before, b"d".to_vec()));
    assert!(has_it(&watched), "it is still the other's");
}

#[test]
fn a_file_that_was_being_replaced_once_more_is_not_taken_for_what_it_was() {
    let mut watched = Watched::start(Script::new(), &["a", "b"], OPTIONS);
    watched.write("a", "first save");
    watched.until_sent("a", "first save");
    // Half of the second save arrives.
    watched.scene.liar.change_script(|script| script.data("STOR", Data::Stall(4)));
    let stores = watched.lines("STOR").len();
    watched.write("a", "second save");
    watched.until("the second save", |watched| watched.lines("STOR").len() > stores);
    watched.kill();
    watched.scene.liar.files.lock().unwrap().put(b"/src/a", b"second sa".to_vec());
    watched.write("a", "first save");
    watched.scene.run(DEPLOY).ok();
    watched.assert_true();
}

/// The journals of manifests of this computer.
fn journals(watched: &Watched) -> String {
    let mut waiting = vec![watched.scene.home.path().to_owned()];
    let mut text = String::new();
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "journal") {
                // It may be replaced just now.
                text += &std::fs::read_to_string(&path).unwrap_or_default();
            } else if path.is_dir() {
                waiting.push(path);
            }
        }
    }
    text
}

#[test]
fn what_a_killed_watch_had_begun_is_known_to_the_next_run_of_this_computer() {
    // A new file of which a part has arrived, and a new name whose reply has not.
    let mut watched = Watched::start(Script::new(), &["a", "b"], OPTIONS);
    watched.scene.liar.change_script(|script| script.data("STOR", Data::Stall(4)));
    watched.write("new", "new and long");
    watched.until("its beginning", |watched| journals(watched).contains("+ - - - new\n"));
    watched.kill();
    watched.scene.liar.files.lock().unwrap().put(b"/src/new", b"new ".to_vec());
    std::fs::remove_file(watched.local("new")).unwrap();
    let ran = watched.scene.run(DEPLOY).ok();
    assert_eq!(ran.out(), "delete new\n", "{ran}");
    watched.assert_true();

    watched.start_again(OPTIONS);
    watched.scene.liar.change_script(|script| script.of("RNTO", "/src/c", Step::Silence));
    rename(&watched, "b", "c");
    watched.until("its beginning", |watched| {
        watched.lines("RNTO").iter().any(|line| line.ends_with("/c"))
    });
    watched.kill();
    let mut files = watched.scene.liar.files.lock().unwrap();
    files.put(b"/src/c", b"b".to_vec());
    files.drop_file(b"/src/b");
    drop(files);
    rename(&watched, "c", "b");
    let ran = watched.scene.run(DEPLOY).ok();
    assert!(ran.out().contains("put b\n") && ran.out().contains("delete c\n"), "{ran}");
    watched.assert_true();
}

/// Runs a watch, changes files of each kind, and kills it when so many commands have come since.
fn killed_after(commands: usize) -> (Watched, bool) {
    let foreign = Script::new().file("/src/d/foreign", "foreign");
    let mut watched = Watched::start(foreign, &["a", "b", "c", "d/", "d/e", "d/f"], OPTIONS);
    let seen = watched.seen();
    watched.write("a", "changed, and longer");
    watched.write("new", "new");
    rename(&watched, "b", "d/b");
    rename(&watched, "c", "d/f");
    std::fs::remove_file(watched.local("d/e")).unwrap();
    let mut is_last = false;
    watched.until("it is time", |watched| {
        watched.seen() >= seen + commands || watched.err().contains("deleted d/e\n")
    });
    is_last |= watched.seen() < seen + commands;
    watched.kill();
    (watched, is_last)
}

#[test]
fn a_watch_that_is_killed_anywhere_is_finished_by_the_next_mirror() {
    // What the next mirror finds: all of this computer, another computer, and another computer where
    // the files are as they were before.
    let cases = ["same", "other", "reverted"].into_iter().cycle();
    for (commands, case) in (1..).step_by(2).zip(cases) {
        let (watched, is_last) = killed_after(commands);
        let mut call = watched.scene.call();
        if case != "same" {
            let_lock_grow_old(&watched);
            call = elsewhere(&watched.scene);
        }
        if case == "reverted" {
            std::fs::remove_file(watched.local("new")).unwrap();
            rename(&watched, "d/b", "b");
            rename(&watched, "d/f", "c");
            ["a", "d/e", "d/f"].iter().for_each(|path| watched.write(path, path));
        }
        let ran = call.args(["-c", DEPLOY]).run().ok();
        println!("{case}, killed after {commands}: {ran}");
        assert_eq!(watched.there("d/foreign").unwrap(), b"foreign");
        let mut files = watched.scene.liar.files.lock().unwrap();
        files.drop_file(b"/src/d/foreign");
        if case == "reverted" {
            // What was new is in no manifest.
            ["new", "d/b"]
                .iter()
                .for_each(|path| files.drop_file(format!("/src/{path}").as_bytes()));
        }
        drop(files);
        watched.assert_true();
        watched.scene.run(DEPLOY).ok().stderr_has("up to date");
        if is_last {
            assert!(commands > 20, "{commands}");
            break;
        }
    }
}
