//! Values in single replies: PWD and MKD (257), PASV (227), EPSV (229), SIZE and MDTM (213), and
//! the size in the text of a 150.
//!
//! Parsed from the bytes, whatever the text around them; ambiguity is an error or `None`.

use std::net::Ipv4Addr;

use chrono::NaiveDateTime;

use super::reply::Reply;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::date::time_val;
use crate::ftp::path::{RemotePath, encode_name};

/// A reply that violates its RFC.
fn malformed_reply(what: &str, why: &str, reply: &Reply) -> Error {
    Error::new(Kind::Other, format!("{what}: {why}")).with_reply(reply.code, reply.to_string())
}

/// The number at the start of `bytes`, if it fits, and the rest.
fn leading_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// The possible directories in a 257 to PWD. RFC 959 (appendix II): the first quoted text, in which
/// `""` is one quote. If more quotes follow, also, and first, the text up to the last of them,
/// unchanged: Pure-FTPd does not double the quotes of a name.
///
/// # Errors
/// [`Kind::Other`] if the code is not 257, nothing is quoted, the quote is not closed, or the path
/// is empty or has a control byte.
pub fn pwd_readings(reply: &Reply) -> Result<Vec<RemotePath>> {
    let bad = |why| malformed_reply("directory", why, reply);
    let text = pwd_text(reply).ok_or_else(|| bad("the server did not name it"))?;
    let mut path = Vec::new();
    let mut rest = text;
    let doubled = loop {
        match rest {
            [] => break None,
            [b'"', b'"', after @ ..] => {
                path.push(b'"');
                rest = after;
            }
            [b'"', ..] => break Some(path),
            [byte, after @ ..] => {
                path.push(*byte);
                rest = after;
            }
        }
    };
    let last = text.iter().rposition(|byte| *byte == b'"');
    let plain =
        last.map(|last| text[..last].to_vec()).filter(|plain| doubled.as_ref() != Some(plain));
    let invalid = |path: &Vec<u8>| path.is_empty() || path.iter().any(u8::is_ascii_control);
    if doubled.as_ref().is_some_and(invalid) {
        return Err(bad("it is empty, or holds a control byte"));
    }
    let paths = plain.filter(|plain| !invalid(plain)).into_iter().chain(doubled);
    let readings: Vec<_> =
        paths.map(|path| RemotePath::new(reply.charset.decode(&path))).collect::<Result<_>>()?;
    if readings.is_empty() { Err(bad("the quote is not closed")) } else { Ok(readings) }
}

/// Whether a 257 to PWD names `path`, in either way of quoting.
pub fn pwd_names(reply: &Reply, path: &RemotePath) -> bool {
    let Some(text) = pwd_text(reply) else { return false };
    let Ok(path) = reply.charset.outgoing(path.as_str()) else { return false };
    let plain = encode_name(&path);
    let doubled = plain.iter().flat_map(|byte| vec![*byte; 1 + usize::from(*byte == b'"')]);
    [plain.clone(), doubled.collect()]
        .iter()
        .any(|path| text.strip_prefix(path.as_slice()).is_some_and(|rest| rest.starts_with(b"\"")))
}

/// The text after the first quote of a 257.
fn pwd_text(reply: &Reply) -> Option<&[u8]> {
    let line = reply.lines.first().filter(|_| reply.code == 257)?;
    let start = line.iter().position(|byte| *byte == b'"')?;
    Some(&line[start + 1..])
}

/// The address in a 227 (RFC 959): six numbers separated by commas, anywhere in the text.
///
/// The caller connects to the address of the control connection instead of this one.
///
/// # Errors
/// [`Kind::Other`] if there are no six numbers, one is above 255, or the port is 0.
pub fn pasv_address(reply: &Reply) -> Result<(Ipv4Addr, u16)> {
    let bad = |why| malformed_reply("passive mode", why, reply);
    let found = reply.lines.iter().find_map(|line| {
        let starts =
            (0..line.len()).filter(|&i| i == 0 || !matches!(line[i - 1], b'0'..=b'9' | b','));
        starts.filter_map(|i| six_numbers(&line[i..])).next()
    });
    let numbers =
        found.filter(|_| reply.code == 227).ok_or_else(|| bad("the reply holds no address"))?;
    let mut octets = [0u8; 6];
    for (octet, number) in octets.iter_mut().zip(numbers) {
        *octet = u8::try_from(number).map_err(|_| bad("a number of the address is above 255"))?;
    }
    let [a, b, c, d, high, low] = octets;
    match u16::from_be_bytes([high, low]) {
        0 => Err(bad("port 0")),
        port => Ok((Ipv4Addr::new(a, b, c, d), port)),
    }
}

