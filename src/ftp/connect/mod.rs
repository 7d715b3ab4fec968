//! From nothing to a control connection that is greeted and secured: dialling, proxies, the steps
//! before TLS, the handshake; and what doctor does on such a connection.

pub mod dial;
pub mod examine;
pub mod proxy;
pub mod steps;
