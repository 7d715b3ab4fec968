//! `help`: the commands by group, one command, or one setting.

use clap::Parser;

use super::{Builtin, COMMANDS, Context, Example, Group, Spec, find, set};
use crate::error::{Error, Result};

/// Explain commands and settings
///
/// Without a name, all commands are listed.
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
            None => overview(),
            Some(name) => about(name, ctx)?,
        };
        Ok(lines.iter().try_for_each(|line| ctx.out.line(line))?)
    }
}

/// Groups with their commands, one line each. What does nothing is left out.
fn overview() -> Vec<String> {
    let title = |spec: &Spec| {
        let names: Vec<_> = std::iter::once(&spec.name).chain(spec.aliases).copied().collect();
        names.join(", ")
    };
    let shown = || COMMANDS.iter().filter(|spec| !matches!(spec.name, "true" | "false"));
    let width = shown().map(|spec| title(spec).len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for (group, heading) in Group::ALL {
        let mut of_group = shown().filter(|spec| spec.group == group).peekable();
        if of_group.peek().is_none() {
            continue;
        }
        lines.push(heading.to_owned());
        lines.extend(of_group.map(|spec| format!("  {:width$}  {}", title(spec), spec.about())));
        lines.push(String::new());
    }
    lines
        .push("`help COMMAND` explains a command, `help SETTING` a setting (`set -a`).".to_owned());
    lines
}

fn about(name: &str, ctx: &Context) -> Result<Vec<String>> {
    if let Some(text) = ctx.aliases.get(name) {
        return Ok(vec![format!("{name} is an alias for: {text}")]);
    }
    // An abbreviation means a command before it means a setting.
    match find(COMMANDS, name) {
        Ok(spec) => Ok(command(spec, ctx.out.width())),
        Err(unknown) => match set::explained(name) {
            Ok(lines) => Ok(lines),
            Err(error) if name.contains(':') => Err(error),
            Err(_) => Err(Error::usage(format!("help: {}", unknown.message()))
                .with_hint(unknown.hint().unwrap_or("`help` lists the commands"))),
        },
    }
}

/// One command: what clap knows about it, without colours, its other names and its examples.
fn command(spec: &Spec, width: usize) -> Vec<String> {
    let text = spec.definition().term_width(width).render_long_help().to_string();
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    if !spec.aliases.is_empty() {
        lines.push(String::new());
        lines.push(format!("Other names: {}", spec.aliases.join(", ")));
    }
    if !spec.examples.is_empty() {
        lines.push(String::new());
        lines.push("Examples:".to_owned());
        let width = spec.examples.iter().map(|example| example.line.len()).max();
        let width = width.unwrap_or_default();
        lines.extend(spec.examples.iter().map(|e| format!("  {:width$}  # {}", e.line, e.about)));
    }
    lines
}
