//! Times that are compared: to the minute, to the day, and on a clock in another zone.

use super::{below, local_tree, set_time, time_of, transfers};
use chrono::{TimeDelta, Utc};
use support::liar::Script;
use support::scene::Scene;

/// A time so long ago, as MDTM gives it.
fn ago(age: TimeDelta) -> String {
    (Utc::now() - age).format("%Y%m%d%H%M%S").to_string()
}

/// A server without MLSD, with files of many ages.
fn script() -> Script {
    let files = [
        ("/s/hour", TimeDelta::minutes(61)),
        ("/s/day", TimeDelta::hours(25)),
        ("/s/month", TimeDelta::days(31)),
        ("/s/d/year", TimeDelta::days(400)),
        ("/s/e/decade", TimeDelta::days(3660)),
    ];
    let script = Script::new().without("MLSD").without("MLST");
    files.iter().fold(script, |script, (path, age)| script.file(path, path).time(path, &ago(*age)))
}

#[test]
fn a_second_run_transfers_nothing_whatever_the_servers_clock() {
    for ahead in [0, 120, 330, -480, 780] {
        for workers in [1, 4] {
            let scene = Scene::new(script().list_ahead(ahead));
            let command = format!("mirror -P {workers} s");
            scene.run(&command).ok();
            assert_eq!(below(&scene, "s").len(), 7);
            let before = transfers(&scene);
            assert_eq!(before, 5);
            let ran = scene.run(&command).ok();
            assert_eq!(transfers(&scene), before, "{ahead} minutes, {workers}\n{ran}");
        }
    }
}

#[test]
fn where_every_file_is_old_the_clock_is_not_known_and_a_second_run_transfers_nothing_either() {
    // 23:30 and 00:30 UTC: one of them is on another day on any clock that is not UTC.
    for (ahead, time) in [(0, "233000"), (120, "233000"), (-480, "003000"), (780, "120000")] {
        let date = (Utc::now() - TimeDelta::days(400)).format("%Y%m%d").to_string();
        let script = Script::new().without("MLSD").without("MLST").file("/s/a", "old");
        let scene = Scene::new(script.time("/s/a", &format!("{date}{time}")).list_ahead(ahead));
        scene.run("mirror s").ok();
        let ran = scene.run("mirror s").ok();
        assert_eq!(transfers(&scene), 1, "{ahead} minutes\n{ran}");
    }
}

#[test]
fn summer_time_makes_no_file_newer() {
    // Found out by the newest file, the clock is an hour ahead; it was two when the other changed.
    let (new, old) = (TimeDelta::minutes(90), TimeDelta::days(100));
    let line = |age: TimeDelta, ahead: i64, name: &str| {
        let shown = (Utc::now() - age + TimeDelta::hours(ahead)).format("%b %d %H:%M");
        format!("-rw-r--r-- 1 ftp ftp 3 {shown} {name}\r\n")
    };
    let listing = line(new, 1, "new") + &line(old, 2, "old");
    let script = Script::new().without("MLSD").without("MLST");
    let script =
        script.file("/s/new", "new").file("/s/old", "old").listing_of("LIST", "/s", listing);
    let scene = Scene::new(script.time("/s/new", &ago(new)).time("/s/old", &ago(old)));
    scene.run("mirror s; mirror s").ok();
    assert_eq!(transfers(&scene), 2);
}

#[test]
fn what_is_newer_by_more_than_the_clocks_grain_is_transferred() {
    for ahead in [0, 120, -480] {
        let scene = Scene::new(script().list_ahead(ahead));
        scene.run("mirror s").ok();
        let before = transfers(&scene);
        {
            let mut files = scene.liar.files.lock().unwrap();
            files.set_time(b"/s/hour", &ago(TimeDelta::minutes(30)));
            files.set_time(b"/s/d/year", &ago(TimeDelta::days(2)));
        }
        let ran = scene.run("mirror s").ok();
        let mut carried = scene.liar.wire.lines("RETR")[before..].to_vec();
        carried.sort();
        assert_eq!(carried, ["RETR /s/d/year", "RETR /s/hour"], "{ahead} minutes\n{ran}");
    }
}

#[test]
fn exact_times_are_asked_for_where_the_listing_has_none() {
    let scene = Scene::new(script().list_ahead(60));
    scene.run("mirror s").ok();
    for name in ["hour", "d/year"] {
        let there = scene.liar.wire.lines("MDTM");
        assert!(there.contains(&format!("MDTM /s/{name}")), "{there:?}");
        let time = time_of(&scene.path(format!("s/{name}")));
        assert!(time % 60 != 0 || Utc::now().timestamp() % 60 == 0, "{name} only to the minute");
    }
}

#[test]
fn an_upload_to_a_server_on_another_clock_is_not_repeated() {
    for ahead in [0, 120, -480] {
        let scene = Scene::new(Script::new().without("MLSD").without("MLST").list_ahead(ahead));
        local_tree(&scene, "up");
        let now = u64::try_from(Utc::now().timestamp()).unwrap();
        set_time(&scene.path("up/a.txt"), now - 5000);
        scene.run("mirror -R up").ok();
        let before = transfers(&scene);
        let ran = scene.run("mirror -R up").ok();
        assert_eq!(transfers(&scene), before, "{ahead} minutes\n{ran}");
    }
}

#[test]
fn the_setting_says_the_clock_where_the_server_cannot() {
    let scene = Scene::new(script().without("MDTM").list_ahead(120));
    scene.run("set ftp:timezone +02:00; mirror s").ok();
    let age = Utc::now().timestamp() - time_of(&scene.path("s/hour"));
    assert!((3600..3600 + 180).contains(&age), "{age} s old");
    let before = transfers(&scene);
    scene.run("set ftp:timezone +02:00; mirror s").ok();
    assert_eq!(transfers(&scene), before);
}

#[test]
fn times_that_are_not_to_be_kept_are_not() {
    let scene = Scene::new(script());
    scene.run("set xfer:preserve-times no; mirror s").ok();
    assert!(Utc::now().timestamp() - time_of(&scene.path("s/d/year")) < 60);
    let before = transfers(&scene);
    scene.run("set xfer:preserve-times no; mirror s").ok();
    assert_eq!(transfers(&scene), before);
}
