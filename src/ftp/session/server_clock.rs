//! The clocks of a server: how far the times of LIST and of MDTM are ahead of UTC.
//!
//! LIST does not report its time zone. MDTM is in UTC (RFC 3659 section 3), but vsftpd with
//! `use_localtime=YES` (Debian's default) and others send and take local time there. Two
//! comparisons show it, each made once and only if needed: LIST with MDTM for one file, and MDTM
//! with our own clock for a file that was just stored. Nothing is concluded from an older file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{Datelike as _, NaiveDateTime, TimeDelta, Timelike as _, Utc};

/// How many files are tried before an offset is left unknown.
const TRIES: u8 = 3;

/// Zones are whole quarters of an hour from UTC.
const QUARTER: i64 = 15 * 60;

/// How many seconds the time of a file that was just stored may differ from our clock.
const SKEW: i64 = 60;

/// Called with the offset of MDTM when it was learned: the next run starts with it.
pub type SaveOffset = Arc<dyn Fn(TimeDelta) + Send + Sync>;

/// What is known of the clocks of a site; clones share it.
#[derive(Clone, Default)]
pub struct ServerClock(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// MDTM ahead of UTC: remembered from an earlier run, or shown by a stored file.
    mdtm: Option<TimeDelta>,
    /// LIST ahead of MDTM.
    list: Option<TimeDelta>,
    /// Comparisons of LIST with MDTM.
    listed_tries: u8,
    /// Comparisons of MDTM with our clock.
    stored_tries: u8,
    /// The software is vsftpd, whose LIST and MDTM show the same clock.
    is_vsftpd: bool,
    /// LIST shows no years for old files either.
    omits_years: bool,
    save: Option<SaveOffset>,
}

impl std::fmt::Debug for ServerClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = self.known();
        f.debug_struct("ServerClock")
            .field("mdtm", &known.mdtm)
            .field("list", &known.list)
            .finish_non_exhaustive()
    }
}

