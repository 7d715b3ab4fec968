//! One line of `known_servers`: its fields, reading and writing.
//!
//! `[host]:port cert=SHA256:… key=SHA256:… first=TIME last=TIME why=WORD`, times in RFC 3339.
//! `except=` and `roots=ca-file` are optional; unknown fields after these are preserved. A line with a missing or
//! repeated field is not an entry. No file access here.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};

use super::certificate::Certificate;
use super::exception::Exception;
use super::fingerprint::Fingerprint;
use crate::error::{Error, Result};

/// Why a server's certificate was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrustReason {
    /// Chain and name were valid by the system's roots.
    Ca,
    /// The user answered `yes`.
    Yes,
    /// `--trust accept-new` or the setting.
    AcceptNew,
    /// The user typed the fingerprint back.
    Fingerprint,
    /// `trust add`.
    Add,
    /// `trust import`.
    Import,
}

impl TrustReason {
    /// Every reason with its word in the file.
    const WORDS: [(TrustReason, &str); 6] = [
        (TrustReason::Ca, "ca"),
        (TrustReason::Yes, "yes"),
        (TrustReason::AcceptNew, "accept-new"),
        (TrustReason::Fingerprint, "fingerprint"),
        (TrustReason::Add, "add"),
        (TrustReason::Import, "import"),
    ];
}

impl fmt::Display for TrustReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::WORDS.iter().find(|(why, _)| why == self).map_or("", |(_, word)| word))
    }
}

/// The file that an entry is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// The user's file.
    #[default]
    User,
    /// The administrator's read-only file.
    System,
}

impl Origin {
    /// The file as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Origin::User => "user",
            Origin::System => "system",
        }
    }
}

/// The stored data of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The host name in lower case without a final dot, or an address without brackets.
    pub host: String,
    /// The port of the control connection.
    pub port: u16,
    /// The certificate's fingerprint.
    pub certificate: Fingerprint,
    /// The public key pin.
    pub public_key: Fingerprint,
    /// When the server was first accepted, in whole seconds.
    pub first: DateTime<Utc>,
    /// When it was last seen, in whole seconds; accurate to a day.
    pub last: DateTime<Utc>,
    /// Why it was accepted.
    pub why: TrustReason,
    /// The problems that were accepted.
    pub exceptions: Vec<Exception>,
    /// Whether own roots (`tls:ca-file`) were in use when the certificate was found valid.
    pub own_roots: bool,
    /// The file that it is from.
    pub origin: Origin,
    /// Unknown fields, unchanged.
    pub extra: Vec<String>,
}

impl Entry {
    /// A new entry, first and last seen at `now`.
    ///
    /// # Errors
    /// Kind `Usage` if the host is invalid in the file ([`normal_host`]).
    pub fn new(
        host: &str,
        port: u16,
        certificate: &Certificate,
        why: TrustReason,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let now = now.trunc_subsecs(0);
        Ok(Self {
            host: normal_host(host)?,
            port,
            certificate: certificate.fingerprint,
            public_key: certificate.public_key,
            first: now,
            last: now,
            why,
            exceptions: Vec::new(),
            own_roots: false,
            origin: Origin::User,
            extra: Vec::new(),
        })
    }

    /// This entry with exceptions for these problems.
    #[must_use]
    pub fn with_exceptions(self, exceptions: Vec<Exception>) -> Self {
        Self { exceptions, ..self }
    }

    /// This entry with a server's new certificate, last seen at `now`.
    #[must_use]
    pub fn renewed(&self, certificate: &Certificate, now: DateTime<Utc>) -> Self {
        Self {
            certificate: certificate.fingerprint,
            public_key: certificate.public_key,
            last: now.trunc_subsecs(0),
            ..self.clone()
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "[{}]:{}", self.host, self.port)?;
        write!(f, " cert={} key={}", self.certificate, self.public_key)?;
        write!(f, " first={} last={} why={}", time(&self.first), time(&self.last), self.why)?;
        for (index, exception) in self.exceptions.iter().enumerate() {
            write!(f, "{}{exception}", if index == 0 { " except=" } else { "," })?;
        }
        if self.own_roots {
            f.write_str(" roots=ca-file")?;
        }
        self.extra.iter().try_for_each(|field| write!(f, " {field}"))
    }
}

impl FromStr for Entry {
    type Err = Error;

    /// Parses a line in the format of `trust export`.
    ///
    /// # Errors
    /// Kind `Usage` with what is wrong with the line.
    fn from_str(line: &str) -> Result<Self> {
        match parse_line(line.as_bytes()) {
            Line::Entry(entry) => Ok(*entry),
            Line::Empty => Err(Error::usage("not an entry of known servers: no text")),
            Line::Corrupt { why, .. } => {
                Err(Error::usage(format!("not an entry of known servers: {why}")))
            }
        }
    }
}

