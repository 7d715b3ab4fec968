//! `mirror -R --manifest`: what is sent and deleted without a listing, whatever ends a run, whoever
//! else runs, and whatever the manifest on the server says.

use super::{local_tree, set_time, there};
use openssl::hash::{MessageDigest, hash};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::liar::{Data, Script, Step};
use support::program::{Ftpsh, Ran};
use support::scene::{Scene, noise};

const NAME: &str = ".ftpsh-manifest";
const DEPLOY: &str = "mirror -R -v -e --yes --manifest src site";

/// Another mirror, that said something at the time of everything that the scripted server makes.
const OTHER: &str = "/site/.ftpsh-manifest.lock/ann@laptop-77-20240102T030000Z-0011223344556677-3";

fn scene(script: Script) -> Scene {
    let scene = Scene::new(script);
    local_tree(&scene, "src");
    scene
}

/// A scene after the first run, with a file that no mirror has put there.
fn deployed(script: Script) -> Scene {
    let scene = scene(script.file("/site/d/foreign.txt", "foreign").file("/site/theirs/x", "x"));
    scene.run(DEPLOY).ok();
    assert_true(&scene, NAME);
    scene
}

fn manifest_of(scene: &Scene, name: &str) -> String {
    let path = format!("/site/{name}");
    let text = scene.liar.content(&path).unwrap_or_else(|| panic!("{path}: not there"));
    String::from_utf8(text).unwrap()
}

/// What is sent, deleted or created between two runs is counted from here.
struct Since(usize);

impl Since {
    fn now(scene: &Scene) -> Self {
        scene.liar.wire.wait_idle();
        Self(scene.liar.wire.commands().len())
    }

    /// The commands since then that begin with one of these verbs, without those for the manifest.
    fn lines(&self, scene: &Scene, verbs: &[&str]) -> Vec<String> {
        let lines = scene.liar.wire.commands().into_iter().skip(self.0);
        let about = |line: &String| verbs.iter().any(|verb| line.starts_with(verb));
        lines.filter(|line| about(line) && !line.contains(NAME)).collect()
    }
}

/// The lines of what was done, sorted: files are transferred at the same time.
fn sorted(ran: &Ran) -> Vec<String> {
    let mut lines: Vec<String> = ran.out().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What a correct server does.
fn done() -> Step {
    Step::change(|_| {})
}

#[track_caller]
fn assert_true(scene: &Scene, name: &str) {
    assert_true_of(scene, "site", &manifest_of(scene, name));
}

/// Every line of the manifest says what is in this directory of the server, and every file of the
/// source is in it.
#[track_caller]
pub(super) fn assert_true_of(scene: &Scene, target: &str, text: &str) {
    let mut files = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.splitn(4, ' ').collect();
        let path = fields[3];
        if path.ends_with('/') {
            continue;
        }
        let content = scene.liar.content(format!("/{target}/{path}")).expect(line);
        let digest = hash(MessageDigest::sha256(), &content).unwrap();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((fields[0], fields[1]), (&*hex, &*content.len().to_string()), "{line}");
        assert_eq!(content, scene.read(format!("src/{path}")).expect(line), "{line}");
        files.push(path.to_owned());
    }
    let source = super::below(scene, "src");
    let source: Vec<_> =
        source.into_iter().filter(|path| scene.path(format!("src/{path}")).is_file()).collect();
    assert_eq!(files, source, "{text}");
}

