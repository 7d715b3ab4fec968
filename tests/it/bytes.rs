//! Names that hold any byte: what is sent is what is meant, byte for byte, and nothing else.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::library::Library as _;
use ftpsh::ftp::path::{RemotePath, decode_name};
use support::liar::Script;
use support::scene::Scene;

/// Every byte that a name on the wire can hold, each in a name of its own.
fn names() -> Vec<Vec<u8>> {
    // A slash separates, CR and LF end the command (RFC 959 section 5.3.1).
    let bytes = (1..=255).filter(|byte| !b"/\r\n".contains(byte));
    bytes.map(|byte| vec![b'n', byte, b'x']).collect()
}

fn is_control(name: &[u8]) -> bool {
    name.iter().any(u8::is_ascii_control)
}

/// A name in the quotes of the shell, for those that are text.
fn quoted(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    Some(ftpsh::shell_quote::quote_for(name, ftpsh::shell_quote::Quote::Single))
}

/// A line as it is on the wire: 0xFF doubled (Telnet).
fn wire(verb: &str, name: &[u8]) -> Vec<u8> {
    let mut line = format!("{verb} ").into_bytes();
    for byte in name {
        line.extend(std::iter::repeat_n(*byte, 1 + usize::from(*byte == 0xff)));
    }
    line
}

#[test]
fn every_byte_is_renamed_made_and_removed_as_it_is() {
    let names = names();
    let script = names
        .iter()
        .fold(Script::new(), |script, name| script.file([b"/", &name[..]].concat(), name));
    let scene = Scene::new(script);
    let mut session = scene.session();
    let path = |name: &[u8]| RemotePath::new(decode_name(name)).unwrap();
    for name in &names {
        let to = [b"to-", &name[..]].concat();
        session.rename(&path(name), &path(&to)).unwrap();
        let there = scene.liar.content([b"/", &to[..]].concat());
        assert!(there.as_ref() == Some(name), "{}", name.escape_ascii());
        session.remove_file(&path(&to)).unwrap();
        session.make_directory(&path(name)).unwrap();
        session.remove_directory(&path(name)).unwrap();
        let lines = scene.liar.wire.raw_lines();
        for line in [wire("RNFR", name), wire("RNTO", &to), wire("DELE", &to), wire("MKD", name)] {
            assert!(lines.contains(&line), "{}", line.escape_ascii());
        }
    }
    assert!(scene.liar.files.lock().unwrap().paths().is_empty());
}

#[test]
fn every_byte_goes_up_and_comes_down_as_it_is() {
    let names = names();
    let scene = Scene::new(Script::new());
    let plain: Vec<_> = names.iter().filter(|name| !is_control(name)).collect();
    for name in &names {
        std::fs::write(scene.path(OsStr::from_bytes(name)), name).unwrap();
    }
    scene.run("put *").ok();
    for name in &names {
        let there = scene.liar.content([b"/", &name[..]].concat());
        assert!(there.as_ref() == Some(name), "{}", name.escape_ascii());
        std::fs::remove_file(scene.path(OsStr::from_bytes(name))).unwrap();
    }
    // Names with control bytes are refused where a server sends them; the others come.
    let ran = scene.call().args(["-k", "-c", "get *"]).run();
    assert!(ran.status != 0, "{ran}");
    assert_eq!(scene.whole_files().len(), plain.len(), "{ran}");
    for name in plain {
        let here = std::fs::read(scene.path(OsStr::from_bytes(name)));
        assert!(here.is_ok_and(|here| here == *name), "{}", name.escape_ascii());
    }
    // Under a name of one's own they come as well, and they can be moved and removed as typed.
    let typed: Vec<_> = names.iter().filter(|name| is_control(name)).collect();
    let mut script = String::new();
    for (number, name) in typed.iter().enumerate() {
        let name = quoted(name).unwrap();
        script += &format!(
            "get {name} -o c{number}; mv {name} m{number}; mv m{number} {name}; rm -f {name}\n"
        );
    }
    scene.run(&script).ok();
    for (number, name) in typed.iter().enumerate() {
        assert!(
            scene.read(format!("c{number}")).as_ref() == Some(*name),
            "{}",
            name.escape_ascii()
        );
        assert!(
            scene.liar.content([b"/", &name[..]].concat()).is_none(),
            "{}",
            name.escape_ascii()
        );
    }
}
