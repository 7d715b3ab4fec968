//! The error type: a kind, a message, at most one hint.
//!
//! Every failure visible to a user, a script or a test is an [`Error`] somewhere in an `anyhow`
//! chain. The kind alone decides the exit status, in [`Kind::exit`].

use std::fmt;
use std::io::ErrorKind;

/// The kind of a failure. Each has one exit status and one name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A command failed for any other reason.
    Other,
    /// The command line, a command's arguments or the script is invalid.
    Usage,
    /// DNS, connect, a lost connection or a timeout.
    Connect,
    /// TLS failed, or the server does not offer it.
    Tls,
    /// The certificate is unknown and the user could not be asked, or answered no.
    CertUnknown,
    /// The certificate differs from the stored one.
    CertChanged,
    /// The login was refused, or there are no credentials.
    Login,
    /// The server refused a command, or a remote file does not exist.
    Refused,
    /// A local file could not be read, written or created.
    Local,
    /// A transfer ended early or could not be verified.
    Incomplete,
    /// The start-up file or a stored setting is invalid.
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

    /// The process's exit status for this kind.
    pub const fn exit(self) -> u8 {
        self.row().0
    }

    /// The name of this kind in JSON (`kind` of an `error` object).
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// A one-line description, for the man page's EXIT STATUS section.
    pub const fn help(self) -> &'static str {
        self.row().2
    }

    /// The table: exit status, name, description.
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

/// A failure: `what: why`, with a hint on what to type next, if there is one.
///
/// The message is lower case without a final full stop. It may quote a server, so it must be
/// escaped when shown (`output` does).
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    message: String,
    details: Vec<String>,
    hint: Option<String>,
    /// The reply's code and full text.
    reply: Option<(u16, String)>,
    shown: bool,
    transient: bool,
    alarm: bool,
    out_of_space: bool,
}

impl Error {
    /// An error with its kind and message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            hint: None,
            reply: None,
            shown: false,
            transient: false,
            alarm: false,
            out_of_space: false,
        }
    }

    /// An invalid command line, argument or script.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A failed local file operation on `path`.
    pub fn local(path: impl AsRef<std::path::Path>, why: &std::io::Error) -> Self {
        let failed =
            Self::new(Kind::Local, format!("{}: {}", path.as_ref().display(), io_reason(why)))
                .out_of_space_if(is_full_disk(why));
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

    /// A failed operation on a local file where one on the server could be meant as well.
    pub fn local_file(path: impl AsRef<std::path::Path>, why: &std::io::Error) -> Self {
        let mut failed = Self::local(path, why);
        failed.message.push_str(" (local)");
        failed
    }

    /// A failure whose errors were already shown: only its kind matters.
    pub fn already_shown(kind: Kind) -> Self {
        Self { shown: true, ..Self::new(kind, "failed") }
    }

    /// Whether it was already shown.
    pub fn was_shown(&self) -> bool {
        self.shown
    }

    /// Marks a failure that may go away on a retry: a lost connection, a 4yz reply.
    #[must_use]
    pub fn as_transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Marks a failure that a retry cannot fix.
    #[must_use]
    pub fn as_permanent(mut self) -> Self {
        self.transient = false;
        self
    }

    /// Whether this is Ctrl-C or a termination.
    pub fn is_interruption(&self) -> bool {
        matches!(self.kind(), Kind::Interrupted | Kind::Terminated)
    }

    /// Whether a retry may help.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// Marks a certificate that is another one: a terminal shows a framed warning above the message.
    #[must_use]
    pub fn as_alarm(mut self) -> Self {
        self.alarm = true;
        self
    }

    /// Marks a failure because the disk or the quota is full, if it is one.
    #[must_use]
    pub fn out_of_space_if(mut self, full: bool) -> Self {
        self.out_of_space |= full;
        self
    }

    /// Whether it failed because the disk or the quota is full, here or on the server.
    pub fn is_out_of_space(&self) -> bool {
        self.out_of_space
    }

    /// Adds a line shown below the message.
    #[must_use]
    pub fn with_detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Sets the hint on what to type next; the last call wins.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the server's reply: its code and its full text, unchanged.
    #[must_use]
    pub fn with_reply(mut self, code: u16, reply: impl Into<String>) -> Self {
        self.reply = Some((code, reply.into()));
        self
    }

    /// Copies the reply that caused another error, if any.
    #[must_use]
    pub fn with_reply_of(mut self, cause: &Self) -> Self {
        self.reply.clone_from(&cause.reply);
        self
    }

    /// Prefixes the message with the operation: `what: why`.
    #[must_use]
    pub fn with_context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Prefixes a local failure with the path, unless it has one.
    #[must_use]
    pub fn with_local_path(self, path: &std::path::Path) -> Self {
        if self.kind == Kind::Local { self.with_context(path.display()) } else { self }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message, without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it must not be overlooked.
    pub fn is_alarm(&self) -> bool {
        self.alarm
    }

    /// The lines to show below the message.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// The hint on what to type next, if any.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The server's reply that caused this, if any.
    pub fn reply(&self) -> Option<&str> {
        self.reply.as_ref().map(|(_, text)| text.as_str())
    }

    /// The code of the server's reply that caused this, if any.
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

/// A result with a typed error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The [`Error`] inside an `anyhow` chain, if there is one.
pub fn find_typed(error: &anyhow::Error) -> Option<&Error> {
    error.downcast_ref::<Error>().or_else(|| error.chain().find_map(|e| e.downcast_ref()))
}

/// The kind of an `anyhow` chain; [`Kind::Other`] if nothing in it is typed.
pub fn kind_of(error: &anyhow::Error) -> Kind {
    find_typed(error).map_or(Kind::Other, Error::kind)
}

/// Whether a system error says that the disk or the quota is full.
pub fn is_full_disk(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// A system error as text, without Rust's `(os error N)`, in lower case.
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

/// A word, shortened for use in a message.
pub fn shortened(text: &str) -> String {
    shortened_to(text, 40)
}

/// A text, shortened to `length` characters and a mark.
pub fn shortened_to(text: &str, length: usize) -> String {
    let mut short: String = text.chars().take(length).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A message of clap with our quotes. An apostrophe within a word is none.
pub fn with_backquotes(text: &str) -> String {
    let mut before = None;
    let mut chars = text.chars().peekable();
    let mut quoted = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let ends_word = chars.peek().is_none_or(|next| " :,;.)]\n".contains(*next));
        let begins_word = before.is_none_or(|before| " ([\n".contains(before));
        quoted.push(if c == '\'' && (begins_word || ends_word) { '`' } else { c });
        before = Some(c);
    }
    quoted
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
    fn quotes_become_ours_and_apostrophes_stay() {
        for (text, want) in [
            ("unexpected argument '-x' found", "unexpected argument `-x` found"),
            ("invalid value 'it's' for '<N>': no", "invalid value `it's` for `<N>`: no"),
            ("a value for '--name <GLOB>'", "a value for `--name <GLOB>`"),
            ("isn't 'a'\n'b'.", "isn't `a`\n`b`."),
        ] {
            assert_eq!(with_backquotes(text), want);
        }
    }

    #[test]
    fn system_errors_read_like_a_sentence_part() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(io_reason(&error), "no such file or directory");
        let error = std::io::Error::other("DNS went away");
        assert_eq!(io_reason(&error), "DNS went away");
    }
}
