//! Clocks and zones: times on the wire are UTC, whatever zone the user, the server or the season
//! is in; and no time alone decides that something is deleted.

use std::os::unix::fs::MetadataExt as _;
use support::liar::Script;
use support::scene::Scene;

const ZONES: [&str; 6] = [
    "UTC",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Europe/Dublin",
];

/// A leap day, both sides of two changes to summer time, the epoch, and before it.
const TIMES: [(&str, i64); 8] = [
    ("20240229120000", 1_709_208_000),
    ("20240331005959", 1_711_846_799),
    ("20240331010001", 1_711_846_801),
    ("20241027003000", 1_729_989_000),
    ("19700101000000", 0),
    ("19691231235959", -1),
    ("19601231235959", -283_996_801),
    ("20380119031408", 2_147_483_648),
];

fn script() -> Script {
    TIMES.iter().fold(Script::new(), |script, (time, _)| {
        let path = format!("/s/{time}");
        script.file(&path, "x").time(&path, time)
    })
}

#[test]
fn times_are_the_same_in_every_zone_also_before_1970() {
    for zones in ZONES.chunks(2) {
        for (zone, verb) in zones.iter().zip(["MLSD", "MLST"]) {
            let scene = Scene::new(script().without(verb));
            let run = |command: &str| scene.call().env("TZ", zone).args(["-c", command]).run().ok();
            run("mirror s; get -O . s/19601231235959 s/20240331005959");
            for (time, seconds) in TIMES {
                let here = scene.path("s").join(time).metadata().unwrap().mtime();
                assert_eq!(here, seconds, "{zone}, without {verb}: {time}");
            }
            assert_eq!(scene.path("19601231235959").metadata().unwrap().mtime(), -283_996_801);
            // The other way round, and a second time nothing is newer.
            run("mirror s; mirror -R s back");
            let stored = scene.liar.wire.lines("RETR").len();
            assert_eq!(stored, TIMES.len() + 2, "{zone}, without {verb}");
            let there = scene.liar.files.lock().unwrap();
            for (time, _) in TIMES {
                let stored = there.time(format!("/back/{time}").as_bytes()).unwrap();
                assert_eq!(stored, time, "{zone}, without {verb}");
            }
        }
    }
}

#[test]
fn json_times_do_not_depend_on_the_users_zone() {
    let expected: Vec<_> = ["2024-02-29T12:00:00Z", "1960-12-31T23:59:59Z"].into();
    for zone in ZONES {
        let scene = Scene::new(script());
        let words = ["--json", "-c", "ls s/20240229120000; ls s/19601231235959"];
        let ran = scene.call().env("TZ", zone).args(words).run().ok();
        let times: Vec<_> = ran.json_of("entry").iter().map(|e| e["modified"].clone()).collect();
        assert_eq!(times, expected, "{zone}\n{ran}");
    }
}

#[test]
fn a_clock_that_is_wrong_deletes_nothing() {
    // Everything there is ten years older, or newer, than what is here.
    for (time, carried) in [("20140102030405", 0), ("20340102030405", 1)] {
        let scene = Scene::new(Script::new().file("/s/a", "same").time("/s/a", time));
        std::fs::create_dir(scene.path("s")).unwrap();
        scene.write("s/a", "same");
        scene.run("mirror --delete --yes s").ok();
        assert_eq!(scene.read("s/a").unwrap(), b"same");
        assert_eq!(scene.liar.wire.lines("RETR").len(), carried, "{time}");
    }
}
