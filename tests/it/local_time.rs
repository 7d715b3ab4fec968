//! Servers whose MDTM and MFMT are in local time (vsftpd with `use_localtime=YES`): found out with a
//! file that was just stored, remembered, and never guessed from an older one.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{TimeDelta, Utc};
use support::liar::{Liar, Script, Step};
use support::scene::Scene;

/// A server like vsftpd: no MLSD, no MFMT, and a clock that is so many minutes ahead.
fn script(ahead: i64) -> Script {
    let script = Script::new().without("MLSD").without("MLST").without("MFMT").local_time(ahead);
    script.greeting(Step::reply("220 (vsFTPd 3.0.5)"))
}

fn ago(minutes: i64) -> SystemTime {
    let now = u64::try_from(Utc::now().timestamp()).unwrap();
    UNIX_EPOCH + Duration::from_secs(now.checked_add_signed(-minutes * 60).unwrap())
}

fn set_time(path: &Path, time: SystemTime) {
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// The time of a file of the server (UTC), in seconds since 1970.
fn time_there(scene: &Scene, path: &str) -> i64 {
    let files = scene.liar.files.lock().unwrap();
    let time = files.time(path.as_bytes()).unwrap();
    chrono::NaiveDateTime::parse_from_str(time, "%Y%m%d%H%M%S").unwrap().and_utc().timestamp()
}

fn time_here(path: &Path) -> i64 {
    std::os::unix::fs::MetadataExt::mtime(&path.metadata().unwrap())
}

fn stored(scene: &Scene) -> usize {
    scene.liar.wire.lines("STOR").len()
}

#[test]
fn times_are_right_in_both_directions_from_the_first_upload_on() {
    for ahead in [120, 345, -480] {
        for set in ["SITE", "MFMT"] {
            let server = script(ahead).file("/old", "x").time("/old", "20260901101112");
            let scene = Scene::new(if set == "MFMT" { server } else { server.without("SITE") });
            scene.write("a", "alpha");
            set_time(&scene.path("a"), ago(3 * 24 * 60));
            scene.run("put a; get old").ok();
            assert_eq!(time_there(&scene, "/a"), time_here(&scene.path("a")), "{ahead}");
            assert_eq!(time_here(&scene.path("old")), time_there(&scene, "/old"), "{ahead}");
            // The next run knows it before it stores anything.
            std::fs::remove_file(scene.path("old")).unwrap();
            let listed = scene.call().args(["--json", "-c", "get old; stat a"]).run().ok();
            assert_eq!(time_here(&scene.path("old")), time_there(&scene, "/old"), "{ahead}");
            let told = listed.json_of("entry")[0]["modified"].clone();
            let exact = chrono::DateTime::from_timestamp(time_here(&scene.path("a")), 0).unwrap();
            assert_eq!(told, exact.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "{listed}");
        }
    }
}

#[test]
fn times_are_right_where_an_upload_is_not_verified_or_goes_between_servers() {
    let (scene, target) = (Scene::new(script(120)), Liar::start(script(120)));
    scene.write("a", "alpha");
    set_time(&scene.path("a"), ago(3 * 24 * 60));
    scene.run("set xfer:verify none; put a").ok();
    assert_eq!(time_there(&scene, "/a"), time_here(&scene.path("a")));
    // The source's clock is known now, and not the target's.
    let login = format!("tester:{}@", target.password);
    let url = target.url().replace("tester@", &login);
    let call = scene.call().args(["--fingerprint", &target.fingerprint]);
    call.args(["-c", &format!("get a -o {url}/b")]).run().ok();
    let time = target.files.lock().unwrap().time(b"/b").unwrap().to_owned();
    assert_eq!(Some(time.as_str()), scene.liar.files.lock().unwrap().time(b"/a"));
}

#[test]
fn an_edit_of_the_same_size_is_uploaded_and_never_overwritten() {
    // The server's files keep the time of their upload.
    let (scene, late) = (Scene::new(script(120)), "set xfer:preserve-times no");
    std::fs::create_dir(scene.path("up")).unwrap();
    for name in ["up/a", "up/b"] {
        scene.write(name, "first");
        set_time(&scene.path(name), ago(90));
    }
    scene.run(&format!("{late}; mirror -R up")).ok();
    scene.run(&format!("{late}; mirror -R up")).ok();
    assert_eq!(stored(&scene), 2, "nothing changed");
    scene.write("up/a", "other");
    set_time(&scene.path("up/a"), ago(-10));
    scene.run(&format!("{late}; mirror up; mirror -R up")).ok();
    assert_eq!(scene.read("up/a").as_deref(), Some(&b"other"[..]));
    assert_eq!(scene.liar.content("/up/a").as_deref(), Some(&b"other"[..]));
}

#[test]
fn the_setting_holds_for_mdtm_where_that_is_local_time_and_for_list_everywhere() {
    let hour_old = (Utc::now() - TimeDelta::hours(1)).format("%Y%m%d%H%M%S").to_string();
    let base = || Script::new().without("MLSD").without("MLST").file("/s/a", "x");
    for (script, commands) in [
        // Known by its name, which it says through TLS.
        (base().local_time(120).feature("vsFTPd"), "get -O s s/a"),
        // Found out by a listing.
        (base().local_time(120), "mirror s"),
        // LIST is local time, and MDTM is not.
        (base().list_ahead(120), "mirror s"),
        (base().list_ahead(120), "get -O s s/a"),
    ] {
        let scene = Scene::new(script.time("/s/a", &hour_old));
        std::fs::create_dir(scene.path("s")).unwrap();
        let ran = scene.run(&format!("set ftp:timezone +02:00; {commands}")).ok();
        assert_eq!(time_here(&scene.path("s/a")), time_there(&scene, "/s/a"), "{commands}\n{ran}");
    }
}

#[test]
fn nothing_is_learned_from_the_time_of_an_older_file_or_a_wrong_clock() {
    let changed = |minutes: i64| {
        let time = (Utc::now() + TimeDelta::minutes(minutes)).format("%Y%m%d%H%M%S").to_string();
        Step::change_after(move |files| {
            files.set_time(b"/a", &time);
        })
    };
    let old = (Utc::now() - TimeDelta::hours(3)).format("%Y%m%d%H%M%S").to_string();
    let same = old.clone();
    let keeps = Step::change_after(move |files| {
        files.set_time(b"/a", &same);
    });
    for (what, step) in
        [("years", changed(-500_000)), ("minutes", changed(127)), ("its old time", keeps)]
    {
        let server = Script::new().without("MLSD").without("MLST").file("/a", "x").time("/a", &old);
        let scene = Scene::new(server.on("STOR", step));
        scene.write("a", "alpha");
        set_time(&scene.path("a"), ago(3 * 24 * 60));
        scene.run("put a").ok();
        assert_eq!(time_there(&scene, "/a"), time_here(&scene.path("a")), "{what}");
        assert!(!scene.home.path().join("ftpsh/server_clocks").exists(), "{what}");
    }
}

#[test]
fn a_remembered_clock_is_corrected_when_summer_time_ends_or_the_server_is_mended() {
    let scene = Scene::new(script(60));
    let file = scene.home.path().join("ftpsh/server_clocks");
    let site = scene.liar.url().replace("ftp://", "").replace("ftpes://", "");
    let site = site.rsplit('@').next().unwrap().trim_end_matches('/').to_owned();
    for (remembered, after) in [("+120", "+60"), ("+60", "+60")] {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("{site} {remembered}\nother.example:21 +30\n")).unwrap();
        scene.write("a", "alpha");
        set_time(&scene.path("a"), ago(3 * 24 * 60));
        scene.run("put a").ok();
        assert_eq!(time_there(&scene, "/a"), time_here(&scene.path("a")), "{remembered}");
        let kept = std::fs::read_to_string(&file).unwrap();
        assert!(kept.contains(&format!("{site} {after}\n")), "{kept}");
        assert!(kept.contains("other.example:21 +30\n"), "{kept}");
    }
    let mended = Scene::new(Script::new().without("MLSD").without("MLST"));
    let site = mended.liar.addr.to_string();
    let file = mended.home.path().join("ftpsh/server_clocks");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("{site} -210\n")).unwrap();
    mended.write("a", "alpha");
    set_time(&mended.path("a"), ago(3 * 24 * 60));
    mended.run("put a").ok();
    assert_eq!(time_there(&mended, "/a"), time_here(&mended.path("a")));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
}

