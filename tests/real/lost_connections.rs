//! Mirrors with deletions whose control connection is lost at every phase: nothing is deleted that is
//! not surplus, whether the server comes back or not, and the next run finishes the work.

use crate::bench::{Bench, on};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use support::program::Ftpsh;

/// Hands the control connections of one server on, until so many pieces have come from the client.
struct Relay {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    /// Pieces that may still come.
    left: AtomicUsize,
    /// Whether the server is gone for good after them.
    for_good: bool,
    cut: AtomicBool,
    /// All connections from the client.
    clients: Mutex<Vec<TcpStream>>,
}

impl Relay {
    fn start(server: SocketAddr, pieces: usize, for_good: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (left, cut) = (AtomicUsize::new(pieces), AtomicBool::new(false));
        let clients = Mutex::default();
        let shared = Arc::new(Shared { server, left, for_good, cut, clients });
        let relayed = Arc::clone(&shared);
        // It ends with the test's process: nothing is left to wait for.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if relayed.for_good && relayed.cut.load(Ordering::SeqCst) {
                    continue;
                }
                let shared = Arc::clone(&relayed);
                thread::spawn(move || shared.hand_on(&client));
            }
        });
        Self { addr, shared }
    }

    fn has_cut(&self) -> bool {
        self.shared.cut.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn hand_on(&self, client: &TcpStream) {
        let server = TcpStream::connect(self.server).unwrap();
        self.clients.lock().unwrap().push(client.try_clone().unwrap());
        let close = || {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ = std::io::copy(&mut &server, &mut &*client);
                close();
            });
            let mut piece = [0; 16 * 1024];
            while let Ok(length @ 1..) = (&*client).read(&mut piece) {
                let count = |left: usize| left.checked_sub(1);
                let before = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count);
                // The last one arrives; its reply does not.
                let sent = (&server).write_all(&piece[..length]);
                if before == Ok(1) {
                    self.cut.store(true, Ordering::SeqCst);
                    let clients = self.clients.lock().unwrap();
                    for client in clients.iter().filter(|_| self.for_good) {
                        let _ = client.shutdown(Shutdown::Both);
                    }
                    break;
                }
                if sent.is_err() {
                    break;
                }
            }
            close();
        });
    }
}

type Files = BTreeMap<String, String>;

/// What is in both, and what only the source and the target have.
fn trees() -> (Files, Files) {
    let file = |(path, content): (&str, &str)| (path.to_owned(), content.to_owned());
    let source = [("a", "a new"), ("d/b", "b new"), ("d/e/c", "c"), ("f/g", "g"), ("h", "h")];
    let target = [("a", "a"), ("d/b", "b"), ("d/old", "x"), ("gone/i", "y"), ("gone/j", "z")];
    (source.map(file).into(), target.map(file).into())
}

fn write(root: &Path, files: &Files) {
    for (path, content) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

fn read(root: &Path) -> Files {
    let mut files = Files::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.insert(name, String::from_utf8(std::fs::read(path).unwrap()).unwrap());
            }
        }
    }
    files
}

/// Files of the target that the source has as well, and that are gone. A download leaves the old or
/// the new version as well; an upload that was cut may have been begun.
fn wrong(source: &Files, target: &Files, now: &Files, reverse: bool) -> Vec<String> {
    let kept = target.iter().filter(|(path, _)| source.contains_key(*path));
    let is_wrong = |(path, old): &(&String, &String)| match now.get(*path) {
        Some(now) => !reverse && now != *old && *now != source[*path],
        None => true,
    };
    kept.filter(is_wrong).map(|(path, _)| path.clone()).collect()
}

#[test]
fn a_mirror_that_loses_its_connection_at_any_phase_deletes_nothing_but_extraneous_files() {
    println!("| server | direction | server after it | cut | exit | deleted wrongly |");
    println!("|---|---|---|--:|--:|--:|");
    on(&["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"], |bench| {
        let server = SocketAddr::from(([127, 0, 0, 1], bench.server.port));
        let (source, target) = trees();
        for reverse in [false, true] {
            for (step, pieces) in (4..).step_by(4).enumerate() {
                let for_good = step % 2 == 1;
                let dir = format!("{}{reverse}{pieces}", bench.prefix);
                let (here, there) = (bench.local.path().join(&dir), bench.server.root.join(&dir));
                write(&here, if reverse { &source } else { &target });
                write(&there, if reverse { &target } else { &source });
                owned_by_the_server(bench, &there);
                let relay = Relay::start(server, pieces, for_good);
                let mirror = if reverse { "-R " } else { "" };
                let line = format!("mirror {mirror}--delete --yes -P 2 {dir} {dir}");
                let call = |addr: SocketAddr| {
                    let url = format!("ftpes://{}@{addr}", bench.server.user);
                    Ftpsh::at(&bench.home)
                        .cwd(bench.local.path())
                        .env("LOST_PASSWORD", &bench.server.password)
                        .args(["--password-env", "LOST_PASSWORD"])
                        .args(["--fingerprint", &bench.server.cert_sha256])
                        .args(["--set", "net:reconnect-interval=10ms"])
                        .args(["--set", "net:max-retries=2", "-c", &line, &url])
                };
                let ran = call(relay.addr).run();
                let name = &bench.server.name;
                let way = if reverse { "up" } else { "down" };
                let (from, to) = if reverse { (&here, &there) } else { (&there, &here) };
                let lost = wrong(&source, &target, &read(to), reverse);
                let after = if for_good { "gone" } else { "back" };
                let row = format!("| {name} | {way} | {after} | {pieces} |");
                println!("{row} {} | {} |", ran.status, lost.len());
                assert_eq!(lost, [""; 0], "{row}\n{ran}");
                assert_eq!(read(from), source, "{row}\n{ran}");
                if ran.status == 0 {
                    assert_eq!(read(to), source, "{row}\n{ran}");
                }
                let ran = call(server).run().ok();
                assert_eq!(read(to), source, "{row}\n{ran}");
                let _ = std::fs::remove_dir_all(&there);
                if !relay.has_cut() {
                    // It was over before.
                    break;
                }
            }
        }
    });
}

/// What the test put there belongs to the user whom the server runs as.
fn owned_by_the_server(bench: &Bench, path: &Path) {
    let owner = std::fs::metadata(&bench.server.root).unwrap();
    let owner = {
        use std::os::unix::fs::MetadataExt as _;
        (Some(owner.uid()), Some(owner.gid()))
    };
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        std::os::unix::fs::chown(&path, owner.0, owner.1).unwrap();
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}
