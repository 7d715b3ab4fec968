//! Integration tests: the library and the program against servers in this process.

// Helpers of tests may stop at the first surprise, as tests may (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod examples;
mod remote_commands;
mod session;
mod support;
mod trust;
