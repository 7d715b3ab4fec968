//! ftpsh: an interactive FTPS client.
//!
//! The library behind the `ftpsh` program. ARCHITECTURE.md describes the modules below and which of
//! them may import which.

pub mod app;
pub mod bookmarks;
pub mod cancel;
pub mod cli;
pub mod client;
pub mod commands;
pub mod credentials;
pub mod error;
pub mod fs;
pub mod ftp;
#[doc(hidden)]
pub mod fuzz;
pub mod glob;
pub mod jobs;
pub mod local_path;
pub mod man;
pub mod output;
pub mod settings;
pub mod shell;
pub mod shell_quote;
pub mod signals;
pub mod suggest;
pub mod target;
pub mod threads;
pub mod tls;
pub mod transfer;
pub mod trust;
