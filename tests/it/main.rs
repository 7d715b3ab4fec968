//! Integration tests: the library and the program against servers in this process.

// Helpers of tests may stop at the first surprise, as tests may (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod architecture;
mod completion;
mod control;
mod data;
mod doctor;
mod examples;
mod generated;
mod handshake;
mod install;
mod listing;
mod local;
mod names;
mod remote_commands;
mod resume;
mod scripts;
mod secrets;
mod session;
mod signals;
mod status;
mod support;
mod trust;
mod upload;
mod verbs;
