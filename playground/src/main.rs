//! The two-minute tour: a throwaway FTPS server on loopback, with the shell opened on it.
//!
//! `ftpsh demo` runs it. At a terminal it shows the password and leaves the rest to the person,
//! trust prompt and all; without one it runs a short script of commands. Arguments are passed on
//! to the shell. Server and files end with the shell, whose exit status is the playground's.

use anyhow::Context as _;
use playground::embedded::Embedded;
use playground::samples::write_samples;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};

const USER: &str = "guest";
/// Made to be typed: the server is on loopback, has nothing but the samples, and soon ends.
const PASSWORD: &str = "guest";
/// Where the password is without a terminal: the program takes none as an argument.
const PASSWORD_VARIABLE: &str = "PLAYGROUND_PASSWORD";

/// What is run without a terminal.
const SCRIPT: &str = "
ls
cat welcome.txt
get data/numbers.csv -o numbers.csv
mkdir -p incoming
put numbers.csv -o incoming/numbers-again.csv
mirror docs docs-copy
ls incoming
";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let server = Embedded::serve(USER, PASSWORD)?;
    write_samples(&server.root)?;
    let home = tempfile::TempDir::with_prefix("ftpsh-playground-")?;
    let local = home.path().join("local");
    std::fs::create_dir(&local)?;

    let mut shell = Command::new(program()?);
    shell
        .env("FTPSH_HOME", home.path().join("ftpsh"))
        // Nobody's real passwords here: a missing file is none.
        .env("NETRC", home.path().join("netrc"))
        // libunftp drops commands that arrive together, which would be the first thing said.
        .args(["--set", "ftp:sync-mode=yes"])
        // Loopback is not behind anybody's proxy.
        .args(["--set", "net:use-env-proxy=no"])
        .args(&arguments)
        .current_dir(&local);
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        introduce(&server)?;
    } else {
        shell.env(PASSWORD_VARIABLE, &server.password).args([
            "--password-env",
            PASSWORD_VARIABLE,
            "--trust",
            "accept-new",
        ]);
        if arguments.is_empty() {
            shell.args(["-c", SCRIPT]);
        }
    }
    shell.arg(server.url());
    // Before the shell starts: the server must outlive it, and the files must be removed.
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let mut child = shell.spawn().with_context(|| format!("{}", shell.get_program().display()))?;
    pass_on(signals, &child);
    let code = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// Has the shell end where this program was to. Ctrl-C reaches the shell by itself.
fn pass_on(mut signals: Signals, shell: &Child) {
    let shell = rustix::process::Pid::from_child(shell);
    std::thread::spawn(move || {
        for signal in signals.forever().filter(|signal| *signal != SIGINT) {
            let signal = match signal {
                SIGHUP => rustix::process::Signal::HUP,
                _ => rustix::process::Signal::TERM,
            };
            // It may be gone already, which is what was wanted.
            let _ = rustix::process::kill_process(shell, signal);
        }
    });
}

/// The ftpsh beside this program.
fn program() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let program = this.with_file_name(format!("ftpsh{}", std::env::consts::EXE_SUFFIX));
    anyhow::ensure!(program.exists(), "{}: no such program", program.display());
    Ok(program)
}

fn introduce(server: &Embedded) -> std::io::Result<()> {
    writeln!(
        std::io::stderr(),
        "A temporary FTPS server is on {}, with a self-signed certificate:\n\
         \n    {}\n\n\
         ftpsh asks whether to trust it: compare the fingerprint and type yes.\n\
         The password is: {}\n\n\
         Things to try:\n\
         \x20   ls -l data                        what is there\n\
         \x20   get data/big.bin                  a download with its progress\n\
         \x20   cat data/numbers.csv | head -3    output into a program of yours\n\
         \x20   mirror docs                       a directory tree; once more: up to date\n\
         \x20   trust list                        what ftpsh remembers of the server\n\
         \x20   help                              all commands; exit ends, and nothing is left\n",
        server.addr,
        server.fingerprint,
        server.password
    )
}
