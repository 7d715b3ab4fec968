//! Exceptions: problems of a certificate that were accepted together with it.
//!
//! They are stored in the entry, so that new problems can be told from accepted ones.

use std::fmt;

use super::identity::Problem;

/// A problem of a certificate that was accepted. That no CA vouches for it is implied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exception {
    /// It had expired.
    Expired,
    /// It was not valid yet.
    Early,
    /// It did not match the host name.
    Name,
}

impl Exception {
    /// Every exception with its word in the file.
    const WORDS: [(Exception, &str); 3] =
        [(Exception::Expired, "expired"), (Exception::Early, "early"), (Exception::Name, "name")];

    /// The exceptions recorded when a certificate with these problems is accepted.
    pub fn of(problems: &[Problem]) -> Vec<Self> {
        let one = |problem: &Problem| match problem {
            Problem::Expired => Some(Exception::Expired),
            Problem::NotYetValid => Some(Exception::Early),
            Problem::WrongName => Some(Exception::Name),
            Problem::SelfSigned | Problem::UnknownIssuer | Problem::Other(_) => None,
        };
        problems.iter().filter_map(one).collect()
    }

    /// Parses a comma-separated list; `None` if it contains an unknown word.
    pub(super) fn parse_all(text: &str) -> Option<Vec<Self>> {
        let one = |word| Self::WORDS.iter().find(|(_, w)| *w == word).map(|(one, _)| *one);
        text.split(',').map(one).collect()
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::WORDS.iter().find(|(one, _)| one == self).map_or("", |(_, word)| word))
    }
}
