//! Mirrors whose sides are named by URLs: from another server, to another server, or from server
//! to server, through this program and without a copy on the disk.

use std::sync::Arc;

use super::Mirror;
use super::operands::target_for;
use crate::client::Client;
use crate::client::server_url::{is_url, parse_url};
use crate::commands::Context;
use crate::error::{Error, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session_pool::SiteSessions;
use crate::transfer::Direction;
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::mirror::transfer_file::Endpoints;

impl Mirror {
    /// Looks at the URLs among the two sides.
    pub(super) fn check_urls(&self, source: &str, target: &str) -> Result<()> {
        for url in [source, target].into_iter().filter(|word| is_url(word)) {
            parse_url(url)?;
        }
        if self.reverse && is_url(source) {
            return Err(Error::usage("mirror: with -R the source is local, not a URL")
                .with_hint("`mirror URL URL` goes from server to server"));
        }
        Ok(())
    }

    /// Runs once, with the servers that URLs name. Returns the number of changes.
    pub(super) fn run_once(&self, ctx: &mut Context) -> Result<u64> {
        let source = is_url(&self.source).then(|| parse_url(&self.source)).transpose()?;
        let target = is_url(&self.target).then(|| parse_url(&self.target)).transpose()?;
        match (source, target) {
            (Some((site, path)), None) => {
                let mirror = self.between(or_current(path), self.target.clone());
                ctx.with_server(site, |ctx| mirror.mirror_current_site(ctx))
            }
            (None, Some((site, path))) if self.reverse => {
                let mirror = self.between(self.source.clone(), or_current(path));
                ctx.with_server(site, |ctx| mirror.mirror_current_site(ctx))
            }
            (Some((site, from)), Some((other, to))) => {
                let mut target = ctx.client.connect_other(other)?;
                let result =
                    ctx.with_server(site, |ctx| self.copy_between(ctx, &mut target, &from, &to));
                target.connection.close();
                result
            }
            (None, Some((other, to))) => {
                let mut target = ctx.client.connect_other(other)?;
                let result = self.copy_between(ctx, &mut target, &self.source, &to);
                target.connection.close();
                result
            }
            (None, None) => self.mirror_current_site(ctx),
        }
    }

    /// The same mirror between other paths.
    fn between(&self, source: String, target: String) -> Self {
        Self { source, target, ..self.clone() }
    }

    /// From the current server to the other one.
    fn copy_between(
        &self,
        ctx: &mut Context,
        target: &mut Client,
        from: &str,
        to: &str,
    ) -> Result<u64> {
        let sources = ctx.client.share_sessions()?;
        let result = target.share_sessions().and_then(|targets| {
            let result = self.mirror_between(ctx, target, (&sources, from), (&targets, to));
            target.stop_sharing(&targets);
            result
        });
        ctx.client.stop_sharing(&sources);
        result
    }

    fn mirror_between(
        &self,
        ctx: &mut Context,
        target: &Client,
        (sources, from): (&Arc<SiteSessions>, &str),
        (targets, to): (&Arc<SiteSessions>, &str),
    ) -> Result<u64> {
        let sides = Endpoints::Across(
            remote_tree(&ctx.client, sources, from)?,
            remote_tree(target, targets, &target_for(from, to))?,
        );
        let limit = sources.limit().min(targets.limit());
        self.run_mirror(ctx, sides, Direction::Copy, Some(&target.connection), limit)
    }
}

fn remote_tree(
    client: &Client,
    sessions: &Arc<SiteSessions>,
    path: &str,
) -> Result<Arc<RemoteTree>> {
    let cwd = client.connection.remote_directory().cloned().unwrap_or_else(RemotePath::here);
    let root = cwd.resolve(if path.is_empty() { "." } else { path })?;
    Ok(Arc::new(RemoteTree::new(Arc::clone(sessions), root)))
}

fn or_current(path: String) -> String {
    if path.is_empty() { ".".to_owned() } else { path }
}
