//! Mirrors of whole trees: what is carried and what is not, what is deleted and what never, and
//! what happens when the server fails or lies.

mod again;
mod compare;
mod deletions;
mod endless;
mod held;
mod hostile;
mod lftp_options;
mod manifest;
mod spelling;
mod times;
mod trouble;
mod unread;
mod watch;
mod watch_manifest;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};
use support::liar::{Data, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

/// 2024-01-02 03:04:05 UTC: the time of every file that a script makes.
const THEN: u64 = 1_704_164_645;

/// A server with this tree in `src`.
fn script() -> Script {
    Script::new()
        .file("/src/a.txt", "alpha")
        .file("/src/b.bin", noise(200_000))
        .file("/src/d/c.txt", "gamma")
        .file("/src/d/e/f.txt", "phi")
        .dir("/src/empty")
}

const PATHS: [&str; 7] = ["a.txt", "b.bin", "d", "d/c.txt", "d/e", "d/e/f.txt", "empty"];

/// What lies below a local directory.
fn below(scene: &Scene, dir: &str) -> Vec<String> {
    let prefix = format!("dest/{dir}/");
    scene.tree().iter().filter_map(|path| path.strip_prefix(&prefix)).map(str::to_owned).collect()
}

/// What lies below a directory of the server.
fn there(scene: &Scene, dir: &str) -> Vec<String> {
    let prefix = format!("/{dir}/");
    let paths = scene.liar.files.lock().unwrap().paths();
    let paths = paths.iter().map(|path| String::from_utf8_lossy(path).into_owned());
    paths.filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned)).collect()
}

/// A local tree with the content of [`script`], and its times.
fn local_tree(scene: &Scene, dir: &str) {
    let files = [
        ("a.txt", b"alpha".to_vec()),
        ("b.bin", noise(200_000)),
        ("d/c.txt", b"gamma".to_vec()),
        ("d/e/f.txt", b"phi".to_vec()),
    ];
    std::fs::create_dir_all(scene.path(format!("{dir}/d/e"))).unwrap();
    std::fs::create_dir_all(scene.path(format!("{dir}/empty"))).unwrap();
    for (name, content) in files {
        scene.write(format!("{dir}/{name}"), content);
        set_time(&scene.path(format!("{dir}/{name}")), THEN);
    }
}

