//! The netrc file: looks up login and password of a host.
//!
//! A file that others can read is rejected. At most one entry is returned, matched by the exact
//! host. `macdef` macros are skipped, never run. Quotes and escapes are those of curl 7.84 and
//! later; outside quotes `\040` is the byte with that octal number, as in lftp. An error never
//! quotes the file's contents.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::io_reason;
use crate::target::Secret;

/// No real netrc is larger; the path may be a pipe or a device.
const MAX_BYTES: u64 = 1 << 20;

/// One `machine` or `default` entry. Without a host it is the `default`.
#[derive(Debug, Default)]
pub struct Entry {
    /// In lower case, without a final dot.
    pub host: Option<String>,
    /// Without line breaks.
    pub login: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Sent with ACCT, if the server asks for it.
    pub account: Option<Secret>,
}

/// The lookup key.
#[derive(Debug, Clone, Copy)]
pub(super) struct NetrcQuery<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) user: Option<&'a str>,
    /// Whether this host may get the `default` entry.
    pub(super) verified: bool,
}

/// Looks up `wanted` in the file at `path`; `None` if there is no such file or entry.
///
/// # Errors
/// A notice: the file is readable by others, unreadable, or not a netrc file.
pub(super) fn find_in_file(path: &Path, wanted: NetrcQuery<'_>) -> Result<Option<Entry>, String> {
    let named = |why: &str| format!("{}: {why}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(named(&io_reason(&why))),
    };
    // The mode of the open file, not of the path: no race.
    let mode = file.metadata().map_err(|why| named(&io_reason(&why)))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(named("not used, because others can access it (chmod 600 fixes that)"));
    }
    let mut text = Zeroizing::new(Vec::new());
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut text);
    let found = match read {
        Err(why) => Err(io_reason(&why)),
        Ok(n) if n as u64 > MAX_BYTES => Err("not used, because it is larger than 1 MiB".into()),
        Ok(_) => parse(&text).map(|entries| best_entry(entries, wanted)),
    };
    found.map_err(|why| named(&why))
}

/// The first entry for the host that does not have another user's login; otherwise the default.
fn best_entry(entries: Vec<Entry>, wanted: NetrcQuery<'_>) -> Option<Entry> {
    let with_port = match wanted.host.contains(':') {
        true => format!("[{}]:{}", wanted.host, wanted.port),
        false => format!("{}:{}", wanted.host, wanted.port),
    };
    let user_fits = |entry: &Entry| match (&entry.login, wanted.user) {
        (Some(login), Some(user)) => login == user,
        _ => true,
    };
    let rank = |entry: &Entry| match entry.host.as_deref() {
        Some(host) if host == wanted.host || host == with_port => Some(0),
        None if wanted.verified => Some(1),
        _ => None,
    };
    let fitting = entries.into_iter().filter(user_fits).filter_map(|e| Some((rank(&e)?, e)));
    fitting.min_by_key(|(rank, _)| *rank).map(|(_, entry)| entry)
}

/// The keyword whose value the next token is.
#[derive(Clone, Copy)]
enum NetrcField {
    Machine,
    Login,
    Password,
    Account,
}

