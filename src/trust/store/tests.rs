use super::*;
use crate::trust::entry::TrustReason;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::testing::date;
use std::process::Command;

/// Set in a child process: the store to which it adds hosts.
const CHILD_STORE: &str = "FTPSH_TEST_STORE";
/// Set in a child process: the prefix of its hosts.
const CHILD_NAME: &str = "FTPSH_TEST_NAME";

fn store() -> (tempfile::TempDir, TrustStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = TrustStore::new(directory.path().join("data/known_servers"));
    (directory, store)
}

fn entry(host: &str, port: u16) -> Entry {
    Entry {
        own_roots: false,
        host: host.to_owned(),
        port,
        certificate: Fingerprint([1; 32]),
        public_key: Fingerprint([2; 32]),
        first: date(2026, 1, 2),
        last: date(2026, 1, 2),
        why: TrustReason::Yes,
        exceptions: Vec::new(),
        origin: Origin::User,
        extra: Vec::new(),
    }
}

/// A store whose file contains `text`.
fn holding(text: impl AsRef<[u8]>) -> (tempfile::TempDir, TrustStore) {
    let (directory, store) = store();
    fs::create_dir_all(store.path.parent().unwrap()).unwrap();
    fs::write(&store.path, text).unwrap();
    (directory, store)
}

