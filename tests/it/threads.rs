//! A system that gives no more threads.

use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};
use support::executable::copy_program;
use support::liar::Script;
use support::scene::{Scene, noise};
use tempfile::TempDir;

/// Nobody else's, so that the limit counts this test's processes and threads only.
const UID: u32 = 54_321;

fn files() -> Script {
    (0..40).fold(Script::new(), |script, n| script.file(format!("/d/{n}"), noise(10_000)))
}

/// Runs commands as a user who may have so many threads; its status and standard error.
fn run(executable: &Path, scene: &Scene, threads: usize, commands: &str) -> (Option<i32>, String) {
    let call = scene.call().args(["-c", commands]);
    let program = call.command();
    let mut command = Command::new("setpriv");
    let limit = format!("--nproc={threads}");
    command.args(["--reuid=54321", "--regid=54321", "--clear-groups", "prlimit", &limit]);
    command.arg(executable).args(program.get_args());
    command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(&scene.dest).stdin(Stdio::null());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_thread_that_cannot_be_started_is_an_error_or_less_at_a_time_and_never_a_panic() {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !rustix::process::geteuid().is_root() || !has("setpriv") || !has("prlimit") {
        let _ = writeln!(std::io::stderr(), "left out: needs root, setpriv and prlimit");
        return;
    }
    // The user may not be let into the directory that the program was built in.
    let dir = TempDir::with_prefix("ftpsh-threads-").unwrap();
    let executable = dir.path().join("ftpsh");
    copy_program(env!("CARGO_BIN_EXE_ftpsh"), &executable);
    chown(dir.path(), Some(UID), Some(UID)).unwrap();
    for commands in ["mirror -P 8 d .", "get -P 8 d/*", "mirror -P 4 d . & wait"] {
        let (mut refused, mut done) = (0, 0);
        for threads in 1..=14 {
            let scene = Scene::new(files());
            let above = scene.dest.parent().unwrap();
            for path in [above, &scene.dest, scene.home.path()] {
                chown(path, Some(UID), Some(UID)).unwrap();
            }
            let (status, text) = run(&executable, &scene, threads, commands);
            assert!(!text.contains("panicked"), "{commands}, {threads}\n{text}");
            match status {
                Some(0) => {
                    let names = scene.whole_files();
                    assert_eq!(names.len(), 40, "{commands}, {threads}\n{text}");
                    done += 1;
                }
                _ => {
                    assert!(
                        text.contains("temporarily unavailable") || text.contains("thread"),
                        "{threads}\n{text}"
                    );
                    refused += 1;
                }
            }
        }
        assert!(refused > 0 && done > 0, "{commands}: {refused} refused, {done} done");
    }
}
