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

#[test]
fn a_watched_tree_stays_the_same_through_edits_moves_and_a_restart() {
    on(&["vsftpd", "proftpd"], |bench| {
        let there = format!("{}watched", bench.prefix);
        let up = bench.path("up");
        many(&up, 320);
        let line = format!("mirror -R -P4 --watch --delete --yes up {there}");
        let mut command = bench.call().args(["-c", &line]).command();
        let err = bench.path("err");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let said = |what: &str| std::fs::read_to_string(&err).unwrap().contains(what);
        let mut until = |what: &str, condition: &dyn Fn() -> bool| {
            let deadline = Instant::now() + Duration::from_secs(60);
            while !condition() {
                let is_over = child.try_wait().unwrap().is_some() || Instant::now() > deadline;
                assert!(!is_over, "{}: {what}\n{}", bench.server.name, bench.read_text("err"));
                std::thread::park_timeout(Duration::from_millis(10));
            }
        };
        until("it watches", &|| said("watching"));
        std::fs::write(up.join("d0/file0"), "edited").unwrap();
        std::fs::rename(up.join("d0/file1"), up.join("d0/renamed")).unwrap();
        std::fs::remove_file(up.join("d0/file2")).unwrap();
        until("a change of each kind", &|| {
            said("sent d0/file0") && said("renamed d0/file1 to") && said("deleted d0/file2")
        });
        bench.restart();
        std::fs::rename(up.join("d0/d40"), up.join("elsewhere")).unwrap();
        std::fs::write(up.join("last"), "last").unwrap();
        until("the last file", &|| said("sent last") && said("deleted d0/d40/\n"));
        let id = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        kill_process(id, Signal::INT).unwrap();
        assert_eq!(wait(&mut child, Duration::from_secs(10)), 0, "{}", bench.read_text("err"));
        std::fs::create_dir(bench.path("got")).unwrap();
        bench.run(&format!("mirror {there} got")).ok();
        same(bench, "up", "got", false);
        assert!(served(bench, &there).join("elsewhere").is_dir());
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
