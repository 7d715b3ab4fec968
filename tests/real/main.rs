//! The program against real servers: vsftpd, ProFTPD, Pure-FTPd and pyftpdlib, as their packages
//! come and as their manuals say that FTPS is set up.
//!
//! `tests/servers/with cargo test` starts them. Where `FTPSH_SERVERS` is not set, every test here
//! says that it left them out; where it is set, a server that is missing is a failure.

// Tests may stop at the first surprise (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bench;
mod certificates;
mod deletions;
mod directories;
mod failures;
mod lftp;
mod lines;
mod lost_connections;
mod manifest;
mod mirror;
mod resumed;
mod transfers;
mod trees;
mod watch;