fn set_time(path: &Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

fn time_of(path: &Path) -> i64 {
    std::fs::metadata(path).unwrap().mtime()
}

/// How many files have been asked for or sent.
fn transfers(scene: &Scene) -> usize {
    scene.liar.wire.lines("RETR").len() + scene.liar.wire.lines("STOR").len()
}

/// The command lines that change something on the server.
fn changes(scene: &Scene) -> Vec<String> {
    let verbs = ["STOR", "APPE", "MKD", "RMD", "DELE", "RNFR", "RNTO", "MFMT", "SITE"];
    let change = |line: &String| verbs.iter().any(|verb| line.starts_with(verb));
    scene.liar.wire.commands().into_iter().filter(change).collect()
}

#[test]
fn a_tree_comes_down_with_its_times_and_a_second_run_transfers_nothing() {
    for (case, script) in [
        ("MLSD", script()),
        ("LIST", script().without("MLSD").without("MLST")),
        ("LIST only", script().without("MLSD").without("MLST").without("MDTM").without("SIZE")),
    ] {
        let scene = Scene::new(script);
        let ran = scene.run("mirror src").ok();
        assert_eq!(below(&scene, "src"), PATHS, "{case}\n{ran}");
        assert!(scene.read("src/b.bin").unwrap() == noise(200_000), "{case}");
        assert_eq!(scene.read("src/d/e/f.txt").unwrap(), b"phi", "{case}");
        if case != "LIST only" {
            for name in ["a.txt", "b.bin", "d/c.txt", "d/e/f.txt"] {
                let time = time_of(&scene.path(format!("src/{name}")));
                assert_eq!(time, THEN as i64, "{case}: {name}");
            }
        }
        let before = transfers(&scene);
        let ran = scene.run("mirror src").ok();
        assert_eq!(transfers(&scene), before, "{case}: a second run\n{ran}");
        assert_eq!(changes(&scene), [""; 0], "{case}");
    }
}

#[test]
fn a_tree_goes_up_with_its_times_and_a_second_run_transfers_nothing() {
    for (case, script) in [
        ("MLSD", Script::new()),
        ("LIST", Script::new().without("MLSD").without("MLST")),
        ("no MFMT", Script::new().without("MFMT")),
        ("no times", Script::new().without("MFMT").without("MDTM").without("SITE")),
    ] {
        let scene = Scene::new(script);
        local_tree(&scene, "up");
        let ran = scene.run("mirror -R up there/deep").ok();
        assert_eq!(there(&scene, "there/deep"), PATHS, "{case}\n{ran}");
        assert!(scene.liar.content("/there/deep/b.bin").unwrap() == noise(200_000), "{case}");
        if case == "MLSD" {
            let times = scene.liar.wire.lines("MFMT");
            assert_eq!(times.len(), 4, "{times:?}");
            assert!(times.iter().all(|line| line.starts_with("MFMT 20240102030405 ")));
        }
        let before = transfers(&scene);
        let ran = scene.run("mirror -R up there/deep").ok();
        assert_eq!(transfers(&scene), before, "{case}: a second run\n{ran}");
    }
}

#[test]
fn the_parents_of_the_target_are_created() {
    let scene = Scene::new(Script::new().file("/src/a", "content"));
    std::fs::create_dir(scene.path("here")).unwrap();
    scene.write("here/b", "more");
    let ran = scene.run("mirror src new/parent/down; mirror -R here up/parent/new");
    assert_eq!(ran.status, 0, "{ran}");
    assert_eq!(scene.read("new/parent/down/a").unwrap(), b"content", "{ran}");
    assert_eq!(there(&scene, "up/parent/new"), ["b"]);
    // One that cannot be created is a failure, with the server's words.
    let refusing = Script::new().of("MKD", "/up", Step::reply("550 No space for you."));
    let scene = Scene::new(refusing);
    std::fs::create_dir(scene.path("here")).unwrap();
    scene.write("here/b", "more");
    scene.run("mirror -R here up/new").status(10).stderr_has("No space for you");
}

#[test]
fn a_tree_uploaded_and_downloaded_is_the_same() {
    let scene = Scene::new(Script::new());
    local_tree(&scene, "one");
    scene.write("one/empty file", "");
    scene.run("mirror -R one; mirror one two").ok();
    let (one, two) = (below(&scene, "one"), below(&scene, "two"));
    assert_eq!(one, two);
    for name in one {
        let (one, two) = (scene.path(format!("one/{name}")), scene.path(format!("two/{name}")));
        if one.is_file() {
            assert!(std::fs::read(&one).unwrap() == std::fs::read(&two).unwrap(), "{name}");
            if name != "empty file" {
                assert_eq!(time_of(&one), time_of(&two), "{name}");
            }
        }
    }
}

#[test]
fn only_what_differs_is_transferred() {
    let scene = Scene::new(script());
    scene.run("mirror src").ok();
    let before = transfers(&scene);
    {
        let mut files = scene.liar.files.lock().unwrap();
        // Another size; a newer time; an older time and the same size.
        files.put(b"/src/a.txt", b"alphabet".to_vec());
        files.set_time(b"/src/d/c.txt", "20250101000000");
        files.set_time(b"/src/d/e/f.txt", "20200101000000");
    }
    scene.run("mirror src").ok();
    let mut fetched = scene.liar.wire.lines("RETR")[before..].to_vec();
    fetched.sort();
    assert_eq!(fetched, ["RETR /src/a.txt", "RETR /src/d/c.txt"]);
    assert_eq!(scene.read("src/a.txt").unwrap(), b"alphabet");
}

#[test]
fn with_newer_a_size_alone_is_no_reason() {
    for newer in ["-n", "--newer"] {
        let scene = Scene::new(script());
        local_tree(&scene, "src");
        scene.write("src/a.txt", "edited here, and later");
        scene.write("src/d/c.txt", "edited here");
        set_time(&scene.path("src/d/c.txt"), THEN - 1000);
        scene.run(&format!("mirror {newer} src")).ok();
        assert_eq!(scene.liar.wire.lines("RETR"), ["RETR /src/d/c.txt"]);
        assert_eq!(scene.read("src/a.txt").unwrap(), b"edited here, and later");
    }
}

#[test]
fn a_dry_run_changes_nothing_on_either_side() {
    let plan = |ran: &Ran| -> Vec<String> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        ran.out().lines().skip(1).map(|line| words(line).join(" ")).collect()
    };
    let scene = Scene::new(script());
    let ran = scene.run("mirror --dry-run src").ok();
    assert_eq!(scene.tree(), ["dest"], "{ran}");
    assert_eq!(plan(&ran).len(), 7, "{ran}");
    for name in ["a.txt", "d/e/f.txt", "empty"] {
        assert!(plan(&ran).iter().any(|line| line.ends_with(name)), "{name}\n{ran}");
    }

    std::fs::create_dir_all(scene.path("src/old")).unwrap();
    scene.write("src/old/x", "x");
    scene.write("src/a.txt", "another size");
    let before = scene.tree();
    let ran = scene.run("mirror --dry-run --delete src").ok();
    assert_eq!(scene.tree(), before, "{ran}");
    let deletions: Vec<_> = plan(&ran).into_iter().filter(|l| l.starts_with("delete")).collect();
    assert_eq!(deletions, ["delete extraneous old/x", "delete extraneous old"], "{ran}");
    assert!(plan(&ran).iter().any(|l| l.starts_with("get 5") && l.contains("size")), "{ran}");

    let ran = scene.call().args(["--json", "-c", "mirror --dry-run --delete src"]).run().ok();
    let planned = ran.json_of("transfer");
    assert_eq!(planned.len(), 4, "{ran}");
    assert!(planned.iter().all(|file| file["status"] == "planned"), "{ran}");
    assert_eq!(ran.json_of("summary")[0]["files"], 0, "{ran}");
    assert!(ran.out().contains("delete") && ran.out().contains("old/x"), "{ran}");
    assert_eq!(scene.tree(), before, "{ran}");

    let ran = scene.run("mirror -R --dry-run --delete src src").ok();
    assert_eq!(changes(&scene), [""; 0], "{ran}");
    assert!(plan(&ran).iter().any(|l| l == "delete extraneous d/e/f.txt"), "{ran}");
    assert_eq!(transfers(&scene), 0);
}

