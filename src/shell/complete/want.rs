//! Determines from a command's clap definition what it expects at the cursor.
//!
//! The words before the cursor are parsed as clap would: options, their values, subcommands,
//! positional arguments. The expectation follows from the argument's possible values, its value
//! hint, the command's wildcards and the value name, in this order; one table lists the commands
//! that expect something specific to the shell.

use clap::{Arg, ArgAction, Command, ValueHint};

use crate::commands::{Globs, Spec};
use crate::settings::{ValueKind, resolve};

/// What is expected at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// Unknown.
    Nothing,
    /// One of these words.
    Words(Vec<String>),
    /// A name on the server.
    Remote {
        /// Directories only.
        directories: bool,
    },
    /// A local name.
    Local {
        /// Directories only.
        directories: bool,
    },
    /// A host or a bookmark.
    Sites,
    /// A bookmark.
    Bookmarks,
    /// A command, an alias, or another topic of `help`.
    HelpTopics,
    /// An alias.
    Aliases,
    /// The number of a background job.
    Jobs {
        /// Whether `all` is valid too.
        all: bool,
    },
    /// A setting.
    Settings,
    /// The next word of a command inside the command (`repeat`, `queue`), after these words.
    CommandLine(Vec<String>),
}

/// The position of the cursor in a command.
pub(super) struct Place<'a> {
    /// The command or its subcommand.
    command: &'a Command,
    /// The option whose value is expected.
    waiting: Option<&'a Arg>,
    /// Whether options are allowed: no `--` so far.
    options: bool,
    /// The positional arguments so far.
    positionals: Vec<&'a str>,
    /// The options so far, as typed.
    typed: Vec<&'a str>,
}

impl<'a> Place<'a> {
    /// The position after `words`, which follow the command's name.
    pub(super) fn after_words(definition: &'a Command, words: &'a [String]) -> Self {
        let mut place = Self {
            command: definition,
            waiting: None,
            options: true,
            positionals: Vec::new(),
            typed: Vec::new(),
        };
        for word in words {
            place.pass_word(word);
        }
        place
    }

    fn pass_word(&mut self, word: &'a str) {
        if self.waiting.take().is_some() {
            return;
        }
        if self.is_in_rest() {
            self.positionals.push(word);
        } else if self.options && word == "--" {
            self.options = false;
        } else if self.options && word.len() > 1 && word.starts_with('-') {
            self.waiting = self.option_that_waits(word);
            self.typed.push(word);
        } else if self.positionals.is_empty()
            && let Some(inner) = subcommand(self.command, word)
        {
            self.command = inner;
        } else {
            self.positionals.push(word);
        }
    }

    /// The option in this word whose value is the next word.
    fn option_that_waits(&self, word: &str) -> Option<&'a Arg> {
        if word.starts_with("--") {
            let arg = self.long_option(word).filter(|_| !word.contains('='))?;
            return takes_next_word(arg).then_some(arg);
        }
        let mut letters = word.chars().skip(1);
        while let Some(letter) = letters.next() {
            let arg = self.command.get_arguments().find(|arg| arg.get_short() == Some(letter))?;
            if takes_next_word(arg) {
                // The rest of the word is the value.
                return letters.next().is_none().then_some(arg);
            }
        }
        None
    }

    /// The option in a word `--name`, `--na` or `--name=value`.
    fn long_option(&self, word: &str) -> Option<&'a Arg> {
        let name = word.strip_prefix("--")?;
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        let begins = |arg: &&Arg| arg.get_long().is_some_and(|long| long.starts_with(name));
        let mut found = self.command.get_arguments().filter(begins);
        let first = found.next()?;
        let exact = |arg: &&Arg| arg.get_long() == Some(name);
        match self.command.get_arguments().find(exact) {
            Some(arg) => Some(arg),
            None => found.next().is_none().then_some(first),
        }
    }

    /// Whether an option is allowed here.
    pub(super) fn takes_options(&self) -> bool {
        self.options && self.waiting.is_none() && !self.is_in_rest()
    }

    /// The positional argument at this index; the last one may be repeated.
    fn positional(&self, index: usize) -> Option<(usize, &'a Arg)> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let last = all.len().checked_sub(1)?;
        let many = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Append);
        let found = all.get(index).copied().or_else(|| all.last().copied().filter(many))?;
        Some((index.min(last), found))
    }

    /// Whether everything that follows, even options, belongs to the last argument.
    fn is_in_rest(&self) -> bool {
        let last = self.positionals.len().checked_sub(1).and_then(|index| self.positional(index));
        last.is_some_and(|(_, arg)| arg.is_trailing_var_arg_set())
    }

    /// The options, with their dashes.
    pub(super) fn option_names(&self) -> Vec<String> {
        let shown = self.command.get_arguments().filter(|arg| !arg.is_hide_set());
        shown
            .flat_map(|arg| {
                let long = arg.get_long().map(|name| format!("--{name}"));
                let short = arg.get_short().map(|letter| format!("-{letter}"));
                long.into_iter().chain(short)
            })
            .collect()
    }

    /// What the value of the option `--name` can be.
    pub(super) fn value_of_option(&self, spec: &Spec, name: &str) -> Want {
        self.long_option(name).map_or(Want::Nothing, |arg| for_option(spec, arg))
    }

    /// What is expected here, apart from options.
    pub(super) fn want(&self, spec: &Spec) -> Want {
        if let Some(option) = self.waiting {
            return for_option(spec, option);
        }
        if self.positionals.is_empty() && self.command.has_subcommands() {
            let names = self.command.get_subcommands().filter(|inner| !inner.is_hide_set());
            return Want::Words(names.map(|inner| inner.get_name().to_owned()).collect());
        }
        if let Some(want) = self.shell_variable(spec) {
            return want;
        }
        match self.positional(self.positionals.len()) {
            Some((first, arg)) if is_command_line(spec, arg) => {
                let words = self.positionals.get(first..).unwrap_or_default();
                Want::CommandLine(words.iter().map(|word| (*word).to_owned()).collect())
            }
            Some((_, arg)) => for_positional(spec, arg),
            None => Want::Nothing,
        }
    }

    /// Positional arguments that are specific to the shell, and paths that the definition does not
    /// declare as local or as directories.
    fn shell_variable(&self, spec: &Spec) -> Option<Want> {
        let index = self.positionals.len();
        let backwards = self.typed.iter().any(|word| *word == "-R" || word.starts_with("--rev"));
        Some(match (spec.name, index) {
            ("set", 0) => Want::Settings,
            ("set", _) => {
                self.positionals.first().map_or(Want::Nothing, |name| possible_values(name))
            }
            ("help", _) => Want::HelpTopics,
            ("alias", 0) | ("unalias", _) => Want::Aliases,
            ("fg" | "kill" | "wait", _) => Want::Jobs { all: spec.name != "fg" },
            ("debug", 0) => Want::Words(["0", "1", "2"].map(str::to_owned).into()),
            ("open", 0) => Want::Sites,
            ("bookmark", 0) if self.command.get_name() != "add" => Want::Bookmarks,
            ("cd", _) => Want::Remote { directories: true },
            ("lcd", _) => Want::Local { directories: true },
            ("lls" | "source", _) => Want::Local { directories: false },
            ("mirror", 0 | 1) if (index == 1) == backwards => Want::Remote { directories: true },
            ("mirror", 0 | 1) => Want::Local { directories: true },
            _ => return None,
        })
    }
}

