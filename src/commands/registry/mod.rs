//! The registry: every command's name, aliases, group, definition and function.
//!
//! Words come in, a clap struct is made of them and run. Names match exactly, by alias, or by
//! unique prefix. Nothing here knows what any command does.

mod unknown_command_hints;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::commands::programs::pager;
use crate::commands::{Context, ScriptCheck};
use crate::error::{Error, Kind, Result, shortened, with_backquotes};
use crate::suggest::closest_match;
use unknown_command_hints::hint_for;

/// The section of `help` in which a command is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Connecting and leaving.
    Session,
    /// Looking around on the server.
    Look,
    /// The local side.
    Local,
    /// Moving files.
    Transfer,
    /// Changing things on the server.
    Change,
    /// The server itself.
    Server,
    /// Background jobs.
    Jobs,
    /// The shell.
    Shell,
    /// Trust in servers.
    Trust,
    /// Words of lftp, sftp and ftp, which are matched whole.
    Compatible,
}

impl Group {
    /// The groups in the order of `help`, with their headings.
    pub const ALL: [(Group, &'static str); 10] = [
        (Group::Session, "Session"),
        (Group::Look, "Look"),
        (Group::Local, "Local"),
        (Group::Transfer, "Transfer"),
        (Group::Change, "Change"),
        (Group::Server, "Server"),
        (Group::Jobs, "Jobs"),
        (Group::Shell, "Shell"),
        (Group::Trust, "Trust"),
        (Group::Compatible, "For scripts of lftp, sftp and ftp"),
    ];
}

/// What wildcards in a command's words are expanded against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Globs {
    /// Nothing: they are handed over as they are.
    None,
    /// Names on the server.
    Remote,
    /// Names of local files.
    Local,
    /// Nothing, and the words keep their quotes: they are text to be read again as commands.
    Source,
}

/// A line to type, and what it does. Examples are run by the tests.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// The line.
    pub line: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
}

/// A command: a clap struct that runs.
pub trait Builtin: Parser {
    /// Its name.
    const NAME: &'static str;
    /// Other names.
    const ALIASES: &'static [&'static str] = &[];
    /// Its section in `help`.
    const GROUP: Group;
    /// What wildcards in its words are expanded against.
    const GLOBS: Globs = Globs::None;
    /// Long options that may have one dash, as in other programs: `-name`.
    const SINGLE_DASH: &'static [&'static str] = &[];
    /// At least one line to type.
    const EXAMPLES: &'static [Example];

    /// Looks at the arguments before anything is run or connected, and again when wildcards are
    /// expanded.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Looks at the command as part of its script, before anything is run or connected; only once.
    /// Here a command says which local files it needs or makes, and that it needs `--yes`:
    ///
    /// ```text
    /// if self.delete && !self.yes && !script.can_ask() {
    ///     script.complain(Error::usage("mirror: --delete in a script needs --yes"));
    /// }
    /// script.needs_local_file(Self::NAME, &self.source);
    /// ```
    ///
    /// `script.settings` are the settings that will hold then; `script.has_wildcard()` tells
    /// whether a word was typed with a wildcard that is still to be expanded. What is refused here
    /// must be refused by `run` as well: an alias or a job may get there another way.
    fn check_in_script(&self, _script: &mut ScriptCheck) {}

    /// Does it.
    fn run(self, ctx: &mut Context) -> anyhow::Result<()>;
}

/// A command as the registry lists it.
#[derive(Debug)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Its section in `help`.
    pub group: Group,
    /// What wildcards in its words are expanded against.
    pub globs: Globs,
    /// Lines to type.
    pub examples: &'static [Example],
    definition: fn() -> clap::Command,
    check: fn(&[String], Option<&mut ScriptCheck>) -> Result<()>,
    run: fn(&[String], &mut Context) -> anyhow::Result<()>,
}

impl Spec {
    /// The entry of a command.
    pub(crate) const fn of<T: Builtin>() -> Self {
        Self {
            name: T::NAME,
            aliases: T::ALIASES,
            group: T::GROUP,
            globs: T::GLOBS,
            examples: T::EXAMPLES,
            definition: definition::<T>,
            check: |words, script| match parse::<T>(words)? {
                Parsed::Command(command) => {
                    // What a wrong command would do is not looked at.
                    command.check()?;
                    if let Some(script) = script {
                        command.check_in_script(script);
                    }
                    Ok(())
                }
                Parsed::Help => Ok(()),
            },
            run: |words, ctx| match parse::<T>(words)? {
                Parsed::Command(command) => {
                    // Again, now that wildcards are written out.
                    command.check()?;
                    command.run(ctx)
                }
                Parsed::Help => {
                    let lines = Self::of::<T>().help_lines(ctx.out.width());
                    Ok(pager::page_lines(ctx, &lines)?)
                }
            },
        }
    }

    /// Its clap definition, for help, completion and the man page.
    pub fn definition(&self) -> clap::Command {
        (self.definition)()
    }

    /// Its one-line description.
    pub fn about(&self) -> String {
        self.definition().get_about().map(ToString::to_string).unwrap_or_default()
    }