/// A parsed line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Blank or a comment.
    Empty,
    /// A server.
    Entry(Box<Entry>),
    /// Damaged. `host` and `port` are set if they could be parsed.
    Corrupt { host: Option<String>, port: Option<u16>, why: &'static str },
}

/// Parses one line, without its line feed.
pub(super) fn parse_line(line: &[u8]) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Line::Empty;
    }
    let (name, fields) = match line.iter().position(u8::is_ascii_whitespace) {
        Some(at) => line.split_at(at),
        None => (line, &line[line.len()..]),
    };
    let (host, port) = parse_name(name);
    let corrupt = |why| Line::Corrupt { host: host.clone(), port, why };
    let (Some(known_host), Some(known_port)) = (&host, port) else {
        return corrupt("it does not begin with `[host]:port`");
    };
    let Ok(fields) = str::from_utf8(fields) else { return corrupt("it is not UTF-8") };
    match parse_fields(known_host, known_port, fields) {
        Ok(entry) => Line::Entry(Box::new(entry)),
        Err(why) => corrupt(why),
    }
}

/// Parses as much of `[host]:port` as possible.
fn parse_name(name: &[u8]) -> (Option<String>, Option<u16>) {
    let bracketed = str::from_utf8(name).ok().and_then(|name| name.strip_prefix('['));
    let Some((host, rest)) = bracketed.and_then(|name| name.split_once(']')) else {
        return (None, None);
    };
    let port = rest
        .strip_prefix(':')
        .filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|port| port.parse().ok())
        .filter(|port| *port != 0);
    (normal_host(host).ok(), port)
}

fn parse_fields(host: &str, port: u16, fields: &str) -> Result<Entry, &'static str> {
    let [mut certificate, mut public_key] = [None; 2];
    let [mut first, mut last] = [None; 2];
    let mut why = None;
    let mut exceptions = None;
    let mut own_roots = false;
    let mut extra = Vec::new();
    for field in fields.split_ascii_whitespace() {
        match field.split_once('=') {
            Some(("cert", value)) => set_once(&mut certificate, Fingerprint::parse(value).ok())?,
            Some(("key", value)) => set_once(&mut public_key, Fingerprint::parse(value).ok())?,
            Some(("first", value)) => set_once(&mut first, parse_time(value))?,
            Some(("last", value)) => set_once(&mut last, parse_time(value))?,
            Some(("why", value)) => set_once(&mut why, parse_reason(value))?,
            Some(("roots", "ca-file")) => own_roots = true,
            Some(("except", value)) => set_once(&mut exceptions, Exception::parse_all(value))?,
            _ => extra.push(field.to_owned()),
        }
    }
    Ok(Entry {
        host: host.to_owned(),
        port,
        certificate: certificate.ok_or("it has no `cert=`")?,
        public_key: public_key.ok_or("it has no `key=`")?,
        first: first.ok_or("it has no `first=`")?,
        last: last.ok_or("it has no `last=`")?,
        why: why.ok_or("it has no `why=`")?,
        exceptions: exceptions.unwrap_or_default(),
        own_roots,
        origin: Origin::User,
        extra,
    })
}

fn set_once<T>(field: &mut Option<T>, value: Option<T>) -> Result<(), &'static str> {
    if field.is_some() {
        return Err("a field stands in it twice");
    }
    *field = Some(value.ok_or("a field has a value that cannot be read")?);
    Ok(())
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

fn parse_reason(text: &str) -> Option<TrustReason> {
    TrustReason::WORDS.iter().find(|(_, word)| *word == text).map(|(why, _)| *why)
}

/// Normalises a host for the file: lower case, no final dot, an IPv6 address without brackets in
/// its shortest form (RFC 5952).
///
/// # Errors
/// Kind `Usage` if it is empty or contains a space, a control character or a bracket.
pub fn normal_host(host: &str) -> Result<String> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let bare = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
    let breaks = |c: char| c.is_whitespace() || c.is_control() || c == '[' || c == ']';
    if bare.is_empty() || bare.contains(breaks) {
        return Err(Error::usage("not a host name: it is empty or holds a space or a bracket"));
    }
    Ok(bare.parse::<Ipv6Addr>().map_or(bare, |address| address.to_string()))
}

