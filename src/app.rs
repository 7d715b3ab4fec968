//! Assembles the program: from the command line to a context, then to scripts, a subcommand or the
//! prompt, and to the exit status.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::bookmarks;
use crate::cancel::Cancel;
use crate::cli::{self, Cli, Sub, completions, demo};
use crate::client::{Client, Connection, ProxyEnvironment};
use crate::commands::{Context, doctor};
use crate::credentials::{CommandLineLogin, LFTP_PASSWORD, Sources, keyring};
use crate::error::{Error, Kind, Result, kind_of};
use crate::fs::app_dirs::AppDirs;
use crate::ftp::path::encode_name;
use crate::output::{AuditLog, ColorChoice, Output, OutputOptions, Record, SummaryRecord};
use crate::settings::{LOG_FILE, Settings, TRUST_POLICY};
use crate::shell::execute;
use crate::shell::redact::{holds_password, redact_line};
use crate::shell::validate::validate_scripts;
use crate::shell_quote::looks_like_commands;
use crate::signals;
use crate::target::{self, Target, UserOption};
use crate::trust::checker::TrustChecker;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::store::TrustStore;
use crate::trust::verdict::TrustOptions;

/// Runs the program; the first argument is its name. Returns the exit status.
pub fn run_program(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                Output::new(OutputOptions::default()).error(&cli::wrong_usage(&error).into());
            } else {
                // Help and version go to standard output; clap handles both.
                let _ = error.print();
            }
            return u8::try_from(error.exit_code()).unwrap_or(Kind::Usage.exit());
        }
    };
    let out = make_output(&cli);
    let result = match &cli.subcommand {
        Some(Sub::Completions { shell }) => {
            out.data(completions::completion_script(*shell).as_bytes())
        }
        Some(Sub::Demo) => demo::run_playground(),
        Some(Sub::Complete(question)) => completions::candidates::print_candidates(question, &out),
        Some(Sub::Man) => crate::man::man_page().and_then(|page| out.data(page.as_bytes())),
        _ => return run_with_context(&cli, out),
    };
    match result.and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(error) => {
            let error = error.into();
            out.error(&error);
            kind_of(&error).exit()
        }
    }
}

fn make_output(cli: &Cli) -> Output {
    let general = &cli.general;
    let color = general.color.map_or("auto", |when| when.word());
    let out = Output::new(OutputOptions {
        json: general.json,
        quiet: general.quiet,
        verbose: if general.debug { general.verbose.max(2) } else { general.verbose },
        color: color.parse().unwrap_or(ColorChoice::Auto),
    });
    out.set_name_encoder(encode_name);
    out
}

fn run_with_context(cli: &Cli, out: Output) -> u8 {
    let mut ctx = match make_context(cli, out.clone()) {
        Ok(ctx) => ctx,
        Err(error) => {
            let kind = error.kind();
            out.error(&error.into());
            write_summary(&out, 0, 1, 0, 0, kind.exit());
            return kind.exit();
        }
    };
    let result = run_requested(cli, &mut ctx);
    ctx.finish_jobs();
    let exit = exit_status(&mut ctx, result);
    ctx.note_lftp_settings();
    ctx.client.close_all_now();
    let flushed = ctx.out.flush();
    let totals = ctx.totals;
    write_summary(&ctx.out, totals.commands, totals.failed, totals.files, totals.bytes, exit);
    match flushed {
        Err(error) if exit == 0 && !crate::output::is_broken_pipe(&error.clone().into()) => {
            let kind = error.kind();
            ctx.out.error(&error.into());
            kind.exit()
        }
        _ => exit,
    }
}

fn write_summary(out: &Output, commands: u64, failed: u64, files: u64, bytes: u64, exit: u8) {
    if out.is_json() {
        let record = Record::Summary(SummaryRecord { commands, failed, files, bytes, exit });
        // If output fails here, there is nowhere left to report it.
        let _ = out.record(&record).and_then(|()| out.flush());
    }
}

/// The exit status: that of `exit`, else of the first failure.
fn exit_status(ctx: &mut Context, result: anyhow::Result<()>) -> u8 {
    if let Err(error) = &result {
        ctx.out.error(error);
        let kind = kind_of(error);
        if ctx.totals.first_failure.is_none() {
            ctx.totals.failed += 1;
            ctx.totals.first_failure = Some(kind);
        }
    }
    if let Some(reason) = ctx.client.cancel.requested()
        && reason == crate::cancel::Reason::Terminated
    {
        return Kind::Terminated.exit();
    }
    match (ctx.exit_requested, ctx.totals.first_failure) {
        (Some(Some(code)), _) => code,
        (_, Some(kind)) => kind.exit(),
        (_, None) => 0,
    }
}

