//! What can go wrong, in one type: a kind, a message, at most one hint.
//!
//! Every failure that a user, a script or a test can see is an [`Error`] somewhere in an
//! `anyhow` chain. The kind decides the exit status, in [`Kind::exit`], and nowhere else.

use std::fmt;
use std::io::ErrorKind;

/// The cause of a failure. Each has one exit status and one name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A command failed for a reason that none of the other kinds names.
    Other,
    /// The command line, a command's arguments or the script is wrong.
    Usage,
    /// DNS, connect, a lost connection or a timeout.
    Connect,
    /// TLS failed, or the server does not offer it.
    Tls,
    /// The certificate is unknown and nobody could be asked, or the answer was no.
    CertUnknown,
    /// The certificate is not the one remembered.
    CertChanged,
    /// The login was refused, or there are no credentials.
    Login,
    /// The server refused a command, or there is no such file on it.
    Refused,
    /// A local file could not be read, written or created.
    Local,
    /// A transfer ended early or could not be verified.
    Incomplete,
    /// The start-up file or a stored setting is wrong.
    Config,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM or SIGHUP.
    Terminated,
}

impl Kind {
    /// All kinds, in the order of their exit statuses.
    pub const ALL: [Kind; 13] = [
        Kind::Other,
        Kind::Usage,
        Kind::Connect,
        Kind::Tls,
        Kind::CertUnknown,
        Kind::CertChanged,
        Kind::Login,
        Kind::Refused,
        Kind::Local,
        Kind::Incomplete,
        Kind::Config,
        Kind::Interrupted,
        Kind::Terminated,
    ];

    /// The process's exit status for this cause.
    pub const fn exit(self) -> u8 {
        self.row().0
    }

    /// The name of this cause in JSON (`kind` of an `error` object).
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// One line about this cause, for the man page's EXIT STATUS section.
    pub const fn help(self) -> &'static str {
        self.row().2
    }

    /// The one table: exit status, name, description.
    const fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Kind::Other => (1, "failed", "A command failed otherwise."),
            Kind::Usage => (2, "usage", "Wrong usage: options, arguments, script syntax."),
            Kind::Connect => (3, "connect", "DNS, connect or timeout."),
            Kind::Tls => (4, "tls", "TLS failed or is not offered."),
            Kind::CertUnknown => (5, "certificate-unknown", "The certificate is unknown."),
            Kind::CertChanged => (6, "certificate-changed", "The certificate has changed."),
            Kind::Login => (7, "login", "Login refused, or no credentials."),
            Kind::Refused => (8, "refused", "The server refused, or no such file."),
            Kind::Local => (9, "local", "Local file error."),
            Kind::Incomplete => (10, "incomplete", "Transfer incomplete, or verification failed."),
            Kind::Config => (11, "config", "Start-up file or setting wrong."),
            Kind::Interrupted => (130, "interrupted", "Interrupted (Ctrl-C)."),
            Kind::Terminated => (143, "terminated", "Terminated (SIGTERM or SIGHUP)."),
        }
    }
}

/// A failure: `what: why`, with the next thing to type where there is one.
///
/// The message is lower case without a final full stop. It may quote what a server sent: whoever
/// shows it escapes it first (`output` does).
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    message: String,
    details: Vec<String>,
    hint: Option<String>,
    /// Its code, and the whole of it.
    reply: Option<(u16, String)>,
    shown: bool,
    transient: bool,
}