/// Exactly six numbers with commas (and optional spaces after them) at the start of `rest`.
fn six_numbers(mut rest: &[u8]) -> Option<[u64; 6]> {
    let mut numbers = [0; 6];
    for (i, slot) in numbers.iter_mut().enumerate() {
        if i > 0 {
            rest = rest.strip_prefix(b",")?.trim_ascii_start();
        }
        (*slot, rest) = leading_number(rest)?;
    }
    (!rest.starts_with(b",")).then_some(numbers)
}

/// The port in a 229 (RFC 2428 section 3): `(|||port|)` with any printable delimiter.
///
/// # Errors
/// [`Kind::Other`] if the reply has none or the port is not 1 to 65535.
pub fn epsv_port(reply: &Reply) -> Result<u16> {
    let bad = |why| malformed_reply("extended passive mode", why, reply);
    let found = reply.lines.iter().find_map(|line| {
        line.split(|b| *b == b'(').skip(1).find_map(|rest| match rest {
            [d, e, f, rest @ ..]
                if d.is_ascii_graphic() && !d.is_ascii_digit() && d == e && d == f =>
            {
                let (port, rest) = leading_number(rest)?;
                rest.starts_with(&[*d, b')']).then_some(port)
            }
            _ => None,
        })
    });
    let port = found.filter(|_| reply.code == 229).ok_or_else(|| bad("the reply holds no port"))?;
    match u16::try_from(port) {
        Ok(0) => Err(bad("port 0")),
        Ok(port) => Ok(port),
        Err(_) => Err(bad("the port is above 65535")),
    }
}

/// The size in a 213 to SIZE, in bytes (RFC 3659 section 4); `None` if it is not a single number or
/// exceeds the largest file size.
pub fn size_value(reply: &Reply) -> Option<u64> {
    match leading_number(single_213(reply)?)? {
        (size, []) => possible_size(size),
        _ => None,
    }
}

/// A possible file size: file offsets are signed (`off_t`).
fn possible_size(size: u64) -> Option<u64> {
    i64::try_from(size).is_ok().then_some(size)
}

/// The time in a 213 to MDTM, UTC, in whole seconds (RFC 3659 section 3). A fraction is dropped;
/// `19100` and so on, a year 2000 bug of old servers, are read as 2000 and so on.
pub fn mdtm_time(reply: &Reply) -> Option<NaiveDateTime> {
    time_val(single_213(reply)?).ok().flatten()
}

/// The text of a single-line 213.
fn single_213(reply: &Reply) -> Option<&[u8]> {
    match reply.lines.as_slice() {
        [line] if reply.code == 213 => Some(line.trim_ascii()),
        _ => None,
    }
}

