//! `get`: fetch files.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::overwrite::{Overwrite, may_replace};
use super::{Builtin, Context, Example, Globs, Group, local, transfers};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::{RemotePath, safe_component};
use crate::output::Way;
use crate::transfer::{Type, download};

/// Fetch files from the server
///
/// A file appears under its name only when it is whole. An existing file is asked about at the
/// prompt and refused in a script, unless --overwrite or the setting xfer:overwrite says
/// otherwise.
#[derive(Debug, Parser)]
pub struct Get {
    /// Store the file as NAME; `-` is standard output
    #[arg(short = 'o', long = "output", value_name = "NAME", conflicts_with = "directory",
          value_hint = clap::ValueHint::FilePath)]
    name: Option<String>,
    /// Store the files in the local directory DIR
    #[arg(short = 'O', long = "output-dir", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
    /// Go on with a file that an earlier transfer left unfinished
    #[arg(short = 'c', long = "continue")]
    resume: bool,
    /// Transfer in ASCII type: line ends become those of this side
    #[arg(short = 'a', long)]
    ascii: bool,
    /// What to do with files that are there already
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true,
          default_missing_value = "yes")]
    overwrite: Option<Overwrite>,
    /// Remote files; wildcards are expanded
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

impl Builtin for Get {
    const NAME: &'static str = "get";
    const ALIASES: &'static [&'static str] = &["mget"];
    const GROUP: Group = Group::Transfer;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "get notes.txt", about: "fetch a file into the local directory" },
        Example { line: "get notes.txt -o copy.txt", about: "fetch it under another name" },
        Example { line: "get -c big.iso", about: "go on with a file that was interrupted" },
        Example { line: "get -O /tmp --overwrite docs/*.txt", about: "fetch several files" },
    ];

    fn check(&self) -> Result<()> {
        if self.name.is_some() && self.files.len() > 1 {
            return Err(Error::usage("get: -o takes one file").with_hint("use -O DIR for several"));
        }
        Ok(())
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        let mut failures = transfers::Failures::default();
        for file in &self.files {
            let result = self.one(file, ctx);
            failures.note(ctx, result)?;
        }
        failures.into_result()
    }
}

impl Get {
    fn one(&self, file: &str, ctx: &mut Context) -> Result<()> {
        let remote = RemotePath::new(file)?;
        if self.name.as_deref() == Some("-") {
            return transfers::to_output(ctx, &remote);
        }
        let target = self.target(&remote, ctx)?;
        let facts = ctx.known_facts(&remote);
        let mut how = ctx.how(Way::Download);
        how.resume = self.resume;
        how.kind = if self.ascii { Type::Ascii } else { Type::Binary };
        let mut job = download::Job { remote, local: target, facts, how };
        if !may_replace(ctx, &mut job, self.overwrite)? {
            return Ok(());
        }
        transfers::download(ctx, &job)
    }

    /// The local name comes from what was typed (or matched), and is one safe component.
    fn target(&self, remote: &RemotePath, ctx: &Context) -> Result<PathBuf> {
        if let Some(name) = &self.name {
            let path = ctx.local(&local::expand_tilde(name));
            if !path.is_dir() {
                return Ok(path);
            }
            return in_directory(&path, remote);
        }
        let directory = self.directory.as_deref().map(local::expand_tilde);
        in_directory(&ctx.local(directory.as_deref().unwrap_or("")), remote)
    }
}

fn in_directory(directory: &Path, remote: &RemotePath) -> Result<PathBuf> {
    let name = remote.file_name().unwrap_or_default();
    match safe_component(name) {
        Ok(name) => Ok(directory.join(local::path(name))),
        Err(why) => Err(Error::new(Kind::Local, format!("{remote}: {why}"))
            .with_hint("give it a local name with -o")),
    }
}
