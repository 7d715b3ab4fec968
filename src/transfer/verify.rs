//! The final check of a transfer: three conditions, and an error that names the one violated.
//!
//! They are: a stream that ended with TLS's close_notify, a count that equals the size if one is
//! known, and a completion reply of 226 or 250.

use super::FileInfo;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::Finished;
use crate::ftp::path::RemotePath;
use crate::tls::End;

/// Checks a download of `count` bytes; `expected` is the size, if known. Returns a warning for a
/// file of the right size whose stream was truncated after it.
///
/// # Errors
///
/// [`Kind::Incomplete`], or the kind of the server's refusal.
pub fn check_download(
    what: &str,
    count: u64,
    expected: Option<u64>,
    finished: &Finished,
) -> Result<Option<String>> {
    let good_reply = matches!(finished.reply.code, 226 | 250);
    if let Some(expected) = expected
        && good_reply
        && count != expected
    {
        return Err(wrong_size(what, count, expected));
    }
    if !good_reply {
        return Err(finished.failure(what));
    }
    match (finished.end, expected) {
        (End::Clean, _) => Ok(None),
        (End::Cut | End::Open | End::Unsecured, Some(_)) => Ok(Some(format!(
            "{what}: all {count} bytes came, but the data connection was not closed properly"
        ))),
        (End::Cut | End::Open, None) => Err(Error::new(
            Kind::Incomplete,
            format!(
                "{what}: the data connection was cut after {count} bytes \
                 (no TLS close_notify), and the server does not tell the size"
            ),
        )
        .as_transient()),
        (End::Unsecured, None) => Err(Error::new(
            Kind::Incomplete,
            format!(
                "{what}: the server closed the data connection before its TLS handshake, and does \
                 not tell the size: nothing shows that the file is empty"
            ),
        )),
        (End::Unknown, Some(_)) => Ok(None),
        (End::Unknown, None) => Ok(Some(format!(
            "{what}: unverified: the server does not tell the size, and this kind of \
             connection cannot show that it ended properly"
        ))),
    }
}

/// Checks that a file on a server is `after` its transfer what it was `before` (`xfer:verify
/// stable`). Returns a warning if the server tells too little to know.
///
/// # Errors
///
/// [`Kind::Incomplete`]; transient, because another attempt may find it at rest.
pub fn check_stable(
    path: &RemotePath,
    before: FileInfo,
    after: FileInfo,
) -> Result<Option<String>> {
    if before != after {
        let text = format!("get {path}: the file changed while it was fetched");
        return Err(Error::new(Kind::Incomplete, text)
            .with_hint("fetch it again when nothing writes to it")
            .as_transient());
    }
    let unknown =
        || format!("get {path}: unverified: the server does not tell when it was last changed");
    Ok(before.modified.is_none().then(unknown))
}

/// The error for a download of an unexpected size.
pub(super) fn wrong_size(what: &str, count: u64, expected: u64) -> Error {
    let which = if count < expected { "short" } else { "long" };
    Error::new(
        Kind::Incomplete,
        format!("{what}: too {which}: {count} bytes came, the server said {expected}"),
    )
    .with_hint("the file may be changing on the server: try again")
    .as_transient()
}

/// Checks an upload by its completion reply.
///
/// # Errors
///
/// [`Kind::Incomplete`], or the kind of the server's refusal.
pub fn check_upload(what: &str, finished: &Finished) -> Result<()> {
    if matches!(finished.reply.code, 226 | 250) { Ok(()) } else { Err(finished.failure(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::control::reply::Reply;

    fn judged(count: u64, expected: Option<u64>, end: End, code: u16) -> Result<bool, Kind> {
        let reply = Reply::new(code, vec![b"text".to_vec()]);
        let finished = Finished { end, reply, resumes: true };
        check_download("get x", count, expected, &finished)
            .map(|warning| warning.is_some())
            .map_err(|error| error.kind())
    }

    #[test]
    fn only_three_good_signs_together_make_a_silent_success() {
        const GOOD: Result<bool, Kind> = Ok(false);
        const WARNED: Result<bool, Kind> = Ok(true);
        const BAD: Result<bool, Kind> = Err(Kind::Incomplete);
        for (count, expected, end, code, verdict) in [
            (10, Some(10), End::Clean, 226, GOOD),
            (10, Some(10), End::Clean, 250, GOOD),
            (10, None, End::Clean, 226, GOOD),
            // Each fails one condition.
            (9, Some(10), End::Clean, 226, BAD),
            (11, Some(10), End::Clean, 226, BAD),
            (10, Some(10), End::Clean, 426, BAD),
            (10, Some(10), End::Clean, 451, BAD),
            (10, Some(10), End::Clean, 200, BAD),
            (10, None, End::Cut, 226, BAD),
            (9, Some(10), End::Cut, 226, BAD),
            (10, Some(10), End::Cut, 426, BAD),
            // The one exception, and streams whose end is unknown.
            (10, Some(10), End::Cut, 226, WARNED),
            (10, Some(10), End::Unknown, 226, GOOD),
            (10, None, End::Unknown, 226, WARNED),
            (9, Some(10), End::Unknown, 226, BAD),
            (0, Some(0), End::Unsecured, 226, WARNED),
            (0, Some(10), End::Unsecured, 226, BAD),
            (0, None, End::Unsecured, 226, BAD),
        ] {
            assert_eq!(
                judged(count, expected, end, code),
                verdict,
                "{count} of {expected:?}, {end:?}, {code}"
            );
        }
    }

    #[test]
    fn a_file_accepted_with_150_and_refused_after_it_is_a_refusal() {
        assert_eq!(judged(0, None, End::Clean, 550), Err(Kind::Refused));
    }

    #[test]
    fn the_message_names_both_numbers() {
        let finished = Finished {
            end: End::Clean,
            reply: Reply::new(226, vec![b"ok".to_vec()]),
            resumes: true,
        };
        let error = check_download("get x", 5, Some(10), &finished).unwrap_err();
        assert!(error.message().contains("5 bytes") && error.message().contains("10"), "{error}");
    }
}
