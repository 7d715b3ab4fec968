//! Data connections: EPSV and PASV one by one, and a listing as the shell would make it.

use std::net::{IpAddr, Ipv4Addr, TcpStream};

use chrono::Utc;

use super::Examination;
use super::advice::Topic;
use super::certificate;
use super::network::quote_reply;
use super::report::milliseconds;
use super::report::{Finding, Mark};
use super::write;
use crate::error::{Error, Kind, Result};
use crate::ftp::connect::examine::{ListingResult, Resume};
use crate::ftp::connect::steps::Secured;
use crate::ftp::control::reply::{Reply, epsv_port, pasv_address};
use crate::ftp::list_formats::{EntryKind, Line, ListParser, parse_mlsx};
use crate::ftp::session::list::list_directory;
use crate::ftp::session::login::log_in;
use crate::ftp::session::{DataMode, Session};
use crate::tls::End;

/// What the first listing that worked has shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proven {
    /// The passive command that it was made with.
    pub(super) verb: &'static str,
    /// Whether the TLS session was resumed.
    pub(super) resumed: bool,
}

/// EPSV and PASV, each with a listing; how listings end; MLSD.
pub(super) fn check_passive(
    exam: &mut Examination<'_>,
    control: &mut Secured,
) -> Result<Option<Proven>> {
    let mlsd = exam.features.mlst();
    let mut proven = None;
    let mut ends = Vec::new();
    let mut machine = None;
    for check in ["epsv", "pasv"] {
        if control.is_dead() {
            exam.report.add_finding(Finding::skip(check, "the connection was lost before"))?;
            continue;
        }
        // The first that works shows MLSD, if there is one, and the other shows LIST.
        let verb = if mlsd && machine.is_none() { "MLSD" } else { "LIST" };
        let listed = if check == "epsv" {
            check_extended_passive(exam, control, verb)?
        } else {
            check_classic_passive(exam, control, verb)?
        };
        let Some(listed) = listed else { continue };
        proven.get_or_insert(Proven { verb: check, resumed: listed.negotiated.resumed });
        ends.push(listed.end);
        let unknown = read_listing(exam, verb, &listed.bytes);
        if verb == "MLSD" {
            machine = Some(unknown);
        }
    }
    show_mlsd(exam, mlsd, machine)?;
    show_end(exam, &ends)?;
    Ok(proven)
}

fn check_extended_passive(
    exam: &mut Examination<'_>,
    control: &mut Secured,
    verb: &str,
) -> Result<Option<ListingResult>> {
    let reply = match control.command("EPSV", "") {
        Ok(reply) => reply,
        Err(error) => {
            exam.report.add_finding(Finding::error(Mark::Bad, "epsv", &error))?;
            return Ok(None);
        }
    };
    match epsv_port(&reply) {
        Ok(port) => list_with_mode(exam, "epsv", control, port, verb, String::new()),
        Err(_) if reply.class() == 4 => {
            exam.report.add_finding(no_port("epsv", &reply))?;
            Ok(None)
        }
        Err(_) => {
            let meaning = "PASV has to do, which is hard behind NAT and impossible on IPv6";
            let finding = Finding::note("epsv", quote_reply(&reply), meaning);
            exam.report.add_finding(finding.server(Topic::Epsv))?;
            Ok(None)
        }
    }
}

