//! The two-minute tour: a throwaway FTPS server on loopback, with the shell opened on it.
//!
//! `make demo` runs it. At a terminal it shows the password and leaves the rest to the person,
//! trust prompt and all; without one it runs a short script of commands. The server ends with the
//! shell, and the shell's exit status is the playground's.

use anyhow::Context as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::embedded::Embedded;

const USER: &str = "guest";
/// Made to be typed: the server is on loopback, has nothing but the samples, and soon ends.
const PASSWORD: &str = "guest";
/// Where the script's password is: the program takes none as an argument.
const PASSWORD_VARIABLE: &str = "PLAYGROUND_PASSWORD";

/// What is shown without a terminal.
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
        .current_dir(&local);
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        introduce(&server)?;
        shell.arg(server.url());
    } else {
        shell
            .env(PASSWORD_VARIABLE, &server.password)
            .args(["--password-env", PASSWORD_VARIABLE, "--trust", "accept-new", "-c", SCRIPT])
            .arg(server.url());
    }
    // Ctrl-C is for the shell, which gets it as well; the server must outlive it.
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false)))?;
    let status = shell.status().with_context(|| format!("{}", shell.get_program().display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// The ftpsh that was built with this example: `target/debug/examples/../ftpsh`.
fn program() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let built = this.parent().and_then(Path::parent).context("the playground has no directory")?;
    let program = built.join(format!("ftpsh{}", std::env::consts::EXE_SUFFIX));
    anyhow::ensure!(program.exists(), "{}: not there: `cargo build` first", program.display());
    Ok(program)
}

fn introduce(server: &Embedded) -> std::io::Result<()> {
    writeln!(
        std::io::stderr(),
        "A throwaway FTPS server listens on {}, with a self-signed certificate:\n\
         \n    {}\n\n\
         The shell will ask whether to trust it (compare the fingerprint, then `yes`),\n\
         and for the password.\n\
         \n    user: {}    password: {}\n\n\
         Then try: ls · cat welcome.txt · get data/big.bin · mirror docs · help · exit\n",
        server.addr,
        server.fingerprint,
        server.user,
        server.password
    )
}

/// A few files: one to read, a table, one large enough for a progress bar, a small tree.
fn write_samples(root: &Path) -> std::io::Result<()> {
    for directory in ["data", "docs/guide"] {
        std::fs::create_dir_all(root.join(directory))?;
    }
    let numbers: String = (1..=1000).map(|n| format!("{n},{},{}\n", n * n, n * n * n)).collect();
    std::fs::write(root.join("welcome.txt"), "Welcome to the playground.\n")?;
    std::fs::write(root.join("data/numbers.csv"), format!("n,square,cube\n{numbers}"))?;
    std::fs::write(root.join("data/big.bin"), vec![0x5a; 64 << 20])?;
    for chapter in 1..=5 {
        let text = format!("Chapter {chapter}\n\nThere is not much in it.\n");
        std::fs::write(root.join(format!("docs/guide/chapter-{chapter}.md")), text)?;
    }
    std::fs::write(root.join("docs/index.md"), "The guide has five chapters.\n")
}
