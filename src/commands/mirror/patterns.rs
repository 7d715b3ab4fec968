//! Which files a mirror is about: `-x`, `-i`, `-X`, `-I` and files of patterns, whose order counts.
//!
//! A file of patterns is read when the mirror runs: an earlier command of a script may write it.

use clap::{ArgMatches, Args, FromArgMatches};

use crate::commands::{Context, ScriptCheck};
use crate::error::{Error, Kind, Result};
use crate::local_path;
use crate::settings::{MIRROR_EXCLUDE_REGEX, Settings};
use crate::transfer::mirror::filter::FilterRule;

/// What `-x`, `-i`, `-X`, `-I` and the options for files of patterns were given, in this order.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<Given>);

#[derive(Debug, Clone)]
enum Given {
    Rule(FilterRule),
    /// The option, and its file.
    File(&'static str, String),
}

impl Patterns {
    /// The rules.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or a line of it that is no pattern.
    pub fn rules(&self, ctx: &Context) -> Result<Vec<FilterRule>> {
        let mut rules = Vec::new();
        for given in &self.0 {
            match given {
                Given::Rule(rule) => rules.push(rule.clone()),
                Given::File(option, file) => {
                    let path = ctx.local_path(&local_path::expand_tilde(file));
                    let text = std::fs::read_to_string(&path)
                        .map_err(|why| Error::local_file(file, &why).with_context("mirror"))?;
                    rules.extend(rules_in(option, file, &text)?);
                }
            }
        }
        Ok(rules)
    }

    /// Complains of files that are not there, and of their lines, unless an earlier command may
    /// write them.
    pub fn check_files(&self, script: &mut ScriptCheck) {
        for given in &self.0 {
            let Given::File(option, file) = given else { continue };
            if script.needs_local_file("mirror", file)
                && let Some(text) = script.read_local_file(file)
                && let Err(error) = rules_in(option, file, &text)
            {
                script.complain(error);
            }
        }
    }
}

/// The rule of the setting `mirror:exclude-regex`; none if it is empty.
///
/// # Errors
///
/// It is no regular expression.
pub fn default_exclusion(settings: &Settings, host: Option<&str>) -> Result<Option<FilterRule>> {
    let expression = settings.get(MIRROR_EXCLUDE_REGEX, host);
    if expression.is_empty() {
        return Ok(None);
    }
    let wrong = |why| Error::usage(format!("{}: {why}", MIRROR_EXCLUDE_REGEX.name()));
    FilterRule::regex(false, &expression).map(Some).map_err(wrong)
}

/// The definition of the options of [`Patterns`].
#[derive(Debug, Args)]
struct PatternOptions {
    /// Exclude paths that match the regular expression RX; directories end in a slash, and the last
    /// rule that matches decides
    #[arg(short = 'x', long, value_name = "RX", allow_hyphen_values = true)]
    exclude: Vec<String>,
    /// Only paths that match RX, or include again what an earlier rule excluded
    #[arg(short = 'i', long, value_name = "RX", allow_hyphen_values = true)]
    include: Vec<String>,
    /// Exclude names that match GLOB; a directory as `NAME/`
    #[arg(short = 'X', long, value_name = "GLOB", allow_hyphen_values = true)]
    exclude_glob: Vec<String>,
    /// Only names that match GLOB, or include them again
    #[arg(short = 'I', long, value_name = "GLOB", allow_hyphen_values = true)]
    include_glob: Vec<String>,
    /// As -x for each line of FILE
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    exclude_rx_from: Vec<String>,
    /// As -i for each line of FILE
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    include_rx_from: Vec<String>,
    /// As -X for each line of FILE
    #[arg(long, alias = "exclude-from", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    exclude_glob_from: Vec<String>,
    /// As -I for each line of FILE
    #[arg(long, alias = "include-from", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    include_glob_from: Vec<String>,
}

impl Args for Patterns {
    fn augment_args(command: clap::Command) -> clap::Command {
        PatternOptions::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        PatternOptions::augment_args_for_update(command)
    }
}

impl FromArgMatches for Patterns {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found = Vec::new();
        for option in [
            "exclude",
            "include",
            "exclude_glob",
            "include_glob",
            "exclude_rx_from",
            "include_rx_from",
            "exclude_glob_from",
            "include_glob_from",
        ] {
            let indices = matches.indices_of(option).into_iter().flatten();
            let values = matches.get_many::<String>(option).into_iter().flatten();
            for (index, value) in indices.zip(values) {
                let given = match option.ends_with("_from") {
                    true => Given::File(option, value.clone()),
                    false => {
                        Given::Rule(filter_rule(option, value).map_err(|why| wrong_value(&why))?)
                    }
                };
                found.push((index, given));
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(Self(found.into_iter().map(|(_, given)| given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn filter_rule(option: &str, pattern: &str) -> Result<FilterRule, String> {
    let include = option.starts_with("include");
    if pattern.is_empty() {
        return Err("a pattern is empty".to_owned());
    }
    if option.contains("glob") {
        return Ok(FilterRule::glob(include, pattern));
    }
    FilterRule::regex(include, pattern).map_err(|why| {
        let globs = if include { "-I" } else { "-X" };
        format!("{why} ({globs} takes wildcards)")
    })
}

/// The patterns in a file. Like lftp, it has no comments.
fn rules_in(option: &str, file: &str, text: &str) -> Result<Vec<FilterRule>> {
    let lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let patterns = lines.filter(|line| !line.is_empty()).map(|line| filter_rule(option, line));
    let wrong = |why| Error::new(Kind::Usage, format!("mirror: {file}: {why}"));
    patterns.collect::<Result<_, _>>().map_err(wrong)
}

fn wrong_value(text: &str) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{text}\n"))
}
