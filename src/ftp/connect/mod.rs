//! Establishing a secured control connection: dialling, proxies, the steps before TLS, the
//! handshake; and the checks of `doctor` on such a connection.

pub mod dial;
pub(crate) mod examine;
pub(crate) mod proxy;
pub mod steps;
