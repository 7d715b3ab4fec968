//! How many connections there are to a site: the shell's own, those of jobs and those of pools
//! count together (`net:connection-limit`).

use super::Context;
use crate::error::Result;
use crate::ftp::session_pool::Permit;
use crate::settings as set;
use crate::target::Site;

impl Context {
    /// One of the connections that `net:connection-limit` allows to a site.
    pub(super) fn permit(&self, site: &Site) -> Result<Permit> {
        let limit = self.connection_limit(site);
        self.jobs.sessions().wait_for_permit(&site.key(), limit, &self.cancel, || {
            self.out.notice(&format!(
                "{}: waiting for one of {limit} connections (net:connection-limit)",
                site.key()
            ));
        })
    }

    /// Closes the connection and the idle sessions to its site. The site and the login stay for a
    /// reconnect.
    pub fn close(&mut self) {
        if let Some(site) = &self.connection.site {
            self.jobs.sessions().close_idle(&site.key());
        }
        self.connection.close();
    }

    /// Closes all sessions without waiting for replies: the program ends.
    pub fn leave_all(&mut self) {
        if let Some(session) = self.connection.session.take() {
            session.close_now();
        }
        self.jobs.sessions().close_all_idle();
    }

    /// How many control connections there may be to a site.
    pub(super) fn connection_limit(&self, site: &Site) -> usize {
        let limit = self.settings.count(set::NET_CONNECTION_LIMIT, Some(&site.host));
        usize::try_from(limit).unwrap_or(usize::MAX)
    }
}
