//! Sites: server, user, and start directory of a session.
//!
//! A target (`host[:port]` or a URL) is parsed into a [`Site`] and, separately, the password in the
//! URL, if any: a site never contains one, so it can be shown and stored. Names are not resolved
//! here, and an error never quotes a part of the target that may be a password.

mod secret;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

pub use self::secret::Secret;
use crate::error::{Error, Kind, Result};

/// When TLS starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// After `AUTH TLS` (RFC 4217); by default on port 21.
    Explicit,
    /// With the first byte; by default on port 990.
    Implicit,
}

impl TlsMode {
    /// The default port.
    pub const fn default_port(self) -> u16 {
        match self {
            TlsMode::Explicit => 21,
            TlsMode::Implicit => 990,
        }
    }

    /// The URL scheme that always means this mode.
    pub const fn scheme(self) -> &'static str {
        match self {
            TlsMode::Explicit => "ftpes",
            TlsMode::Implicit => "ftps",
        }
    }
}

/// Server, user and directory. Displayed as a URL, without a password, that parses to the same
/// site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site {
    /// Lower case, no final dot; an IPv6 address without brackets, possibly with `%zone`.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// When TLS starts.
    pub mode: TlsMode,
    /// The user name, if the target had one.
    pub user: Option<String>,
    /// The decoded start directory: absolute if it begins with `/`, else relative to the login
    /// directory. Bytes, because a server's names need not be UTF-8; no CR, LF or NUL.
    pub path: Option<Vec<u8>>,
}

/// A parsed target: a site, and the password in its URL.
#[derive(Debug)]
pub struct Target {
    /// The site.
    pub site: Site,
    /// The password.
    pub password: Option<Secret>,
}

/// The argument of `-u NAME[,PASSWORD]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOption {
    /// The user name; not empty, without CR, LF or NUL.
    pub name: String,
    /// The password, if there is a comma.
    pub password: Option<Secret>,
}

impl FromStr for UserOption {
    type Err = Error;

    /// Splits at the first comma. An error quotes nothing.
    fn from_str(option: &str) -> Result<Self> {
        let (name, password) = match option.split_once(',') {
            None => (option, None),
            Some((name, password)) => (name, Some(Secret::new(password.to_owned())?)),
        };
        if name.is_empty() || name.contains(['\r', '\n', '\0']) {
            return Err(Error::usage("not a user name"));
        }
        Ok(Self { name: name.to_owned(), password })
    }
}

/// Replaces every `://name:password@` (and `://name,password@`) in `text` by `://name@`. Also returns whether that is
/// reliable: it is not if a colon is followed by neither a port nor an `@`, which may be half a
/// password.
///
/// A URL ends where `ends` says.
pub fn without_url_passwords(text: &str, ends: fn(char) -> bool) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut all_found = true;
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        out.push_str(before);
        rest = behind;
        let url = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let authority = &url[..url.find('/').unwrap_or(url.len())];
        let Some(colon) = authority.find([':', ',']).filter(|_| !authority.starts_with('[')) else {
            continue;
        };
        let at = match authority.rfind('@') {
            None if begins_with_port(&authority[colon + 1..]) => continue,
            // The password may contain a slash.
            None => url.rfind('@'),
            found => found,
        };
        match at {
            Some(at) if at > colon => {
                out.push_str(&rest[..colon]);
                rest = &rest[at..];
            }
            Some(_) => {}
            None => all_found = false,
        }
    }
    out.push_str(rest);
    (out, all_found)
}

/// Whether this text, which follows a host and a colon, begins with a port that ends where a URL
/// may end.
fn begins_with_port(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - behind.len();
    digits <= 5
        && (behind.is_empty() || behind.starts_with(['\'', '"', '`', ')', ';', '&', '|', '>']))
}

impl Site {
    /// Host and port, `example.org:21` or `[::1]:990`: the key of the trust store.
    pub fn trust_key(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        }
    }
}

/// Characters that are not encoded in a URL's user name and path (RFC 3986, section 2.3, and the
/// slash).
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// Like [`ENCODED`], but with the slash encoded.
const ENCODED_USER: &AsciiSet = &ENCODED.add(b'/');

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.mode.scheme())?;
        if let Some(user) = &self.user {
            write!(f, "{}@", percent_encode(user.as_bytes(), ENCODED_USER))?;
        }
        // The percent sign of a zone is escaped in URLs (RFC 6874).
        f.write_str(&self.bracketed().replace('%', "%25"))?;
        if self.port != self.mode.default_port() {
            write!(f, ":{}", self.port)?;
        }
        match self.path.as_deref() {
            None => Ok(()),
            Some([b'/', rest @ ..]) => write!(f, "/%2F{}", percent_encode(rest, ENCODED)),
            Some(path) => write!(f, "/{}", percent_encode(path, ENCODED)),
        }
    }
}

