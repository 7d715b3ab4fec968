//! The FTP dialogue for whoever wants to watch it (`-vv`, `debug`): secrets masked at the source.
//!
//! The password, the account and what else follows a verb that carries a secret never leave this
//! file, so no log and no screen can show them.

use std::sync::Arc;

use super::reply::Reply;

/// One line of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From us to the server.
    Sent,
    /// From the server to us.
    Received,
}

/// A watcher of the dialogue.
pub type Watcher = Arc<dyn Fn(Direction, &str) + Send + Sync>;

/// The dialogue of one control connection: shown to a watcher, or to nobody.
#[derive(Clone, Default)]
pub struct Dialogue(Option<Watcher>);

impl std::fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Dialogue").field(&self.0.is_some()).finish()
    }
}

impl Dialogue {
    /// A dialogue that `watcher` sees.
    pub fn watched_by(watcher: Watcher) -> Self {
        Self(Some(watcher))
    }

    /// Shows a command line.
    pub fn sent(&self, line: &str) {
        if let Some(watcher) = &self.0 {
            watcher(Direction::Sent, &mask(line));
        }
    }

    /// Shows a reply, line by line.
    pub fn received(&self, reply: &Reply) {
        if let Some(watcher) = &self.0 {
            for line in reply.to_string().lines() {
                watcher(Direction::Received, line);
            }
        }
    }
}

/// A command line with what may be secret replaced by stars.
pub fn mask(line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    let verb = words.next().unwrap_or_default();
    let second = words.next();
    let secret = |verb: &str| {
        ["PASS", "ACCT", "ADAT"].iter().any(|secret| verb.eq_ignore_ascii_case(secret))
    };
    match second {
        Some(_) if secret(verb) => format!("{verb} ***"),
        // SITE PSWD old new (several servers), SITE PASS, and anything else with a password.
        Some(word)
            if verb.eq_ignore_ascii_case("SITE")
                && (word.to_ascii_uppercase().contains("PAS")
                    || word.eq_ignore_ascii_case("PSWD")) =>
        {
            format!("{verb} {word} ***")
        }
        _ => line.to_owned(),
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
            ("USER tester", "USER tester"),
            ("RETR PASS word", "RETR PASS word"),
        ] {
            assert_eq!(mask(line), shown);
        }
    }
}