fn text(store: &TrustStore) -> String {
    fs::read_to_string(&store.path).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_store_without_a_file_knows_nobody_and_creates_nothing() {
    let (directory, store) = store();
    assert_eq!(store.lookup("h", 21).unwrap(), None);
    assert!(store.user_entries().unwrap().is_empty() && store.problems().unwrap().is_empty());
    store.update_last_seen("h", 21, date(2026, 1, 2)).unwrap();
    assert!(fs::read_dir(directory.path()).unwrap().next().is_none());
}

#[test]
fn entries_are_found_by_host_and_port_in_any_spelling() {
    let (_directory, store) = store();
    for (host, port) in [("FTP.Example.org.", 21), ("ftp.example.org", 990), ("[2001:DB8::1]", 21)]
    {
        store.put_entry(entry(host, port)).unwrap();
    }
    for (host, port, found) in [
        ("ftp.example.org", 21, true),
        ("ftp.EXAMPLE.org.", 990, true),
        ("2001:db8:0::1", 21, true),
        ("ftp.example.org", 2121, false),
        ("example.org", 21, false),
        ("2001:db8::1", 990, false),
    ] {
        assert_eq!(store.lookup(host, port).unwrap().is_some(), found, "{host} {port}");
    }
    assert_eq!(store.user_entries().unwrap().len(), 3);
    assert!(store.lookup("a b", 21).is_err());
    assert!(store.put_entry(entry("a\n[b]:21", 21)).is_err());
}

#[test]
fn a_rewrite_keeps_other_lines_byte_for_byte() {
    let old = entry("h", 21);
    let others = format!("# mine\t \r\n\n{} later=1 x\r\n  [bad]:21 junk\n", entry("k", 21));
    let (_directory, store) = holding(format!("{others}{old} note=a%20b odd\n[last]:1 junk"));
    let new = Entry { certificate: Fingerprint([9; 32]), ..old };
    store.put_entry(new.clone()).unwrap();
    assert_eq!(text(&store), format!("{others}{new} note=a%20b odd\n[last]:1 junk\n"));
    store.put_entry(Entry { extra: vec!["note=c".into()], ..new.clone() }).unwrap();
    assert_eq!(text(&store), format!("{others}{new} note=c\n[last]:1 junk\n"));
}

#[test]
fn a_file_without_a_final_newline_takes_another_line() {
    let (_directory, store) = holding(entry("h", 21).to_string());
    store.put_entry(entry("k", 21)).unwrap();
    assert_eq!(text(&store), format!("{}\n{}\n", entry("h", 21), entry("k", 21)));
}

#[test]
fn a_damaged_line_fails_its_own_server_only() {
    let good = entry("good", 21);
    let file = format!(
        "{good}\n[bad]:21 cert=x\n[portless]:x junk\n{}\n{}\nnobody's line\n\u{0}\u{0}\n",
        entry("twice", 21),
        entry("twice", 21),
    );
    let (_directory, store) = holding(&file);
    for (host, port, line) in [
        ("good", 21, None),
        ("bad", 21, Some(2)),
        ("bad", 990, None),
        ("portless", 21, Some(3)),
        ("portless", 990, Some(3)),
        ("twice", 21, Some(4)),
        ("new", 21, None),
    ] {
        let looked_up = store.lookup(host, port).map(|entry| entry.is_some());
        match (looked_up, line) {
            (Ok(found), None) => assert_eq!(found, host == "good", "{host} {port}"),
            (Err(error), Some(line)) => {
                assert_eq!(error.kind(), Kind::CertUnknown);
                let place = format!("{}, line {line}: ", store.path.display());
                assert!(error.message().contains(&place), "{error}");
                let remove = format!("ftpsh trust remove {host}:{port}");
                assert!(error.hint().unwrap().contains(&remove), "{error:?}");
            }
            (result, _) => panic!("{host} {port}: {result:?}"),
        }
        let changes = [
            store.put_entry(Entry { host: host.into(), port, ..good.clone() }),
            store.update_last_seen(host, port, date(2030, 1, 1)),
        ];
        assert!(changes.iter().all(|change| change.is_err() == line.is_some()), "{host} {port}");
        fs::write(&store.path, &file).unwrap();
    }
    let problems: Vec<_> =
        store.problems().unwrap().into_iter().map(|p| (p.line, p.host)).collect();
    let named = |host: &str| Some(host.to_owned());
    assert_eq!(
        problems,
        [
            (2, named("bad")),
            (3, named("portless")),
            (4, named("twice")),
            (5, named("twice")),
            (6, None),
            (7, None)
        ]
    );
    assert_eq!(store.user_entries().unwrap(), [good]);
}

#[test]
fn removing_fixes_a_damaged_server_too() {
    let file = format!(
        "{}\n{}\n[h]:x junk\n[h]:2 junk\n{}\n# h\n",
        entry("h", 21),
        entry("h", 990),
        entry("k", 21)
    );
    for (host, port, removed) in [
        ("H.", None, 4),
        ("h", Some(21), 2),
        ("h", Some(2), 2),
        ("h", Some(3), 1),
        ("k", Some(21), 1),
        ("k", Some(22), 0),
        ("j", None, 0),
    ] {
        let (_directory, store) = holding(&file);
        assert_eq!(store.remove_host(host, port).unwrap(), removed, "{host} {port:?}");
        assert_eq!(text(&store).lines().count(), 6 - removed, "{host} {port:?}");
        if let Some(port) = port {
            assert_eq!(store.lookup(host, port).unwrap(), None, "{host} {port}");
        }
    }
}

#[test]
fn the_last_date_is_written_once_a_day() {
    let (_directory, store) = store();
    store.put_entry(Entry { extra: vec!["x=1".into()], ..entry("h", 21) }).unwrap();
    for (now, written) in [
        (date(2026, 1, 3), date(2026, 1, 2)),
        (date(2025, 1, 1), date(2026, 1, 2)),
        (date(2026, 1, 4), date(2026, 1, 4)),
        (date(2026, 1, 5), date(2026, 1, 4)),
    ] {
        store.update_last_seen("h", 21, now).unwrap();
        let entry = store.lookup("h", 21).unwrap().unwrap();
        assert_eq!((entry.last, entry.first), (written, date(2026, 1, 2)), "{now}");
        assert_eq!(entry.extra, ["x=1"]);
    }
}

#[test]
fn a_decision_on_what_another_process_has_changed_is_refused() {
    let old = entry("h", 21);
    let mine = Entry { certificate: Fingerprint([5; 32]), ..old.clone() };
    let theirs = Entry { certificate: Fingerprint([6; 32]), ..old.clone() };
    for (seen, stored, accepted) in [
        (None, None, true),
        (None, Some(&mine), true),
        (None, Some(&theirs), false),
        (Some(&old), Some(&old), true),
        (Some(&old), Some(&mine), true),
        (Some(&old), Some(&theirs), false),
        (Some(&old), None, false),
    ] {
        let (_directory, store) = store();
        if let Some(stored) = stored {
            store.put_entry(stored.clone()).unwrap();
        }
        let result = store.replace_if_unchanged(seen, mine.clone());
        let kind = result.err().map(|error| error.kind());
        assert_eq!(kind, (!accepted).then_some(Kind::CertChanged), "{seen:?} {stored:?}");
        let expected = if accepted { Some(&mine) } else { stored };
        assert_eq!(store.lookup("h", 21).unwrap().as_ref(), expected);
    }
}

#[test]
fn what_cannot_be_read_or_written_is_an_error_and_loses_nothing() {
    // A directory in place of the file cannot be read, even by root.
    let (_directory, unreadable) = store();
    fs::create_dir_all(&unreadable.path).unwrap();
    // A directory in place of the lock or the temporary file prevents writing.
    let (_directory2, unlockable) = holding(format!("{}\n", entry("h", 21)));
    fs::create_dir(with_suffix(&unlockable.path, ".lock")).unwrap();
    let (_directory3, unwritable) = holding(format!("{}\n", entry("h", 21)));
    fs::create_dir(with_suffix(&unwritable.path, ".new")).unwrap();
    let (_directory4, outside) = holding("");
    let outside = TrustStore::new(outside.path.join("under/a/file"));

    let kind = |result: Result<()>| result.err().map(|error| error.kind());
    for (name, store, readable) in [
        ("unreadable", &unreadable, false),
        ("unlockable", &unlockable, true),
        ("unwritable", &unwritable, true),
        ("outside", &outside, false),
    ] {
        assert_eq!(kind(store.put_entry(entry("k", 21))), Some(Kind::Local), "{name}");
        let looked_up = store.lookup("h", 21);
        assert_eq!(looked_up.is_ok_and(|entry| entry.is_some()), readable, "{name}");
        assert_eq!(store.user_entries().is_ok() && store.problems().is_ok(), readable, "{name}");
        if readable {
            assert_eq!(text(store), format!("{}\n", entry("h", 21)), "{name}");
            assert_eq!(kind(store.remove_host("h", None).map(drop)), Some(Kind::Local), "{name}");
        }
    }
}

#[test]
fn what_a_crash_left_behind_is_replaced_and_a_link_stays_a_link() {
    let (directory, store) = holding("");
    fs::remove_file(&store.path).unwrap();
    let real = directory.path().join("dotfile");
    fs::write(&real, "# mine\n").unwrap();
    fs::write(directory.path().join("dotfile.new"), "half a li").unwrap();
    std::os::unix::fs::symlink(&real, &store.path).unwrap();
    store.put_entry(entry("h", 21)).unwrap();
    assert!(fs::symlink_metadata(&store.path).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), format!("# mine\n{}\n", entry("h", 21)));
    assert!(!directory.path().join("dotfile.new").exists());
}