fn check_classic_passive(
    exam: &mut Examination<'_>,
    control: &mut Secured,
    verb: &str,
) -> Result<Option<ListingResult>> {
    let IpAddr::V4(peer) = control.peer().ip().to_canonical() else {
        exam.report.add_finding(Finding::skip("pasv", "it is for IPv4 only"))?;
        return Ok(None);
    };
    let reply = match control.command("PASV", "") {
        Ok(reply) => reply,
        Err(error) => {
            exam.report.add_finding(Finding::error(Mark::Bad, "pasv", &error))?;
            return Ok(None);
        }
    };
    let Ok((address, port)) = pasv_address(&reply) else {
        if reply.class() == 4 {
            exam.report.add_finding(no_port("pasv", &reply))?;
            return Ok(None);
        }
        let meaning = "clients without EPSV cannot transfer anything";
        exam.report.add_finding(Finding::note("pasv", quote_reply(&reply), meaning))?;
        return Ok(None);
    };
    let wrong = (address != peer).then(|| {
        let kind = if is_private(address) { "a private address" } else { "another address" };
        format!("{address}, {kind}, where the server is {peer}: ")
    });
    list_with_mode(exam, "pasv", control, port, verb, wrong.unwrap_or_default())
}

/// A passive command that is known and has no port to offer.
fn no_port(check: &'static str, reply: &Reply) -> Finding {
    Finding::new(Mark::Bad, check, quote_reply(reply))
        .means("no passive port is free: other connections use them all, or none can be opened")
        .server(Topic::Ports)
}

/// Connects to a passive port and lists. `wrong` says what is wrong with the address.
fn list_with_mode(
    exam: &mut Examination<'_>,
    check: &'static str,
    control: &mut Secured,
    port: u16,
    verb: &str,
    wrong: String,
) -> Result<Option<ListingResult>> {
    exam.report.passive_port = Some(port);
    let (tcp, took) = match control.dial(port) {
        Ok(dialled) => dialled,
        Err(error) => {
            exam.blocked = true;
            let seen = format!("{wrong}{}", error.message());
            let finding = Finding::new(Mark::Bad, check, seen)
                .means("the port cannot be reached: a firewall or router is in the way")
                .advise("try from another network; else the server's side has to change");
            exam.report.add_finding(finding.server(Topic::Ports))?;
            return Ok(None);
        }
    };
    let listed = match control.list(verb, tcp, Resume::Offer) {
        Ok(listed) => listed,
        Err(error) => {
            exam.report.add_finding(Finding::error(Mark::Bad, check, &error))?;
            return Ok(None);
        }
    };
    let resumed = if listed.negotiated.resumed { "resumed" } else { "not resumed" };
    let seen = format!(
        "{wrong}port {port} in {}; {verb}: {} bytes, TLS session {resumed}",
        milliseconds(took),
        listed.bytes.len(),
    );
    exam.report.add_finding(if wrong.is_empty() {
        Finding::ok(check, seen)
    } else {
        let meaning = "clients that believe it cannot connect; ftpsh takes the control \
                       connection's address instead";
        Finding::note(check, seen, meaning).server(Topic::Address)
    })?;
    Ok(Some(listed))
}

/// Finds a file to try things with; how many lines were not understood.
fn read_listing(exam: &mut Examination<'_>, verb: &str, bytes: &[u8]) -> usize {
    let mut parser = ListParser::new(None, Utc::now().naive_utc());
    let mut unknown = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if verb == "MLSD" { parse_mlsx(line) } else { parser.push(line) };
        match line {
            Line::Entry(entry) if entry.kind == EntryKind::File && exam.sample.is_none() => {
                exam.sample = Some(entry);
            }
            Line::Unknown => unknown += 1,
            _ => {}
        }
    }
    unknown
}

fn show_mlsd(exam: &mut Examination<'_>, offered: bool, machine: Option<usize>) -> Result<()> {
    exam.report.add_finding(match machine {
        Some(0) => Finding::ok("mlsd", "understood"),
        Some(unknown) => {
            let meaning = "`mirror --delete` would delete nothing after such a listing";
            Finding::note("mlsd", format!("lines not understood: {unknown}"), meaning)
        }
        None if offered => Finding::skip("mlsd", "no listing worked"),
        None => {
            let meaning = "LIST is read instead, which has no standard: sizes and times are \
                           as good as the server's format";
            Finding::note("mlsd", "not offered", meaning).server(Topic::Mlsd)
        }
    })
}

