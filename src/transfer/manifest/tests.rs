//! The lock of a manifest: who gets it of several, who has lost it, and what that one then does not
//! do any more. With short intervals, against the scripted server.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use support::liar::{Files, Liar, Script, Step};
use tempfile::TempDir;

use super::deployment::{Deployment, DeploymentPlace};
use super::hash_cache::HashCache;
use super::lock::{LockOwner, LockTimes, ManifestLock};
use super::lock_keeper::LockKeeper;
use super::own_paths::OwnPaths;
use super::store::ManifestStore;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;
use crate::ftp::connect::dial::{AddressFamily, Dialer};
use crate::ftp::connect::steps::Secured;
use crate::ftp::control::trace::ProtocolTrace;
use crate::ftp::path::RemotePath;
use crate::ftp::session::login::log_in;
use crate::ftp::session::quirks::ServerQuirks;
use crate::ftp::session::server_clock::ServerClock;
use crate::ftp::session::{DataMode, ListMode, LoginRequest, Session, SessionConfig};
use crate::ftp::session_pool::SiteSessions;
use crate::tls::Config;
use crate::transfer::mirror::executor::{MirrorSettings, RemoveSource, transfer_all};
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::observer::MirrorObserver;
use crate::transfer::mirror::plan::{CompareBy, MirrorAction, MirrorRules};
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::retry::Retries;
use crate::transfer::{NoProgress, Outcome, Progress, TransferOptions};

/// A server, and a directory of this side.
struct Scene {
    liar: Liar,
    dir: TempDir,
}

impl Scene {
    fn new(script: Script) -> Self {
        Self { liar: Liar::start(script), dir: tempfile::tempdir().unwrap() }
    }

