//! Targets as users type them.

use super::*;

fn ok(target: &str) -> Target {
    parse_target(target).unwrap_or_else(|e| panic!("{target}: {e}"))
}

#[test]
fn targets_mean_host_port_and_mode() {
    use TlsMode::*;
    for (target, host, port, mode) in [
        ("example.org", "example.org", 21, Explicit),
        ("Example.ORG.", "example.org", 21, Explicit),
        ("example.org:2121", "example.org", 2121, Explicit),
        ("example.org:990", "example.org", 990, Explicit),
        ("localhost", "localhost", 21, Explicit),
        ("my_host-1", "my_host-1", 21, Explicit),
        ("192.0.2.1:65535", "192.0.2.1", 65535, Explicit),
        ("::1", "::1", 21, Explicit),
        ("2001:DB8:0:0::1", "2001:db8::1", 21, Explicit),
        ("[::1]", "::1", 21, Explicit),
        ("[::1]:2121", "::1", 2121, Explicit),
        ("fe80::1%eth0", "fe80::1%eth0", 21, Explicit),
        ("bob@[::1]:2121", "::1", 2121, Explicit),
        ("ftp://example.org", "example.org", 21, Explicit),
        ("ftp://example.org/", "example.org", 21, Explicit),
        ("FTPES://example.org", "example.org", 21, Explicit),
        ("ftps://example.org", "example.org", 990, Implicit),
        ("ftps://example.org:21", "example.org", 21, Implicit),
        ("ftps://[fe80::1%25eth0]/", "fe80::1%eth0", 990, Implicit),
        ("ftp://ex%61mple.org", "example.org", 21, Explicit),
        ("ftp://trust", "trust", 21, Explicit),
        ("ftp://h;type=i", "h", 21, Explicit),
    ] {
        let site = ok(target).site;
        assert_eq!((site.host.as_str(), site.port, site.mode), (host, port, mode), "{target}");
    }
}

#[test]
fn user_and_password_are_taken_apart_and_decoded() {
    for (target, user, password) in [
        ("h", None, None),
        ("bob@h", Some("bob"), None),
        ("ftp://@h", None, None),
        ("ftp://bob@h", Some("bob"), None),
        ("ftp://bob:@h", Some("bob"), Some("")),
        ("ftp://bob:a:b@h", Some("bob"), Some("a:b")),
        ("ftp://b%40b:p%2Fw%20%24%21%3A@h", Some("b@b"), Some("p/w $!:")),
        ("ftp://bob@example.com@h", Some("bob@example.com"), None),
        ("ftp://bob:p@ss@h", Some("bob"), Some("p@ss")),
        ("ftp://dom\\bob:100%@h", Some("dom\\bob"), Some("100%")),
        ("ftp://J%C3%BCrgen@h", Some("Jürgen"), None),
        // Outside a URL nothing is decoded.
        ("b%40b:p%2Fw@h", Some("b%40b"), Some("p%2Fw")),
    ] {
        let Target { site, password: found } = ok(target);
        assert_eq!(site.user.as_deref(), user, "{target}");
        assert_eq!(found.as_ref().map(Secret::expose), password, "{target}");
        assert_eq!(site.host, "h");
    }
}

#[test]
fn the_path_is_the_start_directory_byte_for_byte() {
    for (target, path) in [
        ("ftp://h", None),
        ("ftp://h/", None),
        ("ftp://h/;type=a", None),
        ("ftp://h/a/b", Some(&b"a/b"[..])),
        ("ftp://h/a/b/", Some(b"a/b/")),
        ("ftp://h//", Some(b"/")),
        ("ftp://h//abs", Some(b"/abs")),
        ("ftp://h/%2Fabs", Some(b"/abs")),
        ("ftp://h/%2fabs", Some(b"/abs")),
        ("ftp://h/caf%E9", Some(b"caf\xe9")),
        ("ftp://h/caf\u{e9}", Some(b"caf\xc3\xa9")),
        ("ftp://h/a%20b?c#d", Some(b"a b?c#d")),
        ("ftp://h/100%/%zz", Some(b"100%/%zz")),
        ("ftp://h/f;type=I", Some(b"f")),
        ("ftp://h/f;v=1", Some(b"f;v=1")),
        ("ftp://h/f;type=text", Some(b"f;type=text")),
        ("ftp://h/~bob@x:y", Some(b"~bob@x:y")),
        ("h/a/b", Some(b"a/b")),
        ("bob@h:21//abs", Some(b"/abs")),
        ("h/a%20b;type=i", Some(b"a%20b;type=i")),
        ("h/", None),
    ] {
        assert_eq!(ok(target).site.path.as_deref(), path, "{target}");
    }
}

