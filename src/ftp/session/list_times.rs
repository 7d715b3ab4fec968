//! Finds out how far the times of LIST are ahead of UTC, if necessary with an MDTM.

use chrono::TimeDelta;

use super::Session;
use super::pipeline::prefetch_passive_port;
use super::server_clock::ServerClock;
use crate::ftp::list_formats::{Modified, Precision, Zone};
use crate::ftp::path::RemotePath;

/// How far LIST's times are ahead of UTC; `None` while that is unknown. `file` is one whose time in
/// LIST is exact to the minute: if necessary, MDTM is sent for it.
///
/// For a server with summer time, the offset is that of the season of that file.
pub fn list_time_offset(
    session: &mut Session,
    file: Option<(&RemotePath, &Modified)>,
) -> Option<TimeDelta> {
    let configured = session.timezone;
    let clock = session.config.clock.clone();
    // Where the zone is set, only whether MDTM is in it is found out.
    let is_settled = configured.is_some_and(|zone| zone.is_zero() || clock.is_vsftpd());
    if !is_settled {
        compare_with_mdtm(session, &clock, file);
    }
    let mdtm = clock.mdtm_offset(configured);
    configured.or_else(|| clock.list_offset().map(|list| list + mdtm))
}

fn compare_with_mdtm(
    session: &mut Session,
    clock: &ServerClock,
    file: Option<(&RemotePath, &Modified)>,
) {
    let Some((path, listed)) = file else { return };
    if listed.zone != Zone::Server || listed.precision != Precision::Minute {
        return;
    }
    if !clock.begin_comparison() {
        return;
    }
    if session.prefetch_port && prefetch_passive_port(session).is_err() {
        return;
    }
    if let Ok(Some(exact)) = session.mdtm_reply_time(path) {
        clock.learn_from_listed_file(listed.time, exact);
    }
}
