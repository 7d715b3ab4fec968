//! `mirror -R --watch`: what is sent, renamed and deleted while it runs, and how it ends.

use super::{THEN, set_time};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::liar::{Script, Step};
use support::program::{Ftpsh, wait};
use support::scene::Scene;

/// A directory `src` that is watched.
pub(super) struct Watched {
    pub(super) scene: Scene,
    pub(super) child: Child,
}

impl Watched {
    /// `src` has these files, the same as on the server; directories end in a slash.
    pub(super) fn start(script: Script, files: &[&str], options: &str) -> Self {
        Self::start_with(script, files, options, &[])
    }

    pub(super) fn start_with(
        script: Script,
        files: &[&str],
        options: &str,
        arguments: &[&str],
    ) -> Self {
        let script = files.iter().fold(script, |script, file| match file.strip_suffix('/') {
            Some(directory) => script.dir(format!("/src/{directory}")),
            None => script.file(format!("/src/{file}"), *file),
        });
        let scene = Scene::new(script.dir("/src"));
        std::fs::create_dir(scene.path("src")).unwrap();
        for file in files {
            let path = scene.path(format!("src/{file}"));
            match file.ends_with('/') {
                true => std::fs::create_dir(path).unwrap(),
                false => {
                    std::fs::write(&path, file).unwrap();
                    set_time(&path, THEN);
                }
            }
        }
        let line = format!("mirror -R --watch{options} src");
        let call = scene.call().args(arguments).args(["-c", &line]);
        let mut watched = Self { child: spawn(&scene, &call), scene };
        watched.until("it watches", |watched| watched.err().contains("watching"));
        watched
    }

    /// Runs it once more.
    pub(super) fn start_again(&mut self, options: &str) {
        let line = format!("mirror -R --watch{options} src");
        self.child = spawn(&self.scene, &self.scene.call().args(["-c", &line]));
        self.until("it watches", |watched| watched.err().contains("watching"));
    }

    pub(super) fn err(&self) -> String {
        String::from_utf8_lossy(&self.scene.read("err").unwrap()).into_owned()
    }

