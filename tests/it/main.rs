//! Integration tests: the library and the program against servers in this process.

// Helpers of tests may stop at the first surprise, as tests may (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod architecture;
mod charset;
mod completion;
mod control;
mod data;
mod edit;
mod examples;
mod generated;
mod handshake;
mod import;
mod install;
mod local;
mod names;
mod proxy;
mod remote_commands;
mod scripts;
mod secrets;
mod session;
mod signals;
mod status;
mod support;
mod trust;
mod upload;
mod verbs;