    /// A session, logged in, whatever the certificate.
    fn session(&self) -> Session {
        let timeout = Duration::from_secs(10);
        let config = SessionConfig {
            host: self.liar.addr.ip().to_string(),
            port: self.liar.addr.port(),
            implicit: false,
            tls: Config::default(),
            dialer: Dialer {
                order: vec![AddressFamily::V4],
                bind: None,
                timeout,
                cancel: Cancel::new(),
                proxy: None,
            },
            timeout,
            mode: DataMode::Auto,
            list: ListMode::Auto,
            prefetch_first_port: false,
            max_listing: 30 << 20,
            clear_data: false,
            quirks: ServerQuirks::default(),
            timezone: None,
            clock: ServerClock::default(),
            charset: Charset::default(),
            trace: ProtocolTrace::default(),
        };
        let mut session = Session::new(Secured::connect(&config).unwrap()).unwrap();
        let (user, password) = (&self.liar.user, &self.liar.password);
        log_in(&mut session, &LoginRequest { user, password, account: None }).unwrap();
        session
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Files> {
        self.liar.files.lock().unwrap()
    }

    /// What lies below a directory of the server.
    fn below(&self, directory: &str) -> Vec<String> {
        let paths = self.files().paths();
        let paths = paths.into_iter().map(|path| String::from_utf8(path).unwrap());
        let below =
            paths.filter_map(|p| Some(p.strip_prefix(directory)?.strip_prefix('/')?.to_owned()));
        below.collect()
    }
}

const LOCK: &str = "/site/m.lock";

/// Another mirror, that takes the lock over.
const THIEF: &str = "/site/m.lock/ann@laptop-77-20240102T030000Z-0000000000000000-3";

const TIMES: LockTimes = LockTimes {
    beat: Duration::ZERO,
    unowned: Duration::from_millis(200),
    settle: Duration::from_millis(400),
};

fn acquire(session: &mut Session, left: &[String]) -> Result<ManifestLock> {
    let (path, cancel) = (RemotePath::new(LOCK).unwrap(), Cancel::new());
    ManifestLock::acquire(session, &path, &LockOwner::here(), left, TIMES, &cancel)
}

fn hold(session: &mut Session) -> ManifestLock {
    let mut lock = acquire(session, &[]).unwrap();
    assert!(lock.confirm(session, &Cancel::new()).unwrap());
    lock
}

fn in_lock(scene: &Scene) -> Vec<String> {
    scene.below(LOCK)
}

/// What a mirror does that takes the lock over.
fn steal(files: &mut Files) {
    for path in files.paths() {
        if path.starts_with(LOCK.as_bytes()) {
            files.drop_dir(&path);
        }
    }
    files.make_dirs(THIEF.as_bytes());
}

#[track_caller]
fn assert_taken(error: &Error, scene: &Scene) {
    assert_eq!(error.kind(), Kind::Incomplete, "{error:?}");
    let text = error.message();
    assert!(text.contains("was taken over by ann@laptop (process 77) since 2024-01-02"), "{text}");
    let thief = THIEF.rsplit('/').next().unwrap();
    assert_eq!(in_lock(scene), [thief], "who has lost it leaves nothing in it");
}

#[test]
fn a_lock_is_free_held_and_given_back() {
    let scene = Scene::new(Script::new().dir("/site"));
    let (mut one, mut other) = (scene.session(), scene.session());
    let lock = hold(&mut one);
    let error = acquire(&mut other, &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("another mirror runs"), "{error:?}");
    lock.release(&mut one).unwrap();
    let lock = hold(&mut other);
    lock.release(&mut other).unwrap();
    assert_eq!(scene.below("/site"), [""; 0]);
}

#[test]
fn a_sign_of_life_replaces_the_owners_directory() {
    let scene = Scene::new(Script::new().dir("/site"));
    let mut session = scene.session();
    let mut lock = hold(&mut session);
    for beat in 1..4 {
        lock.beat(&mut session, &Cancel::new()).unwrap();
        let inside = in_lock(&scene);
        assert!(inside.len() == 1 && inside[0].ends_with(&format!("-{beat}")), "{inside:?}");
    }
    lock.release(&mut session).unwrap();
    assert_eq!(scene.below("/site"), [""; 0]);
}

#[test]
fn a_sign_of_life_whose_reply_was_lost_is_no_lost_lock() {
    for (verb, at) in [("MKD", 2), ("RMD", 0)] {
        // It is done, and then the connection ends.
        let script =
            (0..at).fold(Script::new().dir("/site"), |s, _| s.on(verb, Step::change(|_| {})));
        let scene = Scene::new(script);
        let (mut session, mut next) = (scene.session(), scene.session());
        let mut lock = hold(&mut session);
        scene.liar.change_script(|script| script.on(verb, Step::Close(Vec::new())));
        let lost = lock.beat(&mut session, &Cancel::new()).unwrap_err();
        assert_eq!(lost.kind(), Kind::Connect, "{lost:?}");
        lock.beat(&mut next, &Cancel::new()).unwrap();
        assert_eq!(in_lock(&scene).len(), 1, "{verb}");
        lock.release(&mut next).unwrap();
        assert_eq!(scene.below("/site"), [""; 0], "{verb}");
    }
}

#[test]
fn who_has_lost_a_lock_notices_at_the_next_sign_of_life_and_leaves_it() {
    let scene = Scene::new(Script::new().dir("/site"));
    let mut session = scene.session();
    let mut lock = hold(&mut session);
    steal(&mut scene.files());
    let error = lock.beat(&mut session, &Cancel::new()).unwrap_err();
    assert_taken(&error, &scene);
    // Somebody has removed it.
    let mut files = scene.files();
    files.drop_dir(THIEF.as_bytes());
    files.drop_dir(LOCK.as_bytes());
    drop(files);
    let mut lock = hold(&mut session);
    steal(&mut scene.files());
    scene.files().drop_dir(THIEF.as_bytes());
    let error = lock.beat(&mut session, &Cancel::new()).unwrap_err();
    assert_eq!(error.kind(), Kind::Incomplete);
    assert!(error.message().ends_with("the lock is gone"), "{error:?}");
}

#[test]
fn who_was_slow_to_say_whose_a_lock_is_does_not_hold_it_beside_who_took_it_over() {
    // Whichever of the two has the smaller token: they are different each time.
    for _ in 0..6 {
        let scene = Scene::new(Script::new().dir("/site"));
        let (mut slow, mut other) = (scene.session(), scene.session());
        let mut lock = acquire(&mut slow, &[]).unwrap();
        let mut taken = acquire(&mut other, &[]).unwrap();
        let owner = in_lock(&scene);
        assert!(taken.confirm(&mut other, &Cancel::new()).unwrap());
        let error = lock.confirm(&mut slow, &Cancel::new()).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{error:?}");
        assert_eq!(in_lock(&scene), owner);
        taken.beat(&mut other, &Cancel::new()).unwrap();
        taken.release(&mut other).unwrap();
        assert_eq!(scene.below("/site"), [""; 0]);
    }
}

#[test]
fn who_was_slow_and_is_alone_reads_the_manifest_again() {
    let scene = Scene::new(Script::new().dir("/site"));
    let mut session = scene.session();
    let times = LockTimes { unowned: Duration::ZERO, ..TIMES };
    let (path, cancel) = (RemotePath::new(LOCK).unwrap(), Cancel::new());
    let owner = LockOwner::here();
    let lock = ManifestLock::acquire(&mut session, &path, &owner, &[], times, &cancel);
    let mut lock = lock.unwrap();
    assert!(!lock.confirm(&mut session, &cancel).unwrap());
    assert!(lock.confirm(&mut session, &cancel).unwrap());
}

/// Of so many who try to get a lock at the same time, those who got it.
fn race(scene: &Scene, count: usize) -> Vec<ManifestLock> {
    let (barrier, got) = (Barrier::new(count), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                let mut session = scene.session();
                barrier.wait();
                let taken = acquire(&mut session, &[]).and_then(|mut lock| {
                    lock.confirm(&mut session, &Cancel::new())?;
                    Ok(lock)
                });
                match taken {
                    Ok(lock) => got.lock().unwrap().push(lock),
                    Err(error) => assert_eq!(error.kind(), Kind::Refused, "{error:?}"),
                }
            });
        }
    });
    got.into_inner().unwrap()
}