/// Sets up everything before the first command: directories, settings, trust, credentials, the log.
fn make_context(cli: &Cli, out: Output) -> Result<Context> {
    let cancel = Cancel::new();
    let console = out.clone();
    signals::watch_signals(cancel.clone(), move || console.reopen_audit_log())?;
    let home = AppDirs::from_environment(|name| std::env::var_os(name))?;
    let security = &cli.security;
    let fingerprints: Result<Vec<_>> =
        security.fingerprint.iter().map(|text| Fingerprint::parse(text)).collect();
    let rules = TrustOptions {
        fingerprints: fingerprints?,
        insecure: security.insecure,
        ..TrustOptions::default()
    };
    let system = AppDirs::system_known_servers(|name| std::env::var_os(name));
    let gate =
        TrustChecker::new(TrustStore::new(home.known_servers()).with_system_store(system), rules);
    let login = &cli.login;
    let (user, secret) = match login.user.clone() {
        Some(UserOption { name, password }) => (Some(name), password),
        None => (None, None),
    };
    let variable = login.env_password.then(|| LFTP_PASSWORD.to_owned());
    let variable = variable.or_else(|| login.password_env.clone());
    let sources = Sources {
        file: login.password_file.clone(),
        command: login.password_command.clone(),
        env: variable.clone(),
        given: Arc::new(CommandLineLogin::new(user, secret)),
        keyring: keyring::platform_keyring(),
        ..Sources::default()
    };
    let connection = Connection::new(gate, sources);
    let client = Client::new(out.clone(), Settings::new(), cancel, connection, home)
        .with_proxies(ProxyEnvironment::read(|name| std::env::var_os(name)));
    let mut ctx = Context::new(out, client, execute::run_script);
    ctx.hidden_variables.extend(variable);
    ctx.redact = redact_line;
    ctx.keep_going = cli.run.keep_going;
    // Before the start-up file, which may open another site.
    if let Some(Ok(Target { site, .. })) = target_argument(cli, &ctx) {
        let given = &ctx.client.connection.sources.given;
        given.bind_to_site((&site.host, site.port), None, site.user.as_deref());
    }
    read_rc_file(cli, &mut ctx)?;
    for assignment in &cli.general.set {
        ctx.client.settings.set_assignment(assignment)?;
    }
    if let Some(policy) = security.trust {
        ctx.client.settings.set(TRUST_POLICY.name(), policy.word())?;
    }
    let log = cli.general.log_file.clone().or_else(|| ctx.client.settings.get(LOG_FILE, None));
    if let Some(path) = log {
        ctx.out.set_audit_log(Some(AuditLog::open(&path)?));
    }
    Ok(ctx)
}

/// The site named on the command line, if any.
fn target_argument(cli: &Cli, ctx: &Context) -> Option<Result<Target>> {
    let target = target::resolve_target(site_argument(cli)?, &|name| {
        bookmarks::find_bookmark(&ctx.client.app_dirs, name)
    });
    Some(target.map(|mut target| {
        target.site.port = cli.login.port.unwrap_or(target.site.port);
        target
    }))
}

/// The word on the command line that names a site.
fn site_argument(cli: &Cli) -> Option<&str> {
    match &cli.subcommand {
        Some(Sub::Doctor { server, .. }) => Some(server),
        _ => cli.target.as_deref(),
    }
}

/// Warns, in one line, of a password in the arguments of the process: other users can see them.
/// What is in a file, on standard input or typed at the prompt is not visible.
fn warn_of_visible_password(cli: &Cli, out: &Output) {
    let in_option = cli.login.user.as_ref().is_some_and(|user| user.password.is_some());
    let in_url = || {
        site_argument(cli).is_some_and(|site| {
            target::parse_target(site).is_ok_and(|target| target.password.is_some())
        })
    };
    let in_any = |texts: &[String]| texts.iter().any(|text| holds_password(text));
    let what = match () {
        () if in_option => "-u holds",
        () if in_url() => "the URL holds",
        () if in_any(&cli.run.commands) => "-c holds",
        () if in_any(&cli.run.execute) => "-e holds",
        () => return,
    };
    if !out.is_quiet() {
        out.warn(&format!(
            "{what} a password: other users of this machine may see it; better use \
             --password-file, --password-command or a netrc file"
        ));
    }
}

/// Runs the start-up file, a script; any failure in it is a configuration error.
fn read_rc_file(cli: &Cli, ctx: &mut Context) -> Result<()> {
    if cli.general.norc {
        return Ok(());
    }
    let path = cli.general.rcfile.clone().unwrap_or_else(|| ctx.client.app_dirs.rc_file());
    let wrong = |error: &Error| {
        let wrong = Error::new(Kind::Config, error.message());
        match error.hint() {
            Some(hint) => wrong.with_hint(hint),
            None => wrong,
        }
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound && cli.general.rcfile.is_none() =>
        {
            return Ok(());
        }
        Err(error) => return Err(wrong(&Error::local(&path, &error))),
    };
    let name = path.display().to_string();
    if let Err(complaints) = execute::parse_and_validate(ctx, &text, &name) {
        let wrong: Vec<_> = complaints.iter().map(wrong).collect();
        execute::show_complaints(ctx, wrong);
        return Err(Error::already_shown(Kind::Config));
    }
    let result = execute::run_script(ctx, &text, &name);
    ctx.totals = crate::jobs::RunTotals::default();
    result.map_err(|_| Error::new(Kind::Config, format!("{name}: the start-up file failed")))
}

