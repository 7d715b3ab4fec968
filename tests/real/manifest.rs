//! Mirrors with a manifest: a change, a deletion, a killed run, on each server.

use crate::bench::on;
use std::process::Stdio;

const SERVERS: [&str; 4] = ["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"];

#[test]
fn what_differs_is_sent_and_what_the_manifest_has_is_deleted() {
    on(&SERVERS, |bench| {
        let site = format!("{}site", bench.prefix);
        let deploy = format!("mirror -R -v -e --yes --manifest src {site}");
        std::fs::create_dir_all(bench.path("src/d/e")).unwrap();
        for (name, content) in [("a", "alpha"), ("d/b c", "beta"), ("d/e/ü", "gamma")] {
            bench.write(&format!("src/{name}"), content);
        }
        bench.run(&deploy).ok().stderr_has("no manifest yet");
        bench.run(&deploy).ok().stderr_has("up to date (3 files)");
        // The same size, and something that no mirror has put there.
        bench.write("src/a", "ALPHA");
        bench.write("foreign", "foreign");
        bench.run(&format!("put foreign -o {site}/d/e/foreign")).ok();
        std::fs::remove_dir_all(bench.path("src/d/e")).unwrap();
        let ran = bench.run(&deploy).ok();
        let mut lines: Vec<String> = ran.out().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["delete d/e/ü", "put a"], "{ran}");
        let ran = bench.run(&format!("cat {site}/a {site}/d/e/foreign")).ok();
        assert_eq!(ran.out(), "ALPHAforeign");
        // A lock that a killed run has left is no obstacle to the next one.
        for number in 0..40 {
            bench.write(&format!("src/f{number}"), format!("{number}"));
        }
        let mut command = bench.call().args(["-c", &deploy]).command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        bench.run(&deploy).ok();
        bench.run(&deploy).ok().stderr_has("up to date (42 files)");
        let ran = bench.run(&format!("ls -1 -a {site}")).ok();
        assert!(!ran.out().contains(".lock"), "{ran}");
        bench.run(&format!("rm -r -f {site}")).ok();
    });
}

#[test]
fn nothing_is_deleted_through_a_link_in_the_place_of_a_directory() {
    // The others name a directory by what a link leads to.
    on(&["vsftpd", "proftpd", "pure-ftpd"], |bench| {
        let site = format!("{}site", bench.prefix);
        let deploy = format!("mirror -R -v -e --yes --manifest src {site}");
        std::fs::create_dir_all(bench.path("src/d/e")).unwrap();
        for name in ["d/x", "d/e/x", "d/y", "gone"] {
            bench.write(&format!("src/{name}"), "x");
        }
        bench.run(&deploy).ok();
        // Somebody puts a link to another directory there, with files of the same names and sizes.
        let root = bench.server.root.join(&site);
        std::fs::rename(root.join("d"), bench.server.root.join(format!("{}other", bench.prefix)))
            .unwrap();
        std::os::unix::fs::symlink(format!("../{}other", bench.prefix), root.join("d")).unwrap();
        for name in ["d/x", "d/e/x", "gone"] {
            std::fs::remove_file(bench.path(&format!("src/{name}"))).unwrap();
        }
        let ran = bench.run(&deploy).status(10);
        let ran = ran.stderr_has("not deleted: the directory that it was put into leads to ");
        assert_eq!(ran.out(), "delete gone\n", "{ran}");
        let other = bench.server.root.join(format!("{}other", bench.prefix));
        assert!(other.join("x").exists() && other.join("e/x").exists());
        std::fs::remove_file(root.join("d")).unwrap();
        bench.run(&format!("rm -r -f {site} {}other", bench.prefix)).ok();
    });
}