#[test]
fn of_several_that_find_a_lock_free_left_or_without_an_owner_one_gets_it() {
    for left in ["free", "without owner", "stale"] {
        for _ in 0..4 {
            let scene = Scene::new(Script::new().dir("/site"));
            let mut files = scene.files();
            match left {
                "free" => {}
                "without owner" => files.make_dirs(LOCK.as_bytes()),
                _ => {
                    files.make_dirs(THIEF.as_bytes());
                    files.set_time(THIEF.as_bytes(), "20240101000000");
                }
            }
            drop(files);
            let got = race(&scene, 5);
            assert!(got.len() <= 1, "{left}: {got:?}");
            assert_eq!(in_lock(&scene).len(), 1, "{left}");
            assert_eq!(got.len(), 1, "{left}");
        }
    }
}

#[test]
fn a_server_that_makes_a_directory_twice_ends_one_of_two_mirrors() {
    // Whichever of the two has the smaller token.
    for _ in 0..4 {
        let scene = Scene::new(Script::new().dir(LOCK).of("MKD", LOCK, Step::reply("257 again")));
        let (mut one, mut other) = (scene.session(), scene.session());
        let (mut first, mut second) = (hold(&mut one), hold(&mut other));
        let beats = std::thread::scope(|scope| {
            let first = scope.spawn(|| first.beat(&mut one, &Cancel::new()));
            let second = scope.spawn(|| second.beat(&mut other, &Cancel::new()));
            [first.join().unwrap(), second.join().unwrap()]
        });
        let lost = beats.iter().filter(|beat| beat.is_err()).count();
        assert_eq!(lost, 1, "{beats:?}");
        assert_eq!(in_lock(&scene).len(), 1);
    }
}

#[test]
fn a_lock_is_given_back_while_somebody_looks_how_old_it_is() {
    let scene = Scene::new(Script::new().dir("/site"));
    let mut session = scene.session();
    let lock = hold(&mut session);
    let probe = format!("{LOCK}/probe-77-20240102T030000Z-0011223344556677-0");
    scene.files().make_dirs(probe.as_bytes());
    lock.release(&mut session).unwrap();
    assert_eq!(scene.below("/site"), [""; 0]);
}

#[test]
fn a_lock_whose_age_the_server_does_not_tell_is_held_and_can_be_removed() {
    let name = THIEF.rsplit('/').next().unwrap();
    let listing = format!("type=dir; {name}\r\n");
    let scene =
        Scene::new(Script::new().dir(THIEF).listing("MLSD", listing).feature("MLST type*;"));
    let error = acquire(&mut scene.session(), &[]).unwrap_err();
    assert!(error.message().contains("held by ann@laptop"), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("`rm -r /site/m.lock`")), "{error:?}");
}

/// A mirror with a manifest of this scene's tree, with so many sessions, that looks at its lock
/// before each change.
fn deployment(scene: &Arc<Scene>, sessions: usize) -> Deployment {
    std::fs::create_dir(scene.dir.path().join("src")).unwrap();
    for name in ["a", "b", "c", "d"] {
        std::fs::write(scene.dir.path().join("src").join(name), name).unwrap();
    }
    let connecting = Arc::clone(scene);
    let pool = SiteSessions::new(sessions, Box::new(move || Ok(connecting.session())));
    let place = DeploymentPlace {
        local: Arc::new(LocalTree::new(scene.dir.path().join("src"))),
        remote: Arc::new(RemoteTree::new(pool, RemotePath::new("/site").unwrap())),
        store: ManifestStore::Remote(RemotePath::new("/site/m").unwrap()),
        lock: Some(RemotePath::new(LOCK).unwrap()),
        lock_times: LockTimes { unowned: Duration::from_secs(60), ..TIMES },
        own: OwnPaths::new(Some("m".to_owned())),
        journal: (scene.dir.path().join("state"), "key".to_owned()),
        hashes: Arc::new(HashCache::load(None)),
        compare: CompareBy::Size,
        retries: Retries::new(0, Duration::ZERO),
        dry_run: false,
    };
    Deployment::begin(place, &|_| {}, &Cancel::new()).unwrap().0
}

