//! Values of settings: what each kind accepts, and how it is displayed.
//!
//! A checked [`Value`] keeps the text next to its meaning.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::parse::{
    CHARSETS, DeleteLimit, Rate, is_unlimited, mask_password, parse_charset, parse_choice,
    parse_delete_limit, parse_duration, parse_proxy, parse_rate, parse_size, parse_whole,
    parse_words, parse_yes_no, parse_zone,
};

/// What a setting accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `yes` or `no`; also `on`, `off`, `true`, `false`, `1` and `0`.
    Flag,
    /// One of these words; if `yes` and `no` are among them, also their other spellings.
    Choice(&'static [&'static str]),
    /// A whole number from `min` to `max`.
    Count {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A time such as `500ms`, `30s`, `1m30s` or `2h`; plain numbers are seconds.
    Duration {
        /// Whether 0 is a time; otherwise it means unlimited.
        zero: bool,
    },
    /// Bytes, with or without a suffix.
    Size,
    /// Bytes per second, `down:up` or one size for both; 0 means unlimited.
    Rate,
    /// Some of these words, each at most once, in order of preference.
    Words(&'static [&'static str]),
    /// Nothing, a whole number, or a percentage from `0%` to `100%`.
    Limit,
    /// Any text.
    Text,
    /// A local path, or nothing; a leading `~/` is the home directory.
    Path,
    /// An IP address, or nothing.
    Address,
    /// `http://[USER:PASSWORD@]HOST:PORT`, the same with `socks5://`, or nothing.
    Proxy,
    /// `auto`, `UTC`, or an offset such as `+02:00`.
    Zone,
    /// An ASCII-compatible character set of the WHATWG Encoding Standard.
    Charset,
}

impl ValueKind {
    /// The words that completion can offer; empty for free text.
    pub const fn choices(&self) -> &'static [&'static str] {
        match self {
            ValueKind::Flag => &["yes", "no"],
            ValueKind::Choice(words) => words,
            ValueKind::Charset => CHARSETS,
            ValueKind::Zone => &["auto", "UTC"],
            _ => &[],
        }
    }

    /// The form in which its values are stored.
    pub(super) const fn form(&self) -> Form {
        match self {
            ValueKind::Flag => Form::Flag,
            ValueKind::Count { .. } | ValueKind::Size => Form::Count,
            ValueKind::Duration { .. } => Form::Duration,
            ValueKind::Rate => Form::Rate,
            ValueKind::Limit => Form::Limit,
            ValueKind::Address => Form::Address,
            ValueKind::Choice(_)
            | ValueKind::Words(_)
            | ValueKind::Text
            | ValueKind::Path
            | ValueKind::Proxy
            | ValueKind::Zone
            | ValueKind::Charset => Form::Text,
        }
    }

    /// A description of valid values, for error hints and the man page.
    pub fn describe(&self) -> String {
        match self {
            ValueKind::Flag => "yes or no".into(),
            ValueKind::Choice(words) => one_of(words),
            ValueKind::Count { min, max } => format!("a whole number from {min} to {max}"),
            ValueKind::Duration { zero: true } => "a time, such as 0, 500ms, 30s or 3m".into(),
            ValueKind::Duration { zero: false } => {
                "a time, such as 500ms, 30s or 3m, or unlimited".into()
            }
            ValueKind::Size => "bytes, such as 500, 64k or 10M".into(),
            ValueKind::Rate => "bytes a second, such as 500k, 10M or 1M:500k (down:up)".into(),
            ValueKind::Words(words) => format!("some of: {}", words.join(", ")),
            ValueKind::Limit => "a whole number, a percentage such as 10%, or nothing".into(),
            ValueKind::Text => "any text".into(),
            ValueKind::Path => "a local path, or nothing".into(),
            ValueKind::Address => "an IP address, or nothing".into(),
            ValueKind::Proxy => "http://HOST:PORT, socks5://HOST:PORT, or nothing".into(),
            ValueKind::Zone => "auto, UTC, or an offset such as +02:00".into(),
            ValueKind::Charset => {
                "a character set, such as utf-8, iso-8859-1, windows-1251 or shift_jis".into()
            }
        }
    }
}

/// As good as no limit: ten years.
const UNLIMITED: Duration = Duration::from_secs(10 * 366 * 86_400);

/// The form in which values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Yes or no.
    Flag,
    /// A number.
    Count,
    /// A time.
    Duration,
    /// Bytes per second.
    Rate,
    /// A number, a percentage, or no limit.
    Limit,
    /// An IP address, or none.
    Address,
    /// Text.
    Text,
}

