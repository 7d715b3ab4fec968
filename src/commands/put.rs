//! `put`: upload files.

use std::path::Path;

use clap::Parser;

use super::entries::lookup::Lookup;
use super::mirror::RecursiveTransfer;
use super::transfers::batch::Batch;
use super::transfers::overwrite::{follow_earlier_attempt, may_replace_upload};
use super::transfers::parallel;
use super::transfers::passed_over::pass_over_directories;
use super::transfers::replace_question::ReplaceAnswers;
use super::transfers::second_name::{self, Target, no_second_source};
use super::transfers::source_removal::LocalSource;
use super::transfers::{self, Failures, FileTransfer};
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::client::server_url::{is_url, parse_file_url, parse_url};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::local_path;
use crate::settings::XFER_PARALLEL;
use crate::shell_quote::quote_word;
use crate::transfer::{Atomic, Direction, Resume, TransferType, upload};

/// Adds to a refusal of a name that its directory does not exist: vsftpd does not say so.
fn name_missing_directory(ctx: &mut Context, job: &FileTransfer, error: Error) -> Error {
    let path = job.remote_path();
    if !error.has_reply_code(&[553]) || !path.as_str().contains('/') {
        return error;
    }
    let missing = ctx.client.ask_server(|session| session.missing_parents(path));
    // Without an answer the refusal itself is told.
    match missing.unwrap_or_default().last() {
        Some(directory) => {
            let name = quote_word(directory.as_str());
            error.with_hint(format!("there is no directory {name}: `mkdir -p {name}` makes it"))
        }
        None => error,
    }
}

/// Upload files
///
/// If a file on the server exists, the prompt asks before replacing it and a script replaces it,
/// unless the setting xfer:overwrite-remote says otherwise. What is replaced at the prompt goes to
/// a temporary name and is renamed (xfer:atomic). With -r, directories are uploaded as by `mirror -R`: only files that are missing,
/// newer or of another size. NAME and DIR may be URLs (ftps://HOST/FILE) of another server.
#[derive(Debug, Clone, Parser)]
pub struct Put {
    /// Store the file as NAME
    #[arg(short = 'o', long = "output", value_name = "NAME")]
    name: Option<String>,
    /// Store the files in the remote directory DIR; NAME is relative to it
    #[arg(short = 'O', long = "output-dir", value_name = "DIR")]
    directory: Option<String>,
    /// Resume an interrupted upload
    #[arg(short = 'c', long = "continue")]
    pub(super) resume: bool,
    /// ASCII transfer: convert line endings to the server's convention
    #[arg(short = 'a', long)]
    ascii: bool,
    /// Upload directories recursively
    #[arg(short = 'r', long, conflicts_with_all = ["ascii", "atomic"])]
    recursive: bool,
    /// Upload up to N files at the same time [default: the setting xfer:parallel]
    #[arg(short = 'P', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    parallel: Option<u64>,
    /// Upload to a temporary name and rename when complete
    #[arg(long)]
    atomic: bool,
    /// Replace files on the server, whatever the setting xfer:overwrite-remote says
    #[arg(short = 'e', long, conflicts_with = "resume")]
    replace: bool,
    /// Remove each local file when it is stored and was not changed meanwhile
    #[arg(short = 'E', long, conflicts_with_all = ["recursive", "parallel"])]
    remove_source: bool,
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
        Example { line: "put report.pdf", about: "upload a file into the remote directory" },
        Example { line: "put report.pdf -o june.pdf", about: "upload it under another name" },
        Example { line: "put -O docs *.txt", about: "upload several files into a directory" },
        Example { line: "put -P 4 *.txt", about: "upload up to four at the same time" },
        Example { line: "put -r . -O docs", about: "upload a directory" },
        Example {
            line: "put x.txt -o ftpes://tester@ftp.example.org/docs/x.txt",
            about: "upload it to another server",
        },
    ];

    fn check(&self) -> Result<()> {
        self.check_arguments(Self::NAME)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        self.note_files(Self::NAME, script);
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.store_all(ctx, Self::NAME)
    }
}

impl Put {
    /// Looks at the arguments for the command of this name.
    pub(super) fn check_arguments(&self, command: &str) -> Result<()> {
        if self.name.is_some() && self.files.len() > 1 {
            return Err(Error::usage(format!("{command}: -o takes one file"))
                .with_hint("use -O DIR for several"));
        }
        if let (Some(name), Some(directory)) = (&self.name, &self.directory)
            && (self.recursive || is_url(name) || is_url(directory))
        {
            return Err(Error::usage(format!(
                "{command}: -o and -O together take a file and paths"
            ))
            .with_hint("use one of them, with the whole path"));
        }
        match self.target_url() {
            Some(url) if self.name.is_some() && !url.ends_with('/') => {
                parse_file_url(url).map(drop)
            }
            Some(url) => parse_url(url).map(drop),
            None => Ok(()),
        }
    }