struct Quiet;

impl MirrorObserver for Quiet {
    fn add_to_total(&self, _files: u64, _bytes: u64) {}

    fn begin_file(&self, _path: &str, _size: Option<u64>) -> Box<dyn Progress> {
        Box::new(NoProgress)
    }

    fn show_planned(&self, _action: &MirrorAction) -> Result<()> {
        Ok(())
    }

    fn action_done(&self, _action: &MirrorAction, _result: Result<Option<&Outcome>, &Error>) {}

    fn planning_failed(&self, _error: &Error) {}

    fn show_note(&self, _text: &str) {}
}

fn run(deployment: &Deployment) -> Result<()> {
    let settings = MirrorSettings {
        options: TransferOptions::default(),
        rules: MirrorRules { compare: CompareBy::Content, ..MirrorRules::default() },
        workers: 1,
        retries: Retries::new(0, Duration::ZERO),
        dry_run: false,
        max_errors: None,
        remove_source: RemoveSource::Nothing,
    };
    transfer_all(deployment, &settings, &Quiet, &Cancel::new()).map(drop)
}

#[test]
fn a_mirror_that_has_lost_its_lock_changes_nothing_more_and_keeps_what_it_did() {
    for sessions in [1, 4] {
        let scene = Arc::new(Scene::new(Script::new().dir("/site")));
        // While the second file is sent, another mirror takes over and writes its manifest.
        let taken = Step::change_after(|files| {
            steal(files);
            files.put(b"/site/m", b"the other's".to_vec());
        });
        scene.liar.change_script(|s| s.on("STOR", Step::change(|_| {})).on("STOR", taken));
        let deployment = deployment(&scene, sessions);
        let error = run(&deployment).unwrap_err();
        assert_taken(&error, &scene);
        let error = deployment.end(&|_| {}, &Cancel::new()).unwrap_err();
        assert_taken(&error, &scene);
        assert_eq!(scene.liar.wire.lines("STOR").len(), 2, "the file in flight was the last one");
        assert_eq!(scene.liar.content("/site/m").unwrap(), b"the other's");
        let state = std::fs::read_dir(scene.dir.path().join("state")).unwrap();
        let journal = state.map(|entry| entry.unwrap().path());
        let journal = journal.filter(|path| path.extension().is_some_and(|e| e == "journal"));
        let journal = std::fs::read_to_string(journal.last().unwrap()).unwrap();
        assert!(journal.contains(" a\n") && journal.contains(" b\n"), "{journal}");
    }
}

#[test]
fn a_manifest_that_takes_long_to_send_does_not_replace_that_of_who_took_the_lock_over() {
    let scene = Arc::new(Scene::new(Script::new().dir("/site")));
    let deployment = deployment(&scene, 1);
    run(&deployment).unwrap();
    let taken = Step::change_after(|files| {
        steal(files);
        files.put(b"/site/m", b"the other's".to_vec());
    });
    scene.liar.change_script(|script| script.of("STOR", "/site/m.new", taken));
    assert_taken(&deployment.end(&|_| {}, &Cancel::new()).unwrap_err(), &scene);
    assert_eq!(scene.liar.content("/site/m").unwrap(), b"the other's");
}

#[test]
fn a_lock_is_kept_until_it_is_lost_or_given_back() {
    let scene = Arc::new(Scene::new(Script::new().dir("/site")));
    let mut session = scene.session();
    let lock = hold(&mut session);
    let connecting = Arc::clone(&scene);
    let pool = SiteSessions::new(2, Box::new(move || Ok(connecting.session())));
    pool.adopt(session);
    let times = LockTimes { beat: Duration::from_millis(20), ..TIMES };
    let (keeper, stop) = (LockKeeper::new(pool, times, Some(lock)), Cancel::new());
    std::thread::scope(|scope| {
        scope.spawn(|| keeper.keep(&stop));
        scene.liar.wire.wait_for("RMD", 3);
        assert!(keeper.check(&Cancel::new()).is_ok());
        steal(&mut scene.files());
        // It ends by itself.
    });
    assert_taken(keeper.lost().unwrap(), &scene);
    assert_taken(&keeper.check(&Cancel::new()).unwrap_err(), &scene);
    keeper.release(&Cancel::new()).unwrap();
    assert_eq!(in_lock(&scene).len(), 1);
}
