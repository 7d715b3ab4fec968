//! Disks that do not tell `Same` from `same`, two ways of writing an accent, or what DOS reserves.
//!
//! They are real ones, each of those that this machine can make and mount. Beside the code the same
//! is held on a disk that the tests play.

use support::disk::{Disk, on_each_disk};
use support::liar::{Data, Script};
use support::program::Ran;
use support::scene::noise;

const FIRST: &str = "the first";
const SECOND: &str = "the second one";

/// Two names that such disks take for one: of a file, with an accent, and of a directory.
fn pairs() -> Script {
    let pairs = [("Same", "same"), ("caf\u{e9}", "cafe\u{301}"), ("Dir/x", "dir/x")];
    pairs.iter().fold(Script::new(), |script, (one, other)| {
        script.file(format!("/s/{one}"), FIRST).file(format!("/s/{other}"), SECOND)
    })
}

#[track_caller]
fn is_one_of_both(disk: &Disk, path: &str, ran: &Ran) {
    let content = std::fs::read_to_string(disk.root.join(path)).unwrap();
    assert!([FIRST, SECOND].contains(&&*content), "{content:?}\n{ran}");
}

#[test]
fn the_second_of_two_names_that_the_disk_takes_for_one_is_an_error() {
    on_each_disk(pairs, |scene, disk| {
        // FAT knows no two ways of writing an accent.
        let left = if disk.kind.normalizes { 3 } else { 4 };
        for jobs in ["1", "4"] {
            let target = format!("folded/m{jobs}");
            let ran = scene.run(&format!("mirror -P {jobs} s disk/{target}")).status(10);
            is_told(&ran);
            assert_eq!(disk.files(&target).len(), left, "{ran}");
            is_one_of_both(disk, &format!("{target}/Same"), &ran);
            is_told(&scene.run(&format!("mirror -P {jobs} s disk/{target}")).status(10));

            // What is not there yet, and what is there already.
            let get = format!("get -P {jobs} -O disk/folded/g{jobs} s/Same s/same");
            std::fs::create_dir(disk.root.join(format!("folded/g{jobs}"))).unwrap();
            for overwrite in ["", "--overwrite"] {
                let ran = scene.run(&format!("{get} {overwrite}")).status(9);
                is_told(&ran);
                is_one_of_both(disk, &format!("folded/g{jobs}/Same"), &ran);
                assert_eq!(disk.files(&format!("folded/g{jobs}")).len(), 1, "{ran}");
            }
        }
    });
}

/// A disk that stores `Same` as `same` has no more to say of the second than that it is there.
#[track_caller]
fn is_told(ran: &Ran) {
    let told = [
        "the same file as",
        "file exists",
        "created by somebody else in the meantime",
        "is fetching this file",
        "that of another",
    ];
    assert!(told.iter().any(|told| ran.err().contains(told)), "{ran}");
}

#[test]
fn large_files_are_compared_in_parts_and_at_the_same_time() {
    const SIZE: usize = 17 << 20;
    let other = || noise(SIZE + 1).split_off(1);
    let script = || Script::new().file("/s/Big", noise(SIZE)).file("/s/big", other());
    on_each_disk(script, |scene, disk| {
        let ran = scene.run("pget -O disk/folded s/Big s/big").status(9);
        is_told(&ran);
        let got = std::fs::read(disk.root.join("folded/Big")).unwrap();
        assert!(got == noise(SIZE), "{} bytes\n{ran}", got.len());
        assert!(scene.liar.wire.lines("REST").len() > 1, "in one part\n{ran}");
        assert_eq!(disk.files("folded").len(), 1, "{ran}");

        // At the same time they would even have one partial file.
        std::fs::remove_file(disk.root.join("folded/Big")).unwrap();
        std::fs::create_dir(disk.root.join("folded/two")).unwrap();
        let ran = scene.run("get -P2 -O disk/folded/two s/Big s/big").status(9);
        is_told(&ran);
        let got = std::fs::read(disk.root.join("folded/two/Big")).unwrap();
        assert!(got == noise(SIZE) || got == other(), "{} bytes, mixed\n{ran}", got.len());
    });
}