#[test]
fn a_second_run_lists_nothing_and_sends_what_has_other_content_whatever_the_times() {
    let scene = deployed(Script::new());
    assert!(manifest_of(&scene, NAME).starts_with("# ftpsh manifest 1\n"));
    for name in ["a.txt", "b.bin", "d/c.txt", "d/e/f.txt"] {
        set_time(&scene.path(format!("src/{name}")), 1_795_000_000);
    }
    let since = Since::now(&scene);
    scene.run(DEPLOY).ok().stderr_has("up to date (4 files)");
    assert_eq!(since.lines(&scene, &["STOR", "LIST", "MLSD", "NLST", "CWD", "MLST"]).len(), 0);
    // Same size, and the time that the file had.
    scene.write("src/d/c.txt", "GAMMA");
    set_time(&scene.path("src/d/c.txt"), super::THEN);
    scene.write("src/new.txt", "new");
    let since = Since::now(&scene);
    let ran = scene.run(DEPLOY).ok();
    assert_eq!(sorted(&ran), ["put d/c.txt", "put new.txt"], "{ran}");
    assert_eq!(since.lines(&scene, &["LIST", "MLSD", "NLST"]).len(), 0);
    assert_true(&scene, NAME);
    assert_eq!(there(&scene, "site/.ftpsh-manifest.lock").len(), 0, "the lock is given back");
}

#[test]
fn only_what_the_manifest_has_is_deleted() {
    let scene = deployed(Script::new());
    std::fs::remove_dir_all(scene.path("src/d")).unwrap();
    std::fs::remove_file(scene.path("src/a.txt")).unwrap();
    // Without --delete nothing is.
    scene.run("mirror -R --manifest src site").ok();
    assert!(scene.liar.content("/site/a.txt").is_some());
    // In a script not without --yes.
    scene.run("mirror -R -e --manifest src site").status(2);
    scene.run("mirror -R -e --yes --max-delete 1 --manifest src site").status(1);
    assert!(scene.liar.content("/site/a.txt").is_some());
    let since = Since::now(&scene);
    let ran = scene.run(DEPLOY).ok();
    let deleted = ["delete a.txt", "delete d/c.txt", "delete d/e", "delete d/e/f.txt"];
    assert_eq!(sorted(&ran), deleted, "{ran}");
    assert_eq!(since.lines(&scene, &["LIST", "MLSD", "NLST"]).len(), 0);
    // The directory `d` holds what nobody has asked to delete.
    assert_eq!(scene.liar.content("/site/d/foreign.txt").unwrap(), b"foreign");
    assert_eq!(scene.liar.content("/site/theirs/x").unwrap(), b"x");
    assert_true(&scene, NAME);
    scene.run(DEPLOY).ok().stderr_has("up to date");
}

#[test]
fn what_somebody_else_has_changed_is_not_deleted() {
    let scene = deployed(Script::new());
    for (name, content) in [("a.txt", "longer than before"), ("d/c.txt", "gamma")] {
        std::fs::remove_file(scene.path(format!("src/{name}"))).unwrap();
        scene.liar.files.lock().unwrap().put(format!("/site/{name}").as_bytes(), content.into());
    }
    let ran = scene.run(DEPLOY).status(10);
    let ran = ran.stderr_has("/site/a.txt: not deleted: it was changed there");
    assert_eq!(ran.out(), "delete d/c.txt\n", "{ran}");
    assert!(scene.liar.content("/site/a.txt").is_some());
    // It was deleted there by hand: that is as good.
    scene.liar.files.lock().unwrap().drop_file(b"/site/a.txt");
    scene.run(DEPLOY).ok();
    assert_true(&scene, NAME);
}

#[test]
fn a_lost_connection_does_not_make_what_somebody_else_has_changed_a_file_to_delete() {
    let scene = deployed(Script::new());
    std::fs::remove_file(scene.path("src/a.txt")).unwrap();
    scene.liar.files.lock().unwrap().put(b"/site/a.txt", b"longer than before".to_vec());
    let sizes = || scene.liar.wire.lines("MLST").iter().filter(|l| l.ends_with("a.txt")).count();
    let before = sizes();
    // The first is for the manifest; with one session none is uploaded ahead.
    let cut = |script: Script| script.on("MLST", done()).on("MLST", Step::Cut(Vec::new()));
    scene.liar.change_script(cut);
    let ran = scene.call().args(["--set", "net:connection-limit=1", "-c", DEPLOY]).run();
    ran.status(10).stderr_has("/site/a.txt: not deleted: it was changed there");
    assert_eq!(sizes() - before, 2, "it was asked again");
    assert_eq!(scene.liar.content("/site/a.txt").unwrap(), b"longer than before");
}

