//! Every example in the help of every command does what it says: it runs without a failure, each
//! on a tree of its own.

use ftpsh::commands::COMMANDS;
use std::path::Path;
use support::embedded::Embedded;
use support::program::Ftpsh;

/// What the examples speak of, on the server and in the local directory.
pub fn lay_out(remote: &Path, local: &Path) {
    for directory in ["docs/old", "empty"] {
        std::fs::create_dir_all(remote.join(directory)).unwrap();
    }
    for name in ["notes.txt", "report.pdf", "docs/a.txt", "docs/b.txt", "docs/old/c.txt"] {
        std::fs::write(remote.join(name), name).unwrap();
    }
    std::fs::write(remote.join("big.iso"), vec![7; 1 << 20]).unwrap();
    for name in ["report.pdf", "x.txt", "y.txt"] {
        std::fs::write(local.join(name), name).unwrap();
    }
}

fn run(line: &str) -> Result<(), String> {
    let server = Embedded::start();
    let call = Ftpsh::new();
    let home = call.home();
    let local = home.path().join("local");
    std::fs::create_dir(&local).unwrap();
    lay_out(&server.root, &local);
    let line = line.replace("ftp.example.org", &server.addr.to_string());
    let ran = call
        .cwd(&local)
        .env("PASSWORD_OF_TESTS", &server.password)
        .env("EDITOR", "true")
        .env("PAGER", "cat")
        .args(["--trust", "accept-new", "--password-env", "PASSWORD_OF_TESTS"])
        .args(["--user", "tester", "-c", &line, &format!("ftpes://{}", server.addr)])
        .run();
    if ran.status == 0 { Ok(()) } else { Err(ran.to_string()) }
}

#[test]
fn every_example_runs() {
    let lines: Vec<_> =
        COMMANDS.iter().flat_map(|spec| spec.examples.iter().map(|e| e.line)).collect();
    let mut wrong = Vec::new();
    // A few at a time: most of it is waiting.
    for some in lines.chunks(4) {
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|line| scope.spawn(|| run(line))).collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        for (line, result) in some.iter().zip(results) {
            match result {
                Ok(Ok(())) => {}
                Ok(Err(why)) => wrong.push(format!("{line}\n{why}")),
                Err(_) => wrong.push(format!("{line}: panicked")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
