//! ftpsh: an interactive FTPS client.
//!
//! The library behind the `ftpsh` program. ARCHITECTURE.md describes the modules below and which of
//! them may import which.

pub mod app;
pub(crate) mod bookmarks;
pub mod cancel;
pub(crate) mod cli;
pub mod client;
pub mod commands;
pub mod credentials;
pub mod error;
pub mod fs;
pub mod ftp;
#[doc(hidden)]
pub mod fuzz;
pub mod glob;
pub(crate) mod jobs;
pub(crate) mod local_path;
pub(crate) mod man;
pub mod output;
pub mod settings;
pub mod shell;
pub mod shell_quote;
pub(crate) mod signals;
pub(crate) mod suggest;
pub mod target;
pub(crate) mod threads;
pub mod tls;
pub(crate) mod transfer;
pub mod trust;
