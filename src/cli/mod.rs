//! The command line, as a clap definition; help, completion and the man page follow from it.
//!
//! Arguments come in, a [`Cli`] goes out, or the text to print and the status to exit with: 0 for
//! `--help` and `--version` on standard output, 2 for a wrong command line on standard error.
//! Nothing is done here, and no error repeats the value of a misplaced password.

pub mod completions;
pub mod demo;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::builder::styling::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum, ValueHint};

use self::completions::candidates::CompleteArgs;
pub use crate::commands::trust::args::TrustArgs;
use crate::error::{Error, Kind, with_backquotes};
use crate::target::UserOption;

/// Text below the options in `-h`.
const EXAMPLES: &str = "\
Examples:
  ftpsh ftp.example.org                           a shell on the server
  ftpsh -u bob -c 'get -c big.iso' example.org    one command, then exit
  ftpsh -f nightly.ftpsh ftps://bob@example.org   a script, implicit TLS
  ftpsh trust scan example.org                    the certificate's fingerprint
  ftpsh doctor example.org                        test a server

Commands run in this order: every -c, then -f, then every -e. With -e the prompt follows.
Standard input that is not a terminal, without -c or -f, is a script; also after -e.
A host with the name of a subcommand is reached as ftp://NAME, or after --.";

/// Text below the options in `--help`.
fn after_long_help() -> String {
    let mut text = format!("{EXAMPLES}\n\nExit status (the first failure's cause wins):\n");
    text.push_str("    0  Success.");
    for kind in Kind::ALL {
        text.push_str(&format!("\n  {:>3}  {}", kind.exit(), kind.help()));
    }
    text
}

/// Interactive FTPS client
///
/// A shell with lftp-style commands for FTP servers with TLS. It asks before trusting a self-signed
/// certificate, and remembers trusted servers.
#[derive(Clone, Parser)]
#[command(
    name = "ftpsh",
    version,
    long_version = crate::commands::version::long_version(),
    bin_name = "ftpsh",
    override_usage = "ftpsh [OPTIONS] [TARGET]\n       ftpsh [OPTIONS] <SUBCOMMAND>",
    after_help = EXAMPLES,
    after_long_help = after_long_help(),
    styles = Styles::plain(),
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_value_name = "SUBCOMMAND",
    subcommand_help_heading = "Subcommands"
)]
pub struct Cli {
    /// A bookmark, HOST, HOST:PORT, HOST/DIRECTORY, or a URL: ftp:// and ftpes:// (explicit TLS),
    /// ftps:// (implicit)
    ///
    /// HOST, ftp:// and ftpes:// mean explicit TLS (AUTH TLS, port 21), which is required; ftps://
    /// means implicit TLS (port 990). A path is the initial remote directory.
    #[arg(value_name = "TARGET", value_hint = ValueHint::Hostname)]
    pub target: Option<String>,

    /// What to do instead of starting the shell.
    #[command(subcommand)]
    pub subcommand: Option<Sub>,

    /// What to run.
    #[command(flatten)]
    pub run: RunArgs,

    /// User name and password.
    #[command(flatten)]
    pub login: LoginArgs,

    /// Which certificates to accept.
    #[command(flatten)]
    pub security: SecurityArgs,

    /// Settings, output, logs.
    #[command(flatten)]
    pub general: GeneralArgs,
}

/// What the program can do instead of running commands.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Sub {
    /// Manage the servers whose certificates are trusted
    Trust(TrustArgs),
    /// Test a server and explain problems
    Doctor {
        /// A bookmark, HOST, HOST:PORT, or a URL
        #[arg(value_name = "TARGET", value_hint = ValueHint::Hostname)]
        server: String,
        /// Also upload a small file, download it, compare it and remove it
        #[arg(short, long)]
        write: bool,
    },
    /// Report everything that is wrong with scripts, without running them
    Check {
        /// Scripts; `-` is standard input
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Try ftpsh on a temporary server on this machine
    ///
    /// Starts ftpsh-playground, which is installed beside ftpsh: a server on loopback with a few files
    /// and a self-signed certificate, and ftpsh connected to it. Without a terminal a short script
    /// is run. Server, files and what was remembered are removed at the end.
    Demo,
    /// Print a completion script
    Completions {
        /// The shell to complete in
        shell: CompletionShell,
    },
    /// Print the man page (roff)
    Man,
    /// Print what can complete a word, for the completion scripts
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

/// A URL or a command may hold a password.
impl fmt::Debug for Cli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cli").finish_non_exhaustive()
    }
}

