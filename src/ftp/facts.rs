//! What a server says of one file: SIZE and MDTM (RFC 3659 sections 3 and 4).

use super::explain::refusal;
use super::path::RemotePath;
use super::reply::{self, Reply};
use super::session::Session;
use crate::error::Result;

impl Session {
    /// SIZE of a file (RFC 3659 section 4), in bytes, in binary type; `None` when the server does
    /// not tell.
    ///
    /// # Errors
    ///
    /// The loss of the connection; a 550 for a file that is not there.
    pub fn size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        let reply = self.command("SIZE", path.as_str())?;
        Ok(self.fact(path, &reply)?.then(|| reply::size(&reply)).flatten())
    }

    /// MDTM of a file (RFC 3659 section 3) in UTC; `None` when the server does not tell.
    ///
    /// # Errors
    ///
    /// As [`Session::size`].
    pub fn modified(&mut self, path: &RemotePath) -> Result<Option<chrono::NaiveDateTime>> {
        let reply = self.command("MDTM", path.as_str())?;
        Ok(self.fact(path, &reply)?.then(|| reply::mdtm(&reply)).flatten())
    }

    fn fact(&self, path: &RemotePath, reply: &Reply) -> Result<bool> {
        match reply.code {
            213 => Ok(true),
            550 => Err(refusal(&path.to_string(), reply)),
            _ => Ok(false),
        }
    }
}