/// Resolves `target`: a bookmark of that name, for which `bookmark` returns a URL, possibly with a
/// directory below its own (`NAME/DIRECTORY`), else [`parse_target`]. A URL is never a bookmark's
/// name.
pub fn resolve_target(
    target: &str,
    bookmark: &dyn Fn(&str) -> Result<Option<String>>,
) -> Result<Target> {
    if target.contains("://") {
        return parse_target(target);
    }
    let (name, below) = match target.split_once('/') {
        Some((name, below)) => (name, below.as_bytes()),
        None => (target, &b""[..]),
    };
    let Some(url) = bookmark(name)? else { return parse_target(target) };
    let mut found = parse_target(&url)?;
    if !below.is_empty() {
        refuse_control("path", below)?;
        found.site.path = Some(match found.site.path.take() {
            Some(path) if !below.starts_with(b"/") => [&path, &b"/"[..], below].concat(),
            _ => below.to_vec(),
        });
    }
    Ok(found)
}

/// Parses `[user[:password]@]host[:port][/path]` literally, or a URL with its parts percent-decoded.
///
/// `host`, `ftp://` and `ftpes://` mean explicit TLS, `ftps://` implicit. The path is the start
/// directory: `/a/b` is relative to the login directory, `//a` and `/%2Fa` are absolute; a final
/// `;type=` is ignored (RFC 1738, section 3.2).
///
/// # Errors
/// Kind usage: no host, an invalid host or port, an unknown scheme, a part with CR, LF or NUL.
pub fn parse_target(target: &str) -> Result<Target> {
    let Some((scheme, rest)) = target.split_once("://") else {
        let (authority, path) = target.split_once('/').unwrap_or((target, ""));
        if path.contains('@') {
            // What comes before the / may be the beginning of a password.
            return Err(Error::usage("target: a / before the @")
                .with_hint("write ftp://USER@HOST/DIRECTORY, with %2F for a / in the user name"));
        }
        let mut target = target_from_parts(TlsMode::Explicit, authority, verbatim)?;
        refuse_control("path", path.as_bytes())?;
        target.site.path = (!path.is_empty()).then(|| path.as_bytes().to_vec());
        return Ok(target);
    };
    let mode = match scheme.to_ascii_lowercase().as_str() {
        "ftp" | "ftpes" => TlsMode::Explicit,
        "ftps" => TlsMode::Implicit,
        "sftp" | "scp" | "ssh" => {
            return Err(Error::usage(format!("{scheme}: ftpsh speaks FTPS, not SSH"))
                .with_hint("use sftp for this server"));
        }
        _ => {
            // Quoted only if it looks like a scheme.
            let plain = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let shown = if plain && !scheme.is_empty() { scheme } else { "target" };
            return Err(Error::usage(format!("{shown}: not a scheme that ftpsh knows"))
                .with_hint("write ftp:// or ftpes:// (explicit TLS), or ftps:// (implicit TLS)"));
        }
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, Some(path)),
        None => (without_type(rest), None),
    };
    let mut target = target_from_parts(mode, authority, percent_decoded)?;
    let path: Vec<u8> = percent_decode_str(without_type(path.unwrap_or_default())).collect();
    refuse_control("path", &path)?;
    target.site.path = (!path.is_empty()).then_some(path);
    Ok(target)
}

/// A site from the text between scheme and path; `decode` is applied to each part.
fn target_from_parts(
    mode: TlsMode,
    authority: &str,
    decode: fn(&str) -> Result<String>,
) -> Result<Target> {
    // The last @: user names of hosting companies often contain one.
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, authority),
    };
    let (user, password) = match login.unwrap_or_default().split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login.unwrap_or_default(), None),
    };
    if user.contains(',') {
        return Err(Error::usage(
            "target: a comma in the user name (not shown: a password may follow)",
        )
        .with_hint("`-u NAME,PASSWORD HOST`; a comma that belongs to the name is %2C in a URL"));
    }
    let user = decode(user).map_err(|why| error_in_part("user name", &why))?;
    refuse_control("user name", user.as_bytes())?;
    let password = match password {
        Some(_) if user.is_empty() => {
            return Err(Error::usage("target: a password without a user name"));
        }
        Some(text) => {
            let text = decode(text).map_err(|why| error_in_part("password", &why))?;
            Some(Secret::new(text).map_err(|why| Error::usage(why.message()))?)
        }
        None => None,
    };
    let (host, port) = host_and_port(place, decode)?;
    let user = (!user.is_empty()).then_some(user);
    let port = port.unwrap_or(mode.default_port());
    Ok(Target { site: Site { host, port, mode, user, path: None }, password })
}

