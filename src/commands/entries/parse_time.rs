//! Dates as commands take them, with the present time as an argument.

use std::time::Duration;

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeZone as _, Utc};

use crate::error::{Error, Result};
use crate::settings::parse_duration;

const FORMS: [&str; 4] =
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];

/// A point in time: `2026-11-20`, `2026-11-20 07:15`, `2026-11-20T07:15:30` in the local zone,
/// RFC 3339 with a zone, `@` and seconds since 1970. A day is its beginning.
pub fn parse_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        return DateTime::from_timestamp(seconds.parse().ok()?, 0);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let local = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let local =
        local.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    // In the hour that a clock change skips there is no such time; the next one will do.
    let hour = chrono::TimeDelta::hours(1);
    let zoned = Local.from_local_datetime(&local).earliest();
    zoned.or_else(|| Local.from_local_datetime(&(local + hour)).earliest()).map(|t| t.to_utc())
}

/// A date, or a duration before `now`: `3d`, `2h`.
pub fn parse_moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    parse_date(text).or_else(|| time_ago(parse_duration(text)?, now))
}

fn time_ago(duration: Duration, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(chrono::TimeDelta::from_std(duration).ok()?)
}

/// A time as lftp and `at` take it: `now-3days`, `2 weeks ago`, `week ago`, `yesterday`.
pub fn parse_relative_moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim().to_ascii_lowercase();
    let age = match text.as_str() {
        "now" | "today" => return Some(now),
        "yesterday" => "1day",
        text => match text.strip_prefix("now") {
            Some(rest) => rest.trim_start().strip_prefix('-')?.trim(),
            None => text.strip_suffix("ago")?.trim_end(),
        },
    };
    let digits = age.find(|c: char| !c.is_ascii_digit())?;
    let count = if digits == 0 { 1 } else { age[..digits].parse().ok()? };
    let seconds: u64 = match age[digits..].trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        "month" | "months" => {
            return now.checked_sub_months(chrono::Months::new(u32::try_from(count).ok()?));
        }
        "y" | "year" | "years" => {
            let months = u32::try_from(count).ok()?.checked_mul(12)?;
            return now.checked_sub_months(chrono::Months::new(months));
        }
        _ => return None,
    };
    time_ago(Duration::from_secs(seconds.checked_mul(count)?), now)
}

/// The failure for a text that is no date.
pub fn not_a_date<T>(text: &str) -> Result<T> {
    Err(Error::usage(format!("{text}: not a date"))
        .with_hint("such as 2026-11-20 or '2026-11-20 07:15'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_local_unless_they_say_otherwise() {
        let utc = |text: &str| parse_date(text).map(|time| time.to_rfc3339());
        assert_eq!(utc("2026-11-20T07:15:30Z").as_deref(), Some("2026-11-20T07:15:30+00:00"));
        assert_eq!(utc("2026-11-20T07:15:30+02:00").as_deref(), Some("2026-11-20T05:15:30+00:00"));
        assert_eq!(utc("@0").as_deref(), Some("1970-01-01T00:00:00+00:00"));
        let local = Local.with_ymd_and_hms(2026, 11, 20, 7, 15, 0).unwrap().to_utc();
        assert_eq!(parse_date("2026-11-20 07:15"), Some(local));
        let day = Local.with_ymd_and_hms(2026, 11, 20, 0, 0, 0).unwrap().to_utc();
        assert_eq!(parse_date("2026-11-20"), Some(day));
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-20 25:00", "@x", "3d"] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_of_lftp_count_back_from_now() {
        let now = DateTime::from_timestamp(100_000_000, 0).unwrap();
        let back = |text| parse_relative_moment(text, now).map(|t| (now - t).num_seconds());
        for (text, seconds) in [
            ("now", 0),
            ("now-3days", 3 * 86_400),
            ("now - 2 hours", 7200),
            ("NOW-1week", 7 * 86_400),
            ("week ago", 7 * 86_400),
            ("10 minutes ago", 600),
            ("yesterday", 86_400),
            // February of 1973.
            ("now-1month", 28 * 86_400),
            ("1 year ago", 365 * 86_400),
        ] {
            assert_eq!(back(text), Some(seconds), "{text}");
        }
        for wrong in ["", "ago", "3 days", "now+3days", "now-3", "now-99999999999999999days", "x"] {
            assert_eq!(back(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_duration_counts_back_from_now() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let back = |text| parse_moment(text, now).map(|time| time.timestamp());
        assert_eq!(back("1h"), Some(1_000_000 - 3600));
        assert_eq!(back("1d12h"), Some(1_000_000 - 129_600));
        assert_eq!(back("soon"), None);
    }
}
