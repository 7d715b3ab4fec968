//! The passphrase of the client key: asked for once in a run, for all connections of the shell, of
//! jobs and of pools. It is kept in memory only, and forgotten when it does not fit.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cancel::Cancel;
use crate::credentials::Secret;
use crate::output::Output;
use crate::tls::Passphrase;

/// What was answered for which key.
#[derive(Debug, Clone, Default)]
pub(super) struct Passphrases(Arc<Mutex<Option<(PathBuf, Secret)>>>);

impl Passphrases {
    /// Where the passphrase of a key comes from: memory, or else the user.
    pub(super) fn passphrase_source(
        &self,
        key: PathBuf,
        out: Output,
        cancel: Cancel,
    ) -> Passphrase {
        let known = Arc::clone(&self.0);
        Arc::new(move || {
            // Held during the question: others wait for the answer instead of asking as well.
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

    /// Asks again the next time.
    pub(super) fn forget_passphrase(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
