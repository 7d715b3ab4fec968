//! Exceptions: what was wrong with a certificate that an entry was made for all the same.
//!
//! They are recorded with the entry, so that what becomes wrong later can be told from what was
//! seen and accepted.

use std::fmt;

use super::identity::Problem;

/// What was wrong with a certificate when it was accepted all the same. That nobody vouches for
/// it goes without saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exception {
    /// Its time was over.
    Expired,
    /// Its time had not begun.
    Early,
    /// It was for another name.
    Name,
}

impl Exception {
    /// Every exception with its word in the file.
    const WORDS: [(Exception, &str); 3] =
        [(Exception::Expired, "expired"), (Exception::Early, "early"), (Exception::Name, "name")];

    /// The exceptions that accepting a certificate with these problems makes.
    pub fn of(problems: &[Problem]) -> Vec<Self> {
        let one = |problem: &Problem| match problem {
            Problem::Expired => Some(Exception::Expired),
            Problem::NotYetValid => Some(Exception::Early),
            Problem::WrongName => Some(Exception::Name),
            Problem::SelfSigned | Problem::UnknownIssuer | Problem::Other(_) => None,
        };
        problems.iter().filter_map(one).collect()
    }

    /// Reads their words, with commas between; `None` for any other.
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