    /// Its help: what clap knows about it, without colours, its other names and its examples.
    pub fn help_lines(&self, width: usize) -> Vec<String> {
        let definition = self.definition().term_width(width);
        // The long description, but one line for each argument.
        let text = definition.get_long_about().or(definition.get_about()).cloned();
        let mut definition = definition.about(text.unwrap_or_default());
        let mut lines = Vec::new();
        push_text(&mut lines, &definition.render_help().to_string());
        for action in definition.get_subcommands() {
            let own = action.get_arguments().map(|a| a.get_id()).filter(|id| *id != "help");
            if own.count() > 0 {
                let action =
                    action.clone().bin_name(format!("{} {}", self.name, action.get_name()));
                let action = action.mut_arg("help", |help| help.hide(true)).term_width(width);
                lines.push(String::new());
                let mut action = action.help_template("{usage-heading} {usage}\n\n{all-args}");
                push_text(&mut lines, &action.render_help().to_string());
            }
        }
        if !self.aliases.is_empty() {
            lines.push(String::new());
            lines.push(format!("Other names: {}", self.aliases.join(", ")));
        }
        if !self.examples.is_empty() {
            lines.push(String::new());
            lines.push("Examples:".to_owned());
            let width = self.examples.iter().map(|example| example.line.len()).max();
            let width = width.unwrap_or_default();
            lines.extend(
                self.examples.iter().map(|e| format!("  {:width$}  # {}", e.line, e.about)),
            );
        }
        lines
    }

    /// Whether these words (the command's name first) make sense.
    pub fn check(&self, words: &[String]) -> Result<()> {
        (self.check)(words, None)
    }

    /// Whether they make sense in a script; complaints that are not the error returned are left in
    /// `script`.
    pub fn check_in_script(&self, words: &[String], script: &mut ScriptCheck) -> Result<()> {
        (self.check)(words, Some(script))
    }

    /// Runs it with these words, the command's name first.
    pub fn run(&self, words: &[String], ctx: &mut Context) -> anyhow::Result<()> {
        (self.run)(words, ctx)
    }
}

fn definition<T: Builtin>() -> clap::Command {
    T::command()
        .name(T::NAME)
        .bin_name(T::NAME)
        .no_binary_name(false)
        .disable_version_flag(true)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .infer_long_args(true)
        .infer_subcommands(true)
        .arg(help_argument(&T::command()))
}

/// `--help`, and `-h` where that has no other meaning (`ls -h` is "human readable").
fn help_argument(command: &clap::Command) -> clap::Arg {
    let help = clap::Arg::new("help")
        .long("help")
        .global(true)
        .action(clap::ArgAction::Help)
        .help("Show help for this command");
    match takes_h(command) {
        true => help,
        false => help.short('h'),
    }
}

fn takes_h(command: &clap::Command) -> bool {
    command.get_arguments().any(|argument| argument.get_short() == Some('h'))
        || command.get_subcommands().any(takes_h)
}

enum Parsed<T> {
    Command(T),
    Help,
}

fn parse<T: Builtin>(words: &[String]) -> Result<Parsed<T>> {
    let double = |word: &String| match word.strip_prefix('-') {
        Some(name) if T::SINGLE_DASH.contains(&name) => format!("-{word}"),
        _ => word.clone(),
    };
    let matches = definition::<T>().try_get_matches_from(words.iter().map(double));
    match matches.and_then(|mut matches| T::from_arg_matches_mut(&mut matches)) {
        Ok(command) => Ok(Parsed::Command(command)),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            ) && words.len() > 1 =>
        {
            Ok(Parsed::Help)
        }
        Err(error) => Err(wrong_usage(&definition::<T>(), words, &error)),
    }
}

/// What to write instead of options of lftp that have another form here.
const LINES_INSTEAD: &[(&str, &str, &str)] = &[
    ("get", "-d", "`mirror -f 'DIR/*.txt' -O DIR` keeps the directory"),
    ("put", "-d", "`mirror -R -f 'DIR/*.txt' -O DIR` keeps the directory"),
    ("get", "--output <NAME>", "a command for each: `get A -o X; get B -o Y`"),
    ("put", "--output <NAME>", "a command for each: `put A -o X; put B -o Y`"),
    ("debug", "-o", "`debug 2`, and `ftpsh … 2> FILE`; an audit log: `set log:file FILE`"),
    (
        "mirror",
        "--flat",
        "`mget -O DIR A/* A/*/*` (or mput) puts the files of several directories into one",
    ),
];

fn line_instead(name: &str, error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let row = LINES_INSTEAD.iter().find(|row| (row.0, row.1) == (name, option.as_str()));
    row.map(|row| row.2)
}

