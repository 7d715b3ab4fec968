//! The passphrase of the client key: asked for once per run, for all connections of the shell, jobs
//! and pools. It is kept in memory only, and forgotten if it is wrong.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cancel::Cancel;
use crate::credentials::Secret;
use crate::output::Output;
use crate::tls::Passphrase;

/// The answers by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Passphrases(Arc<Mutex<Option<(PathBuf, Secret)>>>);

impl Passphrases {
    /// The source of a key's passphrase: memory, otherwise the user.
    pub(super) fn passphrase_source(
        &self,
        key: PathBuf,
        out: Output,
        cancel: Cancel,
    ) -> Passphrase {
        let known = Arc::clone(&self.0);
        Arc::new(move || {
            // Held during the question: other threads wait for the answer instead of asking, too.
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, secret)) = known.as_ref().filter(|(path, _)| *path == key) {
                return Some(secret.expose().to_owned());
            }
            let answer =
                out.ask_hidden("Passphrase of the client key: ", &cancel).ok().flatten()?;
            *known = Secret::new(answer.clone()).ok().map(|secret| (key.clone(), secret));
            Some(answer)
        })
    }

    /// Forgets the passphrase, so that it is asked for again.
    pub(super) fn forget_passphrase(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
