//! The values of mirror's options.

use std::ops::RangeInclusive;

use chrono::{NaiveDateTime, Utc};

use crate::commands::entries::parse_time::{parse_moment, parse_relative_moment};
use crate::local_path;
use crate::settings as set;
use crate::transfer::mirror::plan::{CompareBy, Recursion};

/// `--recursion`.
pub(super) fn parse_recursion(text: &str) -> Result<Recursion, String> {
    match text {
        "always" => Ok(Recursion::Always),
        "never" => Ok(Recursion::Never),
        "missing" => Ok(Recursion::Missing),
        "newer" => Ok(Recursion::Newer),
        _ => Err("it may be always, never, missing or newer".into()),
    }
}

/// `--compare`.
pub(super) fn parse_compare(text: &str) -> Result<CompareBy, String> {
    match text {
        "time" => Ok(CompareBy::Time),
        "size" => Ok(CompareBy::Size),
        "content" => Ok(CompareBy::Content),
        _ => Err("it may be time, size or content".into()),
    }
}

/// `--max-delete`.
pub(super) fn parse_limit(text: &str) -> Result<set::DeleteLimit, String> {
    set::parse_delete_limit(text)
        .flatten()
        .ok_or_else(|| "a number or a percentage is needed".into())
}

/// `--size-range`.
pub(super) fn parse_sizes(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once('-').ok_or("MIN-MAX is needed, such as 1k-10M")?;
    let size = |text: &str, empty| match text {
        "" => Ok(empty),
        text => set::parse_size(text).ok_or_else(|| format!("`{text}` is not a size")),
    };
    Ok(size(from, 0)?..=size(to, u64::MAX)?)
}

/// `--newer-than` and `--older-than`.
pub(super) fn parse_time(text: &str) -> Result<NaiveDateTime, String> {
    let now = Utc::now();
    let moment = parse_moment(text, now).or_else(|| parse_relative_moment(text, now));
    let of_file = || {
        let file = std::fs::metadata(local_path::expand_tilde(text)).ok()?;
        Some(chrono::DateTime::<Utc>::from(file.modified().ok()?))
    };
    moment.or_else(of_file).map(|time| time.naive_utc()).ok_or_else(|| {
        "a date (2026-01-31, 2026-01-31T12:00), an age (12h, now-3days) or a file is needed".into()
    })
}
