//! `mirror -R --watch` and `--compare content` on real servers.

use crate::bench::{Bench, on};
use crate::mirror::{many, same, set_time};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::program::wait;

/// The tree of the server as it is on the disk.
fn served(bench: &Bench, directory: &str) -> std::path::PathBuf {
    std::path::Path::new(&bench.server.root).join(directory)
}

/// A watch that runs.
struct Watch<'a> {
    bench: &'a Bench,
    child: std::process::Child,
}

impl<'a> Watch<'a> {
    fn start(bench: &'a Bench, line: &str) -> Self {
        let mut command = bench.call().args(["-c", line]).command();
        let err = File::create(bench.path("err")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(err);
        let mut watch = Self { bench, child: command.spawn().unwrap() };
        watch.until("it watches", |said| said.contains("watching"));
        watch
    }

    fn said(&self) -> String {
        self.bench.read_text("err")
    }

    #[track_caller]
    fn until(&mut self, what: &str, condition: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !condition(&self.said()) {
            let is_over = self.child.try_wait().unwrap().is_some() || Instant::now() > deadline;
            assert!(!is_over, "{}: {what}\n{}", self.bench.server.name, self.said());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    fn end(&mut self, signal: Signal) -> i32 {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        wait(&mut self.child, Duration::from_secs(10))
    }
}

#[test]
fn a_watched_tree_stays_the_same_through_edits_moves_and_a_restart() {
    on(&["vsftpd", "proftpd"], |bench| {
        let there = format!("{}watched", bench.prefix);
        let up = bench.path("up");
        many(&up, 320);
        let line = format!("mirror -R -P4 --watch --delete --yes up {there}");
        let mut watch = Watch::start(bench, &line);
        std::fs::write(up.join("d0/file0"), "edited").unwrap();
        std::fs::rename(up.join("d0/file1"), up.join("d0/renamed")).unwrap();
        std::fs::remove_file(up.join("d0/file2")).unwrap();
        watch.until("a change of each kind", |said| {
            let all = ["sent d0/file0", "renamed d0/file1 to", "deleted d0/file2"];
            all.iter().all(|what| said.contains(what))
        });
        bench.restart();
        std::fs::rename(up.join("d0/d40"), up.join("elsewhere")).unwrap();
        std::fs::write(up.join("last"), "last").unwrap();
        watch.until("the last file", |said| {
            said.contains("sent last") && said.contains("deleted d0/d40/\n")
        });
        assert_eq!(watch.end(Signal::INT), 0, "{}", watch.said());
        std::fs::create_dir(bench.path("got")).unwrap();
        bench.run(&format!("mirror {there} got")).ok();
        same(bench, "up", "got", false);
        assert!(served(bench, &there).join("elsewhere").is_dir());
    });
}

#[test]
fn a_watch_keeps_its_manifest_true_and_one_that_is_killed_is_finished() {
    on(&["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"], |bench| {
        let there = format!("{}kept", bench.prefix);
        let up = bench.path("up");
        many(&up, 120);
        let deploy = format!("mirror -R -P4 --manifest --delete --yes up {there}");
        let options = "--manifest --delete --yes";
        let mut watch = Watch::start(bench, &format!("mirror -R --watch {options} up {there}"));
        std::fs::write(up.join("d0/file0"), "edited").unwrap();
        std::fs::write(up.join("new"), "new").unwrap();
        std::fs::rename(up.join("d0/file1"), up.join("d0/renamed")).unwrap();
        std::fs::remove_file(up.join("d0/file2")).unwrap();
        watch.until("a change of each kind", |said| {
            let all = ["sent d0/file0", "sent new", "renamed d0/file1 to", "deleted d0/file2"];
            all.iter().all(|what| said.contains(what))
        });
        bench.run(&deploy).status(8).stderr_has("another mirror of this computer runs");
        bench.restart();
        std::fs::write(up.join("d0/file0"), "edited again").unwrap();
        std::fs::write(up.join("later"), "later").unwrap();
        watch.until("what came after the restart", |said| {
            said.contains("sent later") && said.matches("sent d0/file0").count() == 2
        });
        assert_eq!(watch.end(Signal::INT), 0, "{}", watch.said());
        bench.run(&deploy).ok().stderr_has("up to date (121 files)");
        // Killed while it sends.
        let mut watch = Watch::start(bench, &format!("mirror -R --watch {options} up {there}"));
        for number in 10..40 {
            std::fs::write(up.join(format!("d0/file{number}")), format!("{number}")).unwrap();
        }
        std::fs::rename(up.join("d0/file3"), up.join("d0/file4")).unwrap();
        watch.until("some of them", |said| said.contains("sent d0/file"));
        watch.end(Signal::KILL);
        bench.run(&deploy).ok();
        bench.run(&deploy).ok().stderr_has("up to date (120 files)");
        std::fs::create_dir(bench.path("got")).unwrap();
        bench.run(&format!("mirror {there} got")).ok();
        same(bench, "up", "got", false);
        assert!(!served(bench, &there).join(".ftpsh-manifest.lock").exists());
        bench.run(&format!("rm -r -f {there}")).ok();
    });
}

#[test]
fn contents_are_compared_whatever_the_times() {
    on(&["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"], |bench| {
        let there = format!("{}compared", bench.prefix);
        let up = bench.path("up");
        many(&up, 80);
        bench.run(&format!("mirror -R -P4 up {there}")).ok();
        // A fresh checkout, with one other content of the same size.
        for number in 1..40 {
            set_time(&up.join(format!("d0/file{number}")), 1_795_900_000);
        }
        let file = up.join("d0/file9");
        let mut content = std::fs::read(&file).unwrap();
        content[100] ^= 1;
        std::fs::write(&file, content).unwrap();
        let line = format!("mirror -R -P4 -v --compare content up {there}");
        let ran = bench.run(&line).ok().stderr_has("comparing contents by ");
        assert_eq!(ran.out().trim(), "put d0/file9", "{}\n{ran}", bench.server.name);
        bench.run(&line).ok().stderr_has("up to date");
    });
}
