//! The words of `mirror` that are no options: SOURCE and TARGET, and what stands for one that is
//! missing; and `-P`, whose number may be missing before them.

use clap::{ArgMatches, Args, FromArgMatches};

use crate::error::{Error, Result};

/// Files at a time for a `-P` without a number.
const PARALLEL: u64 = 3;

/// SOURCE and TARGET as typed, and the number of files at a time.
#[derive(Debug, Clone, Default)]
pub struct Operands {
    /// The directory to copy.
    pub source: Option<String>,
    /// Where to.
    pub target: Option<String>,
    /// How many files at a time.
    pub parallel: Option<u64>,
}

/// The definition of the arguments of [`Operands`].
#[derive(Debug, Args)]
struct OperandArguments {
    /// Transfer up to N files at the same time [default: the setting mirror:parallel; without N: 3]
    #[arg(short = 'P', value_name = "N", num_args = 0..=1, default_missing_value = "3")]
    parallel: Option<String>,
    /// The same
    #[arg(long = "parallel", value_name = "N", num_args = 0..=1, require_equals = true,
          default_missing_value = "3", value_parser = clap::value_parser!(u64).range(1..=64))]
    parallel_long: Option<u64>,
    /// The directory to copy [default: the current one]
    #[arg(value_name = "SOURCE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    source: Option<String>,
    /// Destination [default: a directory of SOURCE's name]; with a slash at its end, a directory of
    /// SOURCE's name in it, unless SOURCE has one, too
    #[arg(value_name = "TARGET", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    target: Option<String>,
}

impl Args for Operands {
    fn augment_args(command: clap::Command) -> clap::Command {
        OperandArguments::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        OperandArguments::augment_args_for_update(command)
    }
}

impl FromArgMatches for Operands {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = OperandArguments::from_arg_matches(matches)?;
        let mut words: Vec<String> = [typed.source, typed.target].into_iter().flatten().collect();
        let mut parallel = typed.parallel_long;
        if let Some(word) = typed.parallel {
            match word.parse() {
                Ok(count @ 1..=64) => parallel = Some(count),
                Ok(_) => return Err(wrong_usage("-P takes a number from 1 to 64")),
                // The next word, which is none of its own.
                Err(_) => {
                    let index = |id| matches.index_of(id).unwrap_or(usize::MAX);
                    let behind = [index("source"), index("target")];
                    let at = behind.iter().filter(|at| **at < index("parallel")).count();
                    words.insert(at, word);
                    parallel = Some(PARALLEL);
                }
            }
        }
        if words.len() > 2 {
            return Err(wrong_usage(&format!("unexpected argument `{}`", words[2])));
        }
        let mut words = words.into_iter();
        Ok(Self { source: words.next(), target: words.next(), parallel })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn wrong_usage(text: &str) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{text}\n"))
}

/// The last component of a path; `None` for `/`, `.` and `..`.
pub fn base_name(path: &str) -> Option<&str> {
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    (!matches!(name, "" | "." | "..")).then_some(name)
}

/// The directory that `target` stands for: with a slash at its end, one of the source's name in it,
/// unless the source ends in a slash, too.
pub fn target_for(source: &str, target: &str) -> String {
    let is_root = target.trim_end_matches('/').is_empty();
    match base_name(source) {
        Some(name) if target.ends_with('/') && !is_root && !source.ends_with('/') => {
            format!("{target}{name}")
        }
        _ => target.to_owned(),
    }
}

/// The directory and the globs of `--file` and `--directory`, whose directories must be one.
///
/// # Errors
///
/// They are not.
pub fn base_of_globs(globs: &[String]) -> Result<Option<String>> {
    let mut base = None;
    for glob in globs {
        let glob = glob.trim_end_matches('/');
        let above = match glob.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((above, _)) => above,
            None => ".",
        };
        if *base.get_or_insert(above) != above {
            return Err(Error::usage(
                "mirror: the files and directories of --file and --directory must be in one \
                 directory",
            ));
        }
    }
    Ok(base.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_ends_in_a_slash_is_where_the_source_goes_into() {
        for (source, target, expected) in [
            ("dist", "www", "www"),
            ("dist", "www/", "www/dist"),
            ("dist/", "www/", "www/"),
            ("a/dist", "www/", "www/dist"),
            ("dist", "/", "/"),
            ("dist", "./", "./dist"),
            (".", "www/", "www/"),
            ("..", "www/", "www/"),
        ] {
            assert_eq!(target_for(source, target), expected, "{source} {target}");
        }
    }

    #[test]
    fn the_files_of_a_mirror_are_in_one_directory() {
        let base = |globs: &[&str]| {
            let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
            base_of_globs(&globs).map_err(|_| ())
        };
        assert_eq!(base(&[]), Ok(None));
        assert_eq!(base(&["*.txt", "d*"]), Ok(Some(".".into())));
        assert_eq!(base(&["/pub/a", "/pub/b/"]), Ok(Some("/pub".into())));
        assert_eq!(base(&["/a"]), Ok(Some("/".into())));
        assert_eq!(base(&["a/x", "b/x"]), Err(()));
    }
}
