//! `version`: what this program is made of.

use std::sync::LazyLock;

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::tls::openssl_info;

/// The FTP engine's version: the exact one that Cargo.toml asks for.
const SUPPAFTP: &str = "12.2.1";

/// The Cargo features that a build may have.
const FEATURES: &[(&str, bool)] =
    &[("keyring", cfg!(feature = "keyring")), ("vendored", cfg!(feature = "vendored"))];

/// What `ftpsh --version` prints after the program's name, and `version` with it: the version, and
/// on lines of their own the commit, the system, the features and the libraries.
pub(crate) fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let features: Vec<&str> =
            FEATURES.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect();
        let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
        [
            env!("CARGO_PKG_VERSION").to_owned(),
            format!("commit {}", option_env!("FTPSH_COMMIT").unwrap_or("unknown")),
            format!("target {}", env!("FTPSH_TARGET")),
            format!("features {features}"),
            format!("suppaftp {SUPPAFTP}"),
            format!("{}{}", openssl_info::version(), openssl_info::BUILT_IN),
        ]
        .join("\n")
    });
    &TEXT
}

/// Show the versions of ftpsh and its libraries
#[derive(Debug, Parser)]
pub struct Version {}

impl Builtin for Version {
    const NAME: &'static str = "version";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "version", about: "show what a bug report needs" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        Ok(ctx.out.line(&format!("ftpsh {}", long_version()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../Cargo.toml");

    #[test]
    fn the_engine_is_the_one_that_is_asked_for() {
        assert!(MANIFEST.contains(&format!("suppaftp = {{ version = \"={SUPPAFTP}\"")));
    }

    #[test]
    fn all_features_are_known() {
        let section = MANIFEST.split("\n[features]\n").nth(1).unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        let declared: Vec<&str> =
            section.lines().filter_map(|line| Some(line.split_once(" = [")?.0)).collect();
        assert_eq!(declared, FEATURES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}