/// Reads and validates the scripts, then connects to the target, then runs the scripts.
fn run_requested(cli: &Cli, ctx: &mut Context) -> anyhow::Result<()> {
    warn_of_visible_password(cli, &ctx.out);
    match &cli.subcommand {
        Some(Sub::Trust(arguments)) => {
            ctx.totals.commands += 1;
            return crate::commands::trust::run(&arguments.command, ctx);
        }
        Some(Sub::Doctor { server, write }) => {
            ctx.totals.commands += 1;
            return Ok(doctor::examine(ctx, Some(server), *write)?);
        }
        Some(Sub::Check { files }) => return check_scripts(files, ctx),
        _ => {}
    }
    let scripts = collect_scripts(cli, ctx)?;
    let complaints = validate_scripts(&scripts, ctx);
    if !complaints.is_empty() {
        return Err(Error::already_shown(execute::show_complaints(ctx, complaints)).into());
    }
    if let Some(target) = target_argument(cli, ctx) {
        match ctx.out.is_interactive() {
            true => ctx.client.open(target?, None)?,
            false => ctx.client.open_without_asking(target?, None)?,
        }
    }
    for (name, text) in &scripts {
        let result = execute::run_script(ctx, text, name);
        if ctx.exit_requested.is_some() {
            return Ok(());
        }
        if let Err(error) = result
            && !ctx.keep_going
            && !ctx.client.at_prompt
        {
            return Err(error);
        }
    }
    if wants_prompt(cli) {
        ctx.client.at_prompt = true;
        crate::shell::repl::run_prompt(ctx)?;
    } else if ctx.client.connection.waits_for_login() {
        // Put off, but never made up for: nothing was done there.
        ctx.client.session()?;
    }
    Ok(())
}

/// The scripts to run, in order: every `-c`, then `-f`, then every `-e`; without `-c` and `-f`, then
/// standard input unless it is a terminal.
fn collect_scripts(cli: &Cli, ctx: &mut Context) -> anyhow::Result<Vec<(String, String)>> {
    let mut scripts: Vec<_> =
        cli.run.commands.iter().map(|text| ("-c".to_owned(), text.clone())).collect();
    if let Some(path) = &cli.run.file {
        scripts.push(read_script(path).context("script")?);
    }
    scripts.extend(cli.run.execute.iter().map(|text| ("-e".to_owned(), text.clone())));
    if !cli.run.execute.is_empty() {
        ctx.client.at_prompt = wants_prompt(cli);
    }
    let from_input = cli.run.commands.is_empty() && cli.run.file.is_none();
    let leaves = cli.run.execute.iter().any(|text| execute::always_exits(text));
    if from_input && !leaves && !std::io::stdin().is_terminal() {
        scripts.push(("stdin".to_owned(), standard_input()?));
    }
    Ok(scripts)
}

/// Reports all that is wrong with scripts that run independently of each other, and runs nothing.
fn check_scripts(files: &[PathBuf], ctx: &mut Context) -> anyhow::Result<()> {
    let mut first = None;
    for file in files {
        ctx.totals.commands += 1;
        let script = match read_script(file) {
            Ok(script) => script,
            Err(error) => {
                first.get_or_insert(execute::show_complaints(ctx, vec![error]));
                continue;
            }
        };
        let complaints = validate_scripts(std::slice::from_ref(&script), ctx);
        if complaints.is_empty() {
            ctx.out.notice(&format!("{}: nothing wrong found", script.0));
        } else {
            first.get_or_insert(execute::show_complaints(ctx, complaints));
        }
    }
    first.map_or(Ok(()), |kind| Err(Error::already_shown(kind).into()))
}

/// The name of a script in errors, and its text; `-` is standard input.
fn read_script(path: &Path) -> Result<(String, String)> {
    if path.as_os_str() == "-" {
        return Ok(("stdin".to_owned(), standard_input()?));
    }
    // Commands in the place of its name may hold a password: they are not repeated.
    let failed = |error: std::io::Error| match looks_like_commands(&path.to_string_lossy()) {
        true => Error::usage("-f: no such file; this looks like commands: -c")
            .with_hint("`-c COMMANDS` runs commands, `-f FILE` those in a file"),
        false => Error::local(path, &error),
    };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Ok((path.display().to_string(), text))
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Error::local("standard input", &error))?;
    Ok(text)
}

/// Whether to show the prompt: on a terminal, and no script other than `-e` was given.
fn wants_prompt(cli: &Cli) -> bool {
    let only_e = !cli.run.execute.is_empty() || !cli.run.has_commands();
    only_e && std::io::stdin().is_terminal()
}