#[test]
fn the_last_pattern_that_matches_decides() {
    let files = || {
        Script::new()
            .file("/s/a.txt", "1")
            .file("/s/a.o", "1")
            .file("/s/d/b.txt", "1")
            .file("/s/d/b.o", "1")
            .file("/s/tmp/c.txt", "1")
            .file("/s/.hidden", "1")
    };
    for (options, expected) in [
        ("-X '*.o'", vec![".hidden", "a.txt", "d", "d/b.txt", "tmp", "tmp/c.txt"]),
        ("-I '*.o'", vec!["a.o", "d", "d/b.o", "tmp"]),
        ("-X '*' -I '*.txt'", vec!["a.txt"]),
        ("-X '*.txt' -I 'a.*'", vec![".hidden", "a.o", "a.txt", "d", "d/b.o", "tmp"]),
        ("-I 'a.*' -X '*.o'", vec!["a.txt", "d", "tmp"]),
        ("-x ^tmp/$ -x 'd/b\\.o'", vec![".hidden", "a.o", "a.txt", "d", "d/b.txt"]),
        ("-X '.*' -X '[ad]/'", vec!["a.o", "a.txt", "tmp", "tmp/c.txt"]),
        ("-X tmp", vec![".hidden", "a.o", "a.txt", "d", "d/b.o", "d/b.txt", "tmp", "tmp/c.txt"]),
        ("--exclude-glob-from list", vec![".hidden", "a.txt", "d", "d/b.txt"]),
        ("--exclude-glob-from list -I d/b.o", vec![".hidden", "a.txt", "d", "d/b.o", "d/b.txt"]),
        ("-I d/b.o --exclude-glob-from list", vec!["d"]),
        ("--exclude-rx-from rx", vec![".hidden", "a.txt", "d", "d/b.txt"]),
    ] {
        let scene = Scene::new(files());
        scene.write("list", "# no comment\n*.o\n\ntmp/\n");
        scene.write("rx", "\\.o$\r\n^tmp/$");
        let ran = scene.run(&format!("mirror {options} s"));
        assert_eq!(ran.status, 0, "{options}\n{ran}");
        let mut found = below(&scene, "s");
        // Directories that hold nothing for this mirror may or may not be made.
        let wanted: Vec<_> = expected.iter().map(|name| (*name).to_owned()).collect();
        found.retain(|name| !["d", "tmp"].contains(&name.as_str()) || wanted.contains(name));
        assert_eq!(found, wanted, "{options}\n{ran}");
    }
    let scene = Scene::new(files());
    scene.run("mirror --exclude-rx-from nosuch s").status(9).stderr_has("nosuch");
    scene
        .run("mirror -x '*.o' s")
        .status(2)
        .stderr_has("nothing before `*`")
        .stderr_has("-X takes");
    scene.run("mirror -x '' s").status(2).stderr_has("a pattern is empty");
    assert_eq!(scene.liar.wire.connections(), 0);
}

