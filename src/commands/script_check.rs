//! What is known of a script before any of it runs: settings, aliases and local files as they will
//! be when a command's turn comes, and everything that is wrong with the script.
//!
//! The validation of the shell goes through a script from its first command to its last and calls
//! [`Builtin::check_in_script`](super::Builtin::check_in_script) of each. A command says there what
//! it needs ([`ScriptCheck::needs_local_file`]), what it leaves behind for the commands after it
//! ([`ScriptCheck::makes_local_file`]), and what a script must not contain
//! ([`ScriptCheck::complain`]). All complaints of a script are shown together, with line and
//! column, and nothing is connected or run. Nothing here changes a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::Context;
use crate::error::{Error, Kind, Result};
use crate::glob::{self, expand_glob};
use crate::local_path::{self, expand_tilde};
use crate::settings::{CMD_FAIL_EXIT, FailExit, GLOB_NOMATCH, NoMatch, Settings};

/// Text that a command will run as commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InnerScript {
    /// Its name in messages.
    pub name: String,
    /// The commands.
    pub text: String,
    /// Whether local files may be missing now: they are asked for again and again, or later.
    pub later: bool,
    /// Whether it is a file of that name.
    pub is_file: bool,
}

/// A word of the command being checked, where it is more than plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedWord {
    /// Patterns that stand for it, for [`glob`], with braces expanded.
    pub patterns: Vec<String>,
    /// Whether it begins with an unquoted `~`.
    pub tilde: bool,
    /// Whether it has an unquoted wildcard.
    pub wildcard: bool,
}

/// The state of a script at the command being checked.
#[derive(Debug)]
pub struct ScriptCheck {
    /// The settings when the command's turn comes.
    pub settings: Settings,
    /// The aliases then, by name.
    pub aliases: BTreeMap<String, String>,
    can_ask: bool,
    /// Whether missing local files are complaints at all.
    checks_files: bool,
    /// Whether a missing local file does not end the script here.
    tolerant: bool,
    /// The local directory; `None` where it cannot be known.
    directory: Option<PathBuf>,
    /// Files and directories that earlier commands make.
    made: BTreeSet<PathBuf>,
    /// Whether an earlier command may make any file.
    made_anything: bool,
    words: BTreeMap<String, TypedWord>,
    complaints: Vec<Error>,
    scripts: Vec<InnerScript>,
}

impl ScriptCheck {
    /// The state before the first command of a script.
    pub fn new(ctx: &Context) -> Self {
        let settings = ctx.client.settings.with_own_notes();
        let goes_on = ctx.keep_going || settings.get(CMD_FAIL_EXIT, None) == FailExit::No;
        Self {
            can_ask: ctx.client.at_prompt && ctx.out.is_interactive(),
            checks_files: !(ctx.client.at_prompt || goes_on || ctx.script_depth > 0),
            tolerant: false,
            directory: ctx.local_directory().ok(),
            made: BTreeSet::new(),
            made_anything: false,
            aliases: ctx.aliases.clone(),
            words: BTreeMap::new(),
            complaints: Vec::new(),
            scripts: Vec::new(),
            settings,
        }
    }

