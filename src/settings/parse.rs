//! Parses the texts of settings: times, sizes, rates, limits, zones, proxies.
//!
//! Pure functions from text to an `Option`; `None` means a syntax error. None of them panics,
//! overflows or accepts a sign.

use std::time::Duration;

/// The character sets that completion offers for `net:charset`; others are accepted as well.
pub const CHARSETS: &[&str] = &[
    "utf-8",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "koi8-r",
    "ibm866",
    "cp437",
    "cp850",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gbk",
    "gb18030",
    "big5",
];

/// Aliases of some of them.
const CHARSET_ALIASES: &[(&str, &str)] = &[
    ("utf8", "utf-8"),
    ("latin1", "iso-8859-1"),
    ("latin-1", "iso-8859-1"),
    ("iso8859-1", "iso-8859-1"),
    ("latin9", "iso-8859-15"),
    ("latin-9", "iso-8859-15"),
    ("iso8859-15", "iso-8859-15"),
    ("cp1252", "windows-1252"),
];

/// Bytes per second in each direction; 0 means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    /// For downloads.
    pub down: u64,
    /// For uploads.
    pub up: u64,
}

/// The maximum deletions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteLimit {
    /// At most this many files.
    Count(u64),
    /// At most this percentage of the files, 0 to 100.
    Percent(u8),
}

impl DeleteLimit {
    /// Whether deleting `deleted` of `total` files exceeds the limit.
    pub fn exceeded(self, deleted: u64, total: u64) -> bool {
        match self {
            DeleteLimit::Count(most) => deleted > most,
            DeleteLimit::Percent(most) => {
                u128::from(deleted) * 100 > u128::from(total) * u128::from(most)
            }
        }
    }
}

/// Parses a time: `500ms`, `30s`, `3m`, `2h`, `1d`, several of them in a row, or seconds with or
/// without a fraction. `None` if invalid or too large.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit.to_ascii_lowercase().as_str() {
            "ms" => 0.001,
            // A number without a unit must stand alone: `1m30` is ambiguous.
            "" if rest.len() == text.len() => 1.0,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(parse_decimal(number)? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    // A hundred years: beyond that, adding to a clock could overflow.
    (!text.is_empty() && total.as_secs() < 100 * 366 * 86_400).then_some(total)
}

/// Parses a number of bytes: `1500`, `64k`, `10M`, `1.5G`, `2T`; the suffixes are powers of 1024 in
/// either case, optionally followed by `B` or `iB`. `None` if invalid or too large.
pub fn parse_size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, suffix) = lower.split_at(end);
    let power = match suffix {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return None,
    };
    let unit = 1024_u64.pow(power);
    if let Some(exact) = parse_whole(number) {
        return exact.checked_mul(unit);
    }
    let bytes = parse_decimal(number)? * unit as f64;
    // Fractions of a byte are invalid, and beyond 2^53 a fraction is no longer exact.
    (power > 0 && bytes <= 9_007_199_254_740_992.0).then_some(bytes as u64)
}

/// Parses `500k` for both directions, or `1M:500k`, download before upload.
pub fn parse_rate(text: &str) -> Option<Rate> {
    let size = |text: &str| if is_unlimited(text) { Some(0) } else { parse_size(text) };
    match text.split_once(':') {
        None => size(text).map(|both| Rate { down: both, up: both }),
        Some((down, up)) => Some(Rate { down: size(down)?, up: size(up)? }),
    }
}

/// Parses nothing, a number of files, or a percentage. The outer `None` means that the text does
/// not parse.
pub fn parse_delete_limit(text: &str) -> Option<Option<DeleteLimit>> {
    if text.is_empty() || is_unlimited(text) {
        return Some(None);
    }
    let limit = match text.strip_suffix('%') {
        None => DeleteLimit::Count(parse_whole(text)?),
        Some(number) => DeleteLimit::Percent(
            u8::try_from(parse_whole(number)?).ok().filter(|percent| *percent <= 100)?,
        ),
    };
    Some(Some(limit))
}