#[test]
fn fifty_writers_at_once_lose_nothing() {
    let (_directory, store) = store();
    std::thread::scope(|scope| {
        for number in 0..50 {
            let store = TrustStore::new(store.path());
            scope.spawn(move || store.put_entry(entry(&format!("host{number}"), 21)).unwrap());
        }
    });
    assert_eq!(text(&store).lines().count(), 50);
    assert!(store.problems().unwrap().is_empty());
    for number in 0..50 {
        assert!(store.lookup(&format!("host{number}"), 21).unwrap().is_some(), "{number}");
    }
}

/// Not a test of its own: the child process of the two tests below.
#[test]
fn child() {
    let (Some(path), Some(name)) = (std::env::var_os(CHILD_STORE), std::env::var_os(CHILD_NAME))
    else {
        return;
    };
    for number in 0..5 {
        let host = format!("{}{number}", name.to_str().unwrap());
        TrustStore::new(&path).put_entry(entry(&host, 21)).unwrap();
    }
}

fn spawn_child(store: &TrustStore, name: &str, umask: &str) -> std::process::Child {
    Command::new("sh")
        .args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "trust::store::tests::child"])
        .env(CHILD_STORE, store.path())
        .env(CHILD_NAME, name)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn ten_processes_at_once_lose_nothing() {
    let (_directory, store) = store();
    let names: Vec<String> = (b'a'..=b'j').map(|c| char::from(c).to_string()).collect();
    let children: Vec<_> = names.iter().map(|name| spawn_child(&store, name, "022")).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(store.user_entries().unwrap().len(), 50);
    assert_eq!(text(&store).lines().count(), 50);
}

