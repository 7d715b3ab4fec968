//! From nothing to a control connection that is greeted and secured: dialling, proxies, the steps
//! before TLS, the handshake.

pub mod dial;
pub mod probe;
pub mod proxy;
pub(in crate::ftp) mod secure;
pub mod steps;
