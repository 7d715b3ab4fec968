//! What the server says that it can do, and whether it can.

use super::Examination;
use super::advice::Topic;
use super::network::quote_reply;
use super::report::Finding;
use crate::error::Result;
use crate::ftp::connect::steps::Secured;
use crate::ftp::control::reply::{self, Reply};
use crate::ftp::session::features::Features;

/// SYST, FEAT and what follows from it: UTF8.
pub(super) fn ask_features(exam: &mut Examination<'_>, control: &mut Secured) -> Result<()> {
    let system = control.command("SYST", "").map(|reply| reply.to_string());
    exam.detect_software(&system.unwrap_or_default());
    if let Ok(reply) = control.command("FEAT", "") {
        exam.detect_software(&reply.to_string());
        exam.features = Features::parse(&reply);
    }
    let mut names: Vec<_> = exam.features.iter().map(|feature| &*feature.name).collect();
    names.dedup();
    let brand = exam.report.brand.name().unwrap_or("a server that does not tell its name");
    exam.report.add_finding(if exam.features.is_supported() {
        Finding::ok("features", format!("{brand}: {}", names.join(", ")))
    } else {
        let meaning = "the server does not say what it can do; everything has to be tried";
        Finding::note("features", format!("{brand}; FEAT is not answered"), meaning)
    })?;
    exam.report.add_finding(match control.command("OPTS", "UTF8 ON") {
        Ok(reply) if reply.is_positive_completion() => Finding::ok("utf8", quote_reply(&reply)),
        Ok(reply) if exam.features.utf8() => {
            Finding::ok("utf8", format!("offered; OPTS UTF8 ON: {}", quote_reply(&reply)))
        }
        Ok(reply) => {
            let meaning = "names are bytes of a character set that the server does not tell";
            Finding::note("utf8", quote_reply(&reply), meaning)
                .advise("`set net:charset` where names look wrong")
                .server(Topic::Utf8)
        }
        Err(error) => Finding::skip("utf8", error.message()),
    })?;
    // Sizes are those of the binary type; some servers refuse SIZE in the other.
    let _ = control.command("TYPE", "I");
    Ok(())
}

/// SIZE and MDTM of a file that was listed, REST, MFMT and hashes.
pub(super) fn try_features(exam: &mut Examination<'_>, control: &mut Secured) -> Result<()> {
    let sample = exam.sample.as_ref().map(|entry| entry.name.clone());
    let listed = exam.sample.as_ref().and_then(|entry| entry.size);
    let finding = sample_features(exam, control, "size", "SIZE", sample.as_deref(), &|reply| {
        let size = reply::size_value(reply)?;
        let differs = listed.is_some_and(|listed| listed != size);
        let but = if differs { ", which is not what the listing says" } else { "" };
        Some(format!("{size} bytes{but}"))
    });
    let meaning = "whether a download is whole is told by the end of the stream only";
    exam.report.add_finding(finding.unwrap_or_else(|seen| Finding::note("size", seen, meaning)))?;
    let finding = sample_features(exam, control, "mdtm", "MDTM", sample.as_deref(), &|reply| {
        reply::mdtm_time(reply).map(|time| format!("{time} UTC"))
    });
    let meaning = "times come from listings only, often without seconds or time zone";
    exam.report.add_finding(finding.unwrap_or_else(|seen| Finding::note("mdtm", seen, meaning)))?;
    check_restart(exam, control)?;
    let clock = if exam.features.mfmt() {
        Finding::ok("mfmt", "offered: uploads keep their times")
    } else {
        let meaning = "uploads may get the time of the upload; MDTM with a time is tried too";
        Finding::note("mfmt", "not offered", meaning).server(Topic::Times)
    };
    exam.report.add_finding(clock)?;
    let mut hashes: Vec<_> =
        exam.features.hash_algorithms().into_iter().map(|(name, _)| name).collect();
    let older = exam.features.checksum_commands();
    hashes.extend(older.iter().map(|(verb, algorithm)| format!("{algorithm} by {verb}")));
    exam.report.add_finding(if hashes.is_empty() {
        let meaning = "files are compared by size; `xfer:verify hash` has nothing to ask for";
        Finding::note("hash", "not offered", meaning)
    } else {
        Finding::ok("hash", hashes.join(", "))
    })
}

/// Asks for a fact of the sample file. `Err` holds what was seen instead of it.
fn sample_features(
    exam: &Examination<'_>,
    control: &mut Secured,
    check: &'static str,
    verb: &str,
    sample: Option<&str>,
    read: &dyn Fn(&Reply) -> Option<String>,
) -> Result<Finding, String> {
    let Some(name) = sample else {
        return if exam.features.has(verb) {
            Ok(Finding::ok(check, "offered; there is no file here to try it with"))
        } else {
            Err("not offered".to_owned())
        };
    };
    match control.command(verb, name) {
        Ok(reply) => match read(&reply) {
            Some(value) => Ok(Finding::ok(check, format!("{name}: {value}"))),
            None => Err(format!("{name}: {}", quote_reply(&reply))),
        },
        Err(error) => Err(error.message().to_owned()),
    }
}

fn check_restart(exam: &mut Examination<'_>, control: &mut Secured) -> Result<()> {
    let reply = control.command("REST", "1");
    // No transfer is to begin there.
    let _ = control.command("REST", "0");
    let meaning = "transfers cannot be resumed: they begin again";
    exam.report.add_finding(match reply {
        Ok(reply) if reply.code == 350 => Finding::ok("rest", quote_reply(&reply)),
        Ok(reply) => Finding::note("rest", quote_reply(&reply), meaning).server(Topic::Restart),
        Err(error) => Finding::skip("rest", error.message()),
    })
}