    /// Tells a script which local files must be there.
    pub(super) fn note_files(&self, command: &str, script: &mut ScriptCheck) {
        if let [from, to] = &self.files[..]
            && self.name.is_none()
            && self.directory.is_none()
            && script.has_local_file(from)
            && !script.has_local_file(to)
        {
            return script.complain(no_second_source(command, (from, to), Kind::Local));
        }
        for file in &self.files {
            script.needs_local_file(command, file);
        }
    }

    /// The URL among NAME and DIR: another server than the current one.
    fn target_url(&self) -> Option<&str> {
        let target = self.name.as_deref().or(self.directory.as_deref());
        target.filter(|word| is_url(word))
    }

    /// The same with a path instead of the URL.
    fn without_url(self, path: String) -> Self {
        // The login directory.
        let path = if path.is_empty() { ".".to_owned() } else { path };
        match self.name {
            Some(_) => Self { name: Some(path), ..self },
            None => Self { directory: Some(path), ..self },
        }
    }

    /// Stores all of the files, for the command of this name.
    pub(super) fn store_all(
        mut self,
        ctx: &mut Context,
        command: &'static str,
    ) -> anyhow::Result<()> {
        // Wildcards and braces may have made several files of one.
        self.check_arguments(command)?;
        self.take_second_name(ctx, command)?;
        if let Some((server, path)) = self.target_url().map(parse_url).transpose()? {
            let put = self.without_url(path);
            return ctx.with_server(server, |ctx| Ok(put.store_all(ctx, command)))?;
        }
        let mut failures = Failures::of_files(command, self.files.len());
        let set = || ctx.client.settings.get(XFER_PARALLEL, ctx.client.connection.host());
        if !self.recursive {
            let is_directory =
                |file: &str| ctx.local_path(&local_path::expand_tilde(file)).is_dir();
            pass_over_directories(ctx, command, &mut self.files, is_directory)?;
        }
        let alone = self.files.len() < 2 || self.remove_source;
        let together = if alone { 1 } else { self.parallel.unwrap_or_else(set) };
        let together = usize::try_from(together).unwrap_or(1);
        let mut batch = self.start_batch(ctx, together);
        let (stored, to_background) = ctx.while_it_can_continue(|ctx| {
            self.store_files(ctx, together, &mut batch, &mut failures)
        });
        if to_background && stored.as_ref().is_err_and(Error::is_interruption) {
            let part = |files, begun| Self { files, resume: begun || self.resume, ..self.clone() };
            return batch.continue_in_background(
                ctx,
                command,
                &self.files,
                part,
                move |part: Self, ctx| part.store_all(ctx, command),
            );
        }
        batch.close(&ctx.out, stored, Self::NAME)?;
        failures.into_result()
    }

    fn store_files(
        &self,
        ctx: &mut Context,
        together: usize,
        batch: &mut Batch,
        failures: &mut Failures,
    ) -> Result<()> {
        let mut several = Vec::new();
        let mut replacing = (Lookup::default(), ReplaceAnswers::default());
        let in_a_row = together == 1 && self.files.len() > 1;
        ctx.with_prefetch(in_a_row, |ctx| -> Result<()> {
            for (place, file) in self.files.iter().enumerate() {
                ctx.client.cancel.check()?;
                let result = match self.store_argument(file, ctx, &mut replacing) {
                    Ok(Some(mut job)) => {
                        batch.settle_size(place, &mut job);
                        if together > 1 {
                            several.push(job);
                            Ok(())
                        } else {
                            let stored = self.store_file(ctx, &job, batch);
                            stored.map_err(|error| name_missing_directory(ctx, &job, error))
                        }
                    }
                    Ok(None) => {
                        batch.skip_file(place);
                        Ok(())
                    }
                    Err(error) => {
                        batch.note_failure(place);
                        Err(error)
                    }
                };
                failures.note_result(ctx, result)?;
            }
            Ok(())
        })?;
        if several.is_empty() {
            return Ok(());
        }
        parallel::transfer_parallel(ctx, &several, together, failures, batch)
    }