/// The commands to run.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Commands to run")]
pub struct RunArgs {
    /// Run CMDS and exit; may be repeated, runs in order
    #[arg(short, long = "command", value_name = "CMDS", value_hint = ValueHint::Other)]
    #[arg(allow_hyphen_values = true)]
    pub commands: Vec<String>,

    /// Run the commands in FILE and exit; `-` is standard input
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// Run CMDS, then stay at the prompt; may be repeated
    #[arg(short, long, value_name = "CMDS", value_hint = ValueHint::Other)]
    #[arg(allow_hyphen_values = true)]
    pub execute: Vec<String>,

    /// Keep running a script after a failed command (the exit status still reports it)
    #[arg(short, long)]
    pub keep_going: bool,
}

/// User name and password.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Login")]
pub struct LoginArgs {
    /// User name [default: from the URL or netrc, or asked for]; other users may see a PASSWORD
    #[arg(short, long, global = true, value_name = "USER[,PASSWORD]", value_hint = ValueHint::Username)]
    pub user: Option<UserOption>,

    /// Port of TARGET
    #[arg(short, long, value_name = "PORT", value_hint = ValueHint::Other)]
    pub port: Option<u16>,

    /// Read the password from the first line of FILE
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,

    /// Read the password from the first line that CMD prints
    #[arg(long, global = true, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub password_command: Option<String>,

    /// Read the password from the environment variable VAR
    #[arg(long, global = true, value_name = "VAR", value_hint = ValueHint::Other)]
    pub password_env: Option<String>,

    /// The same as --password-env LFTP_PASSWORD
    #[arg(long, global = true, conflicts_with = "password_env")]
    pub env_password: bool,
}

/// Which certificates to accept in this run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Certificates")]
pub struct SecurityArgs {
    /// What to do with an unknown certificate [default: ask]
    #[arg(long, global = true, value_name = "POLICY")]
    pub trust: Option<TrustPolicy>,

    /// Accept only this certificate and store nothing; may be repeated
    ///
    /// SHA256: and base64 as printed by `ftpsh trust scan`, or hexadecimal with or without colons.
    #[arg(long, global = true, value_name = "SHA256:…", value_hint = ValueHint::Other)]
    pub fingerprint: Vec<String>,

    /// Accept any certificate in this run, with a warning each time; nothing is stored
    #[arg(long, global = true, conflicts_with_all = ["trust", "fingerprint"])]
    pub insecure: bool,
}

/// Settings, output, logs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "General")]
pub struct GeneralArgs {
    /// Change a setting for this run; may be repeated
    #[arg(long, global = true, value_name = "NAME=VALUE", value_hint = ValueHint::Other)]
    pub set: Vec<String>,

    /// Print data as JSON Lines
    #[arg(long, global = true)]
    pub json: bool,

    /// Do not read the start-up file
    #[arg(long, global = true, conflicts_with = "rcfile")]
    pub norc: bool,

    /// Read FILE instead of the start-up file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub rcfile: Option<PathBuf>,

    /// Append an audit log to FILE, one JSON object per line
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub log_file: Option<PathBuf>,

    /// Quiet: no notices, no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Verbose; twice shows the FTP protocol trace, without secrets
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// The same as -vv
    #[arg(short, global = true, conflicts_with = "quiet")]
    pub debug: bool,

    /// When to use colours [default: auto]
    ///
    /// Takes precedence over NO_COLOR, then CLICOLOR_FORCE, then whether the output is a terminal.
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<ColorWhen>,
}

/// What to do with an unknown certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrustPolicy {
    /// Ask at the terminal; refuse without one
    Ask,
    /// Accept and remember it; a changed certificate is still refused
    AcceptNew,
    /// Refuse it
    Strict,
}

