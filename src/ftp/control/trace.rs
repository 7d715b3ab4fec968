//! The protocol trace (`-vv`, `debug`): secrets are masked at the source.
//!
//! The password, the account and the other arguments of verbs with secrets never leave this file,
//! so no log or screen can show them.

use std::sync::Arc;

use super::reply::Reply;

/// The direction of a traced line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From us to the server.
    Sent,
    /// From the server to us.
    Received,
}

/// Receives the lines of the trace.
pub type TraceWatcher = Arc<dyn Fn(Direction, &str) + Send + Sync>;

/// The trace of one control connection, with an optional watcher.
#[derive(Clone, Default)]
pub struct ProtocolTrace(Option<TraceWatcher>);

impl std::fmt::Debug for ProtocolTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ProtocolTrace").field(&self.0.is_some()).finish()
    }
}

impl ProtocolTrace {
    /// A trace that is sent to `watcher`.
    pub fn watched_by(watcher: TraceWatcher) -> Self {
        Self(Some(watcher))
    }

    /// Traces a command line.
    pub fn command_sent(&self, line: &str) {
        if let Some(watcher) = &self.0 {
            watcher(Direction::Sent, &mask_secrets(line));
        }
    }

    /// Traces a reply, line by line.
    pub fn reply_received(&self, reply: &Reply) {
        if let Some(watcher) = &self.0 {
            for line in reply.to_string().lines() {
                watcher(Direction::Received, line);
            }
        }
    }
}

/// SITE commands whose arguments are not secret. Those of all others are masked, because some add
/// users or change passwords (ADDUSER, PSWD, CHPASS).
const OPEN_SITE_COMMANDS: [&str; 28] = [
    "ALIAS", "CDPATH", "CHGRP", "CHMOD", "CHOWN", "COPY", "CPFR", "CPTO", "DIRSTYLE", "DISKFREE",
    "GROUPS", "HELP", "IDLE", "INDEX", "MFF", "MFMT", "MKDIR", "QUOTA", "RMDIR", "STAT", "SYMLINK",
    "TIME", "TOUCH", "UMASK", "UTIME", "WHERE", "WHO", "ZONE",
];

/// How many words of a command may be shown if the words after them may be secret.
pub fn visible_words(words: &[&str]) -> Option<usize> {
    let verb = words.first()?.to_ascii_uppercase();
    if ["PASS", "ACCT", "ADAT"].contains(&verb.as_str()) {
        return (words.len() > 1).then_some(1);
    }
    let site = words.get(1).filter(|_| verb == "SITE")?.to_ascii_uppercase();
    (words.len() > 2 && !OPEN_SITE_COMMANDS.contains(&site.as_str())).then_some(2)
}

/// A command line with possible secrets replaced by asterisks.
pub fn mask_secrets(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match visible_words(&words) {
        Some(count) => format!("{} ***", words[..count].join(" ")),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_nothing_else() {
        for (line, shown) in [
            ("PASS s3cret word", "PASS ***"),
            ("pass s3cret", "pass ***"),
            ("ACCT billing", "ACCT ***"),
            ("SITE PSWD old new", "SITE PSWD ***"),
            ("SITE CHMOD 644 PASS", "SITE CHMOD 644 PASS"),
            ("SITE ADDUSER bob hunter2", "SITE ADDUSER ***"),
            ("site  chpass  bob hunter2", "site chpass ***"),
            ("SITE UTIME 20240102030405 a  b", "SITE UTIME 20240102030405 a  b"),
            ("SITE HELP", "SITE HELP"),
            ("PASS\thunter2", "PASS ***"),
            ("PASS", "PASS"),
            ("USER tester", "USER tester"),
            ("RETR PASS word", "RETR PASS word"),
        ] {
            assert_eq!(mask_secrets(line), shown);
        }
    }
}
