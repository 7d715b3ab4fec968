//! The password sources of the command line: a file, a command, an environment variable.
//!
//! Each returns its first line without the line end. An error names the source, not its contents.

use std::ffi::OsString;
use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result, io_reason};
use crate::target::Secret;

/// Longer than any password that a server accepts in a command line.
const MAX_LINE: usize = 4096;

/// The first line of the file at `path`, and a notice if others can read it.
///
/// # Errors
/// Kind local: unreadable. Kind login: empty, or not a valid password.
pub(super) fn read_password_file(path: &Path) -> Result<(Secret, Option<String>)> {
    let mut file = File::open(path).map_err(|why| Error::local(path, &why))?;
    let metadata = file.metadata().map_err(|why| Error::local(path, &why))?;
    let loose = metadata.is_file() && metadata.permissions().mode() & 0o077 != 0;
    let notice =
        loose.then(|| format!("{}: others can access it (chmod 600 fixes that)", path.display()));
    let line = first_line(&mut file).map_err(|why| Error::local(path, &why))?;
    Ok((secret_from_line(&line, &format!("password file {}", path.display()))?, notice))
}

/// The first line that `command` prints. It has access to the terminal, but not to a script on
/// standard input or to the environment variable `hidden`.
///
/// # Errors
/// Kind login: it cannot be run, fails, prints nothing, or prints an invalid password.
pub(super) fn run_password_command(command: &str, hidden: Option<&str>) -> Result<Secret> {
    let failed = |why: &str| Error::new(Kind::Login, format!("password command: {why}"));
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdout(Stdio::piped()).stderr(Stdio::inherit());
    if !std::io::stdin().is_terminal() {
        shell.stdin(Stdio::null());
    }
    if let Some(name) = hidden {
        shell.env_remove(name);
    }
    let mut child = shell.spawn().map_err(|why| failed(&io_reason(&why)))?;
    let line = match child.stdout.take() {
        Some(mut output) => {
            let line = first_line(&mut output);
            // The rest is read and discarded, so that the command does not die of SIGPIPE.
            let rest = std::io::copy(&mut output, &mut std::io::sink());
            line.and_then(|line| rest.map(|_| line))
        }
        None => Ok(Zeroizing::default()),
    };
    let status = child.wait().map_err(|why| failed(&io_reason(&why)))?;
    let line = line.map_err(|why| failed(&io_reason(&why)))?;
    if !status.success() {
        return Err(failed(&match status.code() {
            Some(code) => format!("exit status {code}"),
            None => "ended by a signal".to_owned(),
        }));
    }
    secret_from_line(&line, "password command")
}

/// The value of the environment variable `name`.
///
/// # Errors
/// Kind login: it is not set, or not a valid password.
pub(super) fn read_password_variable(
    name: &str,
    var: fn(&str) -> Option<OsString>,
) -> Result<Secret> {
    let Some(value) = var(name) else {
        return Err(Error::new(Kind::Login, format!("environment variable {name}: not set")));
    };
    secret_from_line(&Zeroizing::new(value.into_vec()), &format!("environment variable {name}"))
}

/// The bytes before the first line end or the end of input. Reads no further, because the rest of
/// standard input (`/dev/stdin`) may be a script.
fn first_line(input: &mut dyn Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // Preallocated: growing would leave copies of the password in memory.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
    let mut byte = [0];
    while line.len() < MAX_LINE {
        match input.read(&mut byte) {
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => line.extend(byte),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

fn secret_from_line(bytes: &[u8], source: &str) -> Result<Secret> {
    let wrong = |why: &str| Error::new(Kind::Login, format!("{source}: {why}"));
    if bytes.is_empty() {
        return Err(wrong("empty"));
    }
    if bytes.len() >= MAX_LINE {
        return Err(wrong("too long for a password"));
    }
    let text = str::from_utf8(bytes).map_err(|_| wrong("not UTF-8"))?;
    Secret::new(text.to_owned()).map_err(|why| wrong(why.message()))
}