/// The meaning of a value; equal for different spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    Flag(bool),
    Count(u64),
    Duration(Duration),
    Rate(Rate),
    Limit(Option<DeleteLimit>),
    Address(Option<IpAddr>),
    Text(String),
}

/// A checked value. Displayed as it was set, in canonical spelling (`on` as `yes`, `30` seconds as
/// `30s`); the password in a proxy's URL is displayed as `***`.
#[derive(Clone)]
pub struct Value {
    text: String,
    pub(super) data: Data,
}

impl Value {
    /// Checks `text` against `kind`.
    ///
    /// # Errors
    /// The reason, as the second half of a message: `"abc" is not …`.
    pub fn parse(kind: &ValueKind, text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let shown = match kind {
            ValueKind::Proxy => String::from("this"),
            _ => format!("{trimmed:?}"),
        };
        let refused = || format!("{shown} is not {}", kind.describe());
        let value = match kind {
            ValueKind::Flag => {
                let word = parse_yes_no(trimmed).ok_or_else(refused)?;
                Self { text: word.into(), data: Data::Flag(word == "yes") }
            }
            ValueKind::Choice(words) => {
                Self::word(parse_choice(words, trimmed).ok_or_else(refused)?.to_owned())
            }
            ValueKind::Count { min, max } => {
                let number = if is_unlimited(trimmed) { Some(*max) } else { parse_whole(trimmed) };
                let number = number.filter(|n| (min..=max).contains(&n)).ok_or_else(refused)?;
                Self { text: number.to_string(), data: Data::Count(number) }
            }
            ValueKind::Duration { zero } => {
                let time = parse_duration(trimmed);
                if is_unlimited(trimmed) || (!zero && time.is_some_and(|time| time.is_zero())) {
                    return Ok(Self { text: "unlimited".into(), data: Data::Duration(UNLIMITED) });
                }
                let time = time.ok_or_else(refused)?;
                let plain = trimmed.ends_with(|c: char| c.is_ascii_digit());
                let unit = if plain && !time.is_zero() { "s" } else { "" };
                Self { text: format!("{trimmed}{unit}"), data: Data::Duration(time) }
            }
            ValueKind::Size => {
                let size = parse_size(trimmed).ok_or_else(refused)?;
                Self { text: trimmed.into(), data: Data::Count(size) }
            }
            ValueKind::Rate => {
                let rate = parse_rate(trimmed).ok_or_else(refused)?;
                let text = if is_unlimited(trimmed) { "0" } else { trimmed };
                Self { text: text.into(), data: Data::Rate(rate) }
            }
            ValueKind::Words(words) => Self::word(parse_words(words, trimmed).ok_or_else(refused)?),
            ValueKind::Limit => {
                let limit = parse_delete_limit(trimmed).ok_or_else(refused)?;
                let text = if limit.is_none() { "" } else { trimmed };
                Self { text: text.into(), data: Data::Limit(limit) }
            }
            ValueKind::Text => Self::word(text.to_owned()),
            ValueKind::Path if text.contains('\0') => return Err("a path cannot hold NUL".into()),
            ValueKind::Path => Self::word(text.to_owned()),
            ValueKind::Address => {
                let address = match trimmed {
                    "" => None,
                    _ => Some(trimmed.parse::<IpAddr>().map_err(|_| refused())?),
                };
                let text = address.map(|a| a.to_string()).unwrap_or_default();
                Self { text, data: Data::Address(address) }
            }
            ValueKind::Proxy => {
                let url = parse_proxy(trimmed).ok_or_else(refused)?;
                Self { text: mask_password(trimmed), data: Data::Text(url) }
            }
            ValueKind::Zone => Self::word(parse_zone(trimmed).ok_or_else(refused)?),
            ValueKind::Charset => Self::word(parse_charset(trimmed).ok_or_else(refused)?),
        };
        Ok(value)
    }

    /// An empty value that belongs to no setting.
    pub(super) const fn none() -> Self {
        Self { text: String::new(), data: Data::Text(String::new()) }
    }

    /// A value that is plain text.
    pub(super) fn word(text: String) -> Self {
        Self { data: Data::Text(text.clone()), text }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Value {
    // Like Display: a proxy's data may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Eq for Value {}

fn one_of(words: &[&str]) -> String {
    match words {
        [first, second] => format!("{first} or {second}"),
        _ => format!("one of: {}", words.join(", ")),
    }
}
