//! Background jobs that move files: connections of their own, stopped, awaited, limited.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::liar::{Data, Event, Liar, Script};
use support::program::{Ftpsh, wait};
use tempfile::TempDir;

const BIG: usize = 300_000;

fn script() -> Script {
    Script::new()
        .file("/a.txt", "a")
        .file("/b.txt", "b")
        .file("/dir/c.txt", "c")
        .file("/big.iso", vec![7; BIG])
}

/// A call that is connected to the server and runs `commands`.
fn call(liar: &Liar, options: &[&str], commands: &str) -> Ftpsh {
    call_at(&Arc::new(TempDir::with_prefix("ftpsh-jobs-").unwrap()), liar, options, commands)
}

/// The same in a home that exists.
fn call_at(home: &Arc<TempDir>, liar: &Liar, options: &[&str], commands: &str) -> Ftpsh {
    Ftpsh::at(home)
        .env("PASSWORD_OF_TESTS", &liar.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &liar.fingerprint])
        .args(options)
        .args(["-c", commands, &liar.url()])
}

/// A command that waits for [`go`].
const UNTIL_GO: &str = "repeat -d 20ms --until-ok '! test -e go';";

/// Lets the program in this home go on.
fn go(home: &TempDir) {
    std::fs::write(home.path().join("go"), "").unwrap();
}

/// The control connections that sent this verb, in order.
fn sessions(liar: &Liar, verb: &str) -> Vec<usize> {
    let is = |line: &[u8]| line.split(|b| *b == b' ').next() == Some(verb.as_bytes());
    let session = |event| match event {
        Event::Line { session, line, .. } if is(&line) => Some(session),
        _ => None,
    };
    liar.wire.events().into_iter().filter_map(session).collect()
}