/// The size at the end of the text of a 125 or 150, as in `(12345 bytes)`, if there is exactly one.
pub fn transfer_size(reply: &Reply) -> Option<u64> {
    if !matches!(reply.code, 125 | 150) {
        return None;
    }
    let line = reply.lines.last()?;
    // The name is in the same text and may look like a size as well: then the size is ambiguous.
    let mut sizes = line.split(|b| *b == b'(').skip(1).filter_map(|rest| {
        let (size, rest) = leading_number(rest)?;
        let word = rest.strip_prefix(b" ")?;
        let end = word.iter().position(|b| *b == b')')?;
        let (word, rest) = word.split_at(end);
        let bytes = word.eq_ignore_ascii_case(b"bytes") || word.eq_ignore_ascii_case(b"byte");
        bytes.then_some((size, rest.trim_ascii_end()))
    });
    match (sizes.next(), sizes.next()) {
        (Some((size, b")" | b").")), None) => possible_size(size),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::control::reply::ReplyParser;

    fn reply(line: &[u8]) -> Reply {
        ReplyParser::new().push_line(line).unwrap().unwrap()
    }

    #[test]
    fn directories_are_read_as_the_rfc_quotes_them() {
        for (line, path) in [
            (b"257 \"/a\"\"b\" is \"x\"".as_slice(), "/a\"b"),
            (b"257 \"/\"", "/"),
            (b"257 \"\"\"\" said", "\""),
            (b"257 folder \"/caf\xe9\" made", "/caf\u{F7E9}"),
        ] {
            let readings = pwd_readings(&reply(line)).unwrap();
            assert_eq!(readings.last().unwrap().as_str(), path);
            assert!(pwd_names(&reply(line), readings.last().unwrap()), "{line:?}");
        }
        for line in [
            b"257 \"/a".as_slice(),
            b"257 /a",
            b"257 \"\"",
            b"257 \"/a\x01\"",
            b"257 \"/a\0\"",
            b"250 \"/a\"",
            b"257 \"/a\x01\" is \"x\"",
        ] {
            assert!(pwd_readings(&reply(line)).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_directory_whose_quotes_are_not_doubled_has_two_readings() {
        for (line, readings) in [
            (&b"257 \"/a\" is your current location"[..], &["/a"][..]),
            (b"257 \"/a/b \"q\" b\" is your current location", &["/a/b \"q\" b", "/a/b "]),
            (b"257 \"/a\"\"b\" is current", &["/a\"\"b", "/a\"b"]),
            (b"257 \"/a\"\"", &["/a\""]),
            (b"257 \"/a\" is \"x\"", &["/a\" is \"x", "/a"]),
            (b"257 \"/a\" is \x01\"x\"", &["/a"]),
        ] {
            let found = pwd_readings(&reply(line)).unwrap();
            assert_eq!(found.iter().map(RemotePath::as_str).collect::<Vec<_>>(), readings);
        }
        let path = |path| RemotePath::new(path).unwrap();
        let unquoted = reply(b"257 \"/a \"q\" b\" is your \"current\" location");
        assert!(pwd_names(&unquoted, &path("/a \"q\" b")));
        assert!(!pwd_names(&unquoted, &path("/a ")) || !pwd_names(&unquoted, &path("/a")));
        assert!(!pwd_names(&unquoted, &path("/b")));
        assert!(!pwd_names(&reply(b"550 \"/a\""), &path("/a")));
    }

    #[test]
    fn passive_addresses_are_found_in_any_text() {
        for (line, port) in [
            (b"227 Entering Passive Mode (10,1,2,3,4,5)".as_slice(), 1029),
            (b"227 mode pass\xe9 10,1,2,3,255,255.", 65535),
            (b"227 =10, 1, 2, 3, 0, 21", 21),
            (b"227 since 2001 10,1,2,3,4,5", 1029),
        ] {
            let expected = (Ipv4Addr::new(10, 1, 2, 3), port);
            assert_eq!(pasv_address(&reply(line)).unwrap(), expected, "{line:?}");
        }
        for line in [
            b"227 (10,1,2,3,0,0)".as_slice(),
            b"227 (10,1,2,3,4)",
            b"227 (10,1,2,256,4,5)",
            b"227 (10,1,2,3,4,5,6)",
            b"227 (10,1,2,3,4,99999999999999999999999)",
            b"227",
            b"200 (10,1,2,3,4,5)",
        ] {
            assert!(pasv_address(&reply(line)).is_err(), "{line:?}");
        }
    }

    #[test]
    fn extended_passive_ports_with_any_delimiter() {
        for line in
            [b"229 Ok (|||6446|)".as_slice(), b"229 (!!!6446!) \xe9", b"229 see (a) (|||6446|)"]
        {
            assert_eq!(epsv_port(&reply(line)).unwrap(), 6446);
        }
        for line in [
            b"229 (|||0|)".as_slice(),
            b"229 (|||65536|)",
            b"229 (|||6446)",
            b"229 |||6446|",
            b"229 (||!6446|)",
            b"229 (11164461)",
            b"227 (|||6446|)",
        ] {
            assert!(epsv_port(&reply(line)).is_err(), "{line:?}");
        }
    }

    #[test]
    fn sizes_never_wrap() {
        for (line, expected) in [
            (b"213 9223372036854775807".as_slice(), Some(i64::MAX as u64)),
            (b"213 9223372036854775808", None),
            (b"213 18446744073709551615", None),
            (b"213 18446744073709551616", None),
            (b"213  7 ", Some(7)),
            (b"213 -1", None),
            (b"213 7 bytes", None),
            (b"213", None),
            (b"550 7", None),
        ] {
            assert_eq!(size_value(&reply(line)), expected, "{line:?}");
        }
    }

    #[test]
    fn modification_times_with_fractions_and_the_year_2000_bug() {
        for (line, expected) in [
            (b"213 20210304050607".as_slice(), Some("2021-03-04 05:06:07")),
            (b"213 20210304050607.250", Some("2021-03-04 05:06:07")),
            (b"213 191210304050607", Some("2021-03-04 05:06:07")),
            (b"213 19610304050607", Some("1961-03-04 05:06:07")),
            (b"213 20211304050607", None),
            (b"213 2021030405060", None),
            (b"213 20210304050607Z", None),
            (b"550 20210304050607", None),
        ] {
            assert_eq!(
                mdtm_time(&reply(line)).map(|t| t.to_string()).as_deref(),
                expected,
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_size_in_the_text_counts_only_when_nothing_else_looks_like_one() {
        for (line, expected) in [
            (
                b"150 Opening BINARY mode data connection for a.iso (4711 bytes).".as_slice(),
                Some(4711),
            ),
            (b"125 a (1 byte)", Some(1)),
            (b"150 for x (5 bytes) (4711 bytes)", None),
            (b"150 for x (5 bytes) follows", None),
            (b"150 about (12.3 kbytes)", None),
            (b"150 (99999999999999999999 bytes)", None),
            (b"150 go", None),
            (b"226 done (4711 bytes)", None),
        ] {
            assert_eq!(transfer_size(&reply(line)), expected, "{line:?}");
        }
    }
}