#[test]
fn sizes_and_ages_select_files() {
    let files = || {
        Script::new()
            .file("/s/0", "")
            .file("/s/10", noise(10))
            .file("/s/1000", noise(1000))
            .file("/s/5k", noise(5 * 1024))
            .time("/s/5k", "20230101000000")
            .time("/s/10", "20260101120000")
    };
    for (options, expected) in [
        ("--size-range 10-1000", vec!["10", "1000"]),
        ("--size-range 1-", vec!["10", "1000", "5k"]),
        ("--size-range -999", vec!["0", "10"]),
        ("--size-range 1k-10k", vec!["5k"]),
        ("--newer-than 2024-01-01", vec!["0", "10", "1000"]),
        ("--newer-than 2026-01-01T11:59", vec!["10"]),
        ("--newer-than 2026-01-01T12:01", vec![]),
        ("--newer-than 2024-01-01 --size-range 1-100", vec!["10"]),
    ] {
        for listing in ["auto", "list"] {
            let scene = Scene::new(files());
            let ran = scene.run(&format!("set ftp:list {listing}; mirror {options} s"));
            assert_eq!(below(&scene, "s"), expected, "{options}, {listing}\n{ran}");
        }
    }
    for wrong in ["--size-range x", "--size-range 1-2-3", "--newer-than never", "-P 0"] {
        Scene::new(files()).run(&format!("mirror {wrong} s")).status(2);
    }
}

#[test]
fn links_are_passed_over_unless_they_are_to_be_followed() {
    let listing = "type=OS.unix=symlink;modify=20240102030405; link.txt\r\n\
                   type=OS.unix=symlink; linkdir\r\n\
                   type=file;size=5;modify=20240102030405; a.txt\r\n";
    let script = || {
        Script::new()
            .file("/s/a.txt", "alpha")
            .file("/s/link.txt", "target")
            .file("/s/linkdir/x", "inside")
            .listing_of("MLSD", "/s", listing)
    };
    let scene = Scene::new(script());
    scene.run("mirror s").ok();
    assert_eq!(below(&scene, "s"), ["a.txt"]);
    let scene = Scene::new(script());
    scene.run("mirror -L s").ok();
    assert_eq!(below(&scene, "s"), ["a.txt", "link.txt", "linkdir", "linkdir/x"]);
    assert_eq!(scene.read("s/link.txt").unwrap(), b"target");
    assert!(!scene.path("s/link.txt").is_symlink() && !scene.path("s/linkdir").is_symlink());

    // Local ones, likewise.
    let scene = Scene::new(Script::new());
    local_tree(&scene, "up");
    scene.write("outside", "not in the tree");
    std::os::unix::fs::symlink("../outside", scene.path("up/link")).unwrap();
    std::os::unix::fs::symlink("nowhere", scene.path("up/broken")).unwrap();
    scene.run("mirror -R up").ok();
    assert_eq!(there(&scene, "up"), PATHS);
    scene.run("mirror -R -L up followed").status(10).stderr_has("broken");
    assert_eq!(scene.liar.content("/followed/link").unwrap(), b"not in the tree");
    assert_eq!(scene.liar.content("/followed/broken"), None);
}

