//! `--write`: a small file up, its time set, down again, compared, removed.
//!
//! The file name is unique. The file is removed after any failure.

use std::io::{Read as _, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};

use super::Examination;
use super::advice::Topic;
use super::report::{Finding, Mark};
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::data::open::open_data;
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;

/// How many seconds a clock may be off before it is reported.
const CLOCK: i64 = 60;

/// The round trip of a file. A failure is one of transfers: it was asked for.
pub(super) fn check_write(exam: &mut Examination<'_>, session: &mut Session) -> Result<()> {
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("ftpsh-doctor-{}-{}", std::process::id(), moment.as_nanos());
    let path = RemotePath::new(name)?;
    // Every byte, line ends among them: a transfer that converts something shows.
    let content: Vec<u8> = (0..=255).cycle().take(4096).collect();
    if let Err(error) = send_file(session, &path, &content) {
        let finding = Finding::error(Mark::Bad, "upload", &error).server(Topic::Write);
        exam.report.block(error.kind(), finding)?;
        // Some of it may have arrived.
        let _ = session.remove_file(&path);
        return Ok(());
    }
    let done = check_with_file(exam, session, &path, &content);
    let removed = session.remove_file(&path);
    done?;
    exam.report.add_finding(match removed {
        Ok(()) => Finding::ok("remove", "the file is gone again"),
        Err(error) => Finding::error(Mark::Bad, "remove", &error)
            .means(format!("{path} is still there"))
            .server(Topic::Write),
    })
}

fn check_with_file(
    exam: &mut Examination<'_>,
    session: &mut Session,
    path: &RemotePath,
    content: &[u8],
) -> Result<()> {
    let size = session.file_size(path).ok().flatten();
    let seen = format!("{path}, {} bytes", content.len());
    exam.report.add_finding(match size {
        Some(size) if size != content.len() as u64 => {
            let seen = format!("{seen}; the server has {size}");
            let meaning = "the server changes what it stores";
            Finding::new(Mark::Bad, "upload", seen).means(meaning)
        }
        _ => Finding::ok("upload", seen),
    })?;
    check_clock(exam, session, path)?;
    check_times(exam, session, path)?;
    match fetch_file(session, path) {
        Ok(back) if back == content => {
            exam.report.add_finding(Finding::ok("download", "what came back is what was sent"))
        }
        Ok(back) => {
            let seen = format!("{} bytes came back, and not those sent", back.len());
            exam.report.block(Kind::Incomplete, Finding::new(Mark::Bad, "download", seen))
        }
        Err(error) => {
            let finding = Finding::error(Mark::Bad, "download", &error);
            exam.report.block(error.kind(), finding)
        }
    }
}

/// The time of a file just written, against this machine's clock. A server that sends local time is
/// remembered as such.
fn check_clock(exam: &mut Examination<'_>, session: &mut Session, path: &RemotePath) -> Result<()> {
    let sample = session.clock_sample_of_new_file(path);
    let learned = sample.and_then(|sample| session.read_clock_sample(&sample).ok().flatten());
    let Some(there) = session.mdtm_reply_time(path).ok().flatten() else {
        return exam.report.add_finding(Finding::skip("clock", "the server tells no times"));
    };
    let off = (there - Utc::now().naive_utc()).num_seconds();
    exam.report.add_finding(if off.abs() <= CLOCK {
        Finding::ok("clock", format!("differs by {} s", off.abs()))
    } else {
        let way = if off > 0 { "ahead" } else { "behind" };
        let seen = format!("the server is {} s {way}", off.abs());
        match learned {
            Some(zone) => {
                let meaning = "the server sends local time where UTC is due; its times are converted, \
                               from now on";
                let (sign, minutes) = if off > 0 { ('+', zone) } else { ('-', -zone) };
                let minutes = minutes.num_minutes();
                let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
                Finding::note("clock", seen, meaning).advise(format!(
                    "`set ftp:timezone/{} {zone}` says so from the first command, where there is no \
                     summer time",
                    exam.site.host
                ))
            }
            None if off.abs() % 900 <= CLOCK || off.abs() % 900 >= 900 - CLOCK => {
                let meaning = "the server sends local time where UTC is due: times are off by its zone";
                Finding::note("clock", seen, meaning)
            }
            None => {
                let meaning = "one of the two clocks is wrong: `mirror --newer` may skip files";
                Finding::note("clock", seen, meaning)
            }
        }
        .server(Topic::Clock)
    })
}

