//! `set`: show and change settings.

use clap::Parser;

use super::mirror::default_exclusion;
use super::programs::pager;
use super::{Builtin, Context, Example, Group, ScriptCheck};
use crate::error::{Error, Result};
use crate::output::{AuditLog, Record};
use crate::settings::{
    Fate, LOG_FILE, NET_MAX_RETRIES, Setting, SettingValue, Settings, find_lftp_setting, resolve,
};
use crate::shell_quote::quote_word;

/// Show and change settings
///
/// Without arguments, shows all settings that differ from their defaults, as commands that set
/// them. A name may be abbreviated as long as it is unique. NAME/HOST applies to one host; HOST may
/// contain wildcards. The settings of lftp are known, too: they set those of ftpsh, have no effect,
/// or are refused. `help NAME` explains a setting.
#[derive(Debug, Parser)]
pub struct Set {
    /// Show all settings
    #[arg(short, long, conflicts_with_all = ["unset", "words"])]
    all: bool,
    /// Reset to the default
    #[arg(short, long, requires = "words")]
    unset: bool,
    /// NAME, NAME/HOST or NAME=VALUE; then the value: several words are joined to one
    #[arg(value_names = ["NAME", "VALUE"], num_args = 0.., trailing_var_arg = true,
          allow_hyphen_values = true)]
    words: Vec<String>,
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
            Wanted::Set(target, value) => {
                let mut settings = Settings::new();
                settings.set(&target, &value)?;
                settings
                    .all()
                    .try_for_each(|item| default_exclusion(&settings, item.host).map(drop))
            }
            Wanted::Unset(target) => Settings::new().unset(&target).map(drop),
            Wanted::Show(target) => shown_row(&target).map(drop),
            Wanted::All | Wanted::Changed => Ok(()),
            Wanted::Nothing(why) => Err(Error::usage(why)),
        }
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        // A wrong one is the error of `check`.
        let _ = match self.wanted_rows() {
            Wanted::Set(target, value) => script.settings.set(&target, &value).map(drop),
            Wanted::Unset(target) => script.settings.unset(&target).map(drop),
            Wanted::Show(_) | Wanted::All | Wanted::Changed | Wanted::Nothing(_) => Ok(()),
        };
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        match self.wanted_rows() {
            Wanted::Set(target, value) => {
                change_setting(ctx, |settings| settings.set(&target, &value))?;
                let retries = resolve(target.split('/').next().unwrap_or_default());
                if value.trim() == "0"
                    && retries.is_ok_and(|row| row.name == NET_MAX_RETRIES.name())
                {
                    ctx.out.notice(
                        "net:max-retries 0: no retries; what lftp means by it is `unlimited` here",
                    );
                }
            }
            Wanted::Unset(target) => change_setting(ctx, |settings| settings.unset(&target))?,
            Wanted::Show(target) => show_settings(&target, ctx)?,
            Wanted::Nothing(why) => return Err(Error::usage(why).into()),
            Wanted::All => show_pages(ctx, |settings| settings.all().collect())?,
            Wanted::Changed => show_pages(ctx, |settings| settings.changed().collect())?,
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
    /// Invalid, for this reason.
    Nothing(&'static str),
}

impl Set {
    fn wanted_rows(&self) -> Wanted {
        match &self.words[..] {
            [] if self.all => Wanted::All,
            [] => Wanted::Changed,
            [name] if self.unset => Wanted::Unset(name.clone()),
            _ if self.unset => Wanted::Nothing("set: --unset takes a name and no value"),
            [name] => match name.split_once('=') {
                Some((name, value)) => Wanted::Set(name.to_owned(), value.to_owned()),
                None => Wanted::Show(name.clone()),
            },
            [name, value @ ..] => Wanted::Set(name.clone(), value.join(" ")),
        }
    }
}

/// The row of a name, also where it is lftp's for it.
fn shown_row(target: &str) -> Result<&'static Setting> {
    let name = target.split_once('/').map_or(target, |(name, _)| name);
    let found = resolve(name);
    match (found, find_lftp_setting(target).map(|row| row.fate)) {
        (Ok(row), _) => Ok(row),
        (Err(_), Some(Fate::Sets(name, _))) => resolve(name),
        (Err(_), Some(_)) => {
            Err(Error::usage(format!("set {name}: a setting of lftp, without a value here"))
                .with_hint(format!("`help {name}` tells what it does")))
        }
        (Err(error), None) => Err(error),
    }
}

/// One setting: its values, or the one that counts for a host.
fn show_settings(target: &str, ctx: &Context) -> Result<()> {
    let (name, host) = match target.split_once('/') {
        Some((name, host)) => (name, Some(host)),
        None => (target, None),
    };
    let row = shown_row(name)?;
    if host.is_some()
        && let Some(value) = ctx.client.settings.value(row.name, host)
    {
        return show_value(ctx, &SettingValue { row, host, value });
    }
    let of_row = |item: &SettingValue<'_>| item.row.name == row.name;
    ctx.client.settings.all().filter(of_row).try_for_each(|item| show_value(ctx, &item))
}

/// Many settings: page by page at the prompt.
fn show_pages(ctx: &mut Context, rows: impl Fn(&Settings) -> Vec<SettingValue<'_>>) -> Result<()> {
    if ctx.out.is_json() {
        return rows(&ctx.client.settings).iter().try_for_each(|item| show_value(ctx, item));
    }
    let lines: Vec<_> = rows(&ctx.client.settings).iter().map(assignment).collect();
    pager::page_lines(ctx, &lines)
}

/// One line, in JSON with its parts.
fn show_value(ctx: &Context, item: &SettingValue<'_>) -> Result<()> {
    if !ctx.out.is_json() {
        return ctx.out.line(&assignment(item));
    }
    let fields = vec![
        ("name", Some(item.row.name.to_owned())),
        ("host", item.host.map(str::to_owned)),
        ("value", Some(item.value.to_string())),
    ];
    ctx.out.record(&Record::TextFields(assignment(item), fields))
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
pub(super) fn change_setting(
    ctx: &mut Context,
    change: impl FnOnce(&mut Settings) -> Result<Option<&'static Setting>>,
) -> Result<()> {
    let before = ctx.client.settings.clone();
    let Some(row) = change(&mut ctx.client.settings)? else { return Ok(()) };
    let values = |settings: &Settings| -> Vec<String> {
        settings
            .all()
            .filter(|item| item.row.name == row.name)
            .map(|item| assignment(&item))
            .collect()
    };
    if values(&before) == values(&ctx.client.settings) {
        return Ok(());
    }
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
    let row = match (resolve(word), find_lftp_setting(word)) {
        (Err(_), Some(lftp)) => {
            return Ok(vec![format!(
                "{}: a setting of lftp; here: {}",
                lftp.name,
                lftp.describe()
            )]);
        }
        (found, _) => found?,
    };
    let mut lines = vec![format!("{}: {}", row.name, row.help), String::new()];
    lines.push(format!("  value    {}", row.kind.describe()));
    let default = if row.default.is_empty() { "empty" } else { row.default };
    lines.push(format!("  default  {default}"));
    let hosts = if row.per_host { "all, or some with NAME/HOST" } else { "all" };
    lines.push(format!("  hosts    {hosts}"));
    Ok(lines)
}
