//! Commands that are sent before their turn: what is saved by them, and that no reply is ever taken
//! for one to another command.

use support::liar::{Event, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn with_files() -> Script {
    let file = |script: Script, name: &&str| script.file(format!("/t/{name}"), *name);
    NAMES.iter().fold(Script::new(), file)
}

/// The dialogue, a command or the code of a reply each, without the lines inside of replies.
fn dialogue(ran: &Ran) -> Vec<String> {
    let word =
        |line: &str, mark: &str| Some(line.strip_prefix(mark)?.split(' ').next()?.to_owned());
    let line = |line: &str| word(line, "---> ").or_else(|| word(line, "<--- "));
    String::from_utf8_lossy(&ran.stderr)
        .lines()
        .filter_map(line)
        .filter(|word| word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()))
        .filter(|word| !word.is_empty())
        .collect()
}

/// How often `part` stands in the dialogue.
fn times(ran: &Ran, part: &[&str]) -> usize {
    dialogue(ran).windows(part.len()).filter(|window| *window == part).count()
}

#[track_caller]
fn all_here(scene: &Scene, ran: &Ran) {
    for name in NAMES {
        assert_eq!(scene.read(format!("l/{name}")).as_deref(), Some(name.as_bytes()), "{ran}");
    }
}

#[test]
fn a_small_file_down_costs_no_trip_for_its_port_and_none_for_its_time() {
    let scene = Scene::new(with_files());
    let ran = scene.call().args(["-vv", "-c", "mirror -P 1 t l"]).run().ok();
    all_here(&scene, &ran);
    assert_eq!(times(&ran, &["RETR", "150", "EPSV", "226", "229"]), 4, "{ran}");
    // A server whose listing tells times to the minute only.
    let scene = Scene::new(with_files().without("MLSD").without("MLST"));
    let ran = scene.call().args(["-vv", "-c", "mirror -P 1 t l"]).run().ok();
    all_here(&scene, &ran);
    let trip = ["MDTM", "RETR", "213", "150", "EPSV", "226", "229"];
    assert_eq!(times(&ran, &trip), 4, "{ran}");
}

#[test]
fn size_time_and_permissions_of_what_was_uploaded_and_the_next_port_are_one_trip() {
    let scene = Scene::new(Script::new().dir("/t").without("MLST").without("MLSD"));
    std::fs::create_dir(scene.path("l")).unwrap();
    for name in NAMES {
        scene.write(format!("l/{name}"), name);
    }
    let ran = scene.call().args(["-vv", "-c", "mirror -R -P 1 l t"]).run().ok();
    // The first one shows the server's clock as well.
    let first = ["MDTM", "SIZE", "MFMT", "SITE", "EPSV", "213", "213", "213", "200", "229", "STOR"];
    assert_eq!(times(&ran, &first), 1, "{ran}");
    let others = ["SIZE", "MFMT", "SITE", "EPSV", "213", "213", "200", "229", "STOR"];
    assert_eq!(times(&ran, &others), 2, "{ran}");
    for name in NAMES {
        assert_eq!(scene.liar.content(format!("/t/{name}")).as_deref(), Some(name.as_bytes()));
    }
}

#[test]
fn on_vsftpd_the_time_is_set_in_that_trip_from_the_first_file_on() {
    let script = Script::new().dir("/t").without("MLST").without("MLSD").without("MFMT");
    let scene = Scene::new(script.always("PBSZ", Step::reply("200 vsFTPd")));
    std::fs::create_dir(scene.path("l")).unwrap();
    scene.write("l/a", "a");
    let ran = scene.call().args(["-vv", "-c", "mirror -R -P 1 l t"]).run().ok();
    let trip = ["MDTM", "SIZE", "MDTM", "SITE", "EPSV", "213", "213", "213", "200", "229"];
    assert_eq!(times(&ran, &trip), 1, "{ran}");
}

#[test]
fn an_upload_under_another_name_is_measured_and_begins_to_be_renamed_in_one_trip() {
    let scene = Scene::new(Script::new().dir("/t"));
    std::fs::create_dir(scene.path("l")).unwrap();
    scene.write("l/a", "a");
    let mirror = "set xfer:atomic yes; mirror -R -P 1 l t";
    let ran = scene.call().args(["-vv", "-c", mirror]).run().ok();
    let trip = ["MLST", "EPSV", "RNFR", "250", "229", "350", "RNTO", "250"];
    assert_eq!(times(&ran, &trip), 1, "{ran}");
}

#[test]
fn the_owner_of_a_lock_is_said_together_with_the_request_for_the_manifest() {
    let scene = Scene::new(Script::new().dir("/t"));
    std::fs::create_dir(scene.path("l")).unwrap();
    let ran = scene.call().args(["-vv", "-c", "mirror -R --manifest l t"]).run().ok();
    assert_eq!(times(&ran, &["MKD", "257", "MKD", "RETR", "257"]), 1, "{ran}");
}