/// `host:port`, with brackets around an IPv6 address.
pub fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::testing::{Maker, date, ec_key};

    fn entry() -> Entry {
        let cert = Maker::new("x").certificate(&ec_key());
        Entry::new("FTP.Example.org.", 21, &cert, TrustReason::AcceptNew, date(2026, 1, 2)).unwrap()
    }

    fn entry_with(why: TrustReason) -> Entry {
        Entry { why, ..entry() }
    }

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        for (why, word) in TrustReason::WORDS {
            let entry = Entry { why, extra: vec!["note=Ünï".into(), "odd".into()], ..entry() };
            let own = Entry { own_roots: true, ..entry.clone() };
            assert!(own.to_string().ends_with("roots=ca-file note=Ünï odd"), "{own}");
            assert_eq!(own.to_string().parse::<Entry>().unwrap(), own);
            let line = entry.to_string();
            assert!(line.starts_with("[ftp.example.org]:21 cert=SHA256:"), "{line}");
            let tail = "first=2026-01-02T00:00:00Z last=2026-01-02T00:00:00Z";
            assert!(line.ends_with(&format!("{tail} why={word} note=Ünï odd")), "{line}");
            assert_eq!(line.parse::<Entry>().unwrap(), entry);
            assert_eq!(parse_line(format!("\t{line} \r").as_bytes()), Line::Entry(Box::new(entry)));
            let exceptions = Exception::parse_all("expired,early,name").unwrap();
            let excepted = entry_with(why).with_exceptions(exceptions);
            let line = excepted.to_string();
            assert!(line.ends_with(&format!("why={word} except=expired,early,name")), "{line}");
            assert_eq!(line.parse::<Entry>().unwrap(), excepted);
            assert!(line.replace("early", "").parse::<Entry>().is_err());
        }
    }

    #[test]
    fn hosts_have_one_form() {
        for (typed, normal) in [
            ("ftp.example.org", "ftp.example.org"),
            ("FTP.Example.ORG.", "ftp.example.org"),
            ("[::1]", "::1"),
            ("2001:DB8:0:0::0001", "2001:db8::1"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(normal_host(typed).unwrap(), normal, "{typed}");
        }
        for typed in ["", ".", "[]", "a b", "a\nb", "a]:21 x", "[a", "a\u{7f}", "a\u{a0}b"] {
            assert!(normal_host(typed).is_err(), "{typed:?}");
        }
        assert_eq!(host_and_port("::1", 990), "[::1]:990");
        assert_eq!(host_and_port("h", 21), "h:21");
    }

    #[test]
    fn a_damaged_line_tells_whose_it_is_where_that_can_be_read() {
        let good = entry().to_string();
        let fields = good.split_once(' ').unwrap().1;
        let other = Fingerprint([7; 32]);
        let h = Some("h");
        for (line, host, port) in [
            (format!("[h]:21 {}", fields.replace("cert=", "cret=")), h, Some(21)),
            (format!("[h]:21 {}", fields.replace("why=accept-new", "why=acc")), h, Some(21)),
            (format!("[h]:21 {}", fields.replace(" why=accept-new", "")), h, Some(21)),
            (
                format!("[h]:21 {}", fields.replace("last=2026-01-02", "last=2026-13-02")),
                h,
                Some(21),
            ),
            (format!("[h]:21 {fields} cert={other}"), h, Some(21)),
            (format!("[h]:21 {fields} why=yes"), h, Some(21)),
            ("[H.]:21".into(), h, Some(21)),
            ("[h]:21cert=".into(), h, None),
            (format!("[h]:65536 {fields}"), h, None),
            (format!("[h]:0 {fields}"), h, None),
            (format!("[h]:+21 {fields}"), h, None),
            (format!("[h] {fields}"), h, None),
            (format!("h:21 {fields}"), None, None),
            (format!("[h {fields}"), None, None),
            (format!("[]:21 {fields}"), None, Some(21)),
            ("\u{0}\u{0}".into(), None, None),
        ] {
            let Line::Corrupt { host: got, port: got_port, .. } = parse_line(line.as_bytes())
            else {
                panic!("taken for good: {line}");
            };
            assert_eq!((got.as_deref(), got_port), (host, port), "{line}");
            assert!(line.parse::<Entry>().is_err(), "{line}");
        }
        let not_utf8 = [format!("[h]:21 {fields} note=").as_bytes(), b"\xff"].concat();
        assert!(matches!(
            parse_line(&not_utf8),
            Line::Corrupt { host: Some(_), port: Some(21), .. }
        ));
        assert_eq!(parse_line(b" # [h]:21"), Line::Empty);
        assert_eq!(parse_line(b" \r"), Line::Empty);
    }
}