/// Digits only: `parse` alone would accept a `+`.
pub(super) fn parse_whole(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Digits with at most one decimal point.
fn parse_decimal(text: &str) -> Option<f64> {
    let framed = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    framed.then(|| text.parse().ok()).flatten()
}

pub(super) fn parse_yes_no(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" | "1" => Some("yes"),
        "no" | "off" | "false" | "0" => Some("no"),
        _ => None,
    }
}

/// A yes or no as lftp spells it.
pub(super) fn parse_lftp_flag(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "+" | "y" | "t" => Some("yes"),
        "-" | "n" | "f" => Some("no"),
        _ => parse_yes_no(text),
    }
}

/// A word for no limit.
pub(super) fn is_unlimited(text: &str) -> bool {
    ["unlimited", "infinity", "infinite", "inf", "never", "forever"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

pub(super) fn parse_choice(words: &[&'static str], text: &str) -> Option<&'static str> {
    let find = |wanted: &str| words.iter().copied().find(|w| w.eq_ignore_ascii_case(wanted));
    find(text).or_else(|| find(parse_yes_no(text)?))
}

/// The words of `text`: at least one, each one of `words`, without duplicates.
pub(super) fn parse_words(words: &[&'static str], text: &str) -> Option<String> {
    let mut chosen: Vec<&str> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()) {
        let word = parse_choice(words, word)?;
        if chosen.contains(&word) {
            return None;
        }
        chosen.push(word);
    }
    (!chosen.is_empty()).then(|| chosen.join(" "))
}

/// A proxy's URL: `http://` or `socks5://`, a host and a port, and nothing else; empty for none.
pub fn parse_proxy(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "socks5", "socks5h"].iter().any(|s| s.eq_ignore_ascii_case(scheme));
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = place.rsplit_once(':')?;
    let plain = !authority.contains(|c: char| c.is_whitespace() || c.is_control());
    let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host_fits = match v6 {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains(['/', ':', '[', ']']),
    };
    let port_fits = parse_whole(port).is_some_and(|p| (1..=65_535).contains(&p));
    (known && plain && host_fits && port_fits)
        .then(|| format!("{}://{authority}", scheme.to_ascii_lowercase()))
}

/// The proxy's URL without its password.
pub fn mask_password(url: &str) -> String {
    let split = url.split_once("://").and_then(|(scheme, rest)| {
        let (login, place) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{place}"))
    });
    split.unwrap_or_else(|| url.to_owned())
}

pub(super) fn parse_zone(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => return Some("auto".into()),
        "utc" | "z" | "gmt" => return Some("UTC".into()),
        _ => {}
    }
    if let Some(digits) = text.strip_prefix(['+', '-']) {
        let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
            (Some(parts), _) => parts,
            (None, 4) if digits.is_ascii() => digits.split_at(2),
            (None, _) => (digits, "00"),
        };
        let fits = hours.len() <= 2 && minutes.len() == 2;
        let hours = parse_whole(hours).filter(|h| fits && *h <= 14)?;
        let minutes = parse_whole(minutes).filter(|m| *m < 60)?;
        return Some(format!("{}{hours:02}:{minutes:02}", &text[..1]));
    }
    None
}

/// The lower-case name of one of [`CHARSETS`], or of any other ASCII-compatible character set of
/// the WHATWG Encoding Standard; for a code page of DOS, `cp` and its number.
pub(super) fn parse_charset(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let alias = CHARSET_ALIASES.iter().find(|(alias, _)| *alias == lower.replace('_', "-"));
    if let Some(name) =
        alias.map(|alias| alias.1).or_else(|| CHARSETS.iter().copied().find(|c| *c == lower))
    {
        return Some(name.to_owned());
    }
    if let Some(encoding) = encoding_rs::Encoding::for_label_no_replacement(lower.as_bytes()) {
        return encoding.is_ascii_compatible().then(|| encoding.name().to_ascii_lowercase());
    }
    let number = ["cp", "ibm", "dos-"].iter().find_map(|prefix| lower.strip_prefix(prefix));
    let number = number.and_then(parse_whole).and_then(|number| u16::try_from(number).ok())?;
    oem_cp::code_table::DECODING_TABLE_CP_MAP.contains_key(&number).then(|| format!("cp{number}"))
}
