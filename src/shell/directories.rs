//! The remote and the local directory, kept for the end of a group.

use std::path::PathBuf;

use crate::commands::Context;
use crate::error::{Error, Result};
use crate::ftp::path::RemotePath;
use crate::target::Site;

/// Where a group began.
#[derive(Debug)]
pub struct Directories {
    remote: Option<(Site, RemotePath)>,
    previous_remote: Option<RemotePath>,
    local: Option<PathBuf>,
    previous_local: Option<PathBuf>,
}

impl Directories {
    /// The present ones.
    pub fn of(ctx: &Context) -> Self {
        let connection = &ctx.client.connection;
        Self {
            remote: connection.site.clone().zip(connection.remote_directory().cloned()),
            previous_remote: connection.previous_directory.clone(),
            local: ctx.local_directory().ok(),
            previous_local: ctx.previous_local.clone(),
        }
    }

    /// Returns to them. A group that opened another site stays there.
    ///
    /// # Errors
    /// A directory that is no longer there, or cannot be entered.
    pub fn restore(self, ctx: &mut Context) -> Result<()> {
        if let Some(local) = self.local
            && ctx.local_directory().ok().as_ref() != Some(&local)
        {
            match &mut ctx.local_dir {
                Some(of_job) => *of_job = local,
                None => {
                    let entered = std::env::set_current_dir(&local);
                    entered.map_err(|error| Error::local(&local, &error))?;
                }
            }
            ctx.previous_local = self.previous_local;
        }
        let Some((site, remote)) = self.remote else { return Ok(()) };
        if ctx.client.connection.site.as_ref() != Some(&site)
            || ctx.client.connection.remote_directory() == Some(&remote)
        {
            return Ok(());
        }
        ctx.client.change_directory(Some(&remote))?;
        ctx.client.connection.previous_directory = self.previous_remote;
        Ok(())
    }
}
