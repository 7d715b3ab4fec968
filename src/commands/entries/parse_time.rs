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
    fn a_duration_counts_back_from_now() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let back = |text| parse_moment(text, now).map(|time| time.timestamp());
        assert_eq!(back("1h"), Some(1_000_000 - 3600));
        assert_eq!(back("1d12h"), Some(1_000_000 - 129_600));
        assert_eq!(back("soon"), None);
    }
}