/// Three changes by somebody else: another size, and two files that are gone.
fn touched_by_others() -> Scene {
    let scene = deployed(Script::new());
    let mut files = scene.liar.files.lock().unwrap();
    files.put(b"/site/a.txt", "longer than before".into());
    files.drop_file(b"/site/b.bin");
    files.drop_file(b"/site/d/e/f.txt");
    drop(files);
    scene
}

#[test]
fn what_somebody_else_has_changed_is_reported_and_left_unless_it_is_forced() {
    // Without --verify nobody looks.
    touched_by_others().run(DEPLOY).ok().stderr_has("up to date (4 files)");

    let scene = touched_by_others();
    let verify = format!("{DEPLOY} --verify");
    for name in ["a.txt", "b.bin", "d/c.txt", "d/e/f.txt"] {
        scene.write(format!("src/{name}"), format!("new {name}"));
    }
    let ran = scene.run(&verify).status(10).stderr_has("3 changes by others left in the target");
    let ran = ran
        .stderr_has("/site/a.txt: it was changed there: 18 bytes, not 5; left")
        .stderr_has("/site/b.bin: it is not there any more; left")
        .stderr_has("/site/d/e/f.txt: it is not there any more; left");
    // What nobody else has touched is brought up to date.
    assert_eq!(sorted(&ran), ["put d/c.txt"], "{ran}");
    assert_eq!(scene.liar.content("/site/a.txt").unwrap(), b"longer than before");
    // What was changed there is not deleted, either.
    std::fs::remove_file(scene.path("src/a.txt")).unwrap();
    let ran = scene.run(&verify).status(10);
    assert_eq!(sorted(&ran), [""; 0], "{ran}");
    scene.run(&format!("{verify} --dry-run --force")).ok();
    assert_eq!(scene.liar.content("/site/a.txt").unwrap(), b"longer than before");

    let ran = scene.run(&format!("{verify} --force")).ok();
    assert_eq!(sorted(&ran), ["delete a.txt", "put b.bin", "put d/e/f.txt"], "{ran}");
    assert_true(&scene, NAME);
    let ran = scene.run(&verify).ok().stderr_has("up to date (3 files)");
    ran.never_says("by others");
    assert_eq!(scene.liar.content("/site/d/foreign.txt").unwrap(), b"foreign");
}

#[test]
fn a_target_that_cannot_be_listed_is_not_verified() {
    let manifest = manifest_of(&deployed(Script::new()), NAME);
    for listing in ["550 no", "200 what"] {
        let script = Script::new().file(format!("/site/{NAME}"), manifest.clone());
        let script = ["MLSD", "LIST"]
            .iter()
            .fold(script, |script, verb| script.always(verb, Step::reply(listing)));
        let scene = scene(script.file("/site/d/e/f.txt", "phi"));
        let ran = scene.run(&format!("{DEPLOY} --verify"));
        assert_ne!(ran.status, 0, "{ran}");
        assert!(scene.liar.content("/site/a.txt").is_none(), "{ran}");
    }
}

