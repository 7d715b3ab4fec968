//! Passwords in the platform's keyring (Secret Service, macOS Keychain), with the feature `keyring`.
//!
//! One password per host, port and user. Read only if no earlier source had a password; written and
//! removed only at the user's request.

use std::fmt;
use std::sync::Arc;

use super::Secret;
use crate::error::Result;

/// The account of a password.
#[derive(Debug, Clone, Copy)]
pub struct KeyringAccount<'a> {
    /// The host.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The user name.
    pub user: &'a str,
}

/// A password store.
pub trait Keyring: fmt::Debug + Send + Sync {
    /// Whether it can be used now.
    fn is_available(&self) -> bool;

    /// The password; `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::Login`](crate::error::Kind::Login) if locked or failing; the same for all methods.
    fn load_password(&self, whose: KeyringAccount<'_>) -> Result<Option<Secret>>;

    /// Stores a password, replacing an existing one.
    fn store_password(&self, whose: KeyringAccount<'_>, secret: &Secret) -> Result<()>;

    /// Removes the password; `false` if there is none.
    fn remove_password(&self, whose: KeyringAccount<'_>) -> Result<bool>;
}

/// The platform's keyring; `None` if built without the feature.
pub fn platform_keyring() -> Option<Arc<dyn Keyring>> {
    #[cfg(feature = "keyring")]
    return Some(Arc::new(platform::Platform));
    #[cfg(not(feature = "keyring"))]
    None
}

/// A keyring error, without any of its contents.
#[cfg(any(feature = "keyring", test))]
fn failed(why: impl fmt::Display) -> crate::error::Error {
    crate::error::Error::new(crate::error::Kind::Login, format!("keyring: {why}"))
}

#[cfg(feature = "keyring")]
mod platform {
    use keyring::{Entry, Error as Failure};

    use super::{Keyring, KeyringAccount, Secret, failed};
    use crate::error::Result;

    /// The platform's keyring.
    #[derive(Debug)]
    pub(super) struct Platform;

    fn entry(whose: KeyringAccount<'_>) -> Result<Entry> {
        let service = format!("ftpsh {}:{}", whose.host, whose.port);
        Entry::new(&service, whose.user).map_err(failed)
    }

    impl Keyring for Platform {
        fn is_available(&self) -> bool {
            Entry::store_status().is_ok()
        }

        fn load_password(&self, whose: KeyringAccount<'_>) -> Result<Option<Secret>> {
            match entry(whose)?.get_password() {
                Ok(text) => Secret::new(text).map(Some),
                Err(Failure::NoEntry) => Ok(None),
                // This variant contains the stored password.
                Err(Failure::BadEncoding(_)) => Err(failed("the password is not text")),
                Err(why) => Err(failed(why)),
            }
        }

        fn store_password(&self, whose: KeyringAccount<'_>, secret: &Secret) -> Result<()> {
            entry(whose)?.set_password(secret.expose()).map_err(failed)
        }

        fn remove_password(&self, whose: KeyringAccount<'_>) -> Result<bool> {
            match entry(whose)?.delete_credential() {
                Ok(()) => Ok(true),
                Err(Failure::NoEntry) => Ok(false),
                Err(why) => Err(failed(why)),
            }
        }
    }
}

/// A keyring in memory that can be locked.
#[cfg(test)]
pub mod memory {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::{Keyring, KeyringAccount, Secret, failed};
    use crate::error::Result;

    /// A keyring in memory.
    #[derive(Debug, Default)]
    pub struct Memory {
        /// By `user@host:port`.
        pub kept: Mutex<BTreeMap<String, Secret>>,
        /// Whether every operation fails.
        pub locked: bool,
    }

    impl Memory {
        fn open(&self) -> Result<std::sync::MutexGuard<'_, BTreeMap<String, Secret>>> {
            if self.locked { Err(failed("locked")) } else { Ok(self.kept.lock().unwrap()) }
        }
    }

    fn key(whose: KeyringAccount<'_>) -> String {
        format!("{}@{}:{}", whose.user, whose.host, whose.port)
    }

    impl Keyring for Memory {
        fn is_available(&self) -> bool {
            true
        }

        fn load_password(&self, whose: KeyringAccount<'_>) -> Result<Option<Secret>> {
            Ok(self.open()?.get(&key(whose)).cloned())
        }

        fn store_password(&self, whose: KeyringAccount<'_>, secret: &Secret) -> Result<()> {
            self.open()?.insert(key(whose), secret.clone());
            Ok(())
        }

        fn remove_password(&self, whose: KeyringAccount<'_>) -> Result<bool> {
            Ok(self.open()?.remove(&key(whose)).is_some())
        }
    }
}
