//! `glob`: run a command with names that wildcards match on the server.
//!
//! For commands that take no wildcards themselves, and for a choice between files and directories.

use clap::Parser;

use super::{Builtin, COMMANDS, Context, Example, Group, ScriptCheck, find_command};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::EntryKind;
use crate::ftp::path::RemotePath;
use crate::glob;

/// Run a command with the names on the server that its wildcards match
///
/// Only files are matched, unless -d or -a says otherwise. A pattern that matches nothing is
/// passed on unchanged. With --exist or --not-exist, the words are patterns, nothing is run, and
/// the exit status is the answer.
#[derive(Debug, Parser)]
pub struct Glob {
    /// Match files (the default)
    #[arg(short, long, conflicts_with_all = ["directories", "all"])]
    files: bool,
    /// Match directories
    #[arg(short, long, conflicts_with = "all")]
    directories: bool,
    /// Match both
    #[arg(short, long)]
    all: bool,
    /// Succeed if a pattern matches something
    #[arg(long, conflicts_with = "not_exist")]
    exist: bool,
    /// Succeed if no pattern matches anything
    #[arg(long)]
    not_exist: bool,
    /// A command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true,
          allow_hyphen_values = true, value_hint = clap::ValueHint::CommandWithArguments)]
    words: Vec<String>,
}

impl Builtin for Glob {
    const NAME: &'static str = "glob";
    const GROUP: Group = Group::Compatible;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "glob echo docs/*.txt", about: "print the names that match" },
        Example { line: "glob -d echo *", about: "print the names of directories" },
        Example { line: "glob --exist *.txt && echo yes", about: "see whether anything matches" },
    ];

    fn check(&self) -> Result<()> {
        if self.exist || self.not_exist {
            return Ok(());
        }
        let spec = find_command(COMMANDS, self.words.first().map_or("", String::as_str))?;
        spec.check(&self.words).map(drop)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if !self.exist
            && !self.not_exist
            && let Ok(spec) = find_command(COMMANDS, self.words.first().map_or("", String::as_str))
            && let Err(error) = spec.check_in_script(&self.words, script)
        {
            script.complain(error);
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if self.exist || self.not_exist {
            let mut matched = false;
            for pattern in &self.words {
                matched |= !self.matches(ctx, pattern)?.is_empty();
            }
            return match matched == self.exist {
                true => Ok(()),
                // As `false`: it only tells.
                false => Err(Error::already_shown(Kind::Other).into()),
            };
        }
        let spec = find_command(COMMANDS, self.words.first().map_or("", String::as_str))?;
        let (mut words, mut expanded) = (Vec::new(), false);
        for (at, word) in self.words.iter().enumerate() {
            let names = match at == 0 || word.starts_with('-') || !glob::has_wildcard(word) {
                true => Vec::new(),
                false => self.matches(ctx, word)?,
            };
            expanded |= !names.is_empty();
            match names.is_empty() {
                true => words.push(word.clone()),
                false => words.extend(names),
            }
        }
        ctx.words_from_wildcard = expanded;
        spec.run(&words, ctx)
    }
}

impl Glob {
    /// The names of the wanted kind that a pattern matches, none of which is an option.
    fn matches(&self, ctx: &mut Context, pattern: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let found = glob::expand_glob(pattern, &mut |directory| {
            let entries = ctx.client.list_directory(Some(&RemotePath::new(directory)?), true)?;
            let leads_on = |kind| matches!(kind, EntryKind::Directory | EntryKind::Link);
            Ok(entries.iter().map(|entry| (entry.name.clone(), leads_on(entry.kind))).collect())
        })?;
        for name in found {
            let path = RemotePath::new(name.as_str())?;
            let is_directory = match ctx.client.listed_entry(&path).map(|entry| entry.kind) {
                Some(EntryKind::Link) => {
                    ctx.client.ask_server(|session| session.is_directory(&path))?
                }
                kind => kind == Some(EntryKind::Directory),
            };
            if self.all || is_directory == self.directories {
                names.push(if name.starts_with('-') { format!("./{name}") } else { name });
            }
        }
        Ok(names)
    }
}
