//! A secret: text that is sent to a server and never shown.
//!
//! It can be read only through [`Secret::expose`], and must never be formatted, logged or put into
//! an error.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// A password or an account. Debug and Display print stars; it is overwritten when dropped (except
/// for copies that the allocator moved earlier).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `text`, which may be empty.
    ///
    /// # Errors
    /// Kind login: it contains CR, LF or NUL, which would end the command that contains it (RFC
    /// 959, section 5.3.2). The error does not quote it.
    pub fn new(text: String) -> Result<Self> {
        let secret = Self(Zeroizing::new(text));
        if secret.0.contains(['\r', '\n', '\0']) {
            return Err(Error::new(Kind::Login, "password: holds a line break or a NUL character"));
        }
        Ok(secret)
    }

    /// The text itself. Send it, do not store it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_as_stars_however_it_is_formatted() {
        let secret = Secret::new("hunter2".into()).unwrap();
        assert_eq!(
            format!("{secret} {secret:?} {:#?}", Some(&secret)),
            "*** *** Some(\n    ***,\n)"
        );
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_secret_that_would_end_its_command_is_refused_and_not_quoted() {
        for bad in ["a\nb", "a\rb", "a\0b", "a\n"] {
            let error = Secret::new(format!("hunter2{bad}")).unwrap_err();
            assert_eq!(error.kind(), Kind::Login);
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        assert!(Secret::new(String::new()).is_ok());
    }
}