impl TrustPolicy {
    /// The word on the command line and in the setting `trust:policy`.
    pub const fn word(self) -> &'static str {
        match self {
            TrustPolicy::Ask => "ask",
            TrustPolicy::AcceptNew => "accept-new",
            TrustPolicy::Strict => "strict",
        }
    }
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless the environment says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The shells for which there is completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompletionShell {
    /// bash, with or without the bash-completion package
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

impl ColorWhen {
    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            ColorWhen::Auto => "auto",
            ColorWhen::Always => "always",
            ColorWhen::Never => "never",
        }
    }
}

impl Cli {
    /// Reads the arguments; the first is the program's name.
    ///
    /// # Errors
    ///
    /// What clap wants printed: `use_stderr()` says where, `exit_code()` is 0 for `--help` and
    /// `--version` and 2 for a wrong command line.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let wrong = |kind, text: &str| Err(Self::command().error(kind, text));
        // By its own rule: clap's message would repeat a value that follows after a blank.
        if count_option(&arguments, "--password") > 0 {
            return wrong(
                ErrorKind::UnknownArgument,
                "there is no --password option: other users can see command lines\n\n\
                 Use --password-file FILE, --password-command CMD or --password-env VAR,\n\
                 an entry in ~/.netrc, or type it when asked.",
            );
        }
        let cli = Self::try_parse_from(&arguments).map_err(without_values)?;
        if cli.subcommand.is_some() && (cli.target.is_some() || cli.run.has_commands()) {
            let text =
                "a subcommand takes no TARGET before it, and no commands to run (-c, -f, -e)";
            return wrong(ErrorKind::ArgumentConflict, text);
        }
        if cli.login.port.is_some() && cli.target.is_none() {
            let text = "--port is for a TARGET; elsewhere write HOST:PORT";
            return wrong(ErrorKind::MissingRequiredArgument, text);
        }
        // Of options given on both sides of a subcommand, clap keeps only the inner ones.
        let repeatable =
            [("--set", cli.general.set.len()), ("--fingerprint", cli.security.fingerprint.len())];
        for (option, kept) in repeatable {
            if cli.subcommand.is_some() && count_option(&arguments, option) > kept {
                let text = format!("give every {option} on the same side of the subcommand");
                return wrong(ErrorKind::ArgumentConflict, &text);
            }
        }
        Ok(cli)
    }
}

/// How often `option` is given, alone or with `=VALUE`.
fn count_option(arguments: &[OsString], option: &str) -> usize {
    let is_option = |argument: &&OsString| {
        let rest = argument.as_encoded_bytes().strip_prefix(option.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    };
    arguments.iter().take_while(|argument| *argument != "--").filter(is_option).count()
}

/// The error without the values that it quotes, where a password may be among them: surplus
/// arguments, and the values of `--user` and `--port` (`-pPASSWORD` is the custom of others).
fn without_values(error: clap::Error) -> clap::Error {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let text = match error.kind() {
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            "too many arguments (not shown: one may be a password)\n\n\
             `-u NAME,PASSWORD` works; `-c` takes commands."
                .to_owned()
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue
            if ["--user", "--port"].iter().any(|option| argument.starts_with(option)) =>
        {
            format!("invalid value for `{argument}`")
        }
        _ => return error,
    };
    Cli::command().error(error.kind(), text)
}

/// A wrong command line in the form of all errors, with clap's tip as the hint.
pub fn wrong_usage(error: &clap::Error) -> Error {
    let text = with_backquotes(&error.render().to_string());
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let why = Error::usage(first.strip_prefix("error: ").unwrap_or(first));
    lines.fold(why.with_hint("see `ftpsh --help`"), |error, line| {
        if line.starts_with("For more information") {
            return error;
        }
        match line.strip_prefix("tip: ") {
            Some(tip) => error.with_hint(tip),
            None => error.with_detail(line),
        }
    })
}

impl RunArgs {
    /// Whether the command line says what to run.
    pub fn has_commands(&self) -> bool {
        !self.commands.is_empty() || self.file.is_some() || !self.execute.is_empty()
    }
}