#[test]
fn the_first_run_compares_the_target_and_deletes_nothing() {
    for (feature, how) in [(None, "sizes and times"), (Some("XSHA256"), "contents")] {
        let script = Script::new()
            .file("/site/a.txt", "aleph")
            .file("/site/d/c.txt", "gamma")
            .file("/site/old.txt", "old");
        let script = feature.into_iter().fold(script, |script, line| script.feature(line));
        let scene = scene(script);
        for name in ["a.txt", "d/c.txt"] {
            set_time(&scene.path(format!("src/{name}")), super::THEN - 3600);
        }
        let ran = scene.run(DEPLOY).ok().stderr_has("no manifest yet").stderr_has(how);
        let ran = ran.stderr_has("nothing is deleted");
        assert!(scene.liar.content("/site/old.txt").is_some());
        // By size and time `a.txt` is the same.
        assert_eq!(ran.out().contains("put a.txt"), feature.is_some(), "{ran}");
        assert!(!ran.out().contains("put d/c.txt"), "{ran}");
        // From now on it is known what is there.
        let since = Since::now(&scene);
        scene.run(DEPLOY).ok().stderr_has("up to date");
        assert_eq!(since.lines(&scene, &["LIST", "MLSD", "STOR", "DELE"]).len(), 0);
    }
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_changes_nothing() {
    let scene = deployed(Script::new());
    scene.write("src/a.txt", "ALPHA");
    std::fs::remove_file(scene.path("src/d/c.txt")).unwrap();
    let since = Since::now(&scene);
    let ran = scene.run("mirror -R -e --dry-run --manifest src site").ok();
    let ran = ran.stdout_has("content differs").stdout_has("d/c.txt");
    assert!(!ran.out().contains("b.bin"), "{ran}");
    let changes = scene.liar.wire.commands().into_iter().skip(since.0);
    let changes: Vec<_> = changes
        .filter(|line| ["STOR", "MKD", "RMD", "DELE", "RN"].iter().any(|v| line.starts_with(v)))
        .collect();
    assert_eq!(changes, Vec::<String>::new());
    scene.run(DEPLOY).ok();
    assert_true(&scene, NAME);
}

#[test]
fn a_manifest_that_was_tampered_with_changes_nothing_that_it_should_not() {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let good = |path: &str| format!("# ftpsh manifest 1\n{hash} 7 644 {path}\n");
    let tampered: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\0".repeat(10_000),
        b"<html><body>404</body></html>\n".to_vec(),
        good("../outside.txt").into(),
        good("d/../../outside.txt").into(),
        good("/outside.txt").into(),
        good("%2e%2e/outside.txt").into(),
        good("d/%2e%2e%2f%2e%2e%2foutside.txt").into(),
        good("d\\..\\..\\outside.txt").into(),
        good("d//foreign.txt").into(),
        good("./d/foreign.txt").into(),
        good("d/foreign.txt%0d%0aDELE /outside.txt").into(),
        good("d/foreign.txt\r").into(),
        good(NAME).into(),
        good(&format!("{NAME}.lock/x")).into(),
        good("d/foreign.txt").replace("644", "99999").into(),
        good("d/foreign.txt").replace(" 7 ", " 99999999999999999999999999 ").into(),
        good("d/foreign.txt").replace(" 7 ", " -1 ").into(),
        format!("{}{hash} 7 644 d/foreign.txt\n", good("d/foreign.txt")).into(),
        format!("{}{hash} 7 644 a/b\n", good("a")).into(),
        good("d/foreign.txt").trim_end().into(),
        good(&"x/".repeat(10_000)).into(),
        [good("d/foreign.txt").as_bytes(), b"\xff\xfe\n"].concat(),
    ];
    assert!(tampered.len() >= 20);
    let scene = deployed(Script::new().file("/outside.txt", "outside"));
    for text in tampered {
        let shown = String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned();
        scene.liar.files.lock().unwrap().put(format!("/site/{NAME}").as_bytes(), text);
        let ran = scene.run(DEPLOY).ok().stderr_has("cannot be read");
        assert_eq!(ran.out(), "", "{shown}\n{ran}");
        assert_eq!(scene.liar.content("/site/d/foreign.txt").unwrap(), b"foreign", "{shown}");
        assert_eq!(scene.liar.content("/outside.txt").unwrap(), b"outside", "{shown}");
        assert_true(&scene, NAME);
    }
    // One that reads well: what it claims is deleted only with the size that it claims.
    let claimed = good("d/foreign.txt").replace(" 7 ", " 8 ");
    scene.liar.files.lock().unwrap().put(format!("/site/{NAME}").as_bytes(), claimed.into());
    scene.run(DEPLOY).status(10).stderr_has("it was changed there");
    assert_eq!(scene.liar.content("/site/d/foreign.txt").unwrap(), b"foreign");
}

