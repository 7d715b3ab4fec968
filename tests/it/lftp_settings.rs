//! Scripts of lftp set its settings: they do what they do there, say once what they do not, or are
//! refused before anything is connected.

use support::liar::Script;
use support::scene::Scene;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", "hello").file("/.hidden", "dots"))
}

#[test]
fn no_retries_are_not_lftps_endless_ones_and_that_is_said() {
    let scene = scene();
    scene.run("set net:max-retries 0; get a").ok().stderr_has("`unlimited`");
    for line in ["set net:max-retries 2", "set net:max-retries unlimited", "set net:timeout 0"] {
        assert!(!scene.run(line).ok().err().contains("unlimited"), "{line}");
    }
    let quiet = scene.call().args(["--set", "net:max-retries=0", "-c", "cat a"]).run().ok();
    assert_eq!(quiet.err(), "");
}

/// What a script for lftp typically begins with.
const USUAL: &str = "set ssl:verify-certificate no; set ssl:check-hostname false; \
    set ftp:ssl-force true; set ftp:ssl-protect-data true; set ftp:ssl-protect-list yes; \
    set ftp:passive-mode on; set net:timeout 20; set net:max-retries 2; \
    set net:reconnect-interval-base 5; set net:reconnect-interval-multiplier 1; \
    set net:persist-retries 1; set ftp:list-options -a; set mirror:use-pget-n 2; \
    set ftp:use-site-chmod no; set xfer:log yes; set cmd:interactive no; get a";

#[test]
fn a_script_of_lftp_runs_and_what_has_no_effect_is_told_once_at_the_end() {
    let scene = scene();
    let ran = scene.run(USUAL).ok();
    assert_eq!(scene.read("a").unwrap(), b"hello");
    let err = ran.err();
    let told = err.find(
        "without effect here: ftp:use-site-chmod, net:persist-retries, \
        net:reconnect-interval-multiplier, xfer:log",
    );
    let told = told.unwrap_or_else(|| panic!("{ran}"));
    assert_eq!(err.matches("without effect").count(), 1, "{ran}");
    assert_eq!(err.matches("certificates stay checked").count(), 1, "{ran}");
    assert!(told > err.find("a: 5 B").unwrap(), "at the end: {ran}");
    std::fs::remove_file(scene.path("a")).unwrap();
    let quiet = scene.call().args(["-q", "-c", USUAL]).run().ok();
    assert_eq!(quiet.err(), "");
    let ran = scene.run("get --overwrite a || set ftp:use-mdtm no").ok();
    assert!(!ran.err().contains("without effect"), "not set: {ran}");
    // In jobs and on the command line, too.
    let ran =
        scene.call().args(["--set", "ftp:use-mdtm=no", "-c", "set net:socket-buffer 1 & wait"]);
    ran.run().ok().stderr_has("without effect here: ftp:use-mdtm, net:socket-buffer");
}

#[test]
fn certificates_stay_checked_whatever_a_script_of_lftp_sets() {
    let scene = scene();
    let commands = "set ssl:verify-certificate no; set ssl:check-hostname no; open URL; get a";
    let commands = commands.replace("URL", &scene.liar.url());
    let ran = scene.bare_unaddressed().args(["-c", &commands]).run().status(5);
    ran.stderr_has("certificates stay checked; accept this server's once: `trust add HOST`");
    assert!(!scene.liar.wire.has("USER"), "{:?}", scene.liar.wire.commands());
}

#[test]
fn what_would_be_dangerous_to_ignore_is_refused_before_anything_is_connected() {
    for (line, why, hint) in [
        ("set ftp:ssl-allow no", "ftp:ssl-allow: FTP with TLS only", "without TLS"),
        ("set cmd:at-exit 'put log'", "cmd:at-exit", "where they are to run"),
        ("set xfer:destination-directory /x", "xfer:destination-directory", "get -O DIRECTORY"),
        ("set net:timeout soon", "net:timeout", ""),
    ] {
        let scene = scene();
        let ran = scene.run(&format!("get a; {line}")).status(2);
        ran.stderr_has("-c:1:8: ").stderr_has(why).stderr_has(hint);
        assert!(!scene.liar.wire.has("USER"));
    }
}

#[test]
fn a_value_may_begin_with_a_dash_and_no_option_follows_the_name() {
    let scene = scene();
    scene.run("set ftp:list-options -a; set ftp:list-options").ok().stdout_has("list-options -a");
    scene.run("set ftp:list-options -u; set").ok().stdout_has("set ftp:list-options -u");
    scene.run("set -a").ok().stdout_has("set net:timeout 5s");
    scene.run("set ftp:list-options -a; set -u ftp:list-options; set ftp:list-options").ok();
    scene.run("set -u net:timeout 5").status(2);
}

#[test]
fn names_that_begin_with_a_dot_are_listed_where_the_listing_has_them() {
    let scene = scene();
    scene.run("ls -1").ok().stdout_is("a\n");
    scene.run("set ftp:list-options -a; ls -1").ok().stdout_is(".hidden\na\n");
}

#[test]
fn help_tells_what_becomes_of_a_setting_of_lftp() {
    let scene = scene();
    for (name, text) in [
        ("ssl:verify-certificate", "certificates stay checked"),
        ("ftp:passive-mode", "sets ftp:mode: yes is auto, no is active"),
        ("net:reconnect-interval-base", "sets net:reconnect-interval"),
        ("ftp:use-feat", "no effect"),
        ("ftp:ssl-allow", "refused: FTP with TLS only"),
    ] {
        let ran = scene.run(&format!("help {name}")).ok();
        ran.stdout_has(&format!("{name}: a setting of lftp; here: ")).stdout_has(text);
    }
    let ran = scene.run("set net:reconnect-interval-base 7; set reconnect-interval-base").ok();
    ran.stdout_has("set net:reconnect-interval 7s");
}
