//! `get`: download files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Parser;

use super::entries::lookup::Lookup;
use super::mirror::RecursiveTransfer;
use super::transfers::batch::Batch;
use super::transfers::between_servers::TargetServer;
use super::transfers::kept_partial::KeptPartials;
use super::transfers::overwrite::{Overwrite, WrittenFiles, may_replace};
use super::transfers::parallel;
use super::transfers::passed_over::pass_over_directories;
use super::transfers::replace_question::ReplaceAnswers;
use super::transfers::second_name::{self, Target};
use super::transfers::segmented;
use super::transfers::source_removal::remove_remote_source;
use super::transfers::{self, Failures, FileTransfer};
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::client::Client;
use crate::client::server_url::{is_url, parse_file_url, parse_url};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::EntryKind;
use crate::ftp::path::{RemotePath, safe_component};
use crate::local_path;
use crate::settings::{XFER_PARALLEL, XFER_SEGMENTS};
use crate::transfer::download::segments::has_segment_journal;
use crate::transfer::{Direction, Resume, TransferType, download};

/// Download files
///
/// A file appears under its final name only when it is complete. If a local file exists, the prompt
/// asks before replacing it and a script fails, unless --overwrite or the setting xfer:overwrite
/// says otherwise. With -r, directories are downloaded as by `mirror`: only files that are missing,
/// newer or of another size; --overwrite is ignored. FILE may be a URL (ftps://HOST/FILE). If NAME
/// or DIR is a URL, the file is copied from server to server.
#[derive(Debug, Clone, Parser)]
pub struct Get {
    /// Store the file as NAME; `-` is standard output
    #[arg(short = 'o', long = "output", value_name = "NAME", value_hint = clap::ValueHint::FilePath)]
    name: Option<String>,
    /// Store the files in the local directory DIR; NAME is relative to it
    #[arg(short = 'O', long = "output-dir", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
    /// Resume an interrupted download
    #[arg(short = 'c', long = "continue")]
    pub(super) resume: bool,
    /// ASCII transfer: convert line endings to the local convention
    #[arg(short = 'a', long)]
    ascii: bool,
    /// Download directories recursively
    #[arg(short = 'r', long, conflicts_with = "ascii")]
    recursive: bool,
    /// Download up to N files at the same time [default: the setting xfer:parallel]
    #[arg(short = 'P', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    parallel: Option<u64>,
    /// Download a large file over N connections [default: the setting xfer:segments]
    #[arg(long, value_name = "N", conflicts_with = "parallel",
          value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(super) segments: Option<u64>,
    /// What to do with local files that exist already
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true,
          default_missing_value = "yes")]
    overwrite: Option<Overwrite>,
    /// The same as --overwrite
    #[arg(short = 'e', conflicts_with_all = ["overwrite", "resume"])]
    replace: bool,
    /// Remove each file on the server when it is stored and was not changed meanwhile
    #[arg(short = 'E', long, conflicts_with_all = ["recursive", "parallel", "ascii"])]
    remove_source: bool,
    /// To another server: copy to a temporary name and rename when complete, as all downloads are
    #[arg(long)]
    atomic: bool,
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
        Example { line: "get notes.txt", about: "download a file into the local directory" },
        Example { line: "get notes.txt -o copy.txt", about: "download it under another name" },
        Example { line: "get -c big.iso", about: "resume an interrupted download" },
        Example { line: "get -O /tmp --overwrite docs/*.txt", about: "download several files" },
        Example { line: "get -P 4 docs/*.txt", about: "download up to four at the same time" },
        Example { line: "get -r docs", about: "download a directory" },
    ];

    fn check(&self) -> Result<()> {
        self.check_arguments(Self::NAME)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        self.note_files(script);
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.fetch_all(ctx, Self::NAME)
    }
}

