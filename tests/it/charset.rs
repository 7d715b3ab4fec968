//! Names on servers without UTF-8: shown as the characters they are, sent back as the bytes they
//! were, and never sent as something else.

use support::liar::{Script, Step};
use support::program::Ran;
use support::scene::Scene;

const CAFE: &[u8] = b"/caf\xe9";

fn latin1(script: Script, commands: &str) -> (Scene, Ran) {
    let scene = Scene::new(script.without("UTF8"));
    let ran = scene.call().args(["--set", "net:charset=iso-8859-1", "-c", commands]).run();
    (scene, ran)
}

#[test]
fn names_are_shown_in_utf_8_and_sent_in_the_servers_bytes() {
    for missing in ["", "MLSD"] {
        let script = Script::new().file([CAFE, b"/\xfcber.txt"].concat(), "hello").without(missing);
        let (scene, ran) = latin1(script, "ls -1; cd café; pwd; ls -1; get *.txt");
        let ran = ran.ok();
        let lines: Vec<_> = ran.out().lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "café", "{ran}");
        assert!(lines[1].ends_with("/caf%C3%A9") || lines[1].ends_with("/café"), "{ran}");
        assert_eq!(lines[2], "über.txt", "{ran}");
        assert_eq!(scene.read("über.txt").as_deref(), Some(&b"hello"[..]), "{ran}");
        let lines = scene.liar.wire.raw_lines();
        assert!(lines.contains(&b"CWD caf\xe9".to_vec()), "{ran}");
        assert!(lines.iter().any(|line| line.ends_with(b"\xfcber.txt")), "{ran}");
        assert!(!lines.iter().any(|line| line.starts_with(b"OPTS UTF8")), "{ran}");
    }
}

#[test]
fn uploads_get_names_in_the_servers_character_set() {
    let scene = Scene::new(Script::new().without("UTF8"));
    scene.write("grün.txt", "green");
    scene.call().args(["--set", "net:charset=iso-8859-1", "-c", "put grün.txt"]).run().ok();
    assert_eq!(scene.liar.content(b"/gr\xfcn.txt").as_deref(), Some(&b"green"[..]));
}

#[test]
fn bytes_that_are_no_characters_come_back_as_they_were() {
    // 0x81 0x20 is no character of Shift JIS, 0x8e 0x8e is one.
    let name = b"/\x81 \x8e\x8e";
    let scene = Scene::new(Script::new().without("UTF8").file(name, "hello"));
    let call = scene.call().args(["--set", "net:charset=shift_jis"]);
    call.args(["-c", "mv *試 moved; ls -1"]).run().ok().stdout_is("moved\n");
    assert_eq!(scene.liar.content("/moved").as_deref(), Some(&b"hello"[..]));
}

#[test]
fn a_name_that_cannot_be_written_is_wrong_usage_and_nothing_is_sent() {
    let (scene, ran) = latin1(Script::new(), "mkdir żółw");
    ran.status(2).stderr_has("'ż' cannot be written");
    assert!(!scene.liar.wire.has("MKD"));
}

#[test]
fn the_servers_words_are_read_in_its_character_set() {
    let refusal = Step::reply(b"550 Datei nicht gel\xf6scht");
    let (_scene, ran) = latin1(Script::new().on("MKD", refusal), "mkdir x");
    ran.status(8).stderr_has("Datei nicht gelöscht");
}

#[test]
fn a_server_with_utf_8_is_spoken_to_in_utf_8() {
    let scene = Scene::new(Script::new());
    scene.call().args(["--set", "net:charset=iso-8859-1", "-c", "mkdir żółw"]).run().ok();
    assert!(scene.liar.wire.commands().contains(&"MKD żółw".to_owned()));
}

#[test]
fn names_in_code_pages_of_dos_are_shown_and_sent_back_byte_for_byte() {
    for (charset, bytes, name) in
        [("cp437", &b"/gr\x81n\xe3"[..], "grünπ"), ("cp850", b"/\x9dre\xd5", "Øreı")]
    {
        let scene = Scene::new(Script::new().without("UTF8").file(bytes, "hello"));
        let call = scene.call().args(["--set", &format!("net:charset={charset}")]);
        let commands = format!("ls -1; get {name}; put {name} -o up-{name}; mv {name} moved");
        call.args(["-c", &commands]).run().ok().stdout_is(format!("{name}\n"));
        assert_eq!(scene.read(name).as_deref(), Some(&b"hello"[..]));
        assert_eq!(scene.liar.content("/moved").as_deref(), Some(&b"hello"[..]));
        let up = [b"/up-", &bytes[1..]].concat();
        assert_eq!(scene.liar.content(&up).as_deref(), Some(&b"hello"[..]), "{charset}");
    }
}
