//! Binds the credentials of the command line to one site and one user.
//!
//! `--user`, `--password-file`, `--password-command` and `--password-env` apply to the TARGET of
//! the command line or, without one, to the first site that is opened. User name and password are
//! looked up here with the site, so that no other host, port or user gets them.

use std::sync::OnceLock;

use crate::target::Secret;

/// Credentials of the command line, bound to one site. Shared by all connections of a run.
#[derive(Debug, Default)]
pub struct CommandLineLogin {
    /// `--user`.
    user: Option<String>,
    /// The password given in `--user`.
    secret: Option<Secret>,
    /// Host and port.
    site: OnceLock<(String, u16)>,
    /// The user the passwords belong to.
    owner_user: OnceLock<String>,
}

impl CommandLineLogin {
    /// Credentials not bound to a site yet.
    pub fn new(user: Option<String>, secret: Option<Secret>) -> Self {
        Self { user, secret, ..Self::default() }
    }

    /// The password in `--user`, subject to [`CommandLineLogin::applies_to`].
    pub(super) fn option_password(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// Binds the credentials to this site, unless they are bound already. The user is the one named
    /// by a command, else by `--user`, else by the URL.
    pub fn bind_to_site(&self, (host, port): (&str, u16), named: Option<&str>, url: Option<&str>) {
        if self.site.set((host.to_owned(), port)).is_ok()
            && let Some(user) = named.or(self.user.as_deref()).or(url)
        {
            self.owner_user.get_or_init(|| user.to_owned());
        }
    }

    /// `--user`, if it is for this site.
    pub fn user_for(&self, host: &str, port: u16) -> Option<String> {
        self.user.clone().filter(|_| self.is_bound_to(host, port))
    }

    /// Whether the passwords are for this user at this site. If no user was named, they are bound
    /// to the first one asked about.
    pub(super) fn applies_to(&self, host: &str, port: u16, user: &str) -> bool {
        self.bind_to_site((host, port), Some(user), None);
        self.is_bound_to(host, port) && self.owner_user.get_or_init(|| user.to_owned()) == user
    }

    /// The owner as text; `None` if not bound yet.
    pub(super) fn owner_text(&self) -> Option<String> {
        let (host, port) = self.site.get()?;
        let user = self.owner_user.get().map_or_else(String::new, |user| format!("{user} on "));
        Some(format!("{user}{host} port {port}"))
    }

    fn is_bound_to(&self, host: &str, port: u16) -> bool {
        self.site.get().is_some_and(|(h, p)| (h.as_str(), *p) == (host, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_one_user_at_one_site() {
        let given = CommandLineLogin::new(Some("bob".into()), None);
        assert_eq!(given.user_for("a", 21), None, "nobody's yet");
        given.bind_to_site(("a", 21), None, Some("eve"));
        given.bind_to_site(("b", 21), Some("bob"), None);
        assert_eq!(given.user_for("a", 21).as_deref(), Some("bob"));
        for (host, port, user, is) in [
            ("a", 21, "bob", true),
            ("a", 21, "eve", false),
            ("a", 22, "bob", false),
            ("b", 21, "bob", false),
        ] {
            assert_eq!(given.applies_to(host, port, user), is, "{user}@{host}:{port}");
        }
        assert_eq!(given.user_for("b", 21), None);
    }

    #[test]
    fn without_a_name_it_is_for_the_first_user_who_needs_it() {
        let given = CommandLineLogin::default();
        given.bind_to_site(("a", 21), None, None);
        assert!(!given.applies_to("b", 21, "bob"));
        assert!(given.applies_to("a", 21, "eve") && !given.applies_to("a", 21, "bob"));
        assert_eq!(given.owner_text().as_deref(), Some("eve on a port 21"));
    }
}
