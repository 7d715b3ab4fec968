//! `help`: the commands by group, one command, one setting, or a topic.

use clap::Parser;

use super::programs::pager;
use super::topics::{TOPICS, Topic, find_topic, wrap};
use super::{Builtin, COMMANDS, Context, Example, Group, Spec, find_command, set};
use crate::error::{Error, Result};

/// The topic that lists the others.
const LIST: &str = "topics";

/// The keys of the prompt and the marks in it.
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

/// Explain commands, settings and topics
///
/// Without NAME, all commands are listed. Output longer than the terminal is shown in a pager.
#[derive(Debug, Parser)]
pub struct Help {
    /// A command, an alias, a setting, or a topic (`help topics`)
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
        Example { line: "help topics", about: "list the topics: trust, scripts, keys, lftp …" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let lines = match self.name.as_deref() {
            None => show_overview(),
            Some(name) if ctx.aliases.contains_key(name) => show_command_help(name, ctx)?,
            Some(LIST) => list_topics(),
            Some(name) => match find_topic(name) {
                Some(topic) => show_topic(topic, ctx.out.width()),
                None => show_command_help(name, ctx)?,
            },
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
    lines.push("`help topics` lists what else is explained: trust, scripts, keys, lftp …".into());
    lines
}

/// The topics, one line each.
fn list_topics() -> Vec<String> {
    let mut lines = vec!["Topics of `help`, which are sections of `man ftpsh` as well:".to_owned()];
    lines.extend(TOPICS.iter().map(|topic| format!("  {:9}  {}", topic.name, topic.about)));
    lines
}

/// What `help` takes beside the names of commands, settings and aliases.
pub fn topic_names() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|topic| topic.name).chain([LIST])
}

/// A topic; what a command of the same name does comes first.
fn show_topic(topic: &Topic, width: usize) -> Vec<String> {
    let command = COMMANDS.iter().find(|spec| spec.name == topic.name);
    let mut lines = command.map(|spec| spec.help_lines(width)).unwrap_or_default();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(topic.lines(width));
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
            Ok(mut lines) if ctx.out.height().is_some() => {
                let text = lines.remove(0);
                Ok(wrap(&text, ctx.out.width()).into_iter().chain(lines).collect())
            }
            Ok(lines) => Ok(lines),
            Err(error) if name.contains(':') => Err(error),
            Err(_) => Err(Error::usage(format!("help: {}", unknown.message()))
                .with_hint(unknown.hint().unwrap_or("`help` lists the commands"))),
        },
    }
}