fn subcommand<'a>(command: &'a Command, word: &str) -> Option<&'a Command> {
    let mut begins = command.get_subcommands().filter(|inner| inner.get_name().starts_with(word));
    command.find_subcommand(word).or_else(|| match (begins.next(), begins.next()) {
        (Some(only), None) if !word.is_empty() => Some(only),
        _ => None,
    })
}

fn is_command_line(spec: &Spec, arg: &Arg) -> bool {
    arg.is_trailing_var_arg_set() && (value_name(arg) == "COMMAND" || spec.name == "alias")
}

fn takes_next_word(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

fn for_option(spec: &Spec, arg: &Arg) -> Want {
    if let Some(want) = declared_values(arg) {
        return want;
    }
    match (value_name(arg).as_str(), spec.globs) {
        ("DIR" | "DIRECTORY", _) => Want::Remote { directories: true },
        // The other side of the transfer.
        ("NAME" | "FILE" | "PATH", Globs::Local) => Want::Remote { directories: false },
        _ => Want::Nothing,
    }
}

fn for_positional(spec: &Spec, arg: &Arg) -> Want {
    if let Some(want) = declared_values(arg) {
        return want;
    }
    let name = value_name(arg);
    let directories = matches!(name.as_str(), "DIR" | "DIRECTORY");
    match spec.globs {
        Globs::Remote => Want::Remote { directories },
        Globs::Local => Want::Local { directories },
        _ if directories || matches!(name.as_str(), "FILE" | "PATH" | "FROM" | "TO") => {
            Want::Remote { directories }
        }
        _ => Want::Nothing,
    }
}

/// What the definition declares.
fn declared_values(arg: &Arg) -> Option<Want> {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return Some(Want::Words(shown.map(|value| value.get_name().to_owned()).collect()));
    }
    match arg.get_value_hint() {
        ValueHint::Unknown => None,
        ValueHint::AnyPath | ValueHint::FilePath | ValueHint::ExecutablePath => {
            Some(Want::Local { directories: false })
        }
        ValueHint::DirPath => Some(Want::Local { directories: true }),
        ValueHint::Hostname | ValueHint::Url => Some(Want::Sites),
        _ => Some(Want::Nothing),
    }
}

fn value_name(arg: &Arg) -> String {
    let name = arg.get_value_names().and_then(|names| names.first());
    name.map(|name| name.to_uppercase()).unwrap_or_default()
}

/// The values of a setting, if they are words.
fn possible_values(name: &str) -> Want {
    let name = name.split_once('/').map_or(name, |(name, _)| name);
    match resolve(name).map(|row| row.kind) {
        Ok(ValueKind::Words(words)) => Want::Words(words.iter().map(|w| (*w).into()).collect()),
        Ok(ValueKind::Path) => Want::Local { directories: false },
        Ok(kind) => Want::Words(kind.choices().iter().map(|w| (*w).into()).collect()),
        Err(_) => Want::Nothing,
    }
}
