//! `ftpsh demo`: becomes the program beside this one that has the server in it.
//!
//! The client is built without a server; `ftpsh-playground` starts one on loopback and this
//! program again, connected to it. Returns only if it cannot be started.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::error::{Error, Kind, Result};

const PLAYGROUND: &str = "ftpsh-playground";

/// Replaces this process by the playground.
///
/// # Errors
/// [`Kind::Local`] if it is not there or does not run.
pub fn run_playground() -> Result<()> {
    let fails = |why: &std::io::Error| Error::new(Kind::Local, format!("{PLAYGROUND}: {why}"));
    let program = std::env::current_exe().map_err(|why| fails(&why))?;
    let program = program.with_file_name(PLAYGROUND);
    let why = Command::new(&program).exec();
    if why.kind() == ErrorKind::NotFound {
        let missing = format!("{}: not installed", program.display());
        return Err(Error::new(Kind::Local, missing)
            .with_hint("it is in the release archives; in the source tree: `make demo`"));
    }
    Err(fails(&why))
}
