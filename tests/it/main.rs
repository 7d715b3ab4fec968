//! Integration tests: the library and the program against servers in this process.

// Helpers of tests may stop at the first surprise, as tests may (clippy.toml).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod across;
mod active;
mod ahead;
mod architecture;
mod audit;
mod bad_input;
mod beside;
mod bytes;
mod charset;
mod clocks;
mod completion;
mod control;
mod data;
mod doctor;
mod doctor_network;
mod edit;
mod endless;
mod examples;
mod faults;
mod folding;
mod fuzz;
mod generated;
mod handshake;
mod import;
mod install;
mod jobs;
mod listing;
mod listings;
mod local;
mod matrix;
mod mirror;
mod names;
mod oneliners;
mod parallel;
mod parking;
mod proxy;
mod recovery;
mod remote_commands;
mod resume;
mod scripts;
mod secrets;
mod security;
mod segments;
mod session;
mod signals;
mod status;
mod support;
mod trust;
mod upload;
mod users;
mod verbs;
mod ways;
