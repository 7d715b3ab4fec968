//! The same script through lftp and through ftpsh, where both should agree: the same files come of
//! it, here and on the server.
//!
//! pyftpdlib is not among the servers: lftp 4.9.2 loses the end of uploads to it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::bench::{noise, on};
use support::tree::{Tree, tree};

/// Thirty commands; `TOP` is the remote directory that they begin in.
const SCRIPT: &str = include_str!("lftp.txt");

/// What both begin with, all of it long ago.
fn lay_out(here: &Path) {
    for directory in ["tree/sub", "got"] {
        std::fs::create_dir_all(here.join(directory)).unwrap();
    }
    let big = noise(300_000);
    let files: [(&str, &[u8]); 6] = [
        ("one.txt", b"one\n"),
        ("two.txt", b"two\n"),
        ("three.bin", &big),
        ("tree/leaf.txt", b"leaf\n"),
        ("tree/sub/a.txt", b"sub\n"),
        ("tree/sub/zero", b""),
    ];
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_934_245);
    for (name, content) in files {
        std::fs::write(here.join(name), content).unwrap();
        let file = std::fs::File::options().write(true).open(here.join(name)).unwrap();
        file.set_modified(time).unwrap();
    }
}

#[test]
fn thirty_commands_leave_the_same_files_as_with_lftp() {
    assert_eq!(SCRIPT.lines().count(), 30);
    on(&["vsftpd", "proftpd", "pure-ftpd"], |bench| {
        let server = &bench.server;
        let mut trees = Vec::new();
        for program in ["lftp", "ftpsh"] {
            let top = format!("{}{program}", bench.prefix);
            let here = bench.path(program);
            lay_out(&here);
            let script = SCRIPT.replace("TOP", &format!("/{top}"));
            let script = format!("mkdir {top}\ncd {top}\n{script}");
            if program == "ftpsh" {
                bench.call().cwd(&here).stdin(script).run().ok();
            } else {
                let secure = "set ssl:verify-certificate no; set ftp:ssl-force yes";
                let exact = "set ftp:ssl-protect-data yes; set cmd:fail-exit yes";
                let open = format!("open -u {},{}", server.user, server.password);
                let open = format!("{open} -p {} {}", server.port, server.host);
                std::fs::write(
                    bench.path("script"),
                    format!("{secure}; {exact}; {open}\n{script}"),
                )
                .unwrap();
                let mut lftp = Command::new("lftp");
                lftp.arg("-f").arg(bench.path("script")).current_dir(&here).stdin(Stdio::null());
                let done = lftp.env("HOME", bench.path("")).output().expect("lftp is installed");
                let said = String::from_utf8_lossy(&done.stderr).into_owned();
                assert!(done.status.success(), "{}: lftp: {said}", server.name);
            }
            trees.push((tree(&here), tree(&server.root.join(&top))));
        }
        assert!(trees[0].0.len() > 15 && trees[0].1.len() > 12, "{}", server.name);
        for (lftp, ftpsh) in [(&trees[0].0, &trees[1].0), (&trees[0].1, &trees[1].1)] {
            let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(lftp), names(ftpsh), "{}", server.name);
            assert!(lftp == ftpsh, "{}: contents differ", server.name);
        }
    });
}
