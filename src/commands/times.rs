//! Points in time as options take them: a date, a date with a time, or an age.

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// Reads `2026-01-31`, `2026-01-31T12:00[:00]` (local time) or an age such as `90s`, `12h`, `3d`.
pub fn parse(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = |time: NaiveDateTime| {
        time.and_local_timezone(Local).earliest().map(|time| time.with_timezone(&Utc))
    };
    for form in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return local(time);
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return local(day.and_hms_opt(0, 0, 0)?);
    }
    let age = match text.strip_suffix('d') {
        Some(days) => TimeDelta::try_days(days.parse().ok()?)?,
        None => TimeDelta::from_std(crate::settings::parse_duration(text)?).ok()?,
    };
    now.checked_sub_signed(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_ages() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(parse("1h", now), Some(now - TimeDelta::hours(1)));
        assert_eq!(parse("3d", now), Some(now - TimeDelta::days(3)));
        assert!(parse("2026-01-31", now).is_some());
        assert!(parse("2026-01-31T12:00", now).is_some());
        for wrong in ["", "yesterday", "2026-02-30", "d", "99999999999999999d"] {
            assert_eq!(parse(wrong, now), None, "{wrong}");
        }
    }
}