/// Parses all entries, in order.
///
/// # Errors
/// What is wrong, with the line number, and never any of the text.
pub fn parse(text: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut field: Option<NetrcField> = None;
    let mut in_macro = false;
    for (number, line) in (1_usize..).zip(text.split(|b| *b == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let wrong = |why: &str| format!("line {number}: {why}");
        if in_macro {
            // A macro ends at an empty line (ftp(1)).
            in_macro = !line.is_empty();
            continue;
        }
        let mut rest = line.trim_ascii_start();
        while !rest.is_empty() {
            let keyword_expected = field.is_none();
            if keyword_expected && rest.starts_with(b"#") {
                break;
            }
            let (token, after) = read_token(rest).map_err(wrong)?;
            rest = after.trim_ascii_start();
            let Some(wanted) = field.take() else {
                match token.as_str() {
                    "machine" => field = Some(NetrcField::Machine),
                    "default" => entries.push(Entry::default()),
                    "login" | "user" => field = Some(NetrcField::Login),
                    "password" | "passwd" => field = Some(NetrcField::Password),
                    "account" => field = Some(NetrcField::Account),
                    "macdef" => {
                        in_macro = true;
                        break;
                    }
                    _ => return Err(wrong("a word that netrc files do not have")),
                }
                continue;
            };
            if let NetrcField::Machine = wanted {
                let host = token.strip_suffix('.').unwrap_or(&token).to_ascii_lowercase();
                entries.push(Entry { host: Some(host), ..Entry::default() });
                continue;
            }
            let Some(entry) = entries.last_mut() else {
                return Err(wrong("no machine before it"));
            };
            let secret = |token| Secret::new(token).map_err(|why| wrong(why.message()));
            match wanted {
                NetrcField::Password => entry.password = Some(secret(token)?),
                NetrcField::Account => entry.account = Some(secret(token)?),
                NetrcField::Login if token.contains(['\r', '\n']) => {
                    return Err(wrong("a login with a line break"));
                }
                NetrcField::Login => entry.login = Some(token),
                NetrcField::Machine => {}
            }
        }
    }
    match field {
        Some(_) => Err("its last word lacks a value".into()),
        None => Ok(entries),
    }
}

/// The first token of `text`, which begins with one, and the rest.
fn read_token(text: &[u8]) -> Result<(String, &[u8]), &'static str> {
    let quoted = text.first() == Some(&b'"');
    let mut bytes = Zeroizing::new(Vec::new());
    let mut at = usize::from(quoted);
    loop {
        match text.get(at) {
            None if quoted => return Err("a quote is not closed"),
            None => break,
            Some(0) => return Err("a NUL character"),
            Some(b'"') if quoted => {
                at += 1;
                break;
            }
            Some(c) if !quoted && c.is_ascii_whitespace() => break,
            Some(b'\\') => {
                let (byte, length) = read_escape(text.get(at + 1..).unwrap_or_default(), quoted);
                if byte == 0 {
                    return Err("a NUL character");
                }
                bytes.push(byte);
                at += length;
            }
            Some(other) => {
                bytes.push(*other);
                at += 1;
            }
        }
    }
    let token = str::from_utf8(&bytes).map_err(|_| "not UTF-8")?;
    Ok((token.to_owned(), text.get(at..).unwrap_or_default()))
}

