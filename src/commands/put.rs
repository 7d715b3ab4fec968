//! `put`: store files.

use std::path::Path;

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, local, transfers};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::output::Way;
use crate::settings::XFER_OVERWRITE_REMOTE;
use crate::transfer::{Remote as _, Type, upload};

/// Store local files on the server
///
/// A file of the same name on the server is replaced, unless the setting xfer:overwrite-remote
/// says otherwise.
#[derive(Debug, Parser)]
pub struct Put {
    /// Store the file as NAME
    #[arg(short = 'o', long = "output", value_name = "NAME", conflicts_with = "directory")]
    name: Option<String>,
    /// Store the files in the remote directory DIR
    #[arg(short = 'O', long = "output-dir", value_name = "DIR")]
    directory: Option<String>,
    /// Go on with a file that an earlier transfer left unfinished
    #[arg(short = 'c', long = "continue")]
    resume: bool,
    /// Transfer in ASCII type: line ends become those of the server
    #[arg(short = 'a', long)]
    ascii: bool,
    /// Upload to a temporary name and rename when complete
    #[arg(long)]
    atomic: bool,
    /// Local files; wildcards are expanded
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::FilePath)]
    files: Vec<String>,
}

impl Builtin for Put {
    const NAME: &'static str = "put";
    const ALIASES: &'static [&'static str] = &["mput"];
    const GROUP: Group = Group::Transfer;
    const GLOBS: Globs = Globs::Local;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "put report.pdf", about: "store a file in the remote directory" },
        Example { line: "put report.pdf -o june.pdf", about: "store it under another name" },
        Example { line: "put -O docs *.txt", about: "store several files in a directory" },
    ];

    fn check(&self) -> Result<()> {
        if self.name.is_some() && self.files.len() > 1 {
            return Err(Error::usage("put: -o takes one file").with_hint("use -O DIR for several"));
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

impl Put {
    fn one(&self, file: &str, ctx: &mut Context) -> Result<()> {
        let path = ctx.local(&local::expand_tilde(file));
        // What cannot be read is no business of the server's.
        std::fs::File::open(&path).map_err(|error| Error::local(&path, &error))?;
        let remote = self.target(&path)?;
        let mut how = ctx.how(Way::Upload);
        how.resume = self.resume;
        how.kind = if self.ascii { Type::Ascii } else { Type::Binary };
        how.atomic |= self.atomic;
        let job = upload::Job { local: path, remote, how };
        if !may_replace(ctx, &job)? {
            return Ok(());
        }
        transfers::upload(ctx, &job)
    }

    fn target(&self, path: &Path) -> Result<RemotePath> {
        let name = path.file_name().map(Path::new).map(local::word).unwrap_or_default();
        match (&self.name, &self.directory) {
            (Some(given), _) if given.ends_with('/') => {
                RemotePath::new(given.as_str())?.join(&name)
            }
            (Some(given), _) => RemotePath::new(given.as_str()),
            (None, Some(directory)) => RemotePath::new(directory.as_str())?.join(&name),
            (None, None) => RemotePath::new(name),
        }
    }
}

fn may_replace(ctx: &mut Context, job: &upload::Job) -> Result<bool> {
    let policy = ctx.settings.text(XFER_OVERWRITE_REMOTE, ctx.connection.host()).to_owned();
    if policy == "yes" || job.how.resume {
        return Ok(true);
    }
    let there = match ctx.session()?.facts(&job.remote) {
        Ok(facts) => facts,
        Err(error) if error.kind() == Kind::Refused => return Ok(true),
        Err(error) => return Err(error),
    };
    match policy.as_str() {
        "newer" => {
            let local = std::fs::metadata(&job.local).and_then(|metadata| metadata.modified());
            let local = local.map_err(|error| Error::local(&job.local, &error))?;
            let remote = there.modified.and_then(crate::transfer::partial::system_time);
            Ok(remote.is_none_or(|remote| local > remote))
        }
        "ask" if ctx.at_prompt && ctx.out.interactive() => ctx.confirm(
            &format!("{} exists. Replace it", job.remote),
            "set xfer:overwrite-remote yes",
        ),
        _ => Err(Error::new(
            Kind::Refused,
            format!("{}: the file exists already on the server", job.remote),
        )
        .with_hint("`set xfer:overwrite-remote yes` replaces it")),
    }
}