#[test]
fn a_manifest_of_another_version_and_another_file_under_its_name_are_left() {
    let scene = scene(Script::new().file("/site/.ftpsh-manifest", "# ftpsh manifest 2\n"));
    scene.run(DEPLOY).status(10).stderr_has("version").stderr_has("newer ftpsh");
    assert_eq!(manifest_of(&scene, NAME), "# ftpsh manifest 2\n");
    scene.liar.files.lock().unwrap().put(b"/site/index.html", b"<html>".to_vec());
    scene
        .run("mirror -R --manifest=index.html src site")
        .status(10)
        .stderr_has("it is no manifest");
    assert_eq!(scene.liar.content("/site/index.html").unwrap(), b"<html>");
    assert_eq!(there(&scene, "site").iter().filter(|path| path.contains(".lock")).count(), 0);
    assert_eq!(scene.liar.wire.lines("STOR").len(), 0);
}

#[test]
fn a_large_manifest_uses_little_memory() {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let mut text = String::from("# ftpsh manifest 1\n");
    for number in 0..100_000 {
        text += &format!("{hash} 7 644 directory{:03}/some-file-{number:06}.html\n", number / 1000);
    }
    let scene = scene(Script::new().file("/site/.ftpsh-manifest", text));
    scene.run("mirror -R --dry-run --manifest src site").ok().within_mib(64);
}

#[test]
fn a_second_mirror_is_refused_with_who_runs_and_since_when() {
    let scene = deployed(Script::new());
    scene.liar.files.lock().unwrap().make_dirs(OTHER.as_bytes());
    scene.write("src/a.txt", "ALPHA");
    let since = Since::now(&scene);
    let ran = scene.run(DEPLOY).status(8).stderr_has("ann@laptop (process 77)");
    ran.stderr_has("since 2024-01-02 03:00:00 UTC").stderr_has("hint:");
    assert_eq!(since.lines(&scene, &["STOR", "DELE"]).len(), 0);
    assert_eq!(there(&scene, "site/.ftpsh-manifest.lock").len(), 1, "and its lock is still there");
    // Six minutes without a sign of life by the clock of the server: it has died.
    scene.liar.files.lock().unwrap().set_time(OTHER.as_bytes(), "20240102025700");
    scene.run(DEPLOY).ok();
    assert_eq!(there(&scene, "site/.ftpsh-manifest.lock").len(), 0);
    assert_true(&scene, NAME);
}

#[test]
fn two_mirrors_of_one_computer_are_told_from_one_that_was_killed() {
    let scene = scene(Script::new().on("STOR", Step::Silence));
    let mut first = start(&scene.call().args(["-c", DEPLOY]));
    scene.liar.wire.wait_for("STOR", 1);
    scene.run(DEPLOY).status(8).stderr_has("another mirror of this computer runs");
    first.kill().unwrap();
    first.wait().unwrap();
    scene.run(DEPLOY).ok();
    assert_true(&scene, NAME);
}

#[test]
fn an_interrupted_mirror_gives_back_the_lock_and_says_what_has_arrived() {
    let scene =
        scene(Script::new().on("STOR", done()).on("STOR", done()).on("STOR", Step::Silence));
    let mut child = start(&scene.call().args(["-c", "mirror -R -P 1 --manifest src site"]));
    scene.liar.wire.wait_for("STOR", 3);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(support::program::wait(&mut child, Duration::from_secs(10)), 130);
    assert_eq!(there(&scene, "site/.ftpsh-manifest.lock").len(), 0, "{:?}", there(&scene, "site"));
    assert!(manifest_of(&scene, NAME).contains("# unfinished"));
    scene.run(DEPLOY).ok();
    assert_true(&scene, NAME);
}

