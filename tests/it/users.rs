//! Several users of one server at the same time: each file comes over a connection that is
//! logged in as its own user, and nobody's password or TLS session serves another one.

use std::collections::HashMap;
use support::liar::{Event, Liar, Script};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 300_000;

/// `tester` is whom the scene logs in as.
const USERS: [(&str, &str); 2] = [("alice", "wonder-word"), ("bob", "builder-word")];

/// A server on which a file's name begins with the name of the user whose it is.
fn script() -> Script {
    let script = USERS.iter().fold(Script::new().needs_resumption(), |script, (name, password)| {
        script.user(name, password)
    });
    ["alice", "bob", "tester"].iter().fold(script, |script, user| {
        (0..6).fold(script, |script, i| script.file(format!("/{user}/{user}-{i}"), noise(SIZE + i)))
    })
}

fn url(scene: &Scene, user: usize, path: &str) -> String {
    let (name, password) = USERS[user];
    format!("ftpes://{name}:{password}@{}/{path}", scene.liar.addr)
}

/// The user of every control connection, and whether everything on the wire was its own.
#[track_caller]
fn each_is_its_own(liar: &Liar, ran: &Ran) -> Vec<String> {
    let mut users: HashMap<usize, String> = HashMap::new();
    let passwords: HashMap<&str, &str> =
        USERS.into_iter().chain([("tester", liar.password.as_str())]).collect();
    for event in liar.wire.events() {
        match event {
            Event::Line { session, tls, line } => {
                let line = String::from_utf8(line).unwrap();
                let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
                match verb {
                    "USER" => {
                        let before = users.insert(session, argument.to_owned());
                        assert_eq!(before, None, "two users on one connection\n{ran}");
                    }
                    "PASS" => {
                        assert!(tls, "{ran}");
                        assert_eq!(passwords[&*users[&session]], argument, "{session}\n{ran}");
                    }
                    "RETR" | "STOR" => {
                        let name = argument.rsplit('/').next().unwrap();
                        let owner = name.split_once('-').unwrap().0;
                        assert_eq!((owner, verb), (&*users[&session], verb), "{line}\n{ran}");
                    }
                    _ => {}
                }
            }
            // The server keeps the sessions of each control connection apart: a data connection
            // resumes that of its own or none.
            Event::Secured { resumed, .. } => assert!(!resumed, "{ran}"),
            Event::DataSecured { resumed, .. } => assert!(resumed, "{ran}"),
            _ => {}
        }
    }
    users.into_values().collect()
}

#[track_caller]
fn arrived(scene: &Scene, ran: &Ran, directory: &str, users: &[&str], files: usize) {
    for user in users {
        for i in 0..files {
            let path = format!("{directory}{user}-{i}");
            assert!(scene.read(&path) == Some(noise(SIZE + i)), "{path}\n{ran}");
        }
    }
}

#[test]
fn files_of_two_users_in_one_command_come_over_connections_of_their_own() {
    let scene = Scene::new(script());
    let alice = |i: usize| url(&scene, 0, &format!("alice/alice-{i}"));
    let bob = |i: usize| url(&scene, 1, &format!("bob/bob-{i}"));
    let words = [alice(0), bob(0), "tester/tester-0".to_owned(), alice(1), bob(1)];
    let ran = scene.run(&format!("get -P4 {} tester/tester-1", words.join(" "))).ok();
    arrived(&scene, &ran, "", &["alice", "bob", "tester"], 2);
    each_is_its_own(&scene.liar, &ran);
    // The one that was current still is.
    scene.run("get tester/tester-2").ok();
}

#[test]
fn several_users_at_the_same_time_have_pools_of_their_own() {
    let scene = Scene::new(script());
    let jobs: Vec<_> = (0..2)
        .flat_map(|user| {
            let name = USERS[user].0;
            let tree = format!("mirror -P4 {} m-{name} &", url(&scene, user, name));
            [tree, format!("get -r -P3 -O r-{name} {} &", url(&scene, user, name))]
        })
        .collect();
    let commands = format!("{} mirror -P4 tester m-tester; wait", jobs.join(" "));
    let ran = scene.call().args(["--set", "net:connection-limit=32", "-c", &commands]).run().ok();
    for user in ["alice", "bob", "tester"] {
        arrived(&scene, &ran, &format!("m-{user}/"), &[user], 6);
    }
    for user in ["alice", "bob"] {
        arrived(&scene, &ran, &format!("r-{user}/{user}/"), &[user], 6);
    }
    let users = each_is_its_own(&scene.liar, &ran);
    for user in ["alice", "bob"] {
        let count = users.iter().filter(|name| *name == user).count();
        assert!(count > 2, "{user} had {count} connections\n{ran}");
    }
}

#[test]
fn a_mirror_between_two_users_of_one_server_reads_as_one_and_writes_as_the_other() {
    let scene = Scene::new(script());
    let (from, to) = (url(&scene, 0, "alice"), url(&scene, 1, "bob/copy"));
    let ran = scene.run(&format!("mirror -P4 {from} {to}")).ok();
    let mut users: HashMap<usize, String> = HashMap::new();
    let mut moved = Vec::new();
    for event in scene.liar.wire.events() {
        let Event::Line { session, line, .. } = event else { continue };
        let line = String::from_utf8(line).unwrap();
        match line.split_once(' ') {
            Some(("USER", name)) => drop(users.insert(session, name.to_owned())),
            Some((verb @ ("RETR" | "STOR"), _)) => {
                moved.push((verb.to_owned(), users[&session].clone()));
            }
            _ => {}
        }
    }
    moved.sort();
    let expected: Vec<_> = [("RETR", "alice"); 6].into_iter().chain([("STOR", "bob"); 6]).collect();
    let moved: Vec<_> = moved.iter().map(|(verb, user)| (&**verb, &**user)).collect();
    assert_eq!(moved, expected, "{ran}");
    assert!(scene.liar.wire.resumed().into_iter().all(|resumed| resumed), "{ran}");
    assert_eq!(scene.liar.content("/bob/copy/alice-5"), Some(noise(SIZE + 5)), "{ran}");
}

#[test]
fn a_password_is_for_its_user_and_its_port_alone() {
    let scene = Scene::new(script());
    // On the same host: another port, and another user on the same port.
    let elsewhere = Liar::start(script());
    let other_port = format!("{}/tester/tester-0", elsewhere.url());
    let other_user = format!("ftpes://bob@{}/bob/bob-0", scene.liar.addr);
    for word in [other_port, other_user] {
        let command = format!("pwd; get {word}");
        let trusted = ["--fingerprint", &elsewhere.fingerprint];
        let ran = scene.call().args(trusted).args(["-c", &command]).run().status(7);
        assert!(!elsewhere.wire.has("PASS"), "{word}\n{ran}");
        each_is_its_own(&scene.liar, &ran);
    }
    // The same user at the same place is the same login.
    scene.run(&format!("pwd; get {}/tester/tester-1", scene.liar.url())).ok();
}
