//! Completion scripts for bash, zsh and fish, generated from the clap definition.
//!
//! The definition comes in and is reduced to a tree of words, flags and what their values are;
//! `bash`, `zsh` and `fish` write that tree as a script. What only the user's files know (bookmarks,
//! known servers) the script asks of `ftpsh __complete`, see [`candidates`].

mod bash;
pub mod candidates;
mod fish;
mod zsh;

use clap::{Arg, ArgAction, Command, CommandFactory as _, ValueHint};

use super::{Cli, CompletionShell};

/// The completion script of a shell, as it is committed and installed.
pub fn completion_script(shell: CompletionShell) -> String {
    let mut definition = Cli::command();
    // Hands the global options down to the subcommands, and adds --help and --version.
    definition.build();
    let tree = Node::of_command(&definition, "ftpsh");
    match shell {
        CompletionShell::Bash => bash::bash_script(&tree),
        CompletionShell::Zsh => zsh::zsh_script(&tree),
        CompletionShell::Fish => fish::fish_script(&tree),
    }
}

/// The possible values.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    /// Nothing that could be offered.
    Unknown,
    /// One of these words, each with its help.
    Words(Vec<(String, String)>),
    /// Local files.
    Files,
    /// Local directories.
    Directories,
    /// Names of programs.
    Programs,
    /// Names of environment variables.
    Variables,
    /// Asked of the program.
    Asked(candidates::What),
}

impl Values {
    fn of_argument(arg: &Arg) -> Self {
        use candidates::What::{Servers, Settings, Targets};
        let words: Vec<_> = arg
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| (value.get_name().to_owned(), plain_text(value.get_help())))
            .collect();
        if !words.is_empty() {
            return Values::Words(words);
        }
        let name = arg.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
        match (arg.get_value_hint(), name) {
            (ValueHint::FilePath | ValueHint::AnyPath, _) => Values::Files,
            (ValueHint::DirPath, _) => Values::Directories,
            (ValueHint::CommandString | ValueHint::CommandName, _) => Values::Programs,
            (ValueHint::Hostname, "TARGET") => Values::Asked(Targets),
            (ValueHint::Hostname, _) => Values::Asked(Servers),
            (_, "NAME=VALUE") => Values::Asked(Settings),
            (_, "VAR") => Values::Variables,
            _ => Values::Unknown,
        }
    }
}

/// An option, under all its names.
#[derive(Debug)]
struct Flag {
    /// `-u`, `--user`.
    names: Vec<String>,
    help: String,
    /// The placeholder of its value and the possible values, if it takes one.
    value: Option<(String, Values)>,
    repeatable: bool,
}

impl Flag {
    fn of_argument(arg: &Arg) -> Self {
        let short = arg.get_short().map(|letter| format!("-{letter}"));
        let long = arg.get_long().map(|word| format!("--{word}"));
        let takes_value = arg.get_action().takes_values();
        Self {
            names: short.into_iter().chain(long).collect(),
            help: plain_text(arg.get_help()),
            value: takes_value.then(|| (placeholder(arg), Values::of_argument(arg))),
            repeatable: matches!(arg.get_action(), ArgAction::Append | ArgAction::Count),
        }
    }
}

/// An argument without a name of its own.
#[derive(Debug)]
struct Positional {
    placeholder: String,
    values: Values,
    required: bool,
    repeatable: bool,
}

/// The program or one of its subcommands.
#[derive(Debug)]
struct Node {
    name: String,
    /// The words that lead to it, `ftpsh trust show`.
    path: String,
    help: String,
    aliases: Vec<String>,
    flags: Vec<Flag>,
    positionals: Vec<Positional>,
    children: Vec<Node>,
}

impl Node {
    fn of_command(command: &Command, path: &str) -> Self {
        let shown = |child: &&Command| !child.is_hide_set();
        let option = |arg: &&Arg| !arg.is_positional() && !arg.is_hide_set();
        let child =
            |child: &Command| Node::of_command(child, &format!("{path} {}", child.get_name()));
        Self {
            name: command.get_name().to_owned(),
            path: path.to_owned(),
            help: plain_text(command.get_about()),
            aliases: command.get_visible_aliases().map(str::to_owned).collect(),
            flags: command.get_arguments().filter(option).map(Flag::of_argument).collect(),
            positionals: command
                .get_positionals()
                .map(|arg| Positional {
                    placeholder: placeholder(arg),
                    values: Values::of_argument(arg),
                    required: arg.is_required_set(),
                    repeatable: matches!(arg.get_action(), ArgAction::Append),
                })
                .collect(),
            children: command.get_subcommands().filter(shown).map(child).collect(),
        }
    }

    /// This node and all below it.
    fn all_commands(&self) -> Vec<&Node> {
        std::iter::once(self).chain(self.children.iter().flat_map(Node::all_commands)).collect()
    }

    /// The words that lead from here to a child: its name and aliases.
    fn option_words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.aliases).map(String::as_str)
    }
}

fn placeholder(arg: &Arg) -> String {
    let name = arg.get_value_names().and_then(<[_]>::first);
    name.map_or_else(|| arg.get_id().to_string(), ToString::to_string)
}

/// Help on one line, without marks.
fn plain_text(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default().replace('\n', " ")
}

#[cfg(test)]
mod tests;