#[test]
fn an_interrupted_file_of_a_mirror_is_resumed() {
    let big = noise(1_000_000);
    let scene = Scene::new(Script::new().file("/s/big", &big).data("RETR", Data::Cut(500_000)));
    scene.run("set net:max-retries 0; mirror s").status(10).stderr_has("big");
    let before = scene.liar.wire.bodies().len();
    scene.run("mirror -c s").ok();
    assert!(scene.read("s/big").unwrap() == big);
    let bodies = scene.liar.wire.bodies();
    assert!(*bodies[before..].iter().max().unwrap() <= 500_000 + 64 * 1024, "{bodies:?}");
    assert_eq!(below(&scene, "s"), ["big"]);
}

#[test]
fn names_with_every_byte_make_the_round_trip() {
    use std::os::unix::ffi::OsStrExt as _;
    // Control bytes are refused, as in every name that a server sends.
    let all: Vec<u8> = (0x20..=0xff).filter(|b| *b != b'/' && *b != 0x7f).collect();
    let mut names: Vec<Vec<u8>> = all.chunks(100).map(<[u8]>::to_vec).collect();
    names.extend(all.iter().filter(|b| **b != b'.').map(|byte| vec![*byte]));
    names.extend([b"-rf".to_vec(), b"~root".to_vec(), b"...".to_vec(), b" x ".to_vec()]);
    names.push("\u{e4}\u{f6}\u{fc} \u{1f600}".into());
    for mlsd in [true, false] {
        let script = Script::new();
        let script = if mlsd { script } else { script.without("MLSD").without("MLST") };
        if !mlsd {
            // At the end of a line of LIST a blank alone is no name.
            names.retain(|name| name != b" ");
        }
        let scene = Scene::new(script);
        std::fs::create_dir(scene.path("one")).unwrap();
        for name in &names {
            let path = scene.path("one").join(std::ffi::OsStr::from_bytes(name));
            std::fs::write(&path, name).unwrap();
            set_time(&path, THEN);
        }
        let ran = scene.run("mirror -R one; mirror one two").ok();
        for name in &names {
            let shown = String::from_utf8_lossy(name);
            let there = scene.liar.content([b"/one/", &name[..]].concat());
            assert!(there.as_ref() == Some(name), "{shown:?} on the server\n{ran}");
            let path = scene.path("two").join(std::ffi::OsStr::from_bytes(name));
            assert!(std::fs::read(path).ok().as_ref() == Some(name), "{shown:?} back\n{ran}");
        }
        let count = |dir: &str| std::fs::read_dir(scene.path(dir)).unwrap().count();
        assert_eq!(count("one"), count("two"));
        let before = transfers(&scene);
        scene.run("mirror -R one; mirror one two").ok();
        assert_eq!(transfers(&scene), before);
    }
}

#[test]
fn the_summary_reports_what_was_done() {
    let scene = Scene::new(script());
    scene.run("mirror src").ok().stderr_has("4 files").stderr_has("directories created");
    let ran = scene.run("mirror src").ok().stderr_has("src: up to date (4 files)");
    assert_eq!(ran.out(), "");
    let scene = Scene::new(script());
    let ran = scene.call().args(["--json", "-c", "mirror src"]).run().ok();
    let files = ran.json_of("transfer");
    assert_eq!(files.len(), 4, "{ran}");
    assert!(files.iter().all(|f| f["status"] == "ok" && f["direction"] == "download"), "{ran}");
    let summary = &ran.json_of("summary")[0];
    assert_eq!((&summary["files"], &summary["bytes"]), (&4.into(), &200_013.into()), "{ran}");
}
