//! `help`: the commands by group, one command, one setting, or the keys of the prompt.

use clap::Parser;

use super::programs::pager;
use super::{Builtin, COMMANDS, Context, Example, Group, Spec, find_command, set};
use crate::error::{Error, Result};

/// The topic that explains the prompt.
pub const KEYS_TOPIC: &str = "keys";

/// The keys of the prompt and the marks in it, here and in the man page.
pub const KEYS: &[(&str, &str)] = &[
    (
        "Tab",
        "completes commands, options, settings, and names here and on the server; a second Tab \
         lists what fits.",
    ),
    (
        "Ctrl-R",
        "searches the history backwards, again for older lines; Enter runs the line, Ctrl-G leaves \
         the search. Up and Down go through the history.",
    ),
    (
        "Right",
        "at the end of the line accepts the suggestion: the dim rest of the last line of the \
         history that begins as typed. There are none without colour, and none of mistyped commands.",
    ),
    ("Ctrl-C", "discards the line, or stops the running command; a second one exits then."),
    ("Ctrl-D", "exits, on an empty line."),
    ("Ctrl-Z", "suspends ftpsh; `fg` of your shell continues it."),
    (
        r"Ctrl-\",
        "sends a running `get` or `put` to the background, where it is resumed; `jobs` lists it, \
         `fg` waits for it.",
    ),
    (
        "> ",
        "waits for more: a line with an open quote or `(`, or with `&&`, `||` or a backslash at \
         its end, goes on in the next. Ctrl-C discards all of it.",
    ),
    ("[N] ", "before the prompt: the last command failed with exit status N."),
    ("HOST:PORT", "in the prompt: the port is not the usual one (21, and 990 for ftps://)."),
    ("! ", "before the prompt: the server is trusted for this run only."),
    ("% or ⏎", "after output: it had no end of line."),
];

/// Explain commands, settings and the keys of the prompt
///
/// Without NAME, all commands are listed. Output longer than the terminal is shown in a pager.
#[derive(Debug, Parser)]
pub struct Help {
    /// A command, an alias, a setting, or `keys`
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
        Example { line: "help keys", about: "explain the prompt and its keys" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let lines = match self.name.as_deref() {
            None => show_overview(),
            Some(KEYS_TOPIC) if !ctx.aliases.contains_key(KEYS_TOPIC) => show_keys(ctx.out.width()),
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
    lines.push("`help keys` explains the keys and marks of the prompt.".into());
    lines
}

/// Each key with its explanation, wrapped to the width.
fn show_keys(width: usize) -> Vec<String> {
    const INDENT: usize = 11;
    let mut lines = Vec::new();
    for (key, text) in KEYS {
        let mut line = format!("{key:INDENT$}");
        let mut is_begun = false;
        for word in text.split(' ') {
            if is_begun && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
                is_begun = false;
            }
            line += if is_begun { " " } else { "" };
            line += word;
            is_begun = true;
        }
        lines.push(line);
    }
    lines.push(format!("{:INDENT$}`help cmd:prompt` explains the setting.", ""));
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
