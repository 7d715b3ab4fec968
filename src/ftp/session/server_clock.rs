//! The clock of LIST: the offset of the times in a server's listings from UTC.
//!
//! LIST does not report its time zone. MDTM is in UTC (RFC 3659 section 3): the two times of one
//! file give the difference. Determined once per session, and only if needed.

use super::pipeline::prefetch_passive_port;
use chrono::{NaiveDateTime, TimeDelta, Timelike as _};

use super::Session;
use crate::ftp::list_formats::{Modified, Precision, Zone};
use crate::ftp::path::RemotePath;

/// How many files are tried before the offset is left unknown.
const TRIES: u8 = 3;

/// What is known about the offset.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::ftp) struct ServerClock {
    offset: Option<TimeDelta>,
    tries: u8,
}

/// How far LIST's times are ahead of UTC; `None` while that is unknown. `file` is one whose time in
/// LIST is exact to the minute: if necessary, MDTM is sent for it.
///
/// For a server with summer time, the offset is that of the season of that file.
pub fn list_time_offset(
    session: &mut Session,
    file: Option<(&RemotePath, &Modified)>,
) -> Option<TimeDelta> {
    if session.server_clock.offset.is_some() || session.server_clock.tries >= TRIES {
        return session.server_clock.offset;
    }
    let (path, listed) = file?;
    if listed.zone != Zone::Server || listed.precision != Precision::Minute {
        return None;
    }
    session.server_clock.tries += 1;
    if session.prefetch_port {
        // A file will be transferred.
        prefetch_passive_port(session).ok()?;
    }
    let exact = session.modified_time(path).ok().flatten()?;
    session.server_clock.offset = zone_difference(listed.time, exact);
    session.server_clock.offset
}

/// The difference between a listed time and a UTC time, if it can be a time zone: a multiple of a
/// quarter of an hour, at most 14 hours ahead or 12 behind. Otherwise `None`.
fn zone_difference(listed: NaiveDateTime, exact: NaiveDateTime) -> Option<TimeDelta> {
    let minutes = (listed - exact.with_second(0)?.with_nanosecond(0)?).num_minutes();
    let is_zone = minutes % 15 == 0 && (-12 * 60..=14 * 60).contains(&minutes);
    is_zone.then(|| TimeDelta::minutes(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn the_difference_is_a_zone_or_unknown() {
        let exact = time("2026-11-20 07:15:42");
        for (listed, minutes) in [
            ("2026-11-20 07:15:00", Some(0)),
            ("2026-11-20 08:15:00", Some(60)),
            ("2026-11-20 12:45:00", Some(330)),
            ("2026-11-19 23:15:00", Some(-480)),
            ("2026-11-20 21:15:00", Some(840)),
            ("2026-11-20 07:16:00", None),
            ("2026-11-20 22:15:00", None),
            ("2025-11-20 07:15:00", None),
        ] {
            let found = zone_difference(time(listed), exact).map(|offset| offset.num_minutes());
            assert_eq!(found, minutes, "{listed}");
        }
    }
}
