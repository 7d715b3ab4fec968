//! The file `known_servers`: damage, modes, places that cannot be written, many writers.

use super::{CONTENT, Home, Liar, logins, script};
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;
use support::certificate::Certificate;
use support::program::{Ftpsh, wait};

#[test]
fn a_damaged_line_fails_its_own_server_only_and_names_its_line() {
    let home = Home::new();
    let (hurt, well) = (Liar::start(script()), Liar::start(script()));
    home.get(&well, &["--trust", "accept-new"]).ok();
    let good = home.stored();
    let port = hurt.addr.port();
    home.write_store(&format!("# mine\n[127.0.0.1]:{port} cert=SHA256:cut\n{good}"));
    for options in [&[][..], &["--trust", "accept-new"]] {
        let ran = home.get(&hurt, options).status(5);
        ran.stderr_has("known_servers, line 2").stderr_has("trust remove");
    }
    assert_eq!(logins(&hurt), (0, 0));
    home.get(&well, &[]).ok().stdout_is(CONTENT);
    home.trust(&["list"]).ok().stderr_has("known_servers, line 2").stdout_has("accept-new");
    home.trust(&["show", &hurt.addr.to_string()]).status(5).stderr_has("line 2");

    home.trust(&["remove", &hurt.addr.to_string()]).ok();
    assert_eq!(home.stored(), format!("# mine\n{good}"));
    home.get(&hurt, &["--trust", "accept-new"]).ok();
}

#[test]
fn a_store_that_cannot_be_read_trusts_nobody() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    std::fs::create_dir_all(home.known_servers()).unwrap();
    home.get(&liar, &["--trust", "accept-new"]).status(9).stderr_has("known_servers");
    assert_eq!(logins(&liar), (0, 0));
}

#[test]
fn an_acceptance_that_cannot_be_written_fails_before_the_login() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    // Not by permissions: the tests may run as root.
    std::fs::create_dir_all(home.known_servers().with_extension("new")).unwrap();
    home.get(&liar, &["--trust", "accept-new"]).status(9).stderr_has("known_servers");
    home.trust(&["add", &liar.addr.to_string(), &liar.fingerprint]).status(9);
    assert_eq!(logins(&liar), (0, 0));
}

#[test]
fn files_are_private_under_any_umask() {
    for umask in ["000", "077", "277"] {
        let (home, liar) = (Home::new(), Liar::start(script()));
        let call = home.call(&liar, &["--trust", "accept-new", "-c", "get /notes -o -"]);
        let mut child = under_umask(umask, &call.arg(liar.url()).command());
        let mut child = child.stdin(Stdio::null()).spawn().unwrap();
        assert_eq!(wait(&mut child, Duration::from_secs(30)), 0, "umask {umask}");
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        let store = home.known_servers();
        assert_eq!(format!("{:o}", mode(&store)), "600", "umask {umask}");
        assert_eq!(format!("{:o}", mode(store.parent().unwrap())), "700", "umask {umask}");
        for entry in std::fs::read_dir(store.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path) & 0o077, 0, "umask {umask}: {}", path.display());
        }
    }
}

/// The same command, run by a shell with this umask.
fn under_umask(umask: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "umask \"$0\"; exec \"$@\"", umask])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(command.get_current_dir().unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    shell
}

#[test]
fn many_first_connections_at_once_are_all_remembered() {
    let home = Home::new();
    let liars: Vec<Liar> = (0..16).map(|_| Liar::start(script())).collect();
    thread::scope(|scope| {
        for liar in &liars {
            scope.spawn(|| {
                home.get(liar, &["--trust", "accept-new"]).ok().stdout_is(CONTENT);
            });
        }
    });
    assert_all_known(&home, &liars);
    for liar in &liars {
        home.get(liar, &["--trust", "strict"]).ok();
    }
}

#[test]
fn fifty_processes_that_add_fifty_servers_lose_none() {
    let home = Home::new();
    let certificate = Certificate::make("localhost").unwrap();
    let liars: Vec<Liar> =
        (0..50).map(|_| Liar::start(script().certificate(&certificate))).collect();
    thread::scope(|scope| {
        for liar in &liars {
            scope.spawn(|| {
                let words = ["trust", "add", &liar.addr.to_string(), &liar.fingerprint];
                Ftpsh::at(&home.0).args(words).timeout(Duration::from_secs(60)).run().ok();
            });
        }
    });
    assert_all_known(&home, &liars);
}

#[track_caller]
fn assert_all_known(home: &Home, liars: &[Liar]) {
    let ran = home.trust(&["list", "--json"]).ok().never_says("warning");
    let known: HashSet<(u64, String)> = ran
        .json_of("trust")
        .iter()
        .map(|entry| {
            let fingerprint = entry["fingerprint"].as_str().unwrap().to_owned();
            (entry["port"].as_u64().unwrap(), fingerprint)
        })
        .collect();
    let all: HashSet<_> =
        liars.iter().map(|liar| (liar.addr.port().into(), liar.fingerprint.clone())).collect();
    assert_eq!(known, all);
    assert_eq!(home.stored().lines().count(), liars.len());
}
