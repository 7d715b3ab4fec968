//! How many connections there are to a site: the shell's own, those of jobs and those of pools
//! count together (`net:connection-limit`).

use super::Context;
use crate::error::Result;
use crate::ftp::slots::Slot;
use crate::settings as set;
use crate::site::Site;

impl Context {
    /// One of the connections that `net:connection-limit` allows to a site.
    pub(super) fn slot(&self, site: &Site) -> Result<Slot> {
        let limit = self.connection_limit(site);
        self.jobs.slots().take(&site.key(), limit, &self.cancel, || {
            self.out.notice(&format!(
                "{}: waiting for one of {limit} connections (net:connection-limit)",
                site.key()
            ));
        })
    }

    /// How many control connections there may be to a site.
    pub(super) fn connection_limit(&self, site: &Site) -> usize {
        let limit = self.settings.count(set::NET_CONNECTION_LIMIT, Some(&site.host));
        usize::try_from(limit).unwrap_or(usize::MAX)
    }
}