#[test]
fn what_is_no_target_is_a_usage_error() {
    for target in [
        "",
        ":21",
        "bob@",
        "ftp://",
        "ftp:///a",
        "ftp://:21/",
        "h:",
        "h:0",
        "h:65536",
        "h:+21",
        "h:21x",
        "h: 21",
        "a b",
        " h",
        "h ",
        "ftp://a%20b",
        "a..b",
        ".a",
        "h:/dir",
        "a/b@h",
        "h/a\nDELE x",
        "[::1",
        "[::1]x",
        "[h]:21",
        "::g",
        "fe80::1%",
        "1:2:3",
        "b\u{fc}cher.example",
        "$(id)",
        "http://h",
        "sftp://h",
        "file:///etc/passwd",
        "://h",
        "ftp://:pw@h",
        "ftp://b%FF@h",
        "ftp://b%0Ab@h",
        "ftp://b:%0D@h",
        "ftp://h%00/",
        "ftp://h/a%0d%0aDELE%20x",
        "ftp://h/%00",
        "b\nc@h",
        "h\n",
    ] {
        let error = parse_target(target).expect_err(target);
        assert_eq!(error.kind(), Kind::Usage, "{target:?}");
        let shown = format!("{} {:?}", error.message(), error.hint());
        assert!(!shown.contains(['\r', '\n', '\0']), "{target:?}: {shown:?}");
    }
    assert!(parse_target(&"a".repeat(64)).is_err());
    assert!(parse_target("sftp://h").unwrap_err().hint().is_some());
    assert_eq!(
        parse_target("b\u{fc}cher.example").unwrap_err().hint(),
        Some("give the form that begins with xn--")
    );
    let smuggled = parse_target("ftp://h/a%0d%0aDELE%20x").unwrap_err();
    assert_eq!(smuggled.message(), r#"path "a\r\nDELE x": holds a line break or NUL"#);
}

#[test]
fn no_error_quotes_a_password() {
    for target in [
        "ftp://bob:hunter2@",
        "ftp://bob:hunter2@h:port",
        "ftp://bob:hunter2@[h]",
        "ftp://bob:hunter2@a b",
        "ftp://bob:hunter2/x@h",
        "ftp://:hunter2@h",
        "ftp://bob:hunter2%00@h",
        "ftp://bob:hunter2%FF@h",
        "http://bob:hunter2@h",
        "bob:hunter2/@h",
        "bob:12/hunter2@h",
        "bob:hunter2/x",
        "bob:hunter2@h:0",
        "bob:hunter2://x@h",
        "bob,hunter2@h",
        "bob,hunter2:21@h",
        "ftp://bob,hunter2@h/d",
    ] {
        let error = parse_target(target).expect_err(target);
        assert!(!format!("{error:?}").contains("hunter2"), "{target}: {error:?}");
    }
}

#[test]
fn a_site_shows_as_a_url_without_password_that_means_it_again() {
    for (target, shown, key) in [
        ("example.org", "ftpes://example.org", "example.org:21"),
        ("ftps://b@h:990", "ftps://b@h", "h:990"),
        ("ftps://b%40c:pw@h:2121/a%20b", "ftps://b%40c@h:2121/a%20b", "h:2121"),
        ("ftp://[::1]:22//abs/x", "ftpes://[::1]:22/%2Fabs/x", "[::1]:22"),
        ("fe80::1%eth0", "ftpes://[fe80::1%25eth0]", "[fe80::1%eth0]:21"),
        ("ftp://h/caf%E9%3Btype=a", "ftpes://h/caf%E9%3Btype%3Da", "h:21"),
        ("ftp://h//", "ftpes://h/%2F", "h:21"),
    ] {
        let site = ok(target).site;
        assert_eq!(site.to_string(), shown, "{target}");
        assert_eq!(site.trust_key(), key, "{target}");
        assert_eq!(ok(shown).site, site, "{target}: not the same again");
    }
}

#[test]
fn a_bookmark_comes_before_a_host_but_never_before_a_url() {
    let bookmark = |name: &str| match name {
        "work" | "ftp://work" => Ok(Some("ftps://bob@example.org/in".to_owned())),
        "bad" => Ok(Some("gopher://x".to_owned())),
        _ => Ok(None),
    };
    let host = |target| resolve_target(target, &bookmark).map(|t| t.site.host);
    assert_eq!(host("work").unwrap(), "example.org");
    let path = |target| resolve_target(target, &bookmark).map(|t| t.site.path).unwrap();
    assert_eq!(path("work/sub/x"), Some(b"in/sub/x".to_vec()));
    assert_eq!(path("work//abs"), Some(b"/abs".to_vec()));
    assert_eq!(path("other/sub"), Some(b"sub".to_vec()));
    assert_eq!(host("other").unwrap(), "other");
    assert_eq!(host("ftp://work").unwrap(), "work");
    assert!(host("bad").is_err());
}
