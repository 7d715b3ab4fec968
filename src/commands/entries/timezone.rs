//! Times from listings in UTC: by the setting `ftp:timezone`, or by comparison with MDTM.

use chrono::{DateTime, TimeDelta, Utc};

use crate::client::Client;
use crate::commands::entries::location::EntryLocation;
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::session::list_times::list_time_offset;

/// How far the times of these entries are ahead of UTC. `None` when it is not known, or none of
/// them is on the server's own clock.
pub fn server_utc_offset(
    client: &mut Client,
    entries: &[(&Entry, EntryLocation<'_>)],
) -> Option<TimeDelta> {
    let on_its_clock = |entry: &Entry| entry.modified.filter(|m| m.zone == Zone::Server);
    entries.iter().find_map(|(entry, _)| on_its_clock(entry))?;
    // The newest file: its season is most likely that of the others.
    let files = entries.iter().filter(|(entry, _)| entry.kind == EntryKind::File);
    let dated = files.filter_map(|(entry, place)| Some((entry, place, on_its_clock(entry)?)));
    let dated = dated.filter(|(.., modified)| modified.precision == Precision::Minute);
    let newest = dated.max_by_key(|(.., modified)| modified.time);
    let newest = newest.map(|(entry, place, modified)| (place.entry_path(entry), modified));
    let newest = newest.as_ref().map(|(path, modified)| (&**path, modified));
    let offset = client.ask_server(|session| {
        let offset = list_time_offset(session, newest);
        // A time without its year is not known to the minute.
        let offset = offset.filter(|_| !session.config().clock.omits_years());
        session.failure().map_or(Ok(offset), Err)
    });
    offset.ok().flatten()
}

/// A time in UTC; `None` for one on a clock of an unknown zone.
pub fn to_utc(modified: &Modified, offset: Option<TimeDelta>) -> Option<DateTime<Utc>> {
    match modified.zone {
        Zone::Utc => Some(modified.time.and_utc()),
        Zone::Server => Some(modified.time.checked_sub_signed(offset?)?.and_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_time_of_a_known_zone_is_given_in_utc() {
        let time = DateTime::from_timestamp(1_000_000, 0).unwrap().naive_utc();
        let exact = Modified { time, precision: Precision::Second, zone: Zone::Utc };
        let listed = Modified { zone: Zone::Server, ..exact };
        let hour = Some(TimeDelta::hours(1));
        let seconds = |modified, offset| to_utc(modified, offset).map(|time| time.timestamp());
        assert_eq!(seconds(&exact, hour), Some(1_000_000));
        assert_eq!(seconds(&listed, hour), Some(996_400));
        assert_eq!(seconds(&listed, None), None);
    }
}