#[test]
fn a_mirror_never_deletes_or_fetches_again_what_the_disk_spells_otherwise() {
    let script = || {
        Script::new()
            .file("/s/Same", FIRST)
            .file("/s/caf\u{e9}", FIRST)
            .file("/s/\u{c4}gypten", FIRST)
            .file("/s/Dir/X", SECOND)
    };
    on_each_disk(script, |scene, disk| {
        let files = || (disk.files("folded/m"), disk.files("folded/m/dir"));
        scene.run("mirror s disk/folded/m").ok();
        let before = files();
        let ran = scene
            .run("mirror --delete --yes s disk/folded/m")
            .ok()
            .stderr_has("s: up to date (4 files)");
        assert_eq!(files(), before, "{ran}");
        ran.never_says("deleted");

        // Nothing but the spelling changed on the server; and it goes on to change what is in it.
        let renames = "mv s/Same s/SAME; mv s/\u{c4}gypten s/\u{e4}gypten; mv s/Dir s/DIR";
        scene.run(renames).ok();
        scene
            .run("mirror --delete --yes -P4 s disk/folded/m")
            .ok()
            .stderr_has("s: up to date (4 files)");
        assert_eq!(files(), before);
        scene.write("new", "something else, and longer");
        scene.run("put -o s/SAME new; mv s/caf\u{e9} s/d; rm s/DIR/X").ok();
        let ran = scene.run("mirror --delete --yes s disk/folded/m").ok().stderr_has("2 deleted");
        let (top, dir) = files();
        assert_eq!((top.len(), dir.len()), (4, 0), "{top:?}\n{ran}");
        let same = std::fs::read_to_string(disk.root.join("folded/m/same")).unwrap();
        assert_eq!(same, "something else, and longer", "{ran}");
    });
}

#[test]
fn a_download_that_was_cut_is_resumed_under_its_own_name() {
    let script = || Script::new().file("/s/Cut", noise(300_000)).data("RETR", Data::Cut(200_000));
    on_each_disk(script, |scene, disk| {
        scene.hurried("get -O disk/folded s/Cut").status(10);
        let ran = scene.run("get -c -O disk/folded s/Cut").ok();
        assert!(std::fs::read(disk.root.join("folded/Cut")).unwrap() == noise(300_000), "{ran}");
        assert!(scene.liar.wire.has("REST"), "{ran}");
        assert_eq!(disk.files("folded").len(), 1, "{ran}");
    });
}

#[test]
fn what_windows_could_not_read_is_refused_on_its_disks() {
    const NAMES: [&str; 8] =
        ["CON", "NUL.txt", "aux", "COM1.log", "a:b", "what?", "dot.", "space "];
    let script = || {
        let names = NAMES.iter().fold(Script::new().file("/n/fine", "x"), |script, name| {
            script.file(format!("/n/{name}"), "x")
        });
        // As directories too.
        names.file("/d/con/x", "x").file("/d/end./x", "x").file("/d/fine/x", "x")
    };
    on_each_disk(script, |scene, disk| {
        let all = if disk.kind.dos { (10, 1, 10, 1) } else { (0, 9, 0, 3) };
        let ran = scene.run("mirror -P4 n disk/folded/n");
        assert_eq!((ran.status, disk.files("folded/n").len()), (all.0, all.1), "{ran}");
        let ran = scene.run("mirror d disk/folded/d");
        assert_eq!((ran.status, disk.files("folded/d").len()), (all.2, all.3), "{ran}");
        for name in NAMES {
            let ran = scene.run(&format!("get -O disk/folded 'n/{name}'"));
            assert_eq!(ran.status, if disk.kind.dos { 9 } else { 0 }, "{name}\n{ran}");
            let asked = disk.kind.dos && ran.err().contains("give it another name");
            assert!(asked || !disk.kind.dos, "{name}\n{ran}");
        }
        scene.run("get -o disk/folded/other n/CON").ok();
    });
}