#[test]
fn files_are_private_under_any_umask_and_become_so_when_they_were_not() {
    for umask in ["000", "022", "077", "777"] {
        let directory = tempfile::tempdir().unwrap();
        let store = TrustStore::new(directory.path().join("a/b/known_servers"));
        assert!(spawn_child(&store, "h", umask).wait().unwrap().success(), "{umask}");
        for (path, expected) in [
            (store.path.clone(), 0o600),
            (with_suffix(&store.path, ".lock"), 0o600),
            (directory.path().join("a/b"), 0o700),
            (directory.path().join("a"), 0o700),
        ] {
            assert_eq!(mode(&path), expected, "umask {umask}: {}", path.display());
        }
    }
    let (_directory, store) = holding("");
    fs::set_permissions(&store.path, Permissions::from_mode(0o666)).unwrap();
    store.put_entry(entry("h", 21)).unwrap();
    assert_eq!(mode(&store.path), 0o600);
}

#[test]
fn the_command_to_remove_is_safe_to_paste() {
    for (host, expected) in [
        ("h.example", "ftpsh trust remove h.example:21"),
        ("::1", "ftpsh trust remove '[::1]:21'"),
        ("a;b", "ftpsh trust remove 'a;b:21'"),
        ("a'b", r"ftpsh trust remove 'a'\''b:21'"),
    ] {
        assert_eq!(remove_command(host, 21), expected);
    }
}

#[test]
fn the_administrators_file_stands_behind_the_users_and_is_never_written() {
    let (directory, store) = store();
    let system = directory.path().join("system");
    let lines = format!("{}\n{}\nbroken\n[bad]:21 x\n", entry("both", 21), entry("theirs", 21));
    fs::write(&system, &lines).unwrap();
    let mode = |mode| fs::set_permissions(&system, Permissions::from_mode(mode)).unwrap();
    mode(0o444);
    let store = store.with_system_store(Some(system.clone()));
    let mine = Entry { certificate: Fingerprint([7; 32]), ..entry("both", 21) };
    store.put_entry(mine.clone()).unwrap();

    assert_eq!(store.lookup("both", 21).unwrap(), Some(mine.clone()));
    let theirs = store.lookup("THEIRS.", 21).unwrap().unwrap();
    assert_eq!(theirs, Entry { origin: Origin::System, ..entry("theirs", 21) });
    assert_eq!(store.lookup("theirs", 990).unwrap(), None);
    assert_eq!(store.user_entries().unwrap(), std::slice::from_ref(&mine));
    assert_eq!(store.all_entries().unwrap(), [mine, theirs.clone()]);
    let error = store.lookup("bad", 21).unwrap_err();
    assert!(error.message().contains("system, line 4"), "{error}");

    // Changes for one of its servers go to the user's file, or nowhere.
    store.update_last_seen("theirs", 21, date(2026, 5, 5)).unwrap();
    assert_eq!(store.lookup("theirs", 21).unwrap(), Some(theirs.clone()));
    assert_eq!(store.remove_host("theirs", None).unwrap(), 0);
    let renewed = Entry { certificate: Fingerprint([8; 32]), ..theirs.clone() };
    store.replace_if_unchanged(Some(&theirs), renewed.clone()).unwrap();
    let now = store.lookup("theirs", 21).unwrap();
    assert_eq!(now, Some(Entry { origin: Origin::User, ..renewed }));
    assert_eq!(fs::read_to_string(&system).unwrap(), lines);
    assert_eq!(store.remove_host("theirs", Some(21)).unwrap(), 1);
    assert_eq!(store.lookup("theirs", 21).unwrap(), Some(theirs));

    // A world-writable file is not trusted, and neither is the absence of an entry in it.
    for loose in [0o664, 0o646] {
        mode(loose);
        for host in ["theirs", "nobody"] {
            let error = store.lookup(host, 21).unwrap_err();
            assert!(error.message().contains("others than its owner"), "{error}");
        }
        assert!(store.lookup("both", 21).unwrap().is_some());
    }
    fs::remove_file(&system).unwrap();
    assert_eq!(store.lookup("theirs", 21).unwrap(), None);
}
