//! Background jobs that move files: connections of their own, stopped, awaited, limited.

use super::support::liar::{Data, Event, Liar, Script};
use super::support::program::Ftpsh;
use std::time::{Duration, Instant};

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
    Ftpsh::new()
        .env("PASSWORD_OF_TESTS", &liar.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &liar.fingerprint])
        .args(options)
        .args(["-c", commands, &liar.url()])
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
    let call = call(&liar, &[], "");
    let home = call.home();
    for name in ["one", "two"] {
        std::fs::create_dir(home.path().join(name)).unwrap();
    }
    // No `cd` is needed for this: the URL has the remote directory.
    let commands = "lcd one; (sleep 0.2; get c.txt; put c.txt -o up.txt) & lcd ../two; wait";
    Ftpsh::at(&home)
        .env("PASSWORD_OF_TESTS", &liar.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &liar.fingerprint])
        .args(["-c", commands, &format!("{}/dir", liar.url())])
        .run()
        .ok();
    assert_eq!(std::fs::read(home.path().join("one/c.txt")).unwrap(), b"c");
    assert!(!home.path().join("two/c.txt").exists());
    assert_eq!(liar.content("/dir/up.txt").unwrap(), b"c");
}

#[test]
fn kill_ends_a_stalled_transfer_at_once_and_leaves_what_can_be_resumed() {
    let liar = Liar::start(script().data("RETR", Data::Stall(100_000)));
    let call = call(&liar, &[], "");
    let home = call.home();
    let begun = Instant::now();
    // The shell waits until the data is there, then kills.
    let wait = "repeat -d 50ms --until-ok '! test -s .big.iso.ftpsh-part -o -s big.iso.ftpsh-part'";
    let _ = wait;
    let ran = Ftpsh::at(&home)
        .env("PASSWORD_OF_TESTS", &liar.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &liar.fingerprint])
        .args(["-c", "get big.iso & sleep 1.5; kill 1; get a.txt", &liar.url()])
        .run()
        .ok()
        .stderr_has("[1] killed: get big.iso &");
    assert!(begun.elapsed() < Duration::from_secs(5), "{ran}");
    assert!(!home.path().join("big.iso").exists() && home.path().join("a.txt").exists(), "{ran}");
    let again = Ftpsh::at(&home)
        .env("PASSWORD_OF_TESTS", &liar.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &liar.fingerprint])
        .args(["--json", "-c", "get -c big.iso", &liar.url()])
        .run()
        .ok();
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
        let commands = "get a.txt & get b.txt & get dir/c.txt & get big.iso & stat=1";
        let commands = commands.replace("stat=1", "get a.txt -o again.txt");
        let ran = call(&liar, &["--set", &set], &commands).run().ok();
        assert!(most_at_once(&liar) <= limit, "{limit}: {}\n{ran}", most_at_once(&liar));
        for name in ["a.txt", "b.txt", "c.txt", "big.iso", "again.txt"] {
            assert!(ran.home().path().join(name).exists(), "{limit} {name}\n{ran}");
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
    let other = super::support::certificate::Certificate::make("localhost").unwrap();
    // The certificate changes between the shell's connection and the job's.
    let call = call(&liar, &[], "sleep 1; get a.txt &");
    let running = std::thread::spawn(move || call.run());
    liar.wire.wait_for("PASS", 1);
    liar.show(&other);
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
