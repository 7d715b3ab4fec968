//! `mirror --delete` against whatever a deletion could wrongly rest on: servers × faults × directions,
//! as a table. Nothing may be deleted that the source has, or that could not be compared.
//!
//! One more fault is one more row of [`FAULTS`]: what it sets up, and how the mirror is run.

use crate::bench::{Bench, on};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::program::{Ftpsh, Ran};

const SERVERS: [&str; 4] = ["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"];

/// Which way the mirror goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

/// One mirror: of `here` to the server's `there`, or the other way.
struct Case<'a> {
    bench: &'a Bench,
    way: Way,
    /// The setting `ftp:list`.
    list: &'static str,
    /// The local directory.
    here: PathBuf,
    /// The directory on the server, by its name there and by its path on this machine.
    there: String,
    root: PathBuf,
}

/// What could go wrong.
struct Fault {
    name: &'static str,
    ways: &'static [Way],
    /// Sets it up, and says what the files hold that must not be deleted from the target.
    /// `None` where this server has no such fault.
    set_up: fn(&Case<'_>) -> Option<Vec<&'static str>>,
    /// Runs the mirror, and whatever happens meanwhile.
    run: fn(&Case<'_>) -> Ran,
    /// Whether the mirror has to fail; otherwise it has to succeed.
    fails: bool,
}

const BOTH: &[Way] = &[Way::Down, Way::Up];

const FAULTS: &[Fault] = &[
    Fault { name: "none", ways: BOTH, set_up: no_fault, run: plainly, fails: false },
    Fault {
        name: "0711",
        ways: &[Way::Down],
        set_up: |c| unread(c, "0711"),
        run: plainly,
        fails: true,
    },
    Fault {
        name: "0744",
        ways: &[Way::Down],
        set_up: |c| unread(c, "0744"),
        run: plainly,
        fails: true,
    },
    Fault {
        name: "0000",
        ways: &[Way::Down],
        set_up: |c| unread(c, "0000"),
        run: plainly,
        fails: true,
    },
    Fault {
        name: "0711 in it",
        ways: BOTH,
        set_up: |c| unread_in_it(c, "0711"),
        run: plainly,
        fails: true,
    },
    Fault {
        name: "0744 in it",
        ways: BOTH,
        set_up: |c| unread_in_it(c, "0744"),
        run: plainly,
        fails: true,
    },
    Fault {
        name: "other spelling",
        ways: &[Way::Up],
        set_up: other_spelling,
        run: plainly,
        fails: true,
    },
    Fault {
        name: "failed transfer",
        ways: BOTH,
        set_up: failed_transfer,
        run: plainly,
        fails: true,
    },
    Fault { name: "no such source", ways: BOTH, set_up: no_source, run: plainly, fails: true },
];

impl Case<'_> {
    fn source(&self) -> &Path {
        if self.way == Way::Down { &self.root } else { &self.here }
    }

    fn target(&self) -> &Path {
        if self.way == Way::Down { &self.here } else { &self.root }
    }

    fn call(&self) -> Ftpsh {
        let list = format!("ftp:list={}", self.list);
        self.bench.call().args(["--set", "net:max-retries=1", "--set", &list])
    }

    fn command(&self) -> String {
        let here = self.here.file_name().unwrap().to_str().unwrap();
        match self.way {
            Way::Down => format!("mirror --delete --yes {} {here}", self.there),
            Way::Up => format!("mirror -R --delete --yes {here} {}", self.there),
        }
    }

    /// Gives what lies in the server's directory to the user that the server serves files as.
    fn give_to_server(&self) {
        let reference = format!("--reference={}", self.bench.server.root.display());
        as_root(&["chown", "-R", &reference], &self.root);
    }

    /// Takes something on the server away from that user.
    fn take_from_server(&self, path: &Path, mode: &str) {
        as_root(&["chown", "root:root"], path);
        as_root(&["chmod", mode], path);
    }
}

fn put(directory: &Path, name: impl AsRef<OsStr>, content: &str) {
    let path = directory.join(name.as_ref());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Runs a command on a path, as root.
#[track_caller]
fn as_root(words: &[&str], path: &Path) {
    let mut words = words.to_vec();
    if !rustix::process::geteuid().is_root() {
        words.insert(0, "sudo");
    }
    let ran = Command::new(words[0]).args(&words[1..]).arg(path).output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// The contents of all files below a directory.
fn contents(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(root) else { return found };
    for entry in entries.flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(contents(&entry.path()));
        } else {
            found.push(std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

fn plainly(case: &Case<'_>) -> Ran {
    case.call().args(["-c", &case.command()]).run()
}

/// Surplus beyond doubt: it goes, and nothing else does.
fn no_fault(case: &Case<'_>) -> Option<Vec<&'static str>> {
    put(case.source(), "new", "new");
    put(case.source(), "sub/same", "same");
    put(case.target(), "sub/same", "same");
    put(case.target(), "surplus", "surplus");
    put(case.target(), "sub/gone/surplus", "surplus");
    std::fs::create_dir(case.source().join("empty")).unwrap();
    put(case.target(), "empty/surplus", "surplus");
    case.give_to_server();
    Some(vec!["same"])
}

/// The whole source cannot be read.
fn unread(case: &Case<'_>, mode: &str) -> Option<Vec<&'static str>> {
    put(case.source(), "one", "one");
    put(case.source(), "sub/two", "two");
    put(case.target(), "one", "one");
    put(case.target(), "sub/two", "two");
    case.give_to_server();
    case.take_from_server(&case.root, mode);
    Some(vec!["one", "two"])
}

/// A directory in the server's side cannot be read, and something is surplus elsewhere.
fn unread_in_it(case: &Case<'_>, mode: &str) -> Option<Vec<&'static str>> {
    put(case.source(), "sub/one", "one");
    put(case.source(), "sub/deep/two", "two");
    put(case.target(), "sub/one", "one");
    put(case.target(), "sub/deep/two", "two");
    put(case.target(), "sub/other", "other");
    put(case.target(), "elsewhere", "elsewhere");
    case.give_to_server();
    case.take_from_server(&case.root.join("sub"), mode);
    Some(vec!["one", "two", "other", "elsewhere"])
}

/// A name that the server does not keep as it is, stored before.
fn other_spelling(case: &Case<'_>) -> Option<Vec<&'static str>> {
    let name: &[u8] = match case.bench.server.name.as_str() {
        "pure-ftpd" => b"blank ",
        "pyftpdlib" => b"caf\xe9",
        _ => return None,
    };
    put(case.source(), OsStr::from_bytes(name), "precious");
    put(case.source(), [OsStr::from_bytes(name), OsStr::new("dir/deep")].join(), "deep");
    case.bench.run(&format!("mirror -R {} {}", case.here.file_name()?.to_str()?, case.there)).ok();
    assert_eq!(contents(&case.root).len(), 2, "it was not stored");
    put(case.target(), "surplus", "surplus");
    case.give_to_server();
    Some(vec!["precious", "deep"])
}

/// One file cannot be transferred; what is surplus may be the only copy of it.
fn failed_transfer(case: &Case<'_>) -> Option<Vec<&'static str>> {
    put(case.source(), "fine", "fine");
    put(case.source(), "after", "renamed");
    put(case.target(), "before", "renamed");
    match case.way {
        // It cannot be read.
        Way::Down => {
            case.give_to_server();
            case.take_from_server(&case.root.join("after"), "0600");
        }
        // A directory has its name.
        Way::Up => {
            put(case.target(), "after/in-it", "in it");
            case.give_to_server();
            return Some(vec!["renamed", "in it"]);
        }
    }
    Some(vec!["renamed"])
}

fn no_source(case: &Case<'_>) -> Option<Vec<&'static str>> {
    std::fs::remove_dir(case.source()).unwrap();
    put(case.target(), "one", "one");
    put(case.target(), "sub/two", "two");
    if case.root.exists() {
        case.give_to_server();
    }
    Some(vec!["one", "two"])
}

/// Words one behind the other.
trait Join {
    fn join(self) -> OsString;
}

impl<const N: usize> Join for [&OsStr; N] {
    fn join(self) -> OsString {
        self.into_iter().collect()
    }
}

#[test]
fn nothing_is_deleted_that_the_source_has_or_that_could_not_be_compared() {
    let mut wrong = 0;
    let mut table = vec![format!(
        "{:18} {:16} {:5} {:>6} {:>15}",
        "server", "fault", "way", "status", "deleted wrongly"
    )];
    let rows = std::sync::Mutex::new(&mut table);
    let count = std::sync::Mutex::new(&mut wrong);
    on(&SERVERS, |bench| {
        let name = &bench.server.name;
        let lists: &[&str] = if bench.server.can("mlsd") { &["mlsd", "list"] } else { &["list"] };
        for (list, fault) in lists.iter().flat_map(|list| FAULTS.iter().map(move |f| (*list, f))) {
            for way in fault.ways {
                let there = format!("{}tree", bench.prefix);
                let (here, root) = (bench.path("here"), bench.server.root.join(&there));
                let case = Case { bench, way: *way, list, here, there, root };
                for directory in [&case.here, &case.root] {
                    std::fs::create_dir(directory).unwrap();
                }
                case.give_to_server();
                if let Some(precious) = (fault.set_up)(&case) {
                    let ran = (fault.run)(&case);
                    let left = contents(case.target());
                    let lost = precious.iter().filter(|p| !left.iter().any(|l| l == *p)).count();
                    rows.lock().unwrap().push(format!(
                        "{:18} {:16} {:5} {:>6} {lost:>15}",
                        format!("{name} {list}"),
                        fault.name,
                        format!("{way:?}").to_lowercase(),
                        ran.status,
                    ));
                    if lost > 0 || (ran.status != 0) != fault.fails {
                        **count.lock().unwrap() += 1;
                        rows.lock().unwrap().push(format!("{}\n{ran}", fault.name));
                    }
                    if fault.name == "none" {
                        assert!(!left.iter().any(|l| l == "surplus"), "{name} {list}\n{ran}");
                    }
                }
                as_root(&["rm", "-rf"], &case.root);
                as_root(&["rm", "-rf"], &case.here);
            }
        }
    });
    let text = table.join("\n");
    println!("{text}");
    assert_eq!(wrong, 0, "\n{text}");
}