impl Error {
    /// A failure with its cause and its text.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            hint: None,
            reply: None,
            shown: false,
            transient: false,
        }
    }

    /// A wrong command line, argument or script.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A local file operation on `path` that failed.
    pub fn local(path: impl AsRef<std::path::Path>, why: &std::io::Error) -> Self {
        let failed =
            Self::new(Kind::Local, format!("{}: {}", path.as_ref().display(), io_reason(why)));
        match why.kind() {
            ErrorKind::StorageFull => failed.with_hint("make room on that disk"),
            ErrorKind::QuotaExceeded => failed.with_hint("make room: your quota is used up"),
            ErrorKind::ReadOnlyFilesystem => {
                failed.with_hint("that disk takes no changes: choose another directory (`lcd`, -O)")
            }
            ErrorKind::FileTooLarge => failed.with_hint("see `ulimit -f`, or choose another disk"),
            _ => failed,
        }
    }

    /// The failure of something whose errors have been shown already: only its kind counts.
    pub fn already_shown(kind: Kind) -> Self {
        Self { shown: true, ..Self::new(kind, "failed") }
    }

    /// Whether it has been shown already.
    pub fn was_shown(&self) -> bool {
        self.shown
    }

    /// Marks a failure that may not happen again: a lost connection, a 4yz reply.
    #[must_use]
    pub fn as_transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Marks a failure after which everything has been tried.
    #[must_use]
    pub fn as_permanent(mut self) -> Self {
        self.transient = false;
        self
    }

    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// Adds a line to be shown below the message.
    #[must_use]
    pub fn with_detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds the next thing to type. The last one given is kept.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the server's reply: its code, and the whole of it as it came.
    #[must_use]
    pub fn with_reply(mut self, code: u16, reply: impl Into<String>) -> Self {
        self.reply = Some((code, reply.into()));
        self
    }

    /// Adds the reply that caused another error, if one did.
    #[must_use]
    pub fn with_reply_of(mut self, cause: &Self) -> Self {
        self.reply.clone_from(&cause.reply);
        self
    }

    /// Puts what was being done in front of the message: `what: why`.
    #[must_use]
    pub fn with_context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Puts the local path in front of a local failure that does not name it yet.
    #[must_use]
    pub fn with_local_path(self, path: &std::path::Path) -> Self {
        if self.kind == Kind::Local { self.with_context(path.display()) } else { self }
    }

    /// The cause.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text, without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is to be shown below the message, line by line.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// The next thing to type, if there is one.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The server's reply, if one caused this.
    pub fn reply(&self) -> Option<&str> {
        self.reply.as_ref().map(|(_, text)| text.as_str())
    }

    /// The code of the server's reply, if one caused this.
    pub fn reply_code(&self) -> Option<u16> {
        self.reply.as_ref().map(|(code, _)| *code)
    }

    /// Whether a reply with one of these codes caused this.
    pub fn has_reply_code(&self, codes: &[u16]) -> bool {
        self.reply_code().is_some_and(|code| codes.contains(&code))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A result whose failure is typed.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The [`Error`] inside an `anyhow` chain, if there is one.
pub fn find_typed(error: &anyhow::Error) -> Option<&Error> {
    error.downcast_ref::<Error>().or_else(|| error.chain().find_map(|e| e.downcast_ref()))
}

/// The cause of an `anyhow` chain; [`Kind::Other`] where nothing in it is typed.
pub fn kind_of(error: &anyhow::Error) -> Kind {
    find_typed(error).map_or(Kind::Other, Error::kind)
}

/// A system error in words: the text without Rust's `(os error N)`, in lower case.
pub fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    match chars.next() {
        // "I/O error" and "DNS ..." keep their capitals.
        Some(first) if !chars.as_str().starts_with(|c: char| !c.is_lowercase() && c != ' ') => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// As much of a word as a message should repeat.
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn every_kind_has_its_own_status_and_name() {
        let mut seen = std::collections::HashSet::new();
        for kind in Kind::ALL {
            assert!(seen.insert(kind.exit().to_string()), "{kind:?}: status used twice");
            assert!(seen.insert(kind.name().to_owned()), "{kind:?}: name used twice");
        }
        assert_eq!(Kind::ALL.map(Kind::exit), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143]);
    }

    #[test]
    fn the_kind_survives_context_added_at_the_edge() {
        let failed: anyhow::Result<()> =
            Err(Error::new(Kind::Login, "login refused").with_hint("try again"))
                .context("open server");
        let error = failed.expect_err("an error");
        assert_eq!(kind_of(&error), Kind::Login);
        assert_eq!(find_typed(&error).and_then(Error::hint), Some("try again"));
        assert_eq!(kind_of(&anyhow::anyhow!("untyped")), Kind::Other);
    }

    #[test]
    fn system_errors_read_like_a_sentence_part() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(io_reason(&error), "no such file or directory");
        let error = std::io::Error::other("DNS went away");
        assert_eq!(io_reason(&error), "DNS went away");
    }
}
