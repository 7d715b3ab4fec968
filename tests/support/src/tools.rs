//! Programs that some tests need beside ftpsh: a shell, a checker of man pages.
//!
//! `make test` installs them and sets `FTPSH_SERVERS`: one that is missing is a failure then.
//! Without it the test that needs it is left out, and says so.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether the program is installed.
///
/// # Panics
///
/// When it is not, and `FTPSH_SERVERS` is set.
#[track_caller]
pub fn is_there(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        assert!(std::env::var_os("FTPSH_SERVERS").is_none(), "{program} is not installed");
        let _ = writeln!(std::io::stderr(), "left out: {program} is not installed");
    }
    found
}