impl Get {
    /// Looks at the arguments for the command of this name.
    pub(super) fn check_arguments(&self, command: &str) -> Result<()> {
        let wrong = |text: &str| Error::usage(format!("{command}: {text}"));
        if self.name.is_some() && self.files.len() > 1 {
            return Err(wrong("-o takes one file").with_hint("use -O DIR for several"));
        }
        let both = self.name.as_deref().zip(self.directory.as_deref());
        if both.is_some_and(|(name, dir)| is_stdout(name) || is_url(name) || is_url(dir)) {
            return Err(wrong("-o and -O together take local paths")
                .with_hint("use one of them, with the whole path"));
        }
        if self.recursive && both.is_some() {
            return Err(wrong("-r takes -o or -O"));
        }
        if self.remove_source && self.name.as_deref().is_some_and(is_stdout) {
            return Err(wrong("-E removes what was stored in a file"));
        }
        for file in self.files.iter().filter(|file| is_url(file)) {
            if self.recursive {
                parse_url(file).map(drop)?
            } else {
                parse_file_url(file).map(drop)?
            }
        }
        let Some(url) = self.target_url() else {
            let url = self.files.iter().any(|file| is_url(file));
            return match self.remove_source && url {
                true => Err(wrong("-E removes files of the current server")),
                false => Ok(()),
            };
        };
        if self.remove_source {
            return Err(wrong("-E does not copy from server to server"));
        }
        parse_url(url)?;
        if self.recursive {
            return Err(wrong("-r does not copy from server to server")
                .with_hint("`mirror` copies directories"));
        }
        Ok(())
    }

    /// Tells a script which local files there will be.
    pub(super) fn note_files(&self, script: &mut ScriptCheck) {
        if let Some(name) = self.name.as_deref().or(self.directory.as_deref()) {
            return script.makes_local_file(name);
        }
        for file in &self.files {
            match file.trim_end_matches('/').rsplit('/').next() {
                Some(name) if !script.has_wildcard() => script.makes_local_file(name),
                _ => script.makes_any_local_file(),
            }
        }
    }

    /// The other server, where files go to one.
    fn target_url(&self) -> Option<&str> {
        self.name.as_deref().or(self.directory.as_deref()).filter(|word| is_url(word))
    }

    /// Fetches all of the files, for the command of this name.
    pub(super) fn fetch_all(
        mut self,
        ctx: &mut Context,
        command: &'static str,
    ) -> anyhow::Result<()> {
        // Wildcards and braces may have made several files of one.
        self.check_arguments(command)?;
        self.take_second_name(ctx, command)?;
        if !self.recursive {
            let client = &ctx.client;
            let is_directory = |file: &str| is_listed_directory(client, file);
            pass_over_directories(ctx, command, &mut self.files, is_directory)?;
        }
        let mut failures = Failures::of_files(command, self.files.len());
        let together = self.parallel_count(ctx);
        let mut batch = self.start_batch(ctx, together);
        let mut stored = Vec::new();
        let (fetched, to_background) = ctx.while_it_can_continue(|ctx| {
            self.fetch_files(ctx, together, &mut batch, &mut failures, &mut stored)
        });
        if to_background && fetched.as_ref().is_err_and(Error::is_interruption) {
            let part = |files, begun| Self { files, resume: begun || self.resume, ..self.clone() };
            return batch.continue_in_background(
                ctx,
                command,
                &self.files,
                part,
                move |part: Self, ctx| part.fetch_all(ctx, command),
            );
        }
        batch.close(&ctx.out, fetched, Self::NAME)?;
        if let Some(path) = stored.iter().find(|path| self.ascii && looks_binary(path)) {
            ctx.out.warn(&format!(
                "{command} -a: {} looks binary, and its line endings were converted; \
                 what -a is in sftp is `{command} -c` here",
                path.display()
            ));
        }
        failures.into_result()
    }

    /// Fetches the files; the local paths of those begun are added to `stored`.
    fn fetch_files(
        &self,
        ctx: &mut Context,
        together: usize,
        batch: &mut Batch,
        failures: &mut Failures,
        stored: &mut Vec<PathBuf>,
    ) -> Result<()> {
        let mut several = Vec::new();
        let mut answers = ReplaceAnswers::default();
        let (mut lookup, mut written) = (Lookup::default(), WrittenFiles::default());
        let mut kept = KeptPartials::default();
        let in_a_row = together == 1 && self.files.len() > 1;
        ctx.with_prefetch(in_a_row, |ctx| -> Result<()> {
            for (place, file) in self.files.iter().enumerate() {
                ctx.client.cancel.check()?;
                let mut is_wanted = false;
                let carry = |ctx: &mut Context, mut job: FileTransfer| {
                    is_wanted = true;
                    let target = job.local_path().to_owned();
                    written.check_unwritten(&target).inspect_err(|_| batch.note_failure(place))?;
                    kept.ask_to_resume(ctx, &mut job)?;
                    batch.settle_size(place, &mut job);
                    stored.push(target.clone());
                    if together > 1 {
                        several.push(job);
                        return Ok(());
                    }
                    let remote = job.remote_path().clone();
                    self.transfer_file(ctx, job, batch)?;
                    written.note_written(&target);
                    if self.remove_source {
                        remove_remote_source(ctx, &remote, &target)?;
                    }
                    Ok(())
                };
                let result = self.fetch_argument(file, ctx, &mut lookup, &mut answers, carry);
                match &result {
                    Ok(()) if !is_wanted => batch.skip_file(place),
                    Err(_) if !is_wanted => batch.note_failure(place),
                    _ => {}
                }
                failures.note_result(ctx, result)?;
            }
            Ok(())
        })?;
        if several.is_empty() {
            return Ok(());
        }
        parallel::transfer_parallel(ctx, &several, together, failures, batch)
    }

