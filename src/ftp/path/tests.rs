//! Round trips of names, and paths and names that must be rejected.

use super::*;
use crate::error::Kind;

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).unwrap()
}

#[test]
fn every_pair_of_bytes_survives_the_round_trip() {
    for a in 0..=255u8 {
        for b in 0..=255u8 {
            assert_eq!(encode_name(&decode_name(&[a, b])), [a, b]);
        }
    }
}

#[test]
fn random_byte_strings_survive_the_round_trip() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for i in 0..state % 12 {
            // Often bytes of U+F780..U+F7FF (ef 9e 80 to ef 9f bf), sometimes others.
            let pick = (state >> (i * 5)) as u8;
            bytes.push(match pick % 5 {
                0 => 0xef,
                1 => 0x9e + (pick >> 7),
                2 => 0x80 | (pick >> 2),
                3 => b'a',
                _ => pick,
            });
        }
        assert_eq!(encode_name(&decode_name(&bytes)), bytes, "{bytes:x?}");
    }
}

#[test]
fn text_stays_text_and_bytes_become_their_stand_ins() {
    assert_eq!(decode_name("grün 試".as_bytes()), "grün 試");
    assert_eq!(decode_name(b"caf\xe9"), "caf\u{F7E9}");
    assert_eq!(decode_name("\u{F7E9}".as_bytes()), "\u{F7EF}\u{F79F}\u{F7A9}");
}

#[test]
fn bytes_that_end_a_command_are_refused_and_shown_escaped() {
    for (text, shown) in [("a\r\nDELE x", "a\\r\\nDELE x"), ("a\nb", "a\\nb"), ("a\0b", "a\\0b")] {
        let error = RemotePath::new(text).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.message().starts_with(shown), "{error}");
    }
    assert!(path("/d").join("x\ny").is_err());
    assert!(path("/d").resolve("x\0").is_err());
    assert_eq!(path("a\tb\x1b\x7f").as_str(), "a\tb\x1b\x7f");
}

#[test]
fn joining_keeps_the_text_and_an_absolute_name_replaces() {
    for (base, name, joined) in [
        ("/", "a", "/a"),
        ("/a", "b", "/a/b"),
        ("/a/", "b", "/a/b"),
        ("/a", "/b", "/b"),
        ("", "b", "b"),
    ] {
        assert_eq!(path(base).join(name).unwrap().as_str(), joined);
    }
}

#[test]
fn resolving_never_climbs_above_the_root() {
    for (cwd, typed, meant) in [
        ("/", "..", "/"),
        ("/a/b", "..", "/a"),
        ("/a", "../../../etc", "/etc"),
        ("/a", "./b//c/.", "/a/b/c"),
        ("/a", "/x/../y/", "/y"),
        ("/a", "", "/a"),
        ("a", "../../b", "../b"),
        ("a", "..", "."),
    ] {
        assert_eq!(path(cwd).resolve(typed).unwrap().as_str(), meant, "{cwd} {typed}");
    }
}

#[test]
fn parents_and_last_components() {
    for (text, parent, name) in [
        ("/", None, None),
        ("/a", Some("/"), Some("a")),
        ("/a/b/", Some("/a"), Some("b")),
        ("//a", Some("/"), Some("a")),
        ("a", None, Some("a")),
        ("a/..", Some("a"), None),
        ("", None, None),
    ] {
        assert_eq!(path(text).parent().as_ref().map(RemotePath::as_str), parent, "{text}");
        assert_eq!(path(text).file_name(), name, "{text}");
    }
}

#[test]
fn one_path_lies_below_another_by_whole_components() {
    for (text, base, below) in [
        ("/a/b", "/a", true),
        ("/a", "/a/", true),
        ("/ab", "/a", false),
        ("/a", "/", true),
        ("a", "/", false),
        ("/a", "/a/b", false),
    ] {
        assert_eq!(path(text).starts_with(&path(base)), below, "{text} {base}");
    }
}

#[test]
fn names_that_could_land_elsewhere_are_refused() {
    let long = "x".repeat(256);
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "/etc",
        "..\\x",
        "a\\..\\b",
        "x\\..",
        "a\0b",
        "a\nb",
        "a\x1b[2J",
        "\x7f",
        long.as_str(),
    ] {
        assert!(safe_component(name).is_err(), "{name:?}");
    }
    let longest = "\u{F7E9}".repeat(255);
    for name in ["a", "...", "a b", "-rf", "~root", "a\\b", "x..", "\u{F7E9}", longest.as_str()] {
        assert_eq!(safe_component(name), Ok(name));
    }
}
