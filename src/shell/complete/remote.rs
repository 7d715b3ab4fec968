//! Remote names for completion: from the cache, otherwise from one listing with a time limit.
//!
//! The listing runs in a thread, which takes the session. A late listing completes nothing; the
//! session is returned before the next command runs. Never connects and never asks questions.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::names::{Name, Nature};
use crate::commands::Context;
use crate::error::Result;
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::ftp::session::list::RemoteListing;
use crate::ftp::session::list::list_directory;
use crate::output::Output;
use crate::settings::{CACHE_EXPIRE, CMD_COMPLETION_TIMEOUT, NET_IDLE};

/// A listing in progress.
struct Waiting {
    directory: RemotePath,
    answer: Receiver<(Session, Result<RemoteListing>)>,
    /// Dropped when it is over.
    _silence: Silence,
}

/// Suppresses the protocol trace while it exists, because it would be printed into the line being
/// typed.
struct Silence {
    out: Output,
    verbosity: u8,
}

impl Silence {
    fn for_context(out: &Output) -> Self {
        let verbosity = out.verbosity();
        out.set_verbosity(0);
        Self { out: out.clone(), verbosity }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.out.set_verbosity(self.verbosity);
    }
}

/// Lists remote directories for completion.
#[derive(Default)]
pub struct Lister {
    waiting: Option<Waiting>,
}

impl Lister {
    /// The names in a directory, if known in time. `typed` may end in `/`; empty is the current
    /// directory.
    pub fn remote_names(&mut self, ctx: &mut Context, typed: &str) -> Vec<Name> {
        self.find_listing(ctx, typed).unwrap_or_default()
    }

    fn find_listing(&mut self, ctx: &mut Context, typed: &str) -> Option<Vec<Name>> {
        let path = match typed.trim_end_matches('/') {
            "" if typed.is_empty() => None,
            "" => Some(RemotePath::root()),
            path => Some(RemotePath::new(path).ok()?),
        };
        let cwd = ctx.client.connection.remote_directory()?;
        let directory = cwd.resolve(path.as_ref().map_or(".", RemotePath::as_str)).ok()?;
        let patience = ctx.client.settings.get(CMD_COMPLETION_TIMEOUT, None);
        self.wait_for_listing(ctx, Duration::ZERO);
        if let Some(names) = cached_names(ctx, &directory) {
            return Some(names);
        }
        if self.waiting.is_none() && !patience.is_zero() {
            self.waiting = Some(request_listing(ctx, path, directory.clone())?);
        }
        let (listed, entries) = self.wait_for_listing(ctx, patience)?;
        (listed == directory).then(|| entries.iter().map(completion_name).collect())
    }

    /// Takes the session back, however long its listing takes (Ctrl-C cancels it).
    pub fn finish_requests(&mut self, ctx: &mut Context) {
        if let Some(waiting) = self.waiting.take()
            && let Ok(answer) = waiting.answer.recv()
        {
            keep_session(ctx, waiting.directory, answer);
        }
    }

    /// Waits for the listing in progress; its result is cached.
    fn wait_for_listing(
        &mut self,
        ctx: &mut Context,
        patience: Duration,
    ) -> Option<(RemotePath, Vec<Entry>)> {
        let waiting = self.waiting.take()?;
        match waiting.answer.recv_timeout(patience) {
            Ok(answer) => keep_session(ctx, waiting.directory, answer),
            Err(RecvTimeoutError::Timeout) => {
                self.waiting = Some(waiting);
                None
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}

/// Starts a listing if the session is believed to be alive.
fn request_listing(
    ctx: &mut Context,
    path: Option<RemotePath>,
    directory: RemotePath,
) -> Option<Waiting> {
    let idle = ctx.client.settings.get(NET_IDLE, ctx.client.connection.host());
    if ctx.client.connection.session()?.last_used().elapsed() > idle {
        return None;
    }
    let mut session = ctx.client.connection.lend_session()?;
    let silence = Silence::for_context(&ctx.client.console);
    let (sender, answer) = channel();
    let list = move || {
        let listing = list_directory(&mut session, path.as_ref(), true);
        // Fails if the program is exiting.
        let _ = sender.send((session, listing));
    };
    // If no thread can be started the session is lost, and the next command reconnects.
    std::thread::Builder::new().name("completion".into()).spawn(list).ok()?;
    Some(Waiting { directory, answer, _silence: silence })
}

fn keep_session(
    ctx: &mut Context,
    directory: RemotePath,
    (session, listing): (Session, Result<RemoteListing>),
) -> Option<(RemotePath, Vec<Entry>)> {
    ctx.client.connection.return_session(session);
    let listing = listing.ok()?;
    // Incomplete listings are not cached: commands must be able to report what is missing.
    if listing.unknown.is_empty() && listing.cut.is_none() {
        ctx.client.listings.store_listing(directory.clone(), listing.entries.clone());
    }
    Some((directory, listing.entries))
}

fn cached_names(ctx: &Context, directory: &RemotePath) -> Option<Vec<Name>> {
    let expire = ctx.client.settings.get(CACHE_EXPIRE, ctx.client.connection.host());
    Some(
        ctx.client.listings.fresh_listing(directory, expire)?.iter().map(completion_name).collect(),
    )
}

fn completion_name(entry: &Entry) -> Name {
    Name {
        name: entry.name.clone(),
        nature: match entry.kind {
            EntryKind::Directory => Nature::Directory,
            EntryKind::File => Nature::File,
            _ => Nature::Unclear,
        },
    }
}