#[test]
fn a_manifest_that_was_uploaded_ahead_gets_its_name_in_one_trip() {
    let scene = Scene::new(Script::new().dir("/t"));
    std::fs::create_dir(scene.path("l")).unwrap();
    let mirror = ["-vv", "-c", "mirror -R --manifest l t"];
    for word in ["one", "two"] {
        scene.write("l/a", word);
        let ran = scene.call().args(mirror).run().ok();
        let trips = usize::from(word == "two");
        assert_eq!(times(&ran, &["RNFR", "RNTO", "350", "250"]), trips, "{ran}");
    }
    assert_eq!(scene.liar.content("/t/a").as_deref(), Some(&b"two"[..]));
}

#[test]
fn commands_are_serial_where_the_user_wants_it() {
    let scene = Scene::new(with_files().without("MLSD").without("MLST"));
    let mirror = ["-vv", "--set", "ftp:sync-mode=yes", "-c", "mirror -P 1 t l"];
    let ran = scene.call().args(mirror).run().ok();
    all_here(&scene, &ran);
    let words = dialogue(&ran);
    let is_reply = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let together = words.windows(2).filter(|pair| !pair.iter().any(is_reply)).count();
    assert_eq!(together, 0, "{words:?}");
}

#[test]
fn a_duplicate_reply_is_not_taken_for_one_to_a_command_sent_ahead() {
    for surplus in ["226 again", "229 Entering (|||1|)", "250 fine", "150 more"] {
        let step = Step::last(format!("226 done\r\n{surplus}"));
        let scene = Scene::new(with_files().on("RETR", step));
        let ran = scene.run("mirror -P 1 t l").ok();
        all_here(&scene, &ran);
        let sessions = scene.liar.wire.connections();
        // A preliminary reply announces nothing, wherever it comes.
        let wanted = if surplus.starts_with('1') { 1 } else { 2 };
        assert_eq!(sessions, wanted, "{surplus}\n{ran}");
    }
}

#[test]
fn a_size_that_is_missing_is_not_filled_by_the_reply_to_the_time() {
    // The reply to SIZE never comes; the one to MFMT behind it must not pass for it.
    let script = Script::new().dir("/t").without("MLST").without("MLSD");
    let scene = Scene::new(script.on("SIZE", Step::Silence));
    std::fs::create_dir(scene.path("l")).unwrap();
    scene.write("l/a", "a");
    scene.write("l/b", "b");
    let ran = scene.run("mirror -R -P 1 l t").ok();
    ran.stderr_has("trying again");
    for name in ["a", "b"] {
        assert_eq!(scene.liar.content(format!("/t/{name}")).as_deref(), Some(name.as_bytes()));
    }
}

#[test]
fn a_server_that_loses_pipelined_commands_is_used_serially() {
    let scene = Scene::new(with_files().forgetful());
    let ran = scene
        .call()
        .args(["--set", "net:timeout=500ms", "-c", "mirror -P 2 t l; mirror -P 2 t l2"])
        .run()
        .ok();
    all_here(&scene, &ran);
    // It cost one connection to find out.
    assert_eq!(scene.liar.wire.lines("PASS").len(), scene.liar.wire.connections() - 1, "{ran}");
}

#[test]
fn a_port_that_was_asked_for_outlives_the_questions_about_the_next_file() {
    let scene = Scene::new(with_files());
    let ran = scene.call().args(["-vv", "-c", "get t/a t/b t/c t/d"]).run().ok();
    for name in NAMES {
        assert_eq!(scene.read(name).as_deref(), Some(name.as_bytes()), "{ran}");
    }
    assert_eq!(times(&ran, &["RETR", "150", "EPSV", "226"]), 4, "{ran}");
    // The last one was in vain.
    assert_eq!(scene.liar.wire.lines("EPSV").len(), 5, "{ran}");
    assert_eq!(scene.liar.wire.lines("MLST").len(), 4, "{ran}");
}

#[test]
fn a_server_that_fails_a_transfer_for_what_was_asked_at_its_end_is_asked_after_it() {
    let scene = Scene::new(with_files().on("RETR", Step::last("426 aborted by a command")));
    let ran = scene.call().args(["-vv", "-c", "mirror -P 1 t l"]).run().ok();
    all_here(&scene, &ran);
    assert_eq!(times(&ran, &["RETR", "150", "EPSV", "426"]), 1, "{ran}");
    // Four files, and one of them twice: not one more was asked for ahead.
    assert_eq!(times(&ran, &["RETR", "150", "226"]), 4, "{ran}");
}

#[test]
fn bytes_that_telnet_knows_are_doubled_in_what_is_sent_ahead_as_well() {
    let files = with_files().without("MLSD").without("MLST").file(b"/t/x\xffy", "odd");
    let scene = Scene::new(files.time(b"/t/x\xffy", "20200101000000"));
    scene.run("mirror -P 1 t l").ok();
    let lines = scene.liar.wire.raw_lines();
    for verb in ["MDTM", "RETR"] {
        let line = [verb.as_bytes(), b" /t/x\xff\xffy"].concat();
        assert_eq!(lines.iter().filter(|sent| **sent == line).count(), 1, "{verb}");
    }
}