    /// The total line of several files. Directories and copies between servers have their own lines.
    fn start_batch(&self, ctx: &Context, together: usize) -> Batch {
        let elsewhere = self.target_url().is_some() || self.files.iter().any(|file| is_url(file));
        if self.files.len() < 2 || self.recursive || elsewhere {
            return Batch::single(&ctx.out);
        }
        let path = |file: &String| RemotePath::new(file.as_str()).ok();
        let size = |path: &RemotePath| ctx.client.cached_facts(path).size;
        let sizes = self.files.iter().map(|file| path(file).as_ref().and_then(size)).collect();
        let limits = ctx.client.transfer_options(Direction::Download).limits;
        Batch::several(&ctx.out, sizes, &limits, together > 1)
    }

    /// `get A B`, where the server has no B, may mean `get A -o B`.
    fn take_second_name(&mut self, ctx: &mut Context, command: &str) -> Result<()> {
        let Some((from, to)) = second_name::two_names(ctx, &self.files) else { return Ok(()) };
        let elsewhere = self.name.is_some() || self.directory.is_some();
        if elsewhere || is_url(from) || is_url(to) {
            return Ok(());
        }
        let mut lookup = Lookup::default();
        if lookup.find_if_exists(ctx, to)?.is_some() || lookup.find_if_exists(ctx, from)?.is_none()
        {
            return Ok(());
        }
        let directory = to.ends_with('/') || ctx.local_path(&local_path::expand_tilde(to)).is_dir();
        match second_name::ask_for_target(ctx, command, (from, to), Kind::Refused, directory)? {
            Target::Name(name) => self.name = Some(name),
            Target::Directory(directory) => self.directory = Some(directory),
        }
        self.files.truncate(1);
        Ok(())
    }

    /// How many files at a time.
    fn parallel_count(&self, ctx: &Context) -> usize {
        let elsewhere = self.target_url().is_some() || self.files.iter().any(|file| is_url(file));
        if self.files.len() < 2 || self.segments.is_some() || self.remove_source || elsewhere {
            return 1;
        }
        let set = || ctx.client.settings.get(XFER_PARALLEL, ctx.client.connection.host());
        usize::try_from(self.parallel.unwrap_or_else(set)).unwrap_or(1)
    }

    fn fetch_argument(
        &self,
        file: &str,
        ctx: &mut Context,
        lookup: &mut Lookup,
        answers: &mut ReplaceAnswers,
        carry: impl FnOnce(&mut Context, FileTransfer) -> Result<()>,
    ) -> Result<()> {
        if !is_url(file) {
            return self.fetch_path(file, ctx, lookup, answers, carry);
        }
        let (target, path) = parse_url(file)?;
        let path = if path.is_empty() { "." } else { &path };
        ctx.with_server(target, |ctx| {
            self.fetch_path(path, ctx, &mut Lookup::default(), answers, carry)
        })
    }