/// Splits `host[:port]`, `[v6][:port]` or a bare IPv6 address.
fn host_and_port(place: &str, decode: fn(&str) -> Result<String>) -> Result<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let Some((inner, tail)) = rest.split_once(']') else {
            return Err(Error::usage("host: a [ without its ]"));
        };
        let port = match tail.strip_prefix(':') {
            Some(port) => Some(port),
            None if tail.is_empty() => None,
            None => return Err(Error::usage("host: something other than :PORT after the ]")),
        };
        let Some(host) = ipv6(&decode(inner)?) else {
            return Err(Error::usage("host: no IPv6 address between the brackets"));
        };
        (host, port)
    } else if let Some(host) = ipv6(place) {
        (host, None)
    } else {
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        };
        (host_name(&decode(host).map_err(|why| error_in_part("host", &why))?)?, port)
    };
    Ok((host, port.map(port_number).transpose()?))
}

fn port_number(text: &str) -> Result<u16> {
    // Quoted only if it is a number: it could be the first part of a password that contains a
    // slash.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::usage("port: not a number").with_hint(
            "after HOST: comes a port; in a URL's user name and password, / is written %2F",
        ));
    }
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Error::usage("port: not between 1 and 65535")),
    }
}

/// Normalises a host name or IPv4 address.
///
/// # Errors
/// Kind usage: empty, too long, or with characters that are invalid in host names.
fn host_name(text: &str) -> Result<String> {
    refuse_control("host", text.as_bytes())?;
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if host.is_empty() {
        return Err(Error::usage("target: no host in it")
            .with_hint("write HOST, HOST:PORT or ftp://USER@HOST/DIRECTORY"));
    }
    if !host.is_ascii() {
        return Err(Error::usage(format!("host {host:?}: has letters beyond ASCII"))
            .with_hint("give the form that begins with xn--"));
    }
    let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if let Some(odd) = host.chars().find(|c| !letters(*c)) {
        return Err(Error::usage(format!("host: invalid character {odd:?} in host name")));
    }
    // RFC 1035, section 2.3.4.
    if host.len() > 253 || host.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(Error::usage("host: a part between its dots is empty or too long"));
    }
    Ok(host)
}

/// An IPv6 address in canonical form, with its zone if it has one (`fe80::1%eth0`).
fn ipv6(text: &str) -> Option<String> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let address = address.parse::<Ipv6Addr>().ok()?;
    let fits = |zone: &str| {
        !zone.is_empty() && zone.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match zone {
        None => Some(address.to_string()),
        Some(zone) => fits(zone).then(|| format!("{address}%{zone}")),
    }
}

/// Percent-decodes a part of a URL. Invalid escapes are left unchanged.
fn percent_decoded(part: &str) -> Result<String> {
    let text = percent_decode_str(part).decode_utf8();
    text.map(Into::into).map_err(|_| Error::usage("its escapes are not UTF-8"))
}

/// Outside a URL nothing is decoded.
fn verbatim(part: &str) -> Result<String> {
    Ok(part.to_owned())
}

fn error_in_part(part: &str, why: &Error) -> Error {
    Error::usage(format!("{part}: {}", why.message()))
}

/// CR and LF would inject a second command, NUL would truncate one.
fn refuse_control(part: &str, bytes: &[u8]) -> Result<()> {
    if !bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return Ok(());
    }
    let text = bytes.escape_ascii();
    Err(Error::new(Kind::Usage, format!("{part} \"{text}\": holds a line break or NUL")))
}

/// The path without a final `;type=a`, `;type=i` or `;type=d`.
fn without_type(path: &str) -> &str {
    match path.rsplit_once(';') {
        Some((before, kind)) => {
            let mut kind = kind.chars();
            let name: String = kind.by_ref().take(5).collect();
            match name.eq_ignore_ascii_case("type=") && kind.count() == 1 {
                true => before,
                false => path,
            }
        }
        None => path,
    }
}
