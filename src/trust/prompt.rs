//! The trust question and its answers, as in OpenSSH.
//!
//! Only texts: the shell does the asking. `y` is not an answer, and a hostile certificate cannot
//! forge a line of the question.

use super::checker::Answer;
use super::display::{certificate_names, date_text, list_names, one_line};
use super::fingerprint::Fingerprint;
use super::refusal::Unknown;

/// The message for an answer that [`parse_answer`] rejects, before asking again.
pub fn unclear_answer(text: &str) -> &'static str {
    match Fingerprint::parse(text) {
        // A fingerprint copied from a trusted source did not match: exactly the case it is typed
        // for.
        Ok(_) => {
            "that is another fingerprint than the server's: do not trust it, unless it was mistyped"
        }
        Err(_) => "please type `yes`, `once`, `no` or the fingerprint",
    }
}

/// The whole question, several lines; the answer is typed at its end.
pub fn trust_question(unknown: &Unknown) -> String {
    let Unknown { host, port, certificate: cert, problems, known_as, .. } = unknown;
    let problems: String = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    let names = certificate_names(cert);
    let known_as = match known_as.as_slice() {
        [] => String::new(),
        others => format!("Known as:    {}\n", list_names(others)),
    };
    format!(
        "The certificate of {host}, port {port}, is not trusted:\n\
         {problems}\
         Subject:     {}\n\
         Names:       {names}\n\
         Issuer:      {}\n\
         Valid:       {} to {}\n\
         Key:         {}\n\
         Fingerprint: {}\n\
         {known_as}\
         Trust this server (yes/once/no/fingerprint) [no]? ",
        one_line(&cert.subject),
        one_line(&cert.issuer),
        date_text(cert.not_before),
        date_text(cert.not_after),
        cert.key,
        cert.fingerprint,
    )
}

/// Parses an answer to the question about the certificate with the fingerprint `shown`. `None`
/// means to ask again: it was not an answer, or another certificate's fingerprint.
pub fn parse_answer(text: &str, shown: &Fingerprint) -> Option<Answer> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "yes" => Some(Answer::Yes),
        "once" => Some(Answer::Once),
        "no" | "" => Some(Answer::No),
        _ => {
            let typed = Fingerprint::parse(text).ok()?;
            (typed == *shown).then_some(Answer::Fingerprint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::testing::{Maker, date, ec_key};

    fn unknown(maker: Maker) -> Unknown {
        Unknown {
            host: "ftp.example.org".into(),
            port: 2121,
            certificate: maker.certificate(&ec_key()),
            problems: vec!["it is self-signed".into(), "it expired on 2025-01-02".into()],
            exceptions: Vec::new(),
            known_as: Vec::new(),
        }
    }

    #[test]
    fn the_question_shows_all_that_matters() {
        let unknown = unknown(
            Maker::new("Box")
                .organisation("Acme")
                .names(&["a.example", "192.0.2.7"])
                .valid(date(2024, 1, 2), date(2025, 1, 2)),
        );
        let fingerprint = unknown.certificate.fingerprint;
        let expected = format!(
            "The certificate of ftp.example.org, port 2121, is not trusted:\n  \
             it is self-signed\n  \
             it expired on 2025-01-02\n\
             Subject:     CN=Box, O=Acme\n\
             Names:       a.example, 192.0.2.7\n\
             Issuer:      CN=Box, O=Acme\n\
             Valid:       2024-01-02 to 2025-01-02\n\
             Key:         EC P-256\n\
             Fingerprint: {fingerprint}\n\
             Trust this server (yes/once/no/fingerprint) [no]? "
        );
        assert_eq!(trust_question(&unknown), expected);
        let known_as = vec!["b.example:21".into(), "192.0.2.7:990".into()];
        let known = trust_question(&Unknown { known_as, ..unknown });
        let line = format!("{fingerprint}\nKnown as:    b.example:21, 192.0.2.7:990\nTrust");
        assert!(known.contains(&line), "{known}");
    }

    #[test]
    fn a_hostile_certificate_cannot_forge_a_line() {
        let plain = trust_question(&unknown(Maker::new("Box").names(&["a"])));
        let hostile = Maker::new("x\r\nFingerprint: SHA256:good")
            .organisation("\u{1b}[8m")
            .names(&["b\nTrust this server"]);
        let forged = trust_question(&unknown(hostile));
        assert_eq!(forged.lines().count(), plain.lines().count());
        assert!(!forged.contains(|c: char| c.is_control() && c != '\n'), "{forged:?}");
    }

    #[test]
    fn answers_are_whole_words_or_the_fingerprint() {
        let shown = Fingerprint([0xAB; 32]);
        let hex = "AB".repeat(32);
        let colons = ["ab"; 32].join(":");
        let text = shown.to_string();
        let wrong = Fingerprint([1; 32]).to_string();
        let cases = [
            ("yes", Some(Answer::Yes)),
            (" YES \n", Some(Answer::Yes)),
            ("once", Some(Answer::Once)),
            ("no", Some(Answer::No)),
            ("", Some(Answer::No)),
            ("\n", Some(Answer::No)),
            (&text, Some(Answer::Fingerprint)),
            (&hex, Some(Answer::Fingerprint)),
            (&colons, Some(Answer::Fingerprint)),
            (&wrong, None),
            (&text[..20], None),
            ("y", None),
            ("n", None),
            ("yess", None),
            ("yes please", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(parse_answer(typed, &shown), expected, "{typed:?}");
        }
        assert!(unclear_answer(&wrong).contains("another fingerprint"));
        assert!(unclear_answer("y").contains("`once`"));
    }
}
