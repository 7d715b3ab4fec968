//! `help`: the commands by group, one command, or one setting.

use clap::Parser;

use super::programs::pager;
use super::{Builtin, COMMANDS, Context, Example, Group, Spec, find_command, set};
use crate::error::{Error, Result};

/// Explain commands and settings
///
/// Without NAME, all commands are listed. Output longer than the terminal is shown in a pager.
#[derive(Debug, Parser)]
pub struct Help {
    /// A command, an alias or a setting
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Builtin for Help {
    const NAME: &'static str = "help";
    const ALIASES: &'static [&'static str] = &["?"];
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "help", about: "list all commands" },
        Example { line: "help get", about: "explain a command" },
        Example { line: "help net:timeout", about: "explain a setting" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let lines = match self.name.as_deref() {
            None => show_overview(),
            Some(name) => show_command_help(name, ctx)?,
        };
        Ok(pager::page_lines(ctx, &lines)?)
    }
}

/// Groups with their commands, one line each. What does nothing is left out.
fn show_overview() -> Vec<String> {
    let title = |spec: &Spec| {
        let names: Vec<_> = std::iter::once(&spec.name).chain(spec.aliases).copied().collect();
        names.join(", ")
    };
    let shown = || {
        let counts = |spec: &&Spec| spec.group != Group::Compatible;
        COMMANDS.iter().filter(counts).filter(|spec| !matches!(spec.name, "true" | "false"))
    };
    let width = shown().map(|spec| title(spec).len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for (group, heading) in Group::ALL {
        let mut of_group = shown().filter(|spec| spec.group == group).peekable();
        if of_group.peek().is_none() {
            continue;
        }
        lines.push(heading.to_owned());
        lines.extend(of_group.map(|spec| format!("  {:width$}  {}", title(spec), spec.about())));
        if group == Group::Local {
            lines.push(format!("  {:width$}  Run a command of the local shell", "!"));
        }
        lines.push(String::new());
    }
    let others = COMMANDS.iter().filter(|spec| spec.group == Group::Compatible).map(title);
    lines.push("For scripts of lftp, sftp and ftp".to_owned());
    let others: Vec<_> = others.collect();
    lines.extend(others.chunks(4).map(|some| format!("  {}", some.join(", "))));
    lines.push(String::new());
    lines.push("`help COMMAND` explains a command, `help SETTING` a setting (`set -a`).".into());
    lines
}

fn show_command_help(name: &str, ctx: &Context) -> Result<Vec<String>> {
    if let Some(text) = ctx.aliases.get(name) {
        let shown = (ctx.redact)(text).unwrap_or_else(|| "…".to_owned());
        return Ok(vec![format!("{name} is an alias for: {shown}")]);
    }
    // An abbreviation means a command before it means a setting.
    match find_command(COMMANDS, name) {
        Ok(spec) => Ok(spec.help_lines(ctx.out.width())),
        Err(unknown) => match set::explain_setting(name) {
            Ok(lines) => Ok(lines),
            Err(error) if name.contains(':') => Err(error),
            Err(_) => Err(Error::usage(format!("help: {}", unknown.message()))
                .with_hint(unknown.hint().unwrap_or("`help` lists the commands"))),
        },
    }
}
