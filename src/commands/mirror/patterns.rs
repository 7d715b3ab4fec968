//! Which files a mirror is about: `-x`, `-i`, `-X`, `-I` and files of patterns, whose order counts.

use clap::{ArgMatches, Args, FromArgMatches};

use crate::local_path;
use crate::transfer::mirror::filter::FilterRule;

/// The rules of `-x`, `-i`, `-X`, `-I` and of files of patterns, in the order in which they were
/// given.
#[derive(Debug, Clone, Default)]
pub struct Patterns(pub Vec<FilterRule>);

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
                let patterns = match option.ends_with("_from") {
                    true => lines_of(value)?,
                    false => vec![value.clone()],
                };
                for pattern in patterns {
                    found.push((index, filter_rule(option, &pattern)?));
                }
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(Self(found.into_iter().map(|(_, rule)| rule).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn filter_rule(option: &str, pattern: &str) -> Result<FilterRule, clap::Error> {
    let include = option.starts_with("include");
    if pattern.is_empty() {
        return Err(wrong_value("a pattern is empty"));
    }
    if option.contains("glob") {
        return Ok(FilterRule::glob(include, pattern));
    }
    FilterRule::regex(include, pattern).map_err(|why| {
        let globs = if include { "-I" } else { "-X" };
        wrong_value(&format!("{why} ({globs} takes wildcards)"))
    })
}

/// The patterns in a file. Like lftp, it has no comments.
fn lines_of(file: &str) -> Result<Vec<String>, clap::Error> {
    let text = std::fs::read_to_string(local_path::expand_tilde(file))
        .map_err(|why| wrong_value(&format!("{file}: {}", crate::error::io_reason(&why))))?;
    let lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn wrong_value(text: &str) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{text}\n"))
}
