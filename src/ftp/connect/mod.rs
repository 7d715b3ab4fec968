//! Establishing a secured control connection: dialling, proxies, the steps before TLS, the
//! handshake; and the checks of `doctor` on such a connection.

pub mod dial;
pub mod examine;
pub mod proxy;
pub mod steps;
