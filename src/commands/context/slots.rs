//! How many connections there are to a site: the shell's own, those of jobs and those of pools
//! count together (`net:connection-limit`).

use super::{Context, Jobs};
use crate::error::Result;
use crate::ftp::slots::Slot;
use crate::settings as set;
use crate::target::Site;

impl Context {
    /// One of the connections that `net:connection-limit` allows to a site.
    pub(super) fn slot(&self, site: &Site) -> Result<Slot> {
        let limit = self.connection_limit(site);
        if let Some(slot) = self.jobs.free_slot(&site.key(), limit) {
            return Ok(slot);
        }
        self.jobs.slots().take(&site.key(), limit, &self.cancel, || {
            self.out.notice(&format!(
                "{}: waiting for one of {limit} connections (net:connection-limit)",
                site.key()
            ));
        })
    }

    /// Says goodbye to the server, on the shell's connection and on those that are parked. The site
    /// and the login stay for a reconnect.
    pub fn close(&mut self) {
        if let Some(site) = &self.connection.site {
            self.jobs.parking().dismiss(&site.key());
        }
        self.connection.close();
    }

    /// Says goodbye to all servers, and waits for no answer: this is the end.
    pub fn leave_all(&mut self) {
        if let Some(session) = self.connection.session.take() {
            session.close_now();
        }
        self.jobs.parking().clear();
    }

    /// How many control connections there may be to a site.
    pub(super) fn connection_limit(&self, site: &Site) -> usize {
        let limit = self.settings.count(set::NET_CONNECTION_LIMIT, Some(&site.host));
        usize::try_from(limit).unwrap_or(usize::MAX)
    }
}

impl Jobs {
    /// One of at most `limit` connections to a site, if need be in the place of a parked one.
    pub(super) fn free_slot(&self, site: &str, limit: usize) -> Option<Slot> {
        let free = || self.slots().try_take(site, limit);
        free().or_else(|| self.parking().make_room(site).then(free).flatten())
    }
}
