//! `mirror --compare`: by time, by size, and by content through checksums, a manifest, or by reading.

use openssl::hash::{MessageDigest, hash};

use super::{THEN, local_tree, script, set_time, transfers};
use support::liar::{Data, Liar, Script, Step};
use support::scene::{Scene, noise};

/// The tree of [`script`] on both sides; here one file has other content of the same size, and all
/// have new times.
fn scene(script: Script) -> Scene {
    let scene = Scene::new(script);
    local_tree(&scene, "src");
    scene.write("src/a.txt", "aleph");
    for name in ["a.txt", "b.bin", "d/c.txt", "d/e/f.txt"] {
        set_time(&scene.path(format!("src/{name}")), THEN + 5000);
    }
    scene
}

#[test]
fn contents_are_compared_by_the_strongest_checksum_of_the_server() {
    for (lines, verb, name) in [
        (&["XCRC", "XMD5", "XSHA256"][..], "XSHA256", "XSHA256"),
        (&["HASH SHA-256*;SHA-1", "XCRC"], "HASH", "HASH SHA-256"),
        (&["XCRC"], "XCRC", "XCRC"),
    ] {
        let with = |script| lines.iter().fold(script, |script: Script, line| script.feature(line));
        let scene = scene(with(script()));
        let ran = scene.run("mirror -R --compare content --dry-run src").ok();
        ran.stdout_has("content differs").stderr_has(&format!("the server's {name}"));
        assert_eq!(transfers(&scene), 0);
        let ran = scene.run("mirror -R -v --compare content src").ok();
        assert_eq!(ran.out().trim(), "put a.txt", "{ran}");
        assert_eq!(scene.liar.content("/src/a.txt").unwrap(), b"aleph");
        assert_eq!(scene.liar.wire.lines("RETR").len(), 0, "nothing is read");
        assert_eq!(scene.liar.wire.lines(verb).len(), 8, "one a file and run");
        // Said once for all files, and a second time there is nothing to do.
        assert_eq!(ran.err().matches("comparing contents").count(), 1, "{ran}");
        scene.run("mirror -R --compare content src").ok().stderr_has("up to date");
        assert_eq!(scene.liar.wire.lines("STOR").len(), 1);
    }
}

#[test]
fn an_algorithm_of_hash_that_is_not_selected_is_selected_once_a_session() {
    let script = script().feature("HASH SHA-256;CRC32*");
    let scene = scene(script);
    let ran =
        scene.run("mirror -R -P 1 --compare content src; mirror -R -P 1 --compare content src");
    ran.ok().stderr_has("HASH SHA-256");
    let mut selections = scene.liar.wire.lines("OPTS");
    selections.retain(|line| line.contains("HASH"));
    assert_eq!(selections, ["OPTS HASH SHA-256"]);
    assert_eq!(scene.liar.wire.lines("STOR").len(), 1);
}

#[test]
fn contents_are_read_where_the_server_has_no_checksum_to_the_first_difference() {
    for workers in [1, 4] {
        let scene = scene(script());
        let command = format!("mirror -R -v -P {workers} --compare content src");
        let ran = scene.run(&command).ok().stderr_has("by reading: the server offers no checksum");
        assert_eq!(ran.out().trim(), "put a.txt", "{ran}");
        assert_eq!(scene.liar.wire.lines("RETR").len(), 4);
        assert_eq!(scene.liar.wire.lines("STOR").len(), 1);
        assert_eq!(scene.tree().iter().filter(|path| path.contains("part")).count(), 0);
    }
    // Down.
    let scene = scene(script());
    let ran = scene.run("mirror -v --compare content src").ok();
    assert_eq!(ran.out().trim(), "get a.txt", "{ran}");
    assert_eq!(scene.read("src/a.txt").unwrap(), b"alpha");
    scene.run("mirror --compare content src").ok().stderr_has("up to date");
}

const MANIFEST: &str = "/src/.ftpsh-manifest";

/// A line of a manifest: what it says of a file with this content.
fn line(path: &str, content: &[u8]) -> String {
    let digest = hash(MessageDigest::sha256(), content).unwrap();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex} {} - {path}\n", content.len())
}

/// A manifest of the tree of [`script`], in which one file is in doubt and another has another size.
fn manifest() -> String {
    let lines = [
        "# ftpsh manifest 1\n".to_owned(),
        line("a.txt", b"alpha"),
        line("b.bin", &noise(200_000)),
        line("d/c.txt", b"gamma gamma"),
        "- - - d/e/f.txt\n".to_owned(),
        line("gone.txt", b"gone"),
    ];
    lines.concat()
}

#[test]
fn contents_are_compared_by_a_manifest_where_there_is_one_and_no_checksum() {
    for (command, done) in [("mirror -R", "put a.txt"), ("mirror", "get a.txt")] {
        let scene = scene(script().file(MANIFEST, manifest()));
        let ran = scene.run(&format!("{command} -v -P 1 --compare content src")).ok();
        assert_eq!(ran.out().trim(), done, "{ran}");
        let said = "comparing contents by /src/.ftpsh-manifest, and by reading what it lacks";
        assert_eq!(ran.err().matches(said).count(), 1, "{ran}");
        assert_eq!(ran.err().matches("comparing contents").count(), 1, "{ran}");
        let read = scene.liar.wire.lines("RETR");
        let read = read.iter().filter(|line| done.starts_with("put") || !line.contains("a.txt"));
        let expected = [MANIFEST, "/src/d/c.txt", "/src/d/e/f.txt"].map(|p| format!("RETR {p}"));
        assert!(read.eq(expected.iter()), "what is in doubt, or of another size, is read");
        assert!(scene.path("src/gone.txt").metadata().is_err());
    }
}