/// The most control connections that were open at one time.
fn most_at_once(liar: &Liar) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for event in liar.wire.events() {
        match event {
            Event::Connected { .. } => open += 1,
            Event::Ended { .. } => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}

#[test]
fn two_jobs_use_two_connections_besides_the_shells_own() {
    let liar = Liar::start(script());
    let ran = call(&liar, &[], "get a.txt & get b.txt & wait; get big.iso").run().ok();
    let mut used = sessions(&liar, "RETR");
    used.sort_unstable();
    assert_eq!(used, [0, 1, 2], "{ran}");
    assert_eq!(sessions(&liar, "PASS").len(), 3);
    for (name, content) in [("a.txt", "a"), ("b.txt", "b")] {
        assert_eq!(std::fs::read_to_string(ran.home().path().join(name)).unwrap(), content);
    }
    assert!(liar.wire.resumed().iter().all(|resumed| *resumed));
    ran.never_says(&liar.password);
}

#[test]
fn a_job_keeps_the_directories_in_which_it_was_started() {
    let liar = Liar::start(script());
    let home = Arc::new(TempDir::with_prefix("ftpsh-jobs-").unwrap());
    for name in ["one", "two"] {
        std::fs::create_dir(home.path().join(name)).unwrap();
    }
    // The job begins its work when the shell is elsewhere.
    let commands = "lcd one; (repeat -d 20ms --until-ok 'lls ../two/go'; get dir/c.txt; \
                    put c.txt -o up.txt) & lcd ../two; echo > go; wait";
    call_at(&home, &liar, &[], commands).run().ok();
    assert_eq!(std::fs::read(home.path().join("one/c.txt")).unwrap(), b"c");
    assert!(!home.path().join("two/c.txt").exists());
    assert_eq!(liar.content("/up.txt").unwrap(), b"c");
}

#[test]
fn kill_ends_a_stalled_transfer_at_once_and_leaves_what_can_be_resumed() {
    let liar = Liar::start(script().data("RETR", Data::Stall(100_000)));
    let home = Arc::new(TempDir::with_prefix("ftpsh-jobs-").unwrap());
    let commands = format!("get big.iso & {UNTIL_GO} sleep 0.2; kill 1; get a.txt");
    let call = call_at(&home, &liar, &[], &commands);
    let running = std::thread::spawn(move || call.run());
    liar.wire.wait_until(|events| events.iter().any(|e| matches!(e, Event::DataPaused { .. })));
    let begun = Instant::now();
    go(&home);
    let ran = running.join().unwrap().ok().stderr_has("[1] killed: get big.iso &");
    assert!(begun.elapsed() < Duration::from_secs(3), "{ran}");
    assert!(!home.path().join("big.iso").exists() && home.path().join("a.txt").exists(), "{ran}");
    let again = call_at(&home, &liar, &["--json"], "get -c big.iso").run().ok();
    assert_eq!(std::fs::read(home.path().join("big.iso")).unwrap(), vec![7; BIG]);
    let resumed = again.json_of("transfer")[0]["resumed_from"].as_u64();
    assert!(resumed.is_some_and(|offset| offset > 0), "{again}");
}

#[test]
fn the_end_of_a_script_waits_for_jobs_and_their_failures_count() {
    let liar = Liar::start(script());
    let ran = call(&liar, &[], "get big.iso & get nothing & echo end").run().status(8);
    assert_eq!(std::fs::read(ran.home().path().join("big.iso")).unwrap().len(), BIG);
    let ran =
        ran.stdout_is("end\n").stderr_has("nothing: ").stderr_has("[2] failed: get nothing &");
    ran.stderr_has("[1] done: get big.iso &");
}

#[test]
fn wait_fails_as_the_job_did() {
    let liar = Liar::start(script());
    call(&liar, &[], "get nothing & wait 1; echo no").run().status(8).stdout_is("");
    call(&liar, &[], "get nothing & wait 1 || echo caught").run().ok().stdout_is("caught\n");
}

#[test]
fn no_more_connections_are_made_than_the_limit_allows() {
    for limit in [1, 2, 3] {
        let liar = Liar::start(script());
        let set = format!("net:connection-limit={limit}");
        let commands =
            "get a.txt & get b.txt & get dir/c.txt & get big.iso & get a.txt -o again.txt";
        let ran = call(&liar, &["--set", &set], commands).run().ok();
        assert!(most_at_once(&liar) <= limit, "{limit}: {}\n{ran}", most_at_once(&liar));
        for name in ["a.txt", "b.txt", "c.txt", "big.iso", "again.txt"] {
            assert!(ran.home().path().join(name).exists(), "{limit} {name}\n{ran}");
        }
    }
}

#[test]
fn a_pool_and_the_jobs_beside_it_keep_the_limit_together() {
    for limit in [1, 2, 3] {
        let files = (0..12).fold(script(), |script, n| script.file(format!("/many/{n}"), "x"));
        let liar = Liar::start(files);
        let set = format!("net:connection-limit={limit}");
        let commands = "mirror -P 4 many one & get big.iso & mirror -P 4 many two";
        let ran = call(&liar, &["--set", &set], commands).run().ok();
        assert!(most_at_once(&liar) <= limit, "{limit}: {}\n{ran}", most_at_once(&liar));
        for directory in ["one", "two"] {
            let found = std::fs::read_dir(ran.home().path().join(directory)).unwrap().count();
            assert_eq!(found, 12, "{limit} {directory}\n{ran}");
        }
    }
}

#[test]
fn a_queue_uses_one_connection_and_keeps_the_order() {
    let liar = Liar::start(script());
    let commands = "queue get b.txt; queue get a.txt; queue get dir/c.txt; queue wait";
    let ran = call(&liar, &[], commands).run().ok();
    assert_eq!(liar.wire.lines("RETR"), ["RETR b.txt", "RETR a.txt", "RETR dir/c.txt"], "{ran}");
    assert!(sessions(&liar, "RETR").iter().all(|session| *session == 1), "{ran}");
}

#[test]
fn a_job_connects_only_to_the_server_that_is_trusted() {
    let liar = Liar::start(script());
    let other = support::certificate::Certificate::make("localhost").unwrap();
    // The certificate changes between the shell's connection and the job's.
    let home = Arc::new(TempDir::with_prefix("ftpsh-jobs-").unwrap());
    let call = call_at(&home, &liar, &[], &format!("{UNTIL_GO} get a.txt &"));
    let running = std::thread::spawn(move || call.run());
    liar.wire.wait_for("PASS", 1);
    liar.show(&other);
    go(&home);
    let ran = running.join().unwrap();
    assert!(ran.status == 5 || ran.status == 6, "{ran}");
    assert_eq!(sessions(&liar, "PASS"), [0], "{ran}");
}

#[test]
fn records_of_jobs_tell_how_they_ended_and_what_they_moved() {
    let liar = Liar::start(script());
    let ran = call(&liar, &["--json"], "get big.iso & wait 1").run().ok();
    let jobs = ran.json_of("job");
    assert_eq!(
        (jobs[0]["state"].as_str(), jobs[1]["state"].as_str()),
        (Some("running"), Some("done"))
    );
    assert_eq!(jobs[1]["bytes"], BIG);
    assert_eq!(ran.json_of("summary")[0]["bytes"], BIG);
    assert_eq!(ran.json_of("summary")[0]["files"], 1);
}

#[test]
fn ctrl_c_at_the_end_of_a_script_and_sigterm_stop_the_jobs() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let liar = Liar::start(script().always_data("RETR", Data::Stall(100_000)));
        let home = Arc::new(TempDir::with_prefix("ftpsh-jobs-").unwrap());
        let mut child = call_at(&home, &liar, &[], "get big.iso & get big.iso -o other &")
            .command()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let paused = |event: &&Event| matches!(event, Event::DataPaused { .. });
        liar.wire.wait_until(|events| events.iter().filter(paused).count() == 2);
        let begun = Instant::now();
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(wait(&mut child, Duration::from_secs(10)), status);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert!(!home.path().join("big.iso").exists() && !home.path().join("other").exists());
    }
}