fn show_end(exam: &mut Examination<'_>, ends: &[End]) -> Result<()> {
    exam.report.add_finding(if ends.is_empty() {
        Finding::skip("close_notify", "no listing worked")
    } else if ends.iter().all(|end| *end == End::Clean) {
        Finding::ok("close_notify", "data connections end with it")
    } else {
        let meaning = "a cut connection looks like the end of a file: only files whose size \
                       is known can be told to be whole";
        Finding::note("close_notify", "data connections end without it", meaning)
            .server(Topic::CloseNotify)
    })
}

/// A session as the shell makes it, with its settings and its TLS backend, and a listing on
/// it: what decides whether a transfer would work.
pub(super) fn list_as_ftpsh(
    exam: &mut Examination<'_>,
    proven: Option<Proven>,
    write: bool,
) -> Result<()> {
    if exam.blocked && proven.is_none() && exam.options.mode != DataMode::Active {
        // Tried already, at the price of a time-out each.
        let seen = "no passive port of the server can be reached from here";
        let finding = Finding::new(Mark::Bad, "data connection", seen).server(Topic::Ports);
        return exam.report.block(Kind::Connect, finding);
    }
    let mut session = match check_session(exam) {
        Ok(session) => session,
        Err(error) => {
            let finding = Finding::error(Mark::Bad, "data connection", &error);
            return exam.report.block(error.kind(), finding);
        }
    };
    match list_directory(&mut session, None, false) {
        Ok(listing) => {
            let how = match session.data_negotiated() {
                Some(agreed) if agreed.resumed => "private, TLS session resumed",
                Some(_) => "private, same certificate",
                None => "not protected (tls:data is clear)",
            };
            let seen = format!("{} entries listed; {how}", listing.entries.len());
            exam.report.add_finding(Finding::ok("data connection", seen))?;
        }
        Err(error) => {
            let mut finding = Finding::error(Mark::Bad, "data connection", &error);
            if error.kind() == Kind::Connect {
                let meaning = "no passive port of this server can be reached from here";
                finding = finding.means(meaning).server(Topic::Ports);
            } else if error.kind() == Kind::Tls {
                finding = finding.server(Topic::Reuse);
            }
            exam.report.block(error.kind(), finding)?;
            if session.failure().is_none() {
                session.close_gracefully();
            }
            return Ok(());
        }
    }
    if write {
        write::check_write(exam, &mut session)?;
    } else {
        exam.report.add_finding(Finding::skip("upload", "only with `--write`"))?;
        write::rounded_minutes(exam)?;
    }
    session.close_gracefully();
    Ok(())
}

/// As the shell, which connects again, without pipelining, to a server that does not pipeline.
fn check_session(exam: &Examination<'_>) -> Result<Session> {
    let quirks = &exam.options.quirks;
    let was_serial = quirks.is_serial();
    match connect_session(exam) {
        Err(error) if error.kind() == Kind::Connect && !was_serial && quirks.is_serial() => {
            connect_session(exam)
        }
        other => other,
    }
}

fn connect_session(exam: &Examination<'_>) -> Result<Session> {
    let secured = Secured::connect(&exam.options)?;
    certificate::admit_certificate(exam, secured.identity())?;
    let mut session = Session::new(secured)?;
    let login = exam.login.as_ref().ok_or_else(|| Error::usage("no credentials"))?;
    log_in(&mut session, &login.login_request())?;
    Ok(session)
}

/// A data connection by a passive command that has worked before.
pub(super) fn open_passive(control: &mut Secured, verb: &str) -> Result<TcpStream> {
    let port = if verb == "pasv" {
        pasv_address(&control.command("PASV", "")?)?.1
    } else {
        epsv_port(&control.command("EPSV", "")?)?
    };
    control.dial(port).map(|(tcp, _)| tcp)
}

/// Addresses that mean nothing outside of the server's own network (RFC 1918, RFC 6598, RFC 3927).
fn is_private(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || (a == 100 && (64..128).contains(&b))
}
