//! `set`: show and change settings.

use clap::Parser;

use super::programs::pager;
use super::{Builtin, Context, Example, Group, ScriptCheck};
use crate::error::{Error, Result};
use crate::output::AuditLog;
use crate::settings::{LOG_FILE, Setting, SettingValue, Settings, resolve};
use crate::shell_quote::quote_word;

/// Show and change settings
///
/// Without arguments, shows all settings that differ from their defaults, as commands that set
/// them. A name may be abbreviated as long as it is unique. NAME/HOST applies to one host; HOST may
/// contain wildcards. `help NAME` explains a setting.
#[derive(Debug, Parser)]
pub struct Set {
    /// Show all settings
    #[arg(short, long, conflicts_with_all = ["unset", "name"])]
    all: bool,
    /// Reset to the default
    #[arg(short, long, requires = "name", conflicts_with = "value")]
    unset: bool,
    /// NAME, NAME/HOST or NAME=VALUE
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The value; several words are joined to one value
    #[arg(value_name = "VALUE", trailing_var_arg = true, allow_hyphen_values = true)]
    value: Vec<String>,
}

impl Builtin for Set {
    const NAME: &'static str = "set";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "set net:timeout 1m", about: "change a setting" },
        Example { line: "set ftp:mode/*.example.org pasv", about: "change it for some hosts only" },
        Example { line: "set net:timeout", about: "show one setting" },
        Example { line: "set -u net:timeout", about: "reset it to its default" },
        Example { line: "set -a", about: "show all settings" },
    ];

    /// Validates on a copy of the settings.
    fn check(&self) -> Result<()> {
        match self.wanted_rows() {
            Wanted::Set(target, value) => Settings::new().set(&target, &value).map(drop),
            Wanted::Unset(target) => Settings::new().unset(&target).map(drop),
            Wanted::Show(target) => {
                resolve(target.split_once('/').map_or(&*target, |(name, _)| name)).map(drop)
            }
            Wanted::All | Wanted::Changed => Ok(()),
        }
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        // A wrong one is the error of `check`.
        let _ = match self.wanted_rows() {
            Wanted::Set(target, value) => script.settings.set(&target, &value).map(drop),
            Wanted::Unset(target) => script.settings.unset(&target).map(drop),
            Wanted::Show(_) | Wanted::All | Wanted::Changed => Ok(()),
        };
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        match self.wanted_rows() {
            Wanted::Set(target, value) => {
                change_setting(ctx, |settings| settings.set(&target, &value))?;
            }
            Wanted::Unset(target) => change_setting(ctx, |settings| settings.unset(&target))?,
            Wanted::Show(target) => show_settings(&target, ctx)?,
            Wanted::All => {
                let lines: Vec<_> =
                    ctx.client.settings.all().map(|item| assignment(&item)).collect();
                pager::page_lines(ctx, &lines)?;
            }
            Wanted::Changed => {
                let lines: Vec<_> =
                    ctx.client.settings.changed().map(|item| assignment(&item)).collect();
                pager::page_lines(ctx, &lines)?;
            }
        }
        Ok(())
    }
}

enum Wanted {
    Changed,
    All,
    Show(String),
    Set(String, String),
    Unset(String),
}

impl Set {
    fn wanted_rows(&self) -> Wanted {
        match &self.name {
            None if self.all => Wanted::All,
            None => Wanted::Changed,
            Some(name) if self.unset => Wanted::Unset(name.clone()),
            Some(name) if !self.value.is_empty() => Wanted::Set(name.clone(), self.value.join(" ")),
            Some(name) => match name.split_once('=') {
                Some((name, value)) => Wanted::Set(name.to_owned(), value.to_owned()),
                None => Wanted::Show(name.clone()),
            },
        }
    }
}

/// One setting: its values, or the one that counts for a host.
fn show_settings(target: &str, ctx: &Context) -> Result<()> {
    let (name, host) = match target.split_once('/') {
        Some((name, host)) => (name, Some(host)),
        None => (target, None),
    };
    let row = resolve(name)?;
    if host.is_some()
        && let Some(value) = ctx.client.settings.value(row.name, host)
    {
        return ctx.out.line(&assignment(&SettingValue { row, host, value }));
    }
    let of_row = |item: &SettingValue<'_>| item.row.name == row.name;
    ctx.client.settings.all().filter(of_row).try_for_each(|item| ctx.out.line(&assignment(&item)))
}

/// A line that sets it again.
fn assignment(item: &SettingValue<'_>) -> String {
    let value = quote_word(&item.value.to_string());
    match item.host {
        Some(host) => format!("set {} {value}", quote_word(&format!("{}/{host}", item.row.name))),
        None => format!("set {} {value}", item.row.name),
    }
}

/// Changes a setting; one that cannot take effect stays as it was.
fn change_setting(
    ctx: &mut Context,
    change: impl FnOnce(&mut Settings) -> Result<&'static Setting>,
) -> Result<()> {
    let before = ctx.client.settings.clone();
    let row = change(&mut ctx.client.settings)?;
    apply_change(row, ctx).inspect_err(|_| ctx.client.settings = before)
}

/// What a changed setting does at once, or a word on why it does not yet.
fn apply_change(row: &Setting, ctx: &Context) -> Result<()> {
    if row.name == LOG_FILE.name() {
        let log = ctx.client.settings.get(LOG_FILE, None).map(AuditLog::open).transpose();
        ctx.out.set_audit_log(log.map_err(|error| error.with_context(row.name))?);
    }
    let at_connect = |name: &str| {
        name.starts_with("tls:")
            || matches!(
                name,
                "net:timeout"
                    | "net:order"
                    | "net:bind-address"
                    | "net:proxy"
                    | "ftp:mode"
                    | "ftp:list"
                    | "ftp:max-listing"
                    | "trust:policy"
            )
    };
    let connected =
        ctx.client.connection.session().is_some_and(|session| session.failure().is_none());
    if connected && at_connect(row.name) {
        ctx.out.notice(&format!("{} takes effect with the next connection (reconnect)", row.name));
    }
    Ok(())
}

/// The row that a word means, for `help`.
///
/// # Errors
///
/// [`Kind::Usage`](crate::error::Kind::Usage) for a word that is no setting.
pub(super) fn explain_setting(word: &str) -> Result<Vec<String>, Error> {
    let row = resolve(word)?;
    let mut lines = vec![format!("{}: {}", row.name, row.help), String::new()];
    lines.push(format!("  value    {}", row.kind.describe()));
    let default = if row.default.is_empty() { "empty" } else { row.default };
    lines.push(format!("  default  {default}"));
    let hosts = if row.per_host { "all, or some with NAME/HOST" } else { "all" };
    lines.push(format!("  hosts    {hosts}"));
    Ok(lines)
}
