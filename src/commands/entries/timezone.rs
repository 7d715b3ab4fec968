//! Times from listings in UTC: by the setting `ftp:timezone`, or by comparison with MDTM.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::client::Client;
use crate::commands::entries::location::EntryLocation;
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::session::server_clock::list_time_offset;
use crate::settings::FTP_TIMEZONE;

/// How far the times of these entries are ahead of UTC. `None` when it is not known, or none of
/// them is on the server's own clock.
pub fn server_utc_offset(
    client: &mut Client,
    entries: &[(&Entry, EntryLocation<'_>)],
) -> Option<TimeDelta> {
    let on_its_clock = |entry: &Entry| entry.modified.filter(|m| m.zone == Zone::Server);
    entries.iter().find_map(|(entry, _)| on_its_clock(entry))?;
    if let Some(fixed) = configured_offset(client) {
        return Some(fixed);
    }
    // The newest file: its season is most likely that of the others.
    let files = entries.iter().filter(|(entry, _)| entry.kind == EntryKind::File);
    let dated = files.filter_map(|(entry, place)| Some((entry, place, on_its_clock(entry)?)));
    let dated = dated.filter(|(.., modified)| modified.precision == Precision::Minute);
    let newest = dated.max_by_key(|(.., modified)| modified.time);
    let newest = newest.map(|(entry, place, modified)| (place.entry_path(entry), modified));
    let newest = newest.as_ref().map(|(path, modified)| (&**path, modified));
    let offset = client.ask_server(|session| {
        let offset = list_time_offset(session, newest);
        session.failure().map_or(Ok(offset), Err)
    });
    offset.ok().flatten()
}

/// What the setting `ftp:timezone` says; `None` for `auto`.
pub fn configured_offset(client: &Client) -> Option<TimeDelta> {
    fixed_offset(&client.settings.get(FTP_TIMEZONE, client.connection.host()))
}

/// A time in UTC; `None` for one on a clock of an unknown zone.
pub fn to_utc(modified: &Modified, offset: Option<TimeDelta>) -> Option<DateTime<Utc>> {
    match modified.zone {
        Zone::Utc => Some(modified.time.and_utc()),
        Zone::Server => Some(modified.time.checked_sub_signed(offset?)?.and_utc()),
    }
}

/// What a setting such as `UTC` or `+02:00` says; `None` for one that must be found out.
fn fixed_offset(text: &str) -> Option<TimeDelta> {
    if text == "UTC" {
        return Some(TimeDelta::zero());
    }
    let (sign, time) = text.split_at_checked(1)?;
    let time = NaiveTime::parse_from_str(time, "%H:%M").ok()?;
    let ahead = time.signed_duration_since(NaiveTime::MIN);
    match sign {
        "+" => Some(ahead),
        "-" => Some(-ahead),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_zone_is_read_and_others_are_found_out() {
        let minutes = |text| fixed_offset(text).map(|offset| offset.num_minutes());
        assert_eq!(minutes("UTC"), Some(0));
        assert_eq!(minutes("+05:30"), Some(330));
        assert_eq!(minutes("-08:00"), Some(-480));
        assert_eq!(minutes("auto"), None);
        assert_eq!(minutes("Europe/Berlin"), None);
    }

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