    /// Stores one file, and removes the local one if that was asked for.
    fn store_file(&self, ctx: &mut Context, job: &FileTransfer, batch: &mut Batch) -> Result<()> {
        if !self.remove_source {
            return transfers::transfer_file(ctx, job, batch);
        }
        let source = LocalSource::examine(job.local_path())?;
        transfers::transfer_file(ctx, job, batch)?;
        source.remove_if_unchanged(ctx)
    }

    /// The total line of several files. Directories have their own lines.
    fn start_batch(&self, ctx: &Context, together: usize) -> Batch {
        if self.files.len() < 2 || self.recursive {
            return Batch::single(&ctx.out);
        }
        let size = |file: &String| {
            let metadata = ctx.local_path(&local_path::expand_tilde(file)).metadata().ok()?;
            metadata.is_file().then_some(metadata.len())
        };
        let sizes = self.files.iter().map(size).collect();
        let limits = ctx.client.transfer_options(Direction::Upload).limits;
        Batch::several(&ctx.out, sizes, &limits, together > 1)
    }

    /// `put A B`, where B is no local file, may mean `put A -o B`.
    fn take_second_name(&mut self, ctx: &mut Context, command: &str) -> Result<()> {
        let Some((from, to)) = second_name::two_names(ctx, &self.files) else { return Ok(()) };
        let exists = |word: &str| ctx.local_path(&local_path::expand_tilde(word)).exists();
        if self.name.is_some() || self.directory.is_some() || !exists(from) || exists(to) {
            return Ok(());
        }
        let at_prompt = ctx.client.at_prompt && ctx.out.is_interactive();
        let path = RemotePath::new(to)?;
        let directory = to.ends_with('/')
            || (at_prompt && ctx.client.ask_server(|session| session.is_directory(&path))?);
        match second_name::ask_for_target(ctx, command, (from, to), Kind::Local, directory)? {
            Target::Name(name) => self.name = Some(name),
            Target::Directory(directory) => self.directory = Some(directory),
        }
        self.files.truncate(1);
        Ok(())
    }

    /// What there is to store; nothing where that is done, or not wanted.
    fn store_argument(
        &self,
        file: &str,
        ctx: &mut Context,
        replacing: &mut (Lookup, ReplaceAnswers),
    ) -> Result<Option<FileTransfer>> {
        let path = ctx.local_path(&local_path::expand_tilde(file));
        if self.recursive && path.is_dir() {
            let trees =
                RecursiveTransfer { up: true, resume: self.resume, parallel: self.parallel };
            trees.transfer_tree(ctx, file, self.store_tree(&path)?)?;
            return Ok(None);
        }
        // What cannot be read is no business of the server's.
        std::fs::File::open(&path).map_err(|error| Error::local_file(&path, &error))?;
        let remote = self.remote_target(&path)?;
        let mut how = ctx.client.transfer_options(Direction::Upload);
        how.resume = Resume::if_asked(self.resume);
        how.transfer_type = if self.ascii { TransferType::Ascii } else { TransferType::Binary };
        if self.atomic {
            how.atomic = Atomic::Yes;
        }
        let mut job = upload::Upload { local: path, dir: None, remote, options: how };
        let (lookup, answers) = replacing;
        let may = match self.resume {
            true => follow_earlier_attempt(ctx, &mut job, lookup).map(|()| true)?,
            false => self.replace || may_replace_upload(ctx, &mut job, lookup, answers)?,
        };
        Ok(may.then_some(FileTransfer::Up(job)))
    }

    /// The remote directory for a local one; `None` for one of its name.
    fn store_tree(&self, path: &Path) -> Result<Option<String>> {
        let named = path.file_name().is_some();
        match (&self.name, &self.directory) {
            (Some(name), _) => Ok(Some(name.clone())),
            (None, Some(directory)) if !named => Ok(Some(directory.clone())),
            (None, Some(_)) => self.remote_target(path).map(|path| Some(path.as_str().to_owned())),
            (None, None) => Ok(None),
        }
    }

    fn remote_target(&self, path: &Path) -> Result<RemotePath> {
        let name =
            path.file_name().map(Path::new).map(local_path::word_from_path).unwrap_or_default();
        let Some(directory) = &self.directory else {
            return match &self.name {
                Some(given) if given.ends_with('/') => RemotePath::new(given.as_str())?.join(&name),
                Some(given) => RemotePath::new(given.as_str()),
                None => RemotePath::new(name),
            };
        };
        let directory = RemotePath::new(directory.as_str())?;
        match &self.name {
            Some(given) if given.ends_with('/') => directory.resolve(given)?.join(&name),
            Some(given) => directory.resolve(given),
            None => directory.join(&name),
        }
    }
}
