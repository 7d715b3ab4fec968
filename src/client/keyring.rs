//! The keyring's part in a login: offers to store a typed password, and handles a stored one that
//! is refused. Nothing is stored without confirmation.

use super::{Client, Credentials};
use crate::credentials::{KeyringAccount, Origin};
use crate::error::{Error, Kind, Result};
use crate::target::Site;

/// After a login: offers to store a typed password, or reports how to remove a stored one that was
/// refused. The result of the login is unchanged.
pub(super) fn update_keyring(
    client: &Client,
    site: &Site,
    login: &Credentials,
    from: Option<Origin>,
    result: Result<()>,
) -> Result<()> {
    match (from, &result) {
        (Some(Origin::Prompt), Ok(())) => offer_to_store(client, site, login)?,
        (Some(Origin::Keyring), Err(error)) if error.kind() == Kind::Login => {
            let hint = format!("`user --forget {}` removes the stored password", login.user);
            return result.map_err(|error| error.with_hint(hint));
        }
        _ => {}
    }
    result
}

fn offer_to_store(client: &Client, site: &Site, login: &Credentials) -> Result<()> {
    let keyring = client.connection.sources.keyring.as_ref();
    let Some(keyring) = keyring.filter(|keyring| keyring.is_available()) else { return Ok(()) };
    let question = "Store the password in the keyring (y/N)? ";
    let answer = client.console.ask(question, &client.cancel)?.unwrap_or_default();
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        // Failing to store the password must not fail the login.
        if let Err(error) = keyring.store_password(keyring_entry(site, &login.user), &login.secret)
        {
            client.console.warn(error.message());
        }
    }
    Ok(())
}

/// Removes a password for the current site from the keyring.
///
/// # Errors
///
/// [`Kind::Usage`] without a keyring, a site or a user; [`Kind::Other`] if no password is stored.
pub fn forget_password(client: &Client, user: Option<String>) -> Result<()> {
    let Some(keyring) = &client.connection.sources.keyring else {
        return Err(Error::usage("user --forget: built without keyring support"));
    };
    let site = client.connection.site.as_ref().ok_or_else(super::connection::not_connected)?;
    let login = client.connection.login.as_ref().map(|login| login.user.clone());
    let user = user.or(login).or_else(|| site.user.clone());
    let user = user.ok_or_else(|| Error::usage("user --forget: whose password?"))?;
    match keyring.remove_password(keyring_entry(site, &user))? {
        true => Ok(()),
        false => {
            let text = format!("user --forget: the keyring has no password for {user} there");
            Err(Error::new(Kind::Other, text))
        }
    }
}

fn keyring_entry<'a>(site: &'a Site, user: &'a str) -> KeyringAccount<'a> {
    KeyringAccount { host: &site.host, port: site.port, user }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::commands::context::testing::Fixture;
    use crate::credentials::Secret;
    use crate::credentials::keyring::memory::Memory;
    use crate::output::{Output, OutputOptions};
    use crate::target;

    fn fixture(keyring: &Arc<Memory>, answers: &[&str]) -> (Fixture, Site, Credentials) {
        let out = Output::memory_answering(OutputOptions::default(), answers);
        let mut fixture = Fixture::with(out, |_, _, _| Ok(()));
        let site = target::parse_target("ftps://bob@h").unwrap().site;
        fixture.ctx.client.connection.sources.keyring = Some(Arc::clone(keyring) as _);
        fixture.ctx.client.connection.site = Some(site.clone());
        let secret = Secret::new("hunter2".into()).unwrap();
        (
            fixture,
            site,
            Credentials { user: "bob".into(), secret, account: None, from: Origin::Prompt },
        )
    }

    #[test]
    fn a_typed_password_is_kept_only_after_a_yes() {
        for (answer, from, kept) in [
            ("y", Origin::Prompt, true),
            ("yes", Origin::Prompt, true),
            ("", Origin::Prompt, false),
            ("n", Origin::Prompt, false),
            ("y", Origin::Netrc, false),
        ] {
            let keyring = Arc::new(Memory::default());
            let (fixture, site, login) = fixture(&keyring, &[answer]);
            update_keyring(&fixture.ctx.client, &site, &login, Some(from), Ok(())).unwrap();
            let has = keyring.kept.lock().unwrap().contains_key("bob@h:990");
            assert_eq!(has, kept, "{answer} {from:?}");
            assert!(!fixture.ctx.out.stderr_text().contains("hunter2"));
        }
        let keyring = Arc::new(Memory { locked: true, ..Memory::default() });
        let (fixture, site, login) = fixture(&keyring, &["y"]);
        update_keyring(&fixture.ctx.client, &site, &login, Some(Origin::Prompt), Ok(())).unwrap();
        assert!(fixture.ctx.out.stderr_text().contains("keyring: locked"));
    }

    #[test]
    fn a_refused_login_keeps_nothing_and_says_how_to_forget() {
        let keyring = Arc::new(Memory::default());
        let (mut fixture, site, login) = fixture(&keyring, &["y"]);
        let refused = || Err(Error::new(Kind::Login, "refused"));
        let ctx = &mut fixture.ctx;
        update_keyring(&ctx.client, &site, &login, Some(Origin::Prompt), refused()).unwrap_err();
        assert!(keyring.kept.lock().unwrap().is_empty());
        let error = update_keyring(&ctx.client, &site, &login, Some(Origin::Keyring), refused())
            .unwrap_err();
        assert!(error.hint().unwrap().contains("user --forget bob"), "{error:?}");
    }

    #[test]
    fn a_kept_password_can_be_forgotten() {
        use crate::credentials::Keyring as _;
        let keyring = Arc::new(Memory::default());
        let (mut fixture, site, login) = fixture(&keyring, &[]);
        keyring.store_password(keyring_entry(&site, "bob"), &login.secret).unwrap();
        forget_password(&fixture.ctx.client, None).unwrap();
        assert_eq!(forget_password(&fixture.ctx.client, None).unwrap_err().kind(), Kind::Other);
        fixture.ctx.client.connection.sources.keyring = None;
        assert_eq!(forget_password(&fixture.ctx.client, None).unwrap_err().kind(), Kind::Usage);
    }
}
