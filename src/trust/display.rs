//! Human-readable descriptions of certificate problems.
//!
//! Every text made here is one line that is safe to show: line ends and other control characters of
//! hostile fields are escaped, and long fields are shortened.

use chrono::{DateTime, Utc};

use super::certificate::Certificate;
use super::identity::Problem;

/// Longest field shown in full, in characters.
const LONGEST: usize = 200;
/// Maximum number of a certificate's names shown.
const NAMES: usize = 10;

/// One problem, as a sentence about the certificate (`it is self-signed`).
pub fn describe_problem(
    problem: &Problem,
    cert: &Certificate,
    host: &str,
    now: DateTime<Utc>,
) -> String {
    match problem {
        Problem::SelfSigned => "it is self-signed".to_owned(),
        Problem::UnknownIssuer => {
            format!("it is signed by {}, which this system does not know", one_line(&cert.issuer))
        }
        Problem::Expired if cert.not_after < now => {
            format!("it expired on {}", date_text(cert.not_after))
        }
        // OpenSSL reports one code for the whole chain.
        Problem::Expired => "a certificate above it has expired".to_owned(),
        Problem::NotYetValid if cert.not_before > now => {
            format!("it is not valid before {}", date_text(cert.not_before))
        }
        Problem::NotYetValid => "a certificate above it is not yet valid".to_owned(),
        Problem::WrongName => {
            format!("it is for {}, not for {}", certificate_holder(cert), one_line(host))
        }
        Problem::Other(text) => one_line(text),
    }
}

/// All problems, joined.
pub fn describe_problems(
    problems: &[Problem],
    cert: &Certificate,
    host: &str,
    now: DateTime<Utc>,
) -> Vec<String> {
    problems.iter().map(|problem| describe_problem(problem, cert, host, now)).collect()
}

/// The names of a certificate, or its subject if it has none.
fn certificate_holder(cert: &Certificate) -> String {
    if cert.names.is_empty() { one_line(&cert.subject) } else { certificate_names(cert) }
}

/// The names of a certificate, shortened if there are many; `(none)` if empty.
pub fn certificate_names(cert: &Certificate) -> String {
    let names: Vec<String> = cert.names.iter().map(|name| one_line(name)).collect();
    if names.is_empty() { "(none)".to_owned() } else { list_names(&names) }
}

/// The names of servers, shortened if there are many.
pub fn list_names(names: &[String]) -> String {
    match names.len().saturating_sub(NAMES) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMES].join(", ")),
    }
}

/// The roots that certificates are verified with.
pub fn roots_text(own_roots: bool) -> &'static str {
    match own_roots {
        true => "the system's roots and those of tls:ca-file",
        false => "the system's roots",
    }
}

/// A date in UTC: `2026-01-02`.
pub fn date_text(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}

/// A hostile field as one line of bounded length, so that it can neither forge other lines of a
/// question nor push them off the screen.
pub fn one_line(field: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut line = String::new();
    for c in field.chars().take(LONGEST) {
        match breaks(c) {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    match field.chars().nth(LONGEST) {
        Some(_) => line + "…",
        None if line.trim().is_empty() => "(nothing)".to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::testing::{Maker, date, ec_key};

    #[test]
    fn problems_read_as_sentences() {
        let now = date(2026, 6, 1);
        let maker = || Maker::new("Box").issuer("Example CA").names(&["other-host", "192.0.2.7"]);
        let expired = maker().valid(date(2024, 1, 2), date(2025, 1, 2));
        let future = maker().valid(date(2027, 3, 4), date(2028, 1, 2));
        let hostile = maker().names(&["a\nFingerprint: SHA256:x", "\u{1b}[2J"]);
        let cases = [
            (maker(), Problem::SelfSigned, "it is self-signed"),
            (
                maker(),
                Problem::UnknownIssuer,
                "it is signed by CN=Example CA, which this system does not know",
            ),
            (expired, Problem::Expired, "it expired on 2025-01-02"),
            (maker(), Problem::Expired, "a certificate above it has expired"),
            (future, Problem::NotYetValid, "it is not valid before 2027-03-04"),
            (maker(), Problem::NotYetValid, "a certificate above it is not yet valid"),
            (
                maker(),
                Problem::WrongName,
                "it is for other-host, 192.0.2.7, not for ftp.example.org",
            ),
            (Maker::new("Box"), Problem::WrongName, "it is for CN=Box, not for ftp.example.org"),
            (
                hostile,
                Problem::WrongName,
                "it is for a\\nFingerprint: SHA256:x, \\u{1b}[2J, not for ftp.example.org",
            ),
            (maker(), Problem::Other("bad\r\nkey usage".into()), "bad\\r\\nkey usage"),
        ];
        for (maker, problem, expected) in cases {
            let cert = maker.certificate(&ec_key());
            assert_eq!(describe_problem(&problem, &cert, "ftp.example.org", now), expected);
        }
    }

    #[test]
    fn long_fields_and_many_names_are_cut() {
        let many: Vec<String> = (0..12).map(|n| format!("h{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let cert = Maker::new("x").names(&many).certificate(&ec_key());
        assert_eq!(certificate_names(&cert), "h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 and 2 more");
        assert_eq!(certificate_names(&Maker::new("x").certificate(&ec_key())), "(none)");
        assert_eq!(one_line(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
        assert_eq!(one_line(&"x".repeat(LONGEST + 1)), "x".repeat(LONGEST) + "…");
        assert_eq!(one_line("a\u{2028}b\u{85}c\0"), "a\\u{2028}b\\u{85}c\\u{0}");
        assert_eq!(one_line(""), "(nothing)");
    }
}