    /// A file or directory of the current server.
    fn fetch_path(
        &self,
        file: &str,
        ctx: &mut Context,
        lookup: &mut Lookup,
        answers: &mut ReplaceAnswers,
        carry: impl FnOnce(&mut Context, FileTransfer) -> Result<()>,
    ) -> Result<()> {
        let remote = RemotePath::new(file)?;
        let kind = if self.ascii { TransferType::Ascii } else { TransferType::Binary };
        if let Some(url) = self.target_url() {
            let mut there = TargetServer::connect_target(ctx, url, self.name.is_none())?;
            let mut options = there.copy_options(ctx, self.atomic);
            options.transfer_type = kind;
            options.resume = Resume::if_asked(self.resume);
            let copied = there.copy_file(ctx, &remote, options, answers);
            there.close_target();
            return copied;
        }
        if self.recursive && is_directory(ctx, lookup, &remote)? {
            let trees =
                RecursiveTransfer { up: false, resume: self.resume, parallel: self.parallel };
            return trees.transfer_tree(ctx, file, self.tree_target(&remote, ctx)?);
        }
        if self.name.as_deref().is_some_and(is_stdout) {
            return transfers::download_to_output(ctx, &remote);
        }
        let target = self.local_target(&remote, ctx)?;
        let listed = ctx.client.cached_facts(&remote);
        let mut how = ctx.client.transfer_options(Direction::Download);
        how.resume = Resume::if_asked(self.resume);
        how.transfer_type = kind;
        let mut job = download::Download {
            info: listed.info,
            listed_size: listed.size,
            ..download::Download::new(remote, target, how)
        };
        let asked = if self.replace { Some(Overwrite::Yes) } else { self.overwrite };
        if !may_replace(ctx, &mut job, asked, answers)? {
            return Ok(());
        }
        carry(ctx, FileTransfer::Down(job))
    }

    fn transfer_file(&self, ctx: &mut Context, job: FileTransfer, batch: &mut Batch) -> Result<()> {
        let set = || ctx.client.settings.get(XFER_SEGMENTS, ctx.client.connection.host());
        let count = self.segments.unwrap_or_else(set);
        match &job {
            // Part by part also over one connection: servers end it when a part is full.
            FileTransfer::Down(down)
                if count > 1
                    || (down.options.resume != Resume::No && has_segment_journal(&down.local)) =>
            {
                segmented::download_segmented(ctx, down, count, batch)
            }
            _ => transfers::transfer_file(ctx, &job, batch),
        }
    }

    /// The local name comes from what was typed (or matched), and is one safe component.
    fn local_target(&self, remote: &RemotePath, ctx: &Context) -> Result<PathBuf> {
        let directory = self.directory.as_deref().map(local_path::expand_tilde);
        let directory = ctx.local_path(directory.as_deref().unwrap_or(""));
        let Some(name) = &self.name else { return path_in_directory(&directory, remote) };
        let name = local_path::expand_tilde(name);
        let path = match self.directory {
            Some(_) => directory.join(local_path::path_from_word(&name)),
            None => ctx.local_path(&name),
        };
        if path.is_dir() { path_in_directory(&path, remote) } else { Ok(path) }
    }

    /// The local directory for a remote one; `None` for one of its name.
    fn tree_target(&self, remote: &RemotePath, ctx: &Context) -> Result<Option<String>> {
        match (&self.name, &self.directory) {
            (Some(name), _) => Ok(Some(name.clone())),
            (None, Some(directory)) if remote.file_name().is_none() => Ok(Some(directory.clone())),
            (None, Some(_)) => {
                self.local_target(remote, ctx).map(|path| Some(local_path::word_from_path(&path)))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Whether a name is standard output's, so that it is written to wherever it leads: opened by its
/// path, a file would be written to from its beginning.
fn is_stdout(name: &str) -> bool {
    matches!(name, "-" | "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1")
}

/// Whether a file has a NUL at its beginning.
fn looks_binary(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(8192).read_to_end(&mut start));
    read.is_ok() && start.contains(&0)
}

/// Whether a cached listing, such as that of a wildcard, says that this is a directory.
fn is_listed_directory(client: &Client, file: &str) -> bool {
    let path = RemotePath::new(file).ok();
    let listed = path.as_ref().and_then(|path| client.listed_entry(path));
    listed.is_some_and(|entry| entry.kind == EntryKind::Directory)
}

/// Whether a path is a directory, or a link to one.
fn is_directory(ctx: &mut Context, lookup: &mut Lookup, remote: &RemotePath) -> Result<bool> {
    Ok(match lookup.find_entry(ctx, remote.as_str())?.kind {
        EntryKind::File => false,
        EntryKind::Directory => true,
        _ => ctx.client.ask_server(|session| session.is_directory(remote))?,
    })
}

fn path_in_directory(directory: &Path, remote: &RemotePath) -> Result<PathBuf> {
    let name = remote.file_name().unwrap_or_default();
    match safe_component(name) {
        Ok(name) => Ok(directory.join(local_path::path_from_word(name))),
        Err(why) => Err(Error::new(Kind::Local, format!("{remote}: {why}"))
            .with_hint("give it a local name with -o")),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn standard_output_has_several_names() {
        for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            assert!(super::is_stdout(name), "{name}");
        }
        assert!(!super::is_stdout("stdout"));
    }
}