#[test]
fn servers_that_have_mlst_are_not_asked() {
    let scene = Scene::new(Script::new());
    scene.write("a", "alpha");
    scene.run("put a").ok();
    assert!(!scene.liar.wire.has("MDTM"), "{:?}", scene.liar.wire.commands());
}

#[test]
fn doctor_names_the_setting_for_the_user_and_learns_the_clock() {
    let scene = Scene::new(script(330).file("/old", "x").time("/old", "20260901101112"));
    let call = scene.call().args(["--json", "-c", "doctor --write; get old"]);
    let ran = call.run().ok();
    let checks = ran.json_of("text");
    let clock = checks.iter().find(|check| check["check"] == "clock").unwrap();
    let text = clock.to_string();
    assert_eq!(clock["mark"], "note", "{text}");
    assert!(text.contains("set ftp:timezone/127.0.0.1 +05:30"), "{text}");
    assert!(text.contains("use_localtime=NO"), "{text}");
    assert_eq!(time_here(&scene.path("old")), time_there(&scene, "/old"));
}

#[test]
fn a_listing_without_years_does_not_transfer_everything_again() {
    for ahead in [0, 120] {
        let mut server = Script::new().without("MLSD").without("MLST").list_omits_years();
        server = if ahead == 0 { server } else { server.list_ahead(ahead) };
        for (name, days) in [("/s/a", 3), ("/s/b", 400), ("/s/c", 900), ("/s/d", 2000)] {
            let time = (Utc::now() - TimeDelta::days(days)).format("%Y%m%d%H%M%S").to_string();
            server = server.file(name, name).time(name, &time);
        }
        let scene = Scene::new(server);
        scene.run("mirror s").ok();
        for name in ["a", "b", "c", "d"] {
            let (here, there) = (scene.path("s").join(name), format!("/s/{name}"));
            assert_eq!(time_here(&here), time_there(&scene, &there), "{name}");
        }
        let ran = scene.run("mirror s").ok();
        assert_eq!(scene.liar.wire.lines("RETR").len(), 4, "{ahead}\n{ran}");
        // What changed comes, whatever its year: also a year later to the minute.
        let year = Utc::now() - TimeDelta::days(2000) + TimeDelta::days(365);
        let year = year.format("%Y%m%d%H%M%S").to_string();
        scene.liar.files.lock().unwrap().set_time(b"/s/d", &year);
        scene.run("mirror s").ok();
        assert_eq!(scene.liar.wire.lines("RETR").len(), 5, "{ahead}");
        let now = (Utc::now() - TimeDelta::minutes(5)).format("%Y%m%d%H%M%S").to_string();
        scene.liar.files.lock().unwrap().set_time(b"/s/c", &now);
        scene.run("mirror s").ok();
        assert_eq!(scene.liar.wire.lines("RETR").len(), 6, "{ahead}");
    }
}
