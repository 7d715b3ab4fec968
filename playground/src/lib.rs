//! An FTPS server for a moment: libunftp on loopback, with a certificate of its own.
//!
//! The playground (`ftpsh demo`) and the tests are built on it. It is a crate of its own so that
//! the client itself has no server in it.

pub mod certificate;
pub mod embedded;
pub mod samples;