#[test]
fn a_manifest_that_cannot_be_read_or_is_not_needed_does_not_decide_about_contents() {
    let text = manifest().replace("a.txt", "../a.txt");
    let ours = scene(script().file(MANIFEST, text));
    let ran = ours.run("mirror -R -v --compare content src").ok();
    let ran = ran.stderr_has("by reading: /src/.ftpsh-manifest cannot be read: line 2:");
    assert_eq!(ran.out().trim(), "put a.txt", "{ran}");
    assert_eq!(ours.liar.wire.lines("RETR").len(), 5);
    // By times and by checksums it is not even read.
    let ours = scene(script().file(MANIFEST, manifest()).feature("XSHA256"));
    ours.run("mirror -R --compare content src").ok();
    ours.run("mirror -R src").ok();
    // A manifest in the place of another one says nothing.
    let ours = scene(script().file(MANIFEST, manifest()));
    let ran = ours.run("mirror -R -v -P 1 --manifest=m --compare content src").ok();
    let ran = ran.stderr_has("comparing contents by reading: the server offers no checksum");
    assert_eq!(ran.out().trim(), "put a.txt", "{ran}");
    assert!(!ours.liar.wire.lines("RETR").contains(&format!("RETR {MANIFEST}")));
}

#[test]
fn a_checksum_that_is_refused_is_replaced_by_reading() {
    for reply in ["550 no", "250 done"] {
        let scene = scene(script().feature("XSHA256").always("XSHA256", Step::reply(reply)));
        let ran = scene.run("mirror -R -v --compare content src").ok();
        let ran = ran.stderr_has("by reading where the server refuses XSHA256");
        assert_eq!(ran.out().trim(), "put a.txt", "{ran}");
    }
}

#[test]
fn what_could_not_be_compared_is_not_transferred_and_fails() {
    let scene = scene(script().of("RETR", "/src/b.bin", Step::reply("550 permission denied")));
    let ran = scene.run("mirror -R --compare content src").status(10);
    ran.stderr_has("b.bin").stderr_has("permission denied");
    assert_eq!(scene.liar.wire.lines("STOR"), ["STOR /src/a.txt"]);
    // Data that ends too early shows nothing about the content.
    let scene = scene_of_one(Data::Cut(1000));
    let call = scene.call().args(["--set", "net:max-retries=0"]);
    call.args(["-c", "mirror -R --compare content src"]).run().status(10);
    assert_eq!(scene.liar.wire.lines("STOR").len(), 0);
    // With retries it does.
    let scene = scene_of_one(Data::Cut(1000));
    scene.run("mirror -R --compare content src").ok().stderr_has("up to date");
}

/// One file that is the same on both sides, whose first download goes wrong.
fn scene_of_one(data: Data) -> Scene {
    let scene = Scene::new(Script::new().file("/src/b.bin", noise(200_000)).data("RETR", data));
    std::fs::create_dir(scene.path("src")).unwrap();
    scene.write("src/b.bin", noise(200_000));
    scene
}

#[test]
fn servers_are_compared_by_a_checksum_that_both_have_else_both_are_read() {
    for (one, other, said) in [
        ("XSHA256", "HASH SHA-256*", "the servers' XSHA256 and HASH SHA-256"),
        ("XSHA256", "XMD5", "by reading: the servers have no checksum in common"),
    ] {
        let target = Liar::start(script().file("/src/a.txt", "aleph").feature(other));
        let scene = Scene::new(script().feature(one));
        let login = format!("{}:{}@", target.user, target.password);
        let url = target.url().replace(&format!("{}@", target.user), &login);
        let command = format!("mirror -v --compare content src {url}/src");
        let call = || scene.call().args(["--fingerprint", &target.fingerprint, "-c", &command]);
        let ran = call().run().ok().stderr_has(said);
        assert_eq!(target.content("/src/a.txt").unwrap(), b"alpha", "{ran}");
        assert_eq!(target.wire.lines("STOR").len(), 1, "{ran}");
        call().run().ok().stderr_has("up to date");
    }
}

#[test]
fn sizes_and_times_decide_where_they_are_to() {
    let scene = scene(script());
    for size in ["--compare size", "--ignore-time", "--ignore-time --compare size"] {
        scene.run(&format!("mirror -R {size} src")).ok().stderr_has("up to date");
    }
    let ran = scene.run("mirror -R -v --dry-run --compare time src").ok();
    assert_eq!(ran.out().matches("newer").count(), 4, "{ran}");
}

#[test]
fn a_comparison_that_contradicts_another_option_is_refused_before_connecting() {
    let scene = scene(script());
    for (options, other) in [
        ("--ignore-time --compare time", "--ignore-time"),
        ("--ignore-time --compare content", "--ignore-time"),
        ("--only-missing --compare content", "--only-missing"),
        ("--transfer-all --compare content", "--transfer-all"),
        ("--ignore-size --compare content", "--ignore-size"),
        ("-n --compare content", "--only-newer"),
        ("--ascii --compare content", "--ascii"),
    ] {
        let ran = scene.run(&format!("mirror -R {options} src")).status(2);
        ran.stderr_has(other).stderr_has("contradict each other");
    }
    scene.run("mirror --compare colour src").status(2).stderr_has("time, size or content");
    assert!(!scene.liar.wire.has("USER"));
}
