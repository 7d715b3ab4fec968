//! `rm`: remove files, and trees with -r.
//!
//! Nothing is removed before everything was found and, at the prompt, the question answered.
//! Links are removed, never followed; names that lead elsewhere are refused.

use std::collections::HashSet;

use clap::Parser;

use super::entries::format;
use super::entries::lookup::Lookup;
use super::entries::walk::{Found, walk_tree};
use super::transfers::Failures;
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::client::AuditSide;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::EntryKind;
use crate::ftp::path::RemotePath;
use crate::output::count_entries;
use crate::target::Site;

/// How many paths the question names.
const SHOWN_PATHS: usize = 3;

/// Remove files and directories on the server
///
/// With -r or wildcards, the prompt asks for confirmation and a script needs -f or --yes; with both,
/// --yes.
#[derive(Debug, Parser)]
pub struct Rm {
    /// Remove directories and their contents recursively
    #[arg(short, long)]
    pub(super) recursive: bool,
    /// Do not ask, and ignore files that do not exist
    #[arg(short, long)]
    force: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Files, and directories with -r
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl Builtin for Rm {
    const NAME: &'static str = "rm";
    const ALIASES: &'static [&'static str] = &["delete"];
    const GROUP: Group = Group::Change;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "rm notes.txt", about: "remove a file" },
        Example { line: "rm -f docs/*.txt nosuch", about: "remove several without asking" },
        Example { line: "rm -r --yes docs", about: "remove a directory and its contents" },
    ];

    fn check_in_script(&self, script: &mut ScriptCheck) {
        let wildcard = script.has_wildcard();
        if script.can_ask() || self.yes {
            return;
        }
        if self.recursive && wildcard {
            script.complain(needs_yes());
        } else if (self.recursive || wildcard) && !self.force {
            let text = "rm: with -r or a wildcard, a script needs -f or --yes";
            script.complain(Error::usage(text).with_hint("confirm with `-f`"));
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let can_ask = ctx.client.at_prompt && ctx.out.is_interactive();
        if self.recursive && ctx.words_from_wildcard && !self.yes && !can_ask {
            return Err(needs_yes().into());
        }
        let asks = (self.recursive || ctx.words_from_wildcard) && !self.force && !self.yes;
        if asks && !(ctx.client.at_prompt && ctx.out.is_interactive()) {
            // The answer is known; this is its message.
            ctx.client.confirm("rm", "-f")?;
        }
        let mut failures = Failures::default();
        let trees = if self.recursive {
            self.remove_trees(ctx, &mut failures)?
        } else {
            // Nothing to look up: the server says what is no file.
            self.paths.iter().map(|_| Vec::new()).collect()
        };
        if asks {
            let is_directory = |found: &&Found| found.entry.kind == EntryKind::Directory;
            let directories = trees.iter().flatten().filter(is_directory).count();
            let all = trees.iter().map(Vec::len).sum::<usize>();
            let files = if self.recursive { all - directories } else { self.paths.len() };
            let question = self.deletion_question(ctx, &count_entries(files, directories));
            let names = || match self.recursive {
                true => trees.iter().flatten().map(Found::listed_name).collect(),
                false => self.paths.clone(),
            };
            if files + directories > 0 && !ctx.client.confirm_deletion(&question, "-f", &names)? {
                return failures.into_result();
            }
        }
        if self.recursive {
            for tree in &trees {
                remove_tree(ctx, tree, &mut failures)?;
            }
            return failures.into_result();
        }
        for path in &self.paths {
            ctx.client.cancel.check()?;
            let result = self.remove_one_path(ctx, path);
            failures.note_result(ctx, result)?;
        }
        failures.into_result()
    }
}

/// lftp's `rm -rf *` removes no directory; here it would empty the tree.
fn needs_yes() -> Error {
    Error::usage("rm: -r with a wildcard in a script needs --yes")
        .with_hint("`rm -r --yes …` removes directories and all that is in them")
}

impl Rm {
    /// `Remove docs on ftp.example.org:21 (3 files, 1 directory)`.
    fn deletion_question(&self, ctx: &Context, counted: &str) -> String {
        let (shown, rest) = self.paths.split_at(self.paths.len().min(SHOWN_PATHS));
        let more =
            if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let site = ctx.client.connection.site.as_ref().map(Site::trust_key);
        let site = site.unwrap_or_else(|| "the server".to_owned());
        format!("Remove {}{more} on {site} ({counted})", shown.join(", "))
    }

