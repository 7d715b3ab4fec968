//! The control connection, as a data connection of the same session watches it.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use crate::ftp::control::{SharedControl, lock};
use crate::tls::watch::{Heard, Watch};

/// A session's control connection during a transfer.
#[derive(Debug)]
pub(super) struct ControlWatch {
    control: SharedControl,
    /// Its socket, which can be polled without the lock.
    tcp: TcpStream,
}

impl ControlWatch {
    pub(super) fn new(control: &SharedControl) -> io::Result<Self> {
        let tcp = lock(control).stream().socket().tcp().try_clone()?;
        Ok(Self { control: Arc::clone(control), tcp })
    }
}

impl Watch for ControlWatch {
    fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    fn hear(&mut self) -> Heard {
        lock(&self.control).hear()
    }
}