/// A clap error in our form: one line, and a hint.
fn wrong_usage(definition: &clap::Command, words: &[String], error: &clap::Error) -> Error {
    let name = definition.get_name();
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let why = first.strip_prefix("error: ").unwrap_or(first).trim_end_matches(':');
    let mut why = with_backquotes(why);
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        why = "an argument is missing".to_owned();
    }
    // The names of missing arguments are on lines of their own.
    if error.kind() == ErrorKind::MissingRequiredArgument
        && let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg)
    {
        why = missing_text(definition, words, missing);
    }
    let suggestion = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand]
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(word) => Some(word.clone()),
            ContextValue::Strings(words) => words.first().cloned(),
            _ => None,
        });
    let secretive = without_values(error).filter(|_| SECRETIVE.contains(&name));
    let no_argument = secretive.is_some() && suggestion.is_none();
    let why = secretive.unwrap_or(why);
    let valid = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => values.join(", "),
        _ => String::new(),
    };
    let hint = match suggestion {
        Some(word) => format!("did you mean `{word}`? see `help {name}`"),
        None if no_argument => {
            format!("`user NAME PASSWORD`, `open -u NAME,PASSWORD HOST`; see `help {name}`")
        }
        None if !valid.is_empty() => format!("it may be {valid}; see `help {name}`"),
        None if let Some(instead) = line_instead(name, error) => instead.to_owned(),
        None => format!("see `help {name}`"),
    };
    Error::new(Kind::Usage, format!("{name}: {why}")).with_hint(hint)
}

/// What is missing, and what it is for if it is one thing.
fn missing_text(definition: &clap::Command, words: &[String], missing: &[String]) -> String {
    let action = words.get(1).and_then(|word| definition.find_subcommand(word));
    let mut positionals: Vec<_> = action.unwrap_or(definition).get_positionals().cloned().collect();
    positionals.retain(clap::Arg::is_required_set);
    // Of `SOURCE... TARGET` clap takes a single word as the target; who types it names a source.
    let is_source = |shown: &str| positionals.len() > 1 && positionals[0].to_string() == shown;
    let shown = match (missing, positionals.last()) {
        ([one], Some(last)) if is_source(one) => vec![last.to_string()],
        _ => missing.to_vec(),
    };
    let text = format!("missing {}", shown.join(" "));
    let about = match &shown[..] {
        [one] => positionals.iter().find(|arg| arg.to_string() == *one).and_then(|a| a.get_help()),
        _ => None,
    };
    match about.map(ToString::to_string) {
        // Only what it is: the rest is for `help`.
        Some(about) => format!("{text} ({})", uncapitalized(about.split(';').next().unwrap_or(""))),
        None => text,
    }
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        // "URL" keeps its capitals.
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// Commands among whose arguments may be a password: `user NAME PASSWORD` is the custom of other
/// programs.
const SECRETIVE: [&str; 3] = ["user", "open", "bookmark"];

/// What is wrong with arguments, without showing them. `None` where none would be shown.
fn without_values(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::UnknownArgument => {
            Some("too many arguments (not shown: it may be a password)".to_owned())
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let option = error.get(ContextKind::InvalidArg).map(ToString::to_string);
            Some(format!("invalid value for `{}`", option.unwrap_or_default()))
        }
        _ => None,
    }
}

/// Finds a command by name, alias or unique prefix.
///
/// # Errors
///
/// [`Kind::Usage`] for an unknown or ambiguous word.
pub fn find_command<'a>(commands: &'a [Spec], word: &str) -> Result<&'a Spec> {
    let names = |spec: &'a Spec| std::iter::once(spec.name).chain(spec.aliases.iter().copied());
    if let Some(spec) = commands.iter().find(|spec| names(spec).any(|name| name == word)) {
        return Ok(spec);
    }
    let begins = |spec: &&'a Spec| {
        let may_be_short = !word.is_empty() && spec.group != Group::Compatible;
        may_be_short && names(spec).any(|name| name.starts_with(word))
    };
    let matches: Vec<_> = commands.iter().filter(begins).collect();
    match matches[..] {
        [spec] => Ok(spec),
        [] => {
            let error = Error::usage(format!("unknown command `{}`", shortened(word)));
            // `lrm` means a local file: it is never taken for a mistyped `rm`.
            let rest = word.strip_prefix('l').unwrap_or_default();
            if commands.iter().flat_map(names).any(|name| name == rest) {
                let hint = format!("`!{rest} …` runs it on this computer");
                return Err(error.with_hint(hint));
            }
            let same_side = |name: &&str| !word.starts_with('l') || name.starts_with('l');
            let near = closest_match(word, commands.iter().flat_map(names).filter(same_side));
            Err(match (hint_for(word), near) {
                (Some(hint), _) => error.with_hint(hint),
                (None, Some(name)) => error.with_hint(format!("did you mean `{name}`?")),
                (None, None) => error.with_hint("`help` lists the commands"),
            })
        }
        _ => {
            let names: Vec<_> = matches.iter().map(|spec| spec.name).collect();
            Err(Error::usage(format!("ambiguous command `{word}`: {}", names.join(", ")))
                .with_hint("`help` lists the commands"))
        }
    }
}

fn push_text(lines: &mut Vec<String>, text: &str) {
    lines.extend(text.trim_end().lines().map(|line| line.trim_end().to_owned()));
}

#[cfg(test)]
mod tests;