#[test]
fn a_421_in_the_place_of_a_port_is_reported_in_the_servers_words() {
    let step = Step::last("226 done\r\n421 it is late");
    let scene = Scene::new(with_files().on("RETR", Step::Honest).on("RETR", step));
    let ran = scene.run("get t/a t/b t/c t/d").ok();
    for name in NAMES {
        assert_eq!(scene.read(name).as_deref(), Some(name.as_bytes()), "{ran}");
    }
    ran.stderr_has("it is late");
    assert_eq!(scene.liar.wire.connections(), 2);
}

#[test]
fn a_login_is_two_trips_after_the_handshake_and_the_first_port_brings_what_is_left_to_say() {
    let scene = Scene::new(with_files());
    let ran = scene.call().args(["-vv", "-c", "get t/a"]).run().ok();
    let protection = ["PBSZ", "PROT", "200", "200"];
    let login = ["USER", "PASS", "FEAT", "TYPE", "PWD", "SYST", "EPSV", "331", "230"];
    assert_eq!(times(&ran, &[&protection[..], &login[..]].concat()), 1, "{ran}");
    assert_eq!(times(&ran, &["OPTS", "MLST", "200", "250", "RETR"]), 1, "{ran}");
    let ran = scene.call().args(["-vv", "-c", "ls"]).run().ok();
    assert_eq!(times(&ran, &["OPTS", "MLSD", "200", "150"]), 1, "{ran}");
}

/// The lines of the second connection of a mirror.
fn further_connection(scene: &Scene) -> (Vec<String>, Ran) {
    let options = ["--set", "net:limit-rate=10", "--set", "net:timeout=1s"];
    let ran = scene.call().args(options).args(["-c", "mirror -P 2 t l"]).run();
    let of_second = |event| match event {
        Event::Line { session: 1, line, .. } => Some(String::from_utf8_lossy(&line).into_owned()),
        _ => None,
    };
    (scene.liar.wire.events().into_iter().filter_map(of_second).collect(), ran)
}

#[test]
fn a_further_connection_sends_its_login_and_all_behind_it_at_once() {
    let scene = Scene::new(with_files());
    let (further, ran) = further_connection(&scene);
    let ran = ran.ok();
    all_here(&scene, &ran);
    let password = format!("PASS {}", scene.liar.password);
    let login = ["USER tester", &password, "OPTS UTF8 ON", "TYPE I", "PWD", "EPSV"];
    let all = [&["AUTH TLS", "PBSZ 0", "PROT P"][..], &login].concat();
    assert_eq!(further[..all.len()], all, "{ran}");
    // None of it waits for the reply to USER.
    // The first worker is busy until the second has connected: 30 bytes at 10 a second.
    let slow = || with_files().file("/t/slow", noise(30));
    let scene = Scene::new(slow().on("USER", Step::Honest).on("USER", Step::Silence));
    let (further, ran) = further_connection(&scene);
    assert!(further.contains(&"EPSV".to_owned()), "{further:?}\n{ran}");
    // All of it waits for the reply to PROT.
    let scene = Scene::new(slow().on("PROT", Step::Honest).on("PROT", Step::Silence));
    let (further, ran) = further_connection(&scene);
    assert_eq!(further.last().map(String::as_str), Some("PROT P"), "{ran}");
}

#[test]
fn a_duplicate_reply_at_a_login_is_not_taken_for_one_to_the_first_command() {
    // The server answers the last question of the login twice: the removal is refused.
    for surplus in ["200 fine", "250 removed"] {
        let step = Step::reply(format!("200 fine\r\n{surplus}"));
        let scene = Scene::new(with_files().on("OPTS", step).always("DELE", Step::reply("550 no")));
        let ran = scene.run("rm t/a");
        assert!(ran.status != 0, "{surplus}\n{ran}");
        assert!(scene.liar.content("/t/a").is_some(), "{surplus}");
    }
}

#[test]
fn a_server_that_loses_a_part_of_the_login_is_detected_before_the_whole_time_is_over() {
    let scene = Scene::new(with_files().forgetful());
    let begun = std::time::Instant::now();
    let ran = scene.call().args(["--set", "net:timeout=60s", "-c", "get t/a"]).run();
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{ran}");
    ran.ok().stderr_has("the server dropped pipelined commands").stderr_has("ftp:sync-mode");
}

#[test]
fn the_clock_of_a_listing_is_asked_about_only_where_times_are_compared() {
    // So young that LIST tells its time to the minute.
    let yesterday = chrono::Utc::now() - chrono::TimeDelta::days(1);
    let young = yesterday.format("%Y%m%d%H%M%S").to_string();
    let files = with_files().without("MLSD").without("MLST");
    let scene = Scene::new(files.time("/t/a", &young));
    let mirror = ["-vv", "-c", "mirror -P 1 t l"];
    let first = scene.call().args(mirror).run().ok();
    all_here(&scene, &first);
    assert_eq!(times(&first, &["MDTM", "213"]), 0, "each with its RETR\n{first}");
    let again = scene.call().args(mirror).run().ok();
    assert_eq!(times(&again, &["MDTM", "213"]), 1, "{again}");
    assert_eq!(times(&again, &["RETR"]), 0, "{again}");
}