    fn remove_one_path(&self, ctx: &mut Context, typed: &str) -> Result<()> {
        let path = RemotePath::new(typed)?;
        let result = match ctx.client.session()?.remove_file(&path) {
            Err(error) if error.kind() == Kind::Refused => {
                // Only now is it worth a look why.
                if self.force && Lookup::default().find_if_exists(ctx, typed)?.is_none() {
                    return Ok(());
                }
                match ctx.client.ask_server(|session| session.is_directory(&path))? {
                    true => Err(Error::new(Kind::Refused, format!("rm {path}: is a directory"))
                        .with_hint("`rm -r` removes it and its contents")),
                    false => Err(error),
                }
            }
            other => other,
        };
        audit_removal(ctx, &path, result)
    }

    /// All that is to be removed, each directory before what is in it.
    fn remove_trees(&self, ctx: &mut Context, failures: &mut Failures) -> Result<Vec<Vec<Found>>> {
        let mut lookup = Lookup::default();
        let mut trees = Vec::new();
        for path in &self.paths {
            let mut tree = Vec::new();
            let result = (|| {
                if RemotePath::new(path)?.file_name().is_none() {
                    return Err(Error::new(Kind::Refused, format!("rm {path}: refused"))
                        .with_hint("use a path without `..`"));
                }
                let entry = match self.force {
                    true => lookup.find_if_exists(ctx, path)?,
                    false => Some(lookup.find_entry(ctx, path)?),
                };
                let Some(entry) = entry else { return Ok(()) };
                let mut root = Found::walk_root(path, entry.clone())?;
                // A slash does not turn a link into what it leads to, not here.
                root.entry.kind = entry.kind;
                walk_tree(ctx, root, usize::MAX, failures, &mut |_, found| {
                    tree.push(found.clone());
                    Ok(())
                })
            })();
            // Of what was not gone through to its end nothing is removed.
            trees.push(if result.is_ok() { tree } else { Vec::new() });
            failures.note_result(ctx, result)?;
        }
        Ok(trees)
    }
}

/// Removes a tree, what is in a directory before the directory.
fn remove_tree(ctx: &mut Context, tree: &[Found], failures: &mut Failures) -> Result<()> {
    let links = disguised_links(ctx, tree)?;
    let below_link = |path: &RemotePath| links.iter().any(|link| path.starts_with(link));
    // Directories with something left in them.
    let mut kept: HashSet<RemotePath> = HashSet::new();
    for found in tree.iter().rev() {
        ctx.client.cancel.check()?;
        let path = &found.path;
        if below_link(path) {
            continue;
        }
        let is_directory = found.entry.kind == EntryKind::Directory;
        if !kept.contains(path) {
            let session = ctx.client.session()?;
            let result = match is_directory {
                true => session.remove_directory(path),
                false => session.remove_file(path),
            };
            let Err(error) = audit_removal(ctx, path, result) else { continue };
            failures.note_result(ctx, Err(error))?;
        }
        kept.extend(path.parent());
    }
    Ok(())
}

/// Servers with MLSD may call a link to a directory a directory (pyftpdlib does), and what is
/// below it is not part of the tree. DELE removes a link and no directory: what it removes here
/// was a link, and is dealt with.
fn disguised_links(ctx: &mut Context, tree: &[Found]) -> Result<Vec<RemotePath>> {
    let mut links: Vec<RemotePath> = Vec::new();
    if !ctx.client.session()?.features().mlst() {
        return Ok(links);
    }
    for found in tree.iter().filter(|found| found.entry.kind == EntryKind::Directory) {
        ctx.client.cancel.check()?;
        if links.last().is_some_and(|link| found.path.starts_with(link)) {
            continue;
        }
        match ctx.client.session()?.remove_file(&found.path) {
            Ok(()) => {
                audit_removal(ctx, &found.path, Ok(()))?;
                links.push(found.path.clone());
            }
            Err(error) if error.kind() == Kind::Refused => {}
            Err(error) => return Err(error),
        }
    }
    Ok(links)
}

/// Records the attempt in the cache and the audit log, and returns the result.
pub(super) fn audit_removal(
    ctx: &mut Context,
    path: &RemotePath,
    result: Result<()>,
) -> Result<()> {
    let absolute = format::absolute_name(ctx, path);
    ctx.client.listings.invalidate(&absolute);
    ctx.audit().log_delete(AuditSide::Remote, absolute.as_str(), result.as_ref().err());
    result
}