fn start(call: &Ftpsh) -> Child {
    let mut command = call.command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts a deployment and kills it when so many commands have arrived; whether it ran until then.
fn kill_after(scene: &Scene, commands: usize) -> bool {
    let begun = scene.liar.wire.commands().len();
    let mut child = start(&scene.call().args(["-c", DEPLOY]));
    loop {
        if scene.liar.wire.commands().len() >= begun + commands {
            child.kill().unwrap();
            child.wait().unwrap();
            scene.liar.wire.wait_idle();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::park_timeout(Duration::from_micros(200));
    }
}

/// A tree of which some files are to be replaced, some deleted, and some are new.
fn changed(scene: &Scene) {
    for (name, content) in [("a.txt", "ALPHA"), ("d/c.txt", "GAMMA GAMMA"), ("new.txt", "new")] {
        scene.write(format!("src/{name}"), content);
    }
    scene.write("src/b.bin", [noise(200_000), b"!".to_vec()].concat());
    std::fs::remove_file(scene.path("src/d/e/f.txt")).unwrap();
}

#[test]
fn a_mirror_that_is_killed_anywhere_is_finished_by_the_next_one() {
    // What the next run finds: all of this computer, another computer, and another computer where
    // the files are as they were before.
    let cases = ["same", "other", "reverted"].into_iter().cycle();
    for (commands, case) in (14..).step_by(4).zip(cases) {
        let scene = deployed(Script::new());
        changed(&scene);
        let killed = kill_after(&scene, commands);
        let mut call = scene.call();
        if case != "same" {
            // Its lock is old by now.
            let mut files = scene.liar.files.lock().unwrap();
            for path in files.paths() {
                if path.windows(6).any(|part| part == b".lock/") {
                    files.set_time(&path, "20240102010000");
                }
            }
            drop(files);
            let home = std::sync::Arc::new(tempfile::tempdir().unwrap());
            call = Ftpsh::at(&home).cwd(&scene.dest).arg(scene.liar.url());
            call = call.args(["--fingerprint", &scene.liar.fingerprint]);
            call = call.args(["--password-env", "SECRET"]).env("SECRET", &scene.liar.password);
        }
        if case == "reverted" {
            local_tree(&scene, "src");
            std::fs::remove_file(scene.path("src/new.txt")).unwrap();
        }
        let ran: Ran = call.args(["-c", DEPLOY]).run().ok();
        let what = format!("{case}, killed after {commands}: {ran}");
        assert_eq!(scene.liar.content("/site/d/foreign.txt").unwrap(), b"foreign", "{what}");
        assert_eq!(scene.liar.content("/site/theirs/x").unwrap(), b"x", "{what}");
        for path in ["a.txt", "b.bin", "d/c.txt", "d/e/f.txt"] {
            let there = scene.liar.content(format!("/site/{path}"));
            assert!(there == scene.read(format!("src/{path}")), "{path}, {what}");
        }
        assert_true(&scene, NAME);
        let since = Since::now(&scene);
        let last = scene.run(DEPLOY);
        assert!(last.status == 0 && last.err().contains("up to date"), "{what}\n{last}");
        assert_eq!(since.lines(&scene, &["STOR", "DELE", "LIST", "MLSD"]).len(), 0, "{what}");
        if !killed {
            assert!(commands > 40, "{commands}");
            break;
        }
    }
}

#[test]
fn after_a_crash_nothing_that_has_arrived_is_sent_again() {
    let script = Script::new().on("STOR", done()).on("STOR", done()).on("STOR", done());
    let scene = scene(script.on("STOR", Step::Silence));
    let mut child = start(&scene.call().args(["-c", "mirror -R -P 1 --manifest src site"]));
    scene.liar.wire.wait_for("STOR", 4);
    child.kill().unwrap();
    child.wait().unwrap();
    let since = Since::now(&scene);
    scene.run(DEPLOY).ok();
    assert_eq!(since.lines(&scene, &["STOR"]), ["STOR /site/d/e/f.txt"]);
    assert_true(&scene, NAME);
}

#[test]
fn nothing_known_is_replaced_before_the_manifest_says_that_it_is_in_doubt() {
    // What the manifest says when the first file is replaced; that it is in doubt comes late.
    let said: Arc<Mutex<Option<String>>> = Arc::default();
    let (heard, waited_for) = (Arc::clone(&said), Arc::clone(&said));
    let replaced = Step::change(move |files| {
        let text = files.content(b"/site/.ftpsh-manifest").unwrap_or_default().to_vec();
        *heard.lock().unwrap() = Some(String::from_utf8(text).unwrap());
    });
    let late = Step::change(move |_| {
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until && waited_for.lock().unwrap().is_none() {
            std::thread::yield_now();
        }
    });
    // The first run renames its manifest as well.
    let script = Script::new().on("RNTO", done()).on("RNTO", late);
    let scene = deployed(script.of("STOR", "/site/a.txt", replaced));
    let before = manifest_of(&scene, NAME);
    scene.write("src/a.txt", "ALPHA");
    *said.lock().unwrap() = None;
    scene.run(DEPLOY).ok();
    let line = |text: &str| text.lines().find(|line| line.ends_with("a.txt")).map(str::to_owned);
    let said = said.lock().unwrap().take().unwrap();
    assert!(line(&said).is_some() && line(&said) != line(&before), "{before}\n{said}");
    assert!(line(&said).unwrap().starts_with("- "), "{said}");
    assert_true(&scene, NAME);
}

#[test]
fn the_new_manifest_is_uploaded_once_if_nothing_fails_and_is_true_if_something_does() {
    let uploads = |scene: &Scene, since: &Since| {
        let commands = scene.liar.wire.commands().into_iter().skip(since.0);
        commands.filter(|line| line.starts_with("STOR") && line.ends_with(".new")).count()
    };
    let scene = deployed(Script::new().of("STOR", "/site/d/no.txt", Step::reply("553 no")));
    for (word, name, status, times) in [("ALPHA", "new", 0, 2), ("OMEGA", "no", 10, 3)] {
        for path in ["a.txt", "b.bin", &format!("d/{name}.txt")] {
            scene.write(format!("src/{path}"), word);
        }
        let since = Since::now(&scene);
        scene.run(DEPLOY).status(status);
        assert_eq!(uploads(&scene, &since), times, "{word}");
    }
    assert!(!manifest_of(&scene, NAME).contains("no.txt"));
    std::fs::remove_file(scene.path("src/d/no.txt")).unwrap();
    assert_true(&scene, NAME);
}

#[test]
fn a_manifest_that_cannot_be_written_first_ends_the_mirror_before_anything_is_replaced() {
    let script = Script::new().on("RNTO", done());
    let scene = deployed(script.always("RNTO", Step::reply("553 no")));
    scene.write("src/a.txt", "ALPHA");
    let since = Since::now(&scene);
    let ran = scene.run(DEPLOY).status(8).stderr_has("the manifest was not written");
    let ran = ran.stderr_has("(553 \"no\")");
    assert_eq!(since.lines(&scene, &["STOR", "DELE"]).len(), 0, "{ran}");
    assert_eq!(scene.liar.content("/site/.ftpsh-manifest.lock"), None);
}

#[test]
fn a_file_that_failed_is_sent_by_the_next_run() {
    let script = Script::new().on("STOR", done()).on("STOR", done());
    let scene = scene(script.on("STOR", Step::reply("553 no")));
    scene.run("mirror -R -P 1 --manifest src site").status(10);
    assert!(!manifest_of(&scene, NAME).contains("c.txt"));
    let since = Since::now(&scene);
    scene.run(DEPLOY).ok();
    assert_eq!(since.lines(&scene, &["STOR"]), ["STOR /site/d/c.txt"]);
    // A deletion that fails keeps its entry, and the others are recorded.
    std::fs::remove_file(scene.path("src/a.txt")).unwrap();
    std::fs::remove_file(scene.path("src/d/c.txt")).unwrap();
    let mut files = scene.liar.files.lock().unwrap();
    files.put(b"/site/a.txt", b"somebody else's".to_vec());
    drop(files);
    scene.run(DEPLOY).status(10);
    let text = manifest_of(&scene, NAME);
    assert!(text.contains("a.txt") && !text.contains("c.txt"), "{text}");
}

#[test]
fn a_manifest_is_for_its_owner_where_the_server_can_do_that() {
    let scene = deployed(Script::new());
    let private = "SITE CHMOD 600 /site/.ftpsh-manifest.new".to_owned();
    assert!(scene.liar.wire.lines("SITE").contains(&private));
    scene.write("src/a.txt", "ALPHA");
    scene.run(DEPLOY).ok().never_says("others may be able");
    for reply in ["502 no SITE here", "550 not yours"] {
        let scene = self::scene(Script::new().always("SITE", Step::reply(reply)));
        let ran = scene.run(DEPLOY).ok();
        assert_eq!(ran.err().matches("others may be able to read it").count(), 1, "{ran}");
    }
}

#[test]
fn a_manifest_may_be_outside_the_target_or_on_this_side() {
    let scene = scene(Script::new());
    for (option, path) in
        [("--manifest=../.ftpsh/site", "/.ftpsh/site"), ("--manifest=m", "/site/m")]
    {
        let run = |more: &str| scene.run(&format!("mirror -R {more} {option} src site"));
        run("").ok();
        assert!(scene.liar.content(path).is_some(), "{path}");
        run("").ok().stderr_has("up to date");
    }
    let run = || scene.run("mirror -R -e --yes --manifest=local:src/site.list src site");
    run().ok();
    assert!(String::from_utf8(scene.read("src/site.list").unwrap()).unwrap().contains(" a.txt\n"));
    let since = Since::now(&scene);
    run().ok().stderr_has("up to date");
    assert_eq!(since.lines(&scene, &["MKD", "STOR", "LIST", "MLSD", "RETR"]).len(), 0);
    assert!(!there(&scene, "site").contains(&"site.list".to_owned()), "it is no part of the tree");
    assert_eq!(std::fs::read_dir(scene.path("src")).unwrap().count(), 5);
}

#[test]
fn a_manifest_and_its_lock_are_no_part_of_a_tree() {
    let scene = deployed(Script::new());
    scene.run("mirror site copy").ok();
    assert!(!super::below(&scene, "copy").iter().any(|path| path.contains(NAME)));
    scene.write("src/.ftpsh-manifest", "of another tree");
    scene.run(DEPLOY).ok().stderr_has("up to date");
    scene.run("mirror -R -e --yes --delete-hidden --delete-excluded src site").ok();
    assert!(manifest_of(&scene, NAME).starts_with("# ftpsh"));
}

#[test]
fn a_server_that_does_not_replace_files_keeps_the_manifest() {
    let scene = deployed(Script::new());
    scene.write("src/a.txt", "ALPHA");
    // RNTO onto a file is refused.
    let liar = &scene.liar;
    let again = scene.call().args(["-c", DEPLOY]);
    liar.change_script(|script| script.on("RNTO", Step::reply("550 it exists")));
    again.run().ok();
    assert_true(&scene, NAME);
}

#[test]
fn a_manifest_is_for_uploads_and_says_so_before_connecting() {
    let scene = scene(Script::new());
    for (command, why) in [
        ("mirror --manifest src dest", "requires -R"),
        ("mirror -R --manifest=local: src", "a file's name is missing"),
        ("mirror -R --manifest=a/ src", "it names no file"),
        ("mirror -R --manifest --ascii src", "--ascii"),
        ("mirror -R --manifest -n src", "--only-newer"),
        ("mirror -R --verify src", "--verify requires --manifest"),
        ("mirror -R --manifest --delete-first --yes src", "--delete-first"),
        ("mirror -R --manifest --Remove-source-files src", "--Remove-source-files"),
    ] {
        scene.run(command).status(2).stderr_has(why).stderr_has("hint:");
    }
    assert!(!scene.liar.wire.has("USER"));
}

#[test]
fn a_data_connection_that_breaks_is_retried_and_the_manifest_is_true() {
    let scene = deployed(Script::new());
    changed(&scene);
    scene
        .liar
        .change_script(|script| script.data("STOR", Data::Cut(100)).data("RETR", Data::Cut(10)));
    scene.run(DEPLOY).ok();
    assert_true(&scene, NAME);
}
