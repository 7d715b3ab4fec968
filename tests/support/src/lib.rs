//! What the integration tests share: servers, certificates, and a way to run the program.
//!
//! `embedded` is a correct server (libunftp); `liar` is a scripted one that departs from correctness
//! in one way at a time. Neither needs the network, a fixed port or another process. Nothing here
//! uses the library under test, so a change to it does not rebuild this.

// Helpers of tests may stop at the first surprise, as tests may (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::new_without_default)]

pub mod client;
pub mod closed_port;
pub mod disk;
pub mod executable;
pub mod liar;
pub mod program;
pub mod proxy;
pub mod scene;
pub mod servers;
pub mod terminal;
pub mod tools;
pub mod tree;

pub use playground::{certificate, embedded, samples};
