//! Which files a mirror is about: `-i`, `-x` and `--exclude-from`, whose order counts.

use clap::{ArgMatches, Args, FromArgMatches};

use crate::local_path;

/// `-i`, `-x` and `--exclude-from`, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct Patterns(pub Vec<(bool, String)>);

/// The definition of the options of [`Patterns`].
#[derive(Debug, Args)]
struct PatternOptions {
    /// Only files that match GLOB, or include files again that an earlier -x excluded
    #[arg(short = 'i', long, value_name = "GLOB")]
    include: Vec<String>,
    /// Exclude files that match GLOB; the last matching rule decides
    #[arg(short = 'x', long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Exclude files that match a pattern in FILE, one per line
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    exclude_from: Vec<String>,
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
        for (id, include) in [("include", true), ("exclude", false), ("exclude_from", false)] {
            let indices = matches.indices_of(id).into_iter().flatten();
            let values = matches.get_many::<String>(id).into_iter().flatten();
            for (index, value) in indices.zip(values) {
                if id != "exclude_from" {
                    found.push((index, include, value.clone()));
                    continue;
                }
                let text =
                    std::fs::read_to_string(local_path::expand_tilde(value)).map_err(|why| {
                        let text = format!("{value}: {}\n", crate::error::io_reason(&why));
                        clap::Error::raw(clap::error::ErrorKind::ValueValidation, text)
                    })?;
                let lines = text.lines().map(str::trim);
                let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                found.extend(patterns.map(|pattern| (index, false, pattern.to_owned())));
            }
        }
        found.sort_by_key(|(index, ..)| *index);
        Ok(Self(found.into_iter().map(|(_, include, pattern)| (include, pattern)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