    /// Whether the command can ask the user: what needs `--yes` in a script is then a question.
    pub fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Whether any word of the command has an unquoted wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.words.values().any(|word| word.wildcard)
    }

    /// Reports a mistake at the position of the command. The script will not run.
    pub fn complain(&mut self, error: Error) {
        self.complaints.push(error);
    }

    /// The command reads the local file or directory `word` (or what matches it): a complaint if it
    /// is not there and no earlier command may make it. Returns whether there is no complaint.
    pub fn needs_local_file(&mut self, command: &str, word: &str) -> bool {
        let found = self.find_local(word).map_err(|error| error.with_context(command));
        found.map_err(|error| self.complain(error)).is_ok()
    }

    /// Whether the local file or directory `word` is there, or may be made by an earlier command.
    pub fn has_local_file(&self, word: &str) -> bool {
        self.find_local(word).is_ok()
    }

    fn find_local(&self, word: &str) -> Result<()> {
        if !self.checks_files || self.tolerant || self.made_anything {
            return Ok(());
        }
        let Some(directory) = &self.directory else { return Ok(()) };
        let typed = self.words.get(word);
        let patterns = typed.map(|word| &word.patterns).filter(|patterns| !patterns.is_empty());
        let Some(patterns) = patterns else {
            return self.find_path(directory, &expand_tilde(word));
        };
        for pattern in patterns {
            let tilde = typed.is_some_and(|word| word.tilde);
            let pattern = if tilde { expand_tilde(pattern) } else { pattern.clone() };
            if !glob::has_wildcard(&pattern) {
                self.find_path(directory, &glob::unescape_glob(&pattern))?;
                continue;
            }
            let strict = self.settings.get(GLOB_NOMATCH, None) == NoMatch::Error;
            let mut unknown = false;
            let found = expand_glob(&pattern, &mut |inner| {
                let path = normalize(&directory.join(local_path::path_from_word(inner)));
                unknown |= self.is_made(&path);
                let mut names = local_path::list_names(&path, inner)?;
                let made = self.made.iter().filter(|made| made.parent() == Some(&path));
                let made = made.filter_map(|made| made.file_name()).map(Path::new);
                names.extend(made.map(|name| (local_path::word_from_path(name), true)));
                Ok(names)
            })?;
            if found.is_empty() && strict && !unknown {
                let shown = glob::unescape_glob(&pattern);
                return Err(Error::new(Kind::Local, format!("{shown}: no local file matches")));
            }
        }
        Ok(())
    }

    fn find_path(&self, directory: &Path, word: &str) -> Result<()> {
        let path = directory.join(local_path::path_from_word(word));
        if self.is_made(&normalize(&path)) {
            return Ok(());
        }
        let shown = local_path::path_from_word(word);
        std::fs::metadata(&path).map(drop).map_err(|error| Error::local_file(shown, &error))
    }

    /// Whether an earlier command makes this, or a directory that it is in.
    fn is_made(&self, path: &Path) -> bool {
        path.ancestors().any(|path| self.made.contains(path))
    }

    /// The command makes the local file or directory `word`.
    pub fn makes_local_file(&mut self, word: &str) {
        match &self.directory {
            Some(directory) => {
                let path = local_path::path_from_word(&expand_tilde(word));
                self.made.insert(normalize(&directory.join(path)));
            }
            None => self.made_anything = true,
        }
    }

    /// The command may make local files whose names are not known: nothing after it is missing.
    pub fn makes_any_local_file(&mut self) {
        self.made_anything = true;
    }

    /// The command looks whether local files are there: what follows in its line may rely on that.
    pub fn tests_local_files(&mut self) {
        self.tolerant = true;
    }

    /// The command changes the local directory, to `None` where it cannot be known.
    pub fn changes_local_directory(&mut self, word: Option<&str>) {
        self.directory = match (&self.directory, word) {
            (Some(before), Some(word)) => {
                Some(before.join(local_path::path_from_word(&expand_tilde(word))))
            }
            _ => None,
        };
    }

    /// The local directory, if it can be known.
    pub fn local_directory(&self) -> Option<PathBuf> {
        self.directory.clone()
    }

    /// Sets the local directory, after a job that had its own.
    pub fn set_local_directory(&mut self, directory: Option<PathBuf>) {
        self.directory = directory;
    }

    /// The command runs the commands in a local file: they are checked, and their complaints
    /// reported with their own positions.
    pub fn runs_file(&mut self, word: &str) {
        match self.read_local_file(word) {
            Some(text) => {
                let script =
                    InnerScript { name: word.to_owned(), text, later: false, is_file: true };
                self.scripts.push(script);
            }
            // An earlier command writes it.
            None => self.makes_any_local_file(),
        }
    }

    /// The command runs `text` as commands.
    pub fn runs(&mut self, name: &str, text: String) {
        self.scripts.push(InnerScript { name: name.to_owned(), text, ..InnerScript::default() });
    }

    /// The command runs `text` as commands at a later time, or repeatedly.
    pub fn runs_later(&mut self, name: &str, text: String) {
        self.scripts.push(InnerScript { name: name.to_owned(), text, later: true, is_file: false });
    }

    /// The contents of a local file, if it is there now and will be the same then.
    pub fn read_local_file(&self, word: &str) -> Option<String> {
        let directory = self.directory.as_ref().filter(|_| !self.made_anything)?;
        let path = directory.join(local_path::path_from_word(&expand_tilde(word)));
        if self.is_made(&normalize(&path)) { None } else { std::fs::read_to_string(path).ok() }
    }

    /// Begins the next command: its words, by their text without quotes.
    pub fn begin_command(&mut self, words: BTreeMap<String, TypedWord>) {
        self.words = words;
    }

    /// The complaints since the last call, and what the command will run.
    pub fn take_findings(&mut self) -> (Vec<Error>, Vec<InnerScript>) {
        (std::mem::take(&mut self.complaints), std::mem::take(&mut self.scripts))
    }

    /// Sets whether a missing local file is tolerated (`put x || true`), and returns what was set.
    pub fn set_tolerant(&mut self, tolerant: bool) -> bool {
        std::mem::replace(&mut self.tolerant, tolerant)
    }

    /// Whether a missing local file is tolerated here.
    pub fn is_tolerant(&self) -> bool {
        self.tolerant
    }
}

/// A path without `.` and without what `..` takes back.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