impl ServerClock {
    /// A clock with the offset of MDTM that an earlier run learned.
    pub fn remembered(mdtm: Option<TimeDelta>, save: SaveOffset) -> Self {
        Self(Arc::new(Mutex::new(Known { mdtm, save: Some(save), ..Known::default() })))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the software is vsftpd.
    pub(in crate::ftp) fn set_vsftpd(&self) {
        self.known().is_vsftpd = true;
    }

    /// Whether LIST was found to show no years for old files.
    pub fn omits_years(&self) -> bool {
        self.known().omits_years
    }

    /// How far MDTM is ahead of UTC, for a server in the zone `configured`, if the user set one.
    pub(in crate::ftp) fn mdtm_offset(&self, configured: Option<TimeDelta>) -> TimeDelta {
        let known = self.known();
        let Some(zone) = configured else { return known.mdtm.unwrap_or_default() };
        let is_local = match (known.list, known.mdtm) {
            (Some(list), _) => list.is_zero(),
            (None, Some(mdtm)) => mdtm == zone,
            (None, None) => known.is_vsftpd,
        };
        if is_local { zone } else { TimeDelta::zero() }
    }

    /// Whether the MDTM of a file that is about to be stored should be compared with our clock.
    pub(in crate::ftp) fn needs_stored_file(&self) -> bool {
        self.known().stored_tries < TRIES
    }

    /// Learns from a file that was just stored: its time according to MDTM `before` (if it existed)
    /// and `after`, and `now` on our clock. Returns the offset of MDTM, if the file shows it.
    pub(in crate::ftp) fn learn_from_stored_file(
        &self,
        before: Option<NaiveDateTime>,
        after: NaiveDateTime,
        now: NaiveDateTime,
    ) -> Option<TimeDelta> {
        let mut known = self.known();
        known.stored_tries += 1;
        if before == Some(after) {
            // The server still reports the time of the replaced file.
            return None;
        }
        let found = offset_of_stored_file(after, now);
        let fits = |offset: TimeDelta| (after - now - offset).num_seconds().abs() < QUARTER / 2;
        if found.is_none() && known.mdtm.is_none_or(fits) {
            return None;
        }
        known.stored_tries = TRIES;
        let (was, is) = (known.mdtm.unwrap_or_default(), found.unwrap_or_default());
        known.mdtm = found;
        let save = known.save.clone().filter(|_| was != is);
        drop(known);
        if let Some(save) = save {
            save(is);
        }
        found
    }

    /// Whether the software is vsftpd.
    pub(super) fn is_vsftpd(&self) -> bool {
        self.known().is_vsftpd
    }

    /// How far LIST is ahead of MDTM, if that is known.
    pub(super) fn list_offset(&self) -> Option<TimeDelta> {
        self.known().list
    }

    /// Whether LIST is to be compared with MDTM once more; counts the comparison.
    pub(super) fn begin_comparison(&self) -> bool {
        let mut known = self.known();
        let wanted = known.list.is_none() && known.listed_tries < TRIES;
        known.listed_tries += u8::from(wanted);
        wanted
    }

    pub(super) fn learn_from_listed_file(&self, listed: NaiveDateTime, exact: NaiveDateTime) {
        let mut known = self.known();
        known.list = zone_difference(listed, exact);
        if known.list.is_none()
            && listed > exact
            && let Some(listed) = in_year_of(listed, exact)
        {
            known.list = zone_difference(listed, exact);
            known.omits_years = known.list.is_some();
        }
    }
}

/// The difference between a listed time and that of MDTM, if it can be a time zone: a multiple of a
/// quarter of an hour, at most 14 hours ahead or 12 behind. Otherwise `None`.
fn zone_difference(listed: NaiveDateTime, exact: NaiveDateTime) -> Option<TimeDelta> {
    let minutes = (listed - exact.with_second(0)?.with_nanosecond(0)?).num_minutes();
    let is_zone = minutes % 15 == 0 && (-12 * 60..=14 * 60).contains(&minutes);
    is_zone.then(|| TimeDelta::minutes(minutes))
}

/// `listed`, whose year is a guess, in the year in which it is nearest to `exact`.
fn in_year_of(listed: NaiveDateTime, exact: NaiveDateTime) -> Option<NaiveDateTime> {
    let years = exact.year() - 1..=exact.year() + 1;
    let readings = years.filter_map(|year| listed.with_year(year));
    readings.min_by_key(|reading| (*reading - exact).abs())
}

/// How far the clock is ahead on which a file stored `now` has the time `after`: a whole number of
/// quarters of an hour. `None` if the difference cannot be a time zone.
fn offset_of_stored_file(after: NaiveDateTime, now: NaiveDateTime) -> Option<TimeDelta> {
    let seconds = (after - now).num_seconds();
    let zone = (seconds + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    let fits = (seconds - zone).abs() <= SKEW && (-12 * 3600..=14 * 3600).contains(&zone);
    fits.then(|| TimeDelta::seconds(zone))
}

/// The present time, to the second as MDTM has it.
pub(in crate::ftp) fn now() -> NaiveDateTime {
    Utc::now().naive_utc()
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

    #[test]
    fn a_year_that_listings_omit_is_found_out_together_with_the_zone() {
        for (listed, exact, found) in [
            ("2026-03-05 09:10:00", "2023-03-05 07:10:59", Some((120, true))),
            ("2026-01-01 00:30:00", "2021-12-31 23:30:10", Some((60, true))),
            ("2026-03-05 09:10:00", "2026-03-05 07:10:59", Some((120, false))),
            ("2026-03-05 09:11:00", "2023-03-05 07:10:59", None),
            ("2023-03-05 09:10:00", "2026-03-05 07:10:59", None),
        ] {
            let clock = ServerClock::default();
            clock.learn_from_listed_file(time(listed), time(exact));
            let list = clock.known().list;
            let list = list.map(|list| (list.num_minutes(), clock.omits_years()));
            assert_eq!(list, found, "{listed} {exact}");
        }
    }

    #[test]
    fn a_stored_file_shows_the_zone_of_mdtm_or_nothing() {
        let now = time("2026-11-20 07:15:42");
        for (before, after, minutes) in [
            (None, "2026-11-20 07:15:42", Some(0)),
            (None, "2026-11-20 07:15:02", Some(0)),
            (None, "2026-11-20 09:15:41", Some(120)),
            (None, "2026-11-20 13:00:50", Some(345)),
            (None, "2026-11-19 23:15:00", Some(-480)),
            (Some("2026-11-20 05:15:41"), "2026-11-20 09:15:41", Some(120)),
            // The clock is wrong, or the time is an old one.
            (None, "2026-11-20 09:19:00", None),
            (None, "2026-11-20 22:15:42", None),
            (None, "2026-11-18 07:15:42", None),
            (None, "2020-11-20 07:15:42", None),
            (Some("2026-11-20 09:15:41"), "2026-11-20 09:15:41", None),
        ] {
            let found =
                ServerClock::default().learn_from_stored_file(before.map(time), time(after), now);
            assert_eq!(found.map(|offset| offset.num_minutes()), minutes, "{before:?} {after}");
        }
    }

    #[test]
    fn what_is_remembered_stays_unless_a_stored_file_contradicts_it() {
        let now = time("2026-11-20 07:15:42");
        for (after, kept, saved) in [
            ("2026-11-20 09:15:42", 120, None),
            // Summer time began or ended.
            ("2026-11-20 08:15:42", 60, Some(60)),
            // It sends UTC now.
            ("2026-11-20 07:15:42", 0, Some(0)),
            // Its clock is wrong by minutes: that is no zone.
            ("2026-11-20 09:18:42", 120, None),
            ("2026-11-20 07:21:42", 0, Some(0)),
        ] {
            let written = Arc::new(Mutex::new(None));
            let save = Arc::clone(&written);
            let clock = ServerClock::remembered(
                Some(TimeDelta::hours(2)),
                Arc::new(move |offset| *save.lock().unwrap() = Some(offset.num_minutes())),
            );
            clock.learn_from_stored_file(None, time(after), now);
            assert_eq!(clock.mdtm_offset(None).num_minutes(), kept, "{after}");
            assert_eq!(*written.lock().unwrap(), saved, "{after}");
        }
    }

    #[test]
    fn a_zone_that_is_set_holds_for_mdtm_where_that_is_local_time() {
        let zone = Some(TimeDelta::hours(2));
        let offset = |clock: &ServerClock| clock.mdtm_offset(zone).num_hours();
        let clock = ServerClock::default();
        assert_eq!(offset(&clock), 0, "an unknown server");
        clock.set_vsftpd();
        assert_eq!(offset(&clock), 2);
        clock.learn_from_listed_file(time("2026-11-20 09:15:00"), time("2026-11-20 07:15:42"));
        assert_eq!(offset(&clock), 0, "LIST is local time, and MDTM is not");
        let clock = ServerClock::default();
        clock.learn_from_listed_file(time("2026-11-20 09:15:00"), time("2026-11-20 09:15:42"));
        assert_eq!(offset(&clock), 2, "LIST and MDTM agree");
    }
}