/// What is known of the clock without `--write`: no FTP command returns the time, but Pure-FTPd's
/// greeting has the minute.
pub(super) fn rounded_minutes(exam: &mut Examination<'_>) -> Result<()> {
    exam.report.add_finding(match exam.minutes {
        None => Finding::skip("clock", "needs `--write`: no command of FTP tells the time"),
        Some(off) if off.abs() <= 1 => {
            let seen = "the minute in the greeting is right; the zone needs `--write`";
            Finding::ok("clock", seen)
        }
        Some(off) => {
            let way = if off > 0 { "ahead" } else { "behind" };
            let seen = format!("the minute in the greeting is {} {way}", off.abs());
            let meaning = "one of the two clocks is wrong; `--write` tells by how much";
            Finding::note("clock", seen, meaning).server(Topic::Clock)
        }
    })
}

/// Whether a modification time can be set.
fn check_times(exam: &mut Examination<'_>, session: &mut Session, path: &RemotePath) -> Result<()> {
    let noon = NaiveDate::from_ymd_opt(2020, 2, 29).and_then(|day| day.and_hms_opt(12, 34, 56));
    let Some(wanted) = noon else { return Ok(()) };
    let set = session.set_modified_time(path, wanted);
    let there = session.modified_time(path).ok().flatten();
    exam.report.add_finding(match (set, there) {
        (Ok(true), Some(time)) if time == wanted => Finding::ok("times", "can be set"),
        (Ok(true), Some(time)) => {
            let off = time - wanted;
            let meaning = match off.abs() < TimeDelta::days(2) {
                true => "the server reads or sends local time where UTC is due",
                false => "the server says that it set the time, and did not",
            };
            let seen = format!("set to {wanted}, told as {time}");
            Finding::note("times", seen, meaning).server(Topic::Clock)
        }
        (Ok(true), None) => Finding::ok("times", "the server took one; it tells none"),
        (Ok(false), _) => {
            let meaning = "uploads get the time of the upload";
            Finding::note("times", "cannot be set", meaning).server(Topic::Times)
        }
        (Err(error), _) => Finding::error(Mark::Bad, "times", &error),
    })
}

/// How many minutes the local time in a greeting (Pure-FTPd: `Local time is now 10:42.`) is ahead
/// of `now` (UTC), from -7 to 7: zones are off by whole quarters of an hour.
pub(super) fn minutes_off(greeting: &str, now: NaiveTime) -> Option<i64> {
    let (_, there) = greeting.split_once("Local time is now ")?;
    let there = NaiveTime::parse_from_str(there.get(..5)?, "%H:%M").ok()?;
    let off = i64::from(there.minute()) - i64::from(now.minute());
    Some((off + 7).rem_euclid(15) - 7)
}

fn send_file(session: &mut Session, path: &RemotePath, content: &[u8]) -> Result<()> {
    let timeout = session.config().timeout;
    let mut data = open_data(session, "upload", "STOR", path.as_str(), 0)?;
    if let Err(error) = data.write_all(content) {
        data.abort();
        return Err(data_error(&error, timeout));
    }
    let finished = data.finish_upload()?;
    await_completion(finished.reply.code, || finished.failure("upload"))
}

fn fetch_file(session: &mut Session, path: &RemotePath) -> Result<Vec<u8>> {
    let timeout = session.config().timeout;
    let mut data = open_data(session, "download", "RETR", path.as_str(), 0)?;
    let mut back = Vec::new();
    // A byte more than was sent is enough to know.
    if let Err(error) = (&mut data).take(4097).read_to_end(&mut back) {
        data.abort();
        return Err(data_error(&error, timeout));
    }
    let finished = data.finish()?;
    await_completion(finished.reply.code, || finished.failure("download"))?;
    Ok(back)
}

fn await_completion(code: u16, failure: impl FnOnce() -> Error) -> Result<()> {
    if matches!(code, 226 | 250) { Ok(()) } else { Err(failure()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_of_a_greeting_is_compared_whatever_the_zone() {
        let now = NaiveTime::from_hms_opt(10, 58, 30).unwrap();
        for (said, off) in [
            ("Local time is now 10:58. Server port: 21.", Some(0)),
            ("Local time is now 16:28.", Some(0)),
            ("Local time is now 04:43.", Some(0)),
            ("Local time is now 12:02.", Some(4)),
            ("Local time is now 10:52.", Some(-6)),
            ("Local time is now 99:99.", None),
            ("Local time is now 1", None),
            ("Local time is now 10:5\u{e9}", None),
            ("hello", None),
        ] {
            assert_eq!(minutes_off(said, now), off, "{said}");
        }
    }
}
