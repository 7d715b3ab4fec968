//! A session of the library with the scripted server, for tests that the program's output is too
//! coarse for.

use ftpsh::cancel::Cancel;
use ftpsh::ftp::charset::Charset;
use ftpsh::ftp::connect::dial::{AddressFamily, Dialer};
use ftpsh::ftp::connect::steps::Secured;
use ftpsh::ftp::control::trace::ProtocolTrace;
use ftpsh::ftp::session::login::log_in;
use ftpsh::ftp::session::quirks::ServerQuirks;
use ftpsh::ftp::session::server_clock::ServerClock;
use ftpsh::ftp::session::{DataMode, ListMode, LoginRequest, Session, SessionConfig};
use ftpsh::tls::Config;
use std::time::Duration;
use support::scene::Scene;

/// What a [`Scene`] offers of the library.
pub trait Library {
    /// The library's options for this server.
    fn options(&self) -> SessionConfig;

    /// A session, logged in, whatever the certificate.
    fn session(&self) -> Session;
}

impl Library for Scene {
    fn options(&self) -> SessionConfig {
        let timeout = Duration::from_secs(5);
        SessionConfig {
            host: self.liar.addr.ip().to_string(),
            port: self.liar.addr.port(),
            implicit: self.liar.url().starts_with("ftps:"),
            tls: Config::default(),
            dialer: Dialer {
                order: vec![AddressFamily::V4],
                bind: None,
                timeout,
                cancel: Cancel::new(),
                proxy: None,
            },
            timeout,
            mode: DataMode::Auto,
            list: ListMode::Auto,
            prefetch_first_port: false,
            max_listing: 30 << 20,
            clear_data: false,
            quirks: ServerQuirks::default(),
            timezone: None,
            clock: ServerClock::default(),
            charset: Charset::default(),
            trace: ProtocolTrace::default(),
        }
    }

    fn session(&self) -> Session {
        let mut session = Session::new(Secured::connect(&self.options()).unwrap()).unwrap();
        let login =
            LoginRequest { user: &self.liar.user, password: &self.liar.password, account: None };
        log_in(&mut session, &login).unwrap();
        session
    }
}