    /// Waits for a condition.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition(self) {
            let is_late = Instant::now() > deadline;
            if is_late || self.child.try_wait().unwrap().is_some() && !condition(self) {
                let _ = self.child.kill();
                panic!("{what}: {}\n{:?}", self.err(), self.scene.liar.wire.commands());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    pub(super) fn local(&self, path: &str) -> std::path::PathBuf {
        self.scene.path(format!("src/{path}"))
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        std::fs::write(self.local(path), content).unwrap();
    }

    pub(super) fn there(&self, path: &str) -> Option<Vec<u8>> {
        self.scene.liar.content(format!("/src/{path}"))
    }

    #[track_caller]
    pub(super) fn until_sent(&mut self, path: &str, content: &str) {
        let line = format!("sent {path}: ");
        self.until(path, |watched| {
            watched.there(path).as_deref() == Some(content.as_bytes())
                && watched.err().contains(&line)
        });
    }

    pub(super) fn lines(&self, verb: &str) -> Vec<String> {
        self.scene.liar.wire.lines(verb)
    }

    /// Ends it as a user does. Returns the exit status.
    pub(super) fn end(&mut self) -> i32 {
        self.signal(Signal::INT);
        wait(&mut self.child, Duration::from_secs(10))
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

fn spawn(scene: &Scene, call: &Ftpsh) -> Child {
    let (out, err) = (scene.path("out"), scene.path("err"));
    let mut command = call.command();
    command.stdin(Stdio::null());
    command.stdout(File::create(out).unwrap()).stderr(File::create(err).unwrap());
    command.spawn().unwrap()
}

pub(super) fn rename(watched: &Watched, from: &str, to: &str) {
    std::fs::rename(watched.local(from), watched.local(to)).unwrap();
}

#[test]
fn what_changes_is_sent_renamed_and_deleted_until_ctrl_c() {
    let mut watched = Watched::start(Script::new(), &["a", "b", "d/", "d/c"], " --delete --yes");
    assert!(watched.lines("STOR").is_empty(), "all was there");
    watched.write("a", "changed");
    watched.until_sent("a", "changed");
    watched.write("new", "new");
    watched.until_sent("new", "new");
    rename(&watched, "new", "d/moved");
    watched.until("a rename", |watched| watched.err().contains("renamed new to d/moved"));
    assert_eq!(watched.there("d/moved").unwrap(), b"new");
    assert_eq!(watched.lines("STOR").len(), 2, "it is not sent again");
    rename(&watched, "d", "e");
    watched.until("a directory's rename", |watched| watched.err().contains("deleted d/"));
    assert_eq!(watched.there("e/c").unwrap(), b"d/c");
    assert_eq!((watched.lines("STOR").len(), watched.there("d/c")), (2, None));
    std::fs::remove_dir_all(watched.local("e")).unwrap();
    std::fs::remove_file(watched.local("b")).unwrap();
    watched.until("deletions", |watched| {
        watched.err().contains("deleted e/") && watched.err().contains("deleted b\n")
    });
    // A tree that comes at once.
    let tree = watched.scene.path("tree/deep");
    std::fs::create_dir_all(&tree).unwrap();
    std::fs::write(tree.join("f"), "f").unwrap();
    std::fs::rename(watched.scene.path("tree"), watched.local("tree")).unwrap();
    watched.until_sent("tree/deep/f", "f");
    assert_eq!(watched.end(), 0);
    let err = watched.err();
    assert!(err.contains("3 files ("), "{err}");
    let files = watched.scene.liar.files.lock().unwrap().paths();
    let files: Vec<_> = files.iter().map(|path| String::from_utf8_lossy(path)).collect();
    assert_eq!(files, ["/src", "/src/a", "/src/tree", "/src/tree/deep", "/src/tree/deep/f"]);
}

#[test]
fn without_delete_nothing_is_deleted() {
    let mut watched = Watched::start(Script::new(), &["a", "d/", "d/b"], "");
    std::fs::remove_file(watched.local("a")).unwrap();
    std::fs::remove_dir_all(watched.local("d")).unwrap();
    watched.write("last", "last");
    watched.until_sent("last", "last");
    assert_eq!(watched.end(), 0);
    assert!(watched.lines("DELE").is_empty() && watched.lines("RMD").is_empty());
}

#[test]
fn what_others_put_there_or_changed_is_left() {
    let mut watched = Watched::start(Script::new(), &["a", "d/", "d/b"], " --delete --yes");
    {
        let mut files = watched.scene.liar.files.lock().unwrap();
        files.put(b"/src/d/foreign", b"foreign".to_vec());
        files.put(b"/src/a", b"changed by others".to_vec());
    }
    std::fs::remove_dir_all(watched.local("d")).unwrap();
    std::fs::remove_file(watched.local("a")).unwrap();
    watched.until("both are left", |watched| {
        let err = watched.err();
        err.contains("/src/d: left") && err.contains("/src/a: left: it was changed on the server")
    });
    assert_eq!(watched.end(), 0);
    assert_eq!(watched.there("d/foreign").unwrap(), b"foreign");
    assert_eq!(watched.there("a").unwrap(), b"changed by others");
    assert_eq!(watched.there("d/b"), None);
}

#[test]
fn what_is_gone_on_both_sides_is_no_failure() {
    for options in [" --delete --yes", " --delete-first --yes", " --delete --yes --manifest"] {
        let mut watched = Watched::start(Script::new(), &["a", "b"], options);
        watched.scene.liar.files.lock().unwrap().drop_file(b"/src/a");
        std::fs::remove_file(watched.local("a")).unwrap();
        std::fs::remove_file(watched.local("b")).unwrap();
        watched.until("deletions", |watched| {
            watched.err().contains("deleted a\n") && watched.err().contains("deleted b\n")
        });
        assert_eq!(watched.end(), 0, "{options}: {}", watched.err());
        assert_eq!(watched.there("b"), None);
    }
}

#[test]
fn an_editor_sends_one_file_a_save() {
    let mut watched = Watched::start(Script::new(), &["a"], " --delete --yes");
    let saves = |watched: &Watched| watched.err().matches("sent a: ").count();
    for (number, save) in [(1, "one"), (2, "two")] {
        // As vim does.
        watched.write("4913", "");
        std::fs::remove_file(watched.local("4913")).unwrap();
        watched.write(".a.swp", "swap");
        rename(&watched, "a", "a~");
        watched.write("a", save);
        std::fs::remove_file(watched.local("a~")).unwrap();
        watched.until("a save", |watched| saves(watched) == number);
        assert_eq!(watched.there("a").unwrap(), save.as_bytes());
    }
    // As others do.
    watched.write("a.tmp.123", "three");
    rename(&watched, "a.tmp.123", "a");
    watched.until("a save", |watched| saves(watched) == 3);
    assert_eq!(watched.there("a").unwrap(), b"three");
    assert_eq!(watched.end(), 0);
    assert_eq!(watched.lines("STOR"), ["STOR /src/a"; 3]);
    assert!(watched.lines("DELE").is_empty() && watched.lines("RNFR").is_empty());
}

#[test]
fn a_lost_connection_loses_no_change() {
    let script =
        Script::new().on("STOR", Step::Close(Vec::new())).on("STOR", Step::Close(Vec::new()));
    let mut watched = Watched::start(script, &["a"], " --delete --yes");
    watched.write("b", "b");
    std::fs::remove_file(watched.local("a")).unwrap();
    watched.until_sent("b", "b");
    watched.until("a deletion", |watched| watched.err().contains("deleted a\n"));
    assert_eq!(watched.end(), 0);
}

#[test]
fn a_file_that_the_server_refuses_is_a_failure_until_it_is_sent() {
    let refusal = || Script::new().of("STOR", "/src/no", Step::reply("553 not this name"));
    let mut watched = Watched::start(refusal(), &[], "");
    watched.write("no", "no");
    watched.until("a refusal", |watched| watched.err().contains("not this name"));
    watched.write("yes", "yes");
    watched.until_sent("yes", "yes");
    assert_eq!(watched.end(), 10);
    assert!(watched.err().contains("1 change not sent"), "{}", watched.err());
    // Under another name it is not one any more.
    let mut watched = Watched::start(refusal(), &[], "");
    watched.write("no", "no");
    watched.until("a refusal", |watched| watched.err().contains("not this name"));
    rename(&watched, "no", "yes");
    watched.until_sent("yes", "no");
    assert_eq!(watched.end(), 0, "{}", watched.err());
}

#[test]
fn a_watched_directory_that_goes_ends_it_and_deletes_nothing() {
    let mut watched = Watched::start(Script::new(), &["a", "b"], " --delete --yes");
    std::fs::rename(watched.scene.path("src"), watched.scene.path("elsewhere")).unwrap();
    let status = wait(&mut watched.child, Duration::from_secs(10));
    assert_eq!(status, 9, "{}", watched.err());
    assert!(watched.err().contains("the directory was removed or replaced"), "{}", watched.err());
    assert!(watched.lines("DELE").is_empty());
}

#[test]
fn where_it_is_asked_for_the_tree_is_looked_at_every_so_many_seconds() {
    let mut watched = Watched::start(Script::new(), &["a", "b"], "=1 --delete --yes");
    assert!(watched.err().contains("watching by looking every 1"), "{}", watched.err());
    watched.write("a", "changed");
    std::fs::remove_file(watched.local("b")).unwrap();
    watched.until_sent("a", "changed");
    watched.until("a deletion", |watched| watched.err().contains("deleted b\n"));
    assert_eq!(watched.end(), 0);
}

/// The system keeps so many messages for a program that does not read them.
#[cfg(target_os = "linux")]
fn most_messages() -> usize {
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    limit.trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn what_changes_while_the_system_loses_messages_is_found_and_sent() {
    let mut watched = Watched::start(Script::new(), &["a", "d/", "d/b", "e/"], " --delete --yes");
    // It reads nothing for a while.
    watched.signal(Signal::STOP);
    std::fs::write(watched.local("e/.x.swp"), "").unwrap();
    for number in 0..=most_messages() / 4 {
        // Messages that are equal to the one before are not kept.
        let name = ["e/.x.swp", "e/.y.swp"][number % 2];
        std::fs::rename(watched.local(name), watched.local("e/.z.swp")).unwrap();
        let name = ["e/.y.swp", "e/.x.swp"][number % 2];
        std::fs::rename(watched.local("e/.z.swp"), watched.local(name)).unwrap();
    }
    watched.write("a", "changed");
    watched.write("new", "new");
    std::fs::remove_file(watched.local("d/b")).unwrap();
    watched.signal(Signal::CONT);
    watched.until_sent("a", "changed");
    watched.until_sent("new", "new");
    watched.until("a deletion", |watched| watched.err().contains("deleted d/b\n"));
    assert_eq!(watched.end(), 0, "{}", watched.err());
}

#[test]
fn filters_hold_for_what_changes() {
    let options = " --delete --yes -x '^\\.git/' -X '*.o' --size-range 0-5";
    let mut watched = Watched::start(Script::new(), &["a"], options);
    std::fs::create_dir(watched.local(".git")).unwrap();
    for (path, content) in [(".git/x", "x"), ("a.o", "o"), ("big", "too big"), ("b", "b")] {
        watched.write(path, content);
    }
    watched.until_sent("b", "b");
    assert_eq!(watched.end(), 0);
    assert_eq!(watched.lines("STOR"), ["STOR /src/b"]);
    assert!(watched.lines("MKD").is_empty());
}

#[test]
fn with_json_each_change_is_an_object() {
    let options = " --delete --yes";
    let mut watched = Watched::start_with(Script::new(), &["a", "b"], options, &["--json"]);
    let objects = |watched: &Watched| -> Vec<serde_json::Value> {
        let out = watched.scene.read("out").unwrap();
        let lines = out.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    };
    watched.write("new", "new");
    watched.until("a transfer", |watched| objects(watched).len() == 1);
    rename(&watched, "a", "c");
    watched.until("a rename", |watched| objects(watched).len() == 2);
    std::fs::remove_file(watched.local("b")).unwrap();
    watched.until("a deletion", |watched| objects(watched).len() == 3);
    assert_eq!(watched.end(), 0);
    let objects = objects(&watched);
    assert_eq!(objects[0]["type"], "transfer");
    assert_eq!((&objects[0]["direction"], &objects[0]["bytes"]), (&"upload".into(), &3.into()));
    assert_eq!(objects[1]["text"], "renamed a to c");
    assert_eq!(objects[2]["text"], "deleted b");
    assert_eq!(objects[3]["type"], "summary");
}

#[test]
fn what_contradicts_it_is_refused_before_connecting() {
    let scene = Scene::new(Script::new());
    std::fs::create_dir(scene.path("src")).unwrap();
    for (options, wanted) in [
        ("--watch", "--watch requires -R"),
        ("-R --watch --dry-run", "--dry-run"),
        ("-R --watch --loop", "--loop"),
        ("-R --watch --Remove-source-files", "--Remove-source-files"),
        ("-R --watch --Move", "--Remove-source-dirs"),
        ("-R --watch -L", "--dereference"),
        ("-R --watch --only-newer", "--only-newer"),
        ("-R --watch=x", "--watch"),
    ] {
        scene.run(&format!("mirror {options} src")).status(2).stderr_has(wanted);
    }
    assert!(!scene.liar.wire.has("USER"));
    assert!(Path::new(&scene.path("src")).exists());
}
