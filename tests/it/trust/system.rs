//! The administrator's store behind the user's, names for clusters, and certificates that expire.

use super::{CONTENT, Home, Liar, script};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use support::certificate::Certificate;

/// What a first contact with this server would make somebody remember.
fn line_of(liar: &Liar) -> String {
    let home = Home::new();
    home.get(liar, &["--trust", "accept-new"]).ok();
    home.stored()
}

fn system(home: &Home, text: &str) -> PathBuf {
    let directory = home.0.path().join("system");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("known_servers"), text).unwrap();
    mode(&directory, 0o444);
    directory
}

fn mode(directory: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(directory.join("known_servers"), permissions).unwrap();
}

#[test]
fn a_server_that_the_administrator_trusts_needs_no_question() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let text = line_of(&liar);
    let directory = system(&home, &text);
    let get = || {
        let call = home.call(&liar, &["-c", "get /notes -o -"]).arg(liar.url());
        call.env("FTPSH_SYSTEM", &directory).run()
    };
    let trust = |words: &[&str]| {
        let call = super::Ftpsh::at(&home.0).arg("trust").args(words);
        call.env("FTPSH_SYSTEM", &directory).run()
    };
    get().ok().stdout_is(CONTENT);
    assert_eq!(home.stored(), "", "nothing is copied");
    trust(&["list"]).ok().stdout_has("system");
    let key = liar.addr.to_string();
    let shown = trust(&["show", "--json", &key]).ok().json_of("trust");
    assert_eq!(shown[0]["store"], "system");
    trust(&["remove", &key]).status(9).stderr_has("system's store");
    trust(&["export"]).ok().stdout_is("");

    // Another certificate is a change, and an entry of one's own goes before the system's.
    let other = Certificate::make("localhost").unwrap();
    liar.show(&other);
    let new = other.fingerprint().unwrap();
    get().status(6).stderr_has("for all users").stderr_has(&format!("trust add {key} {new}"));
    trust(&["add", &key, &new]).ok();
    get().ok().stdout_is(CONTENT);
    assert_eq!(trust(&["list", "--json"]).ok().json_of("trust")[0]["store"], "user");
    trust(&["remove", &key]).ok();
    get().status(6);

    // A file that others may write to makes everybody unknown to it fail.
    mode(&directory, 0o666);
    get().status(9).stderr_has("others than its owner may write to it");
    assert_eq!(std::fs::read_to_string(directory.join("known_servers")).unwrap(), text);
    assert!(liar.wire.clear_lines().iter().all(|line| line.starts_with("AUTH")));
}

#[test]
fn hosts_of_a_cluster_share_an_entry() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let get = |host: &str, options: &[&str]| {
        let url = liar.url().replace("127.0.0.1", host);
        let aliases = [
            "--set",
            "trust:alias/127.0.0.*=files.example",
            "--set",
            "trust:alias/localhost=files.example",
        ];
        home.call(&liar, &aliases).args(options).args(["-c", "get /notes -o -"]).arg(url).run()
    };
    get("127.0.0.1", &["--trust", "accept-new"]).ok();
    assert!(home.stored().starts_with("[files.example]:"), "{}", home.stored());
    get("localhost", &[]).ok().stdout_is(CONTENT);
    assert_eq!(home.stored().lines().count(), 1);
    // Without its alias it is a host like any other.
    home.get(&liar, &[]).status(5);
    // A change at one of them is a change at all.
    liar.show(&Certificate::make("localhost").unwrap());
    let remove = format!("trust remove files.example:{}", liar.addr.port());
    get("localhost", &[]).status(6).stderr_has(&remove);
}

#[test]
fn a_remembered_certificate_that_expires_or_has_is_warned_about() {
    let soon = Certificate::make_until("localhost", 5 * 24 * 3600 + 600).unwrap();
    let (home, liar) = (Home::new(), Liar::start(script().certificate(&soon)));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    home.get(&liar, &[]).ok().stderr_has("days left: 5");
    home.get(&liar, &["-q"]).ok();

    // One that had expired when it was accepted was accepted as such.
    let over = Certificate::make_until("localhost", -3600).unwrap();
    let (home, liar) = (Home::new(), Liar::start(script().certificate(&over)));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    assert!(home.stored().contains(" except=expired"), "{}", home.stored());
    home.get(&liar, &[]).ok().never_says("expired");
    let key = liar.addr.to_string();
    home.trust(&["show", &key]).ok().stdout_has("although it had expired");
    let shown = home.trust(&["show", "--json", &key]).ok().json_of("trust");
    assert_eq!(shown[0]["exceptions"], serde_json::json!(["expired"]));
    // One that has expired since is told until somebody says that this is meant.
    home.write_store(&home.stored().replace(" except=expired", ""));
    home.get(&liar, &[]).ok().stderr_has("it expired on").stderr_has("trust add");
    home.trust(&["add", &key, &liar.fingerprint]).ok().stderr_has("updated");
    home.get(&liar, &[]).ok().never_says("expired");
    let scanned = home.trust(&["scan", "--json", &key]).ok().json_of("trust");
    assert!(scanned[0]["problems"].to_string().contains("expired"), "{scanned:?}");
    assert!(scanned[0]["expires"].is_string());
}