/// The byte that a backslash and the `rest` after it stand for, and their total length.
fn read_escape(rest: &[u8], quoted: bool) -> (u8, usize) {
    match rest {
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), 4)
        }
        [b'n', ..] if quoted => (b'\n', 2),
        [b'r', ..] if quoted => (b'\r', 2),
        [b't', ..] if quoted => (b'\t', 2),
        [other, ..] if quoted => (*other, 2),
        _ => (b'\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn find(text: &str, host: &str, user: Option<&str>) -> Option<String> {
        let wanted = NetrcQuery { host, port: 21, user, verified: true };
        let entry = best_entry(parse(text.as_bytes()).unwrap(), wanted)?;
        let password = entry.password.as_ref().map_or("-", Secret::expose);
        Some(format!("{} {password}", entry.login.as_deref().unwrap_or("-")))
    }

    #[test]
    fn tokens_are_read_with_quotes_and_escapes() {
        for (text, login_and_password) in [
            ("machine h login bob password pw", "bob pw"),
            ("machine h\n\tlogin bob\r\n\tpassword pw\r\n", "bob pw"),
            ("machine h password pw login bob", "bob pw"),
            ("machine h login bob", "bob -"),
            ("machine h password pw", "- pw"),
            ("machine H. login bob password pw", "bob pw"),
            ("machine h:21 login bob password pw", "bob pw"),
            ("machine h login bob account a password pw", "bob pw"),
            (r#"machine h login "b ob" password "p\"w\\ x""#, "b ob p\"w\\ x"),
            (r#"machine h login bob password "" "#, "bob "),
            (r#"machine h login bob password "a\tb""#, "bob a\tb"),
            (r"machine h login dom\bob password p\040w", r"dom\bob p w"),
            (r"machine h login bob password a\09", r"bob a\09"),
            (r"machine h login bob password end\", r"bob end\"),
            ("machine h login bob password p\"w", "bob p\"w"),
            ("machine h login bob password #no-comment", "bob #no-comment"),
            ("machine h login bob password login", "bob login"),
            ("# machine h login x\nmachine h login bob password pw # words", "bob pw"),
            (
                "machine x login a password b macdef init\nmachine h login evil\n\nmachine h login bob password pw",
                "bob pw",
            ),
            ("machine h login J\u{fc}rgen password p\u{e4}", "J\u{fc}rgen p\u{e4}"),
        ] {
            assert_eq!(find(text, "h", None).as_deref(), Some(login_and_password), "{text}");
        }
    }

    #[test]
    fn only_the_exact_host_and_the_asked_user_match() {
        let text = "default login any password d\nmachine h login a password 1\n\
                    machine h login b password 2\nmachine h:2121 login c password 3\n\
                    machine ::1 login v6 password 4\nmachine open password 5";
        for (host, user, found) in [
            ("h", None, "a 1"),
            ("h", Some("a"), "a 1"),
            ("h", Some("b"), "b 2"),
            ("::1", None, "v6 4"),
            ("open", Some("x"), "- 5"),
            ("sub.h", None, "any d"),
            ("hh", Some("any"), "any d"),
        ] {
            assert_eq!(find(text, host, user).as_deref(), Some(found), "{host} {user:?}");
        }
        assert_eq!(find(text, "h", Some("c")), None, "the entry for another port");
        assert_eq!(find(text, "h", Some("A")), None, "user names have case");
    }

    #[test]
    fn the_default_entry_needs_a_verified_host() {
        let text = b"machine h login a password 1\ndefault login d password 2";
        let wanted = NetrcQuery { host: "other", port: 21, user: None, verified: false };
        assert!(best_entry(parse(text).unwrap(), wanted).is_none());
        assert!(
            best_entry(parse(text).unwrap(), NetrcQuery { verified: true, ..wanted }).is_some()
        );
        assert!(best_entry(parse(text).unwrap(), NetrcQuery { host: "h", ..wanted }).is_some());
    }

    #[test]
    fn a_wrong_file_is_refused_without_quoting_it() {
        for (text, why) in [
            (&b"machine h login hunter2 password"[..], "its last word lacks a value"),
            (b"machine h\nlogin b password \"hunter2", "line 2: a quote is not closed"),
            (b"machine h login b password hunter2\0x", "line 1: a NUL character"),
            (b"machine h login b password hunter2\\000x", "line 1: a NUL character"),
            (
                b"machine h login b password \"hunter2\\n\"",
                "line 1: password: holds a line break or a NUL character",
            ),
            (b"machine h login \"hunter2\\r\"", "line 1: a login with a line break"),
            (b"machine h login b password hunter2\xff", "line 1: not UTF-8"),
            (b"password hunter2", "line 1: no machine before it"),
            (
                b"machine h login b password my hunter2",
                "line 1: a word that netrc files do not have",
            ),
        ] {
            assert_eq!(parse(text).map(|_| ()), Err(why.to_owned()));
        }
    }

    #[test]
    fn a_file_that_others_can_access_is_not_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"machine h login bob password hunter2\n").unwrap();
        let wanted = NetrcQuery { host: "h", port: 21, user: None, verified: false };
        for (mode, used) in [
            (0o600, true),
            (0o400, true),
            (0o640, false),
            (0o604, false),
            (0o620, false),
            (0o601, false),
        ] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file.path(), permissions).unwrap();
            match find_in_file(file.path(), wanted) {
                Ok(found) => assert!(used && found.is_some(), "{mode:o}"),
                Err(notice) => {
                    assert!(!used, "{mode:o}: {notice}");
                    assert!(notice.contains("chmod 600") && !notice.contains("hunter2"));
                }
            }
        }
        let missing = file.path().with_extension("missing");
        assert!(matches!(find_in_file(&missing, wanted), Ok(None)));
        assert!(find_in_file(Path::new("/dev/null/x"), wanted).is_err());
    }
}
