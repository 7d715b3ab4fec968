//! Whole trees up and down real servers: content, names and times; a server that is restarted.

use crate::bench::{Bench, noise, on};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

const SERVERS: [&str; 4] = ["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"];

/// Names that some server, shell or parser could misread.
const ODD: [&[u8]; 25] = [
    b"a b",
    b" leading",
    b"-rf",
    b"~root",
    b"..hidden",
    b"...",
    b".dot",
    b"a;b|c&d",
    b"$(id)`id`",
    b"quote\"d",
    b"it's",
    b"back\\slash",
    b"[a]*?{x,y}",
    b"percent%20%s",
    b"caf\xc3\xa9",
    b"\xe6\x97\xa5\xe6\x9c\xac",
    b"total 5",
    b"x -> y",
    b"Jan  1 12:00 z",
    b"type=dir; x",
    b"#hash!",
    b"@at,=+^",
    b"latin-1 caf\xe9",
    b"\xff\xf1\xff\xff.txt",
    b"x\xff",
];

pub fn set_time(path: &Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

/// Small files of many sizes and ages, forty in each directory, eight directories one in the other.
pub fn many(root: &Path, count: u64) {
    let mut dir = root.to_owned();
    for n in 0..count {
        if n % 320 == 0 {
            dir = root.to_owned();
        }
        if n % 40 == 0 {
            dir.push(format!("d{n}"));
            std::fs::create_dir_all(&dir).unwrap();
        }
        let path = dir.join(format!("file{n}"));
        std::fs::write(&path, noise((n % 300 * 37) as usize)).unwrap();
        // From this week to ten years ago.
        set_time(&path, 1_795_000_000 - n % 300 * 86_400 * 12 - n);
    }
}

fn odd(root: &Path, server: &str) {
    for dir in [root.to_owned(), root.join("a dir"), root.join(OsStr::from_bytes(b"-d\xc3\xa4"))] {
        std::fs::create_dir_all(&dir).unwrap();
        for (n, name) in ODD.iter().enumerate() {
            // Pure-FTPd refuses a backslash: "Prohibited file name".
            if server == "pure-ftpd" && name.contains(&b'\\') {
                continue;
            }
            // pyftpdlib's names are text.
            if server == "pyftpdlib" && std::str::from_utf8(name).is_err() {
                continue;
            }
            let path = dir.join(OsStr::from_bytes(name));
            std::fs::write(&path, name).unwrap();
            set_time(&path, 1_600_000_000 + n as u64 * 1000);
        }
    }
    std::fs::create_dir(root.join("empty")).unwrap();
}

/// Content and time of everything below, by its path.
fn tree(root: &Path) -> BTreeMap<OsString, Option<(Vec<u8>, SystemTime)>> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().as_os_str().to_owned();
            if path.is_dir() {
                found.insert(name, None);
                dirs.push(path);
            } else {
                let time = path.metadata().unwrap().modified().unwrap();
                found.insert(name, Some((std::fs::read(&path).unwrap(), time)));
            }
        }
    }
    found
}

#[track_caller]
pub fn same(bench: &Bench, one: &str, two: &str, times: bool) {
    let (one, two) = (tree(&bench.path(one)), tree(&bench.path(two)));
    let server = &bench.server.name;
    let names = |tree: &BTreeMap<OsString, _>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&two), "{server}");
    for (name, entry) in &one {
        match (entry, &two[name]) {
            (None, None) => {}
            (Some((content, time)), Some((other, later))) => {
                assert!(content == other, "{server}: {name:?}: not the same");
                assert!(!times || time == later, "{server}: {name:?}: {time:?} {later:?}");
            }
            _ => panic!("{server}: {name:?} is of another kind"),
        }
    }
}

#[test]
fn trees_go_up_and_down_and_a_second_run_transfers_nothing() {
    on(&SERVERS, |bench| {
        let there = format!("{}tree", bench.prefix);
        many(&bench.path("up/many"), 2000);
        odd(&bench.path("up/odd"), &bench.server.name);
        let up = format!("mirror -R -P4 up {there}");
        let down = format!("mirror -P4 {there} down");
        let patient = || bench.call().timeout(Duration::from_secs(300));
        patient().args(["-c", &up]).run().ok();
        patient().args(["-c", &down]).run().ok();
        same(bench, "up", "down", bench.server.can("mfmt"));
        for again in [&up, &down] {
            let ran = patient().args(["--json", "-c", again]).run().ok();
            assert_eq!(ran.json_of("summary")[0]["files"], 0, "{}\n{ran}", bench.server.name);
        }
        // By LIST as well.
        let listed = format!("mirror {there}/odd listed");
        let by_list = || bench.call().args(["--set", "ftp:list=list"]);
        let ran = by_list().args(["-c", &listed]).run().ok();
        same(bench, "up/odd", "listed", bench.server.can("mfmt"));
        let again = by_list().args(["--json", "-c", &listed]).run().ok();
        let name = &bench.server.name;
        assert_eq!(again.json_of("summary")[0]["files"], 0, "{name}\n{ran}\n{again}");
        // What is gone here goes there.
        std::fs::remove_dir_all(bench.path("up/odd")).unwrap();
        let gone = "--delete --delete-hidden --yes";
        patient().args(["-c", &format!("mirror -R {gone} up {there}")]).run().ok();
        patient().args(["-c", &format!("mirror {gone} {there} down")]).run().ok();
        same(bench, "up", "down", false);
        patient().args(["-c", &format!("rm -r -f {there}")]).run().ok();
    });
}

#[test]
fn a_server_that_is_restarted_in_the_middle_does_not_stop_a_mirror() {
    on(&SERVERS, |bench| {
        let there = format!("{}tree", bench.prefix);
        many(&bench.path("up"), 300);
        bench.run(&format!("mirror -R -P4 up {there}")).ok();
        let ran = std::thread::scope(|scope| {
            // About two seconds for 1.6 MB.
            let settings = ["net:limit-total-rate=800k", "net:max-retries=8"];
            let settings = settings.iter().flat_map(|setting| ["--set", setting]);
            let command = format!("mirror -P4 {there} down");
            let call = bench.call().args(settings).args(["-c", &command]);
            let run = scope.spawn(|| call.run());
            let until = Instant::now() + Duration::from_secs(10);
            while Instant::now() < until && !bench.path("down/d0/file20").exists() {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            bench.restart();
            run.join().unwrap()
        });
        assert_eq!(ran.status, 0, "{}\n{ran}", bench.server.name);
        assert!(ran.err().contains("trying again"), "{}\n{ran}", bench.server.name);
        same(bench, "up", "down", bench.server.can("mfmt"));
        bench.run(&format!("rm -r -f {there}")).ok();
    });
}
