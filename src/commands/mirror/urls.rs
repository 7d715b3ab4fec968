//! Mirrors whose sides are named by URLs: from another server, to another server, or from server
//! to server, through this program and without a copy on the disk.

use std::sync::Arc;

use super::Mirror;
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
    /// Whether one of the sides is a URL.
    pub(super) fn has_url(&self) -> bool {
        is_url(&self.source) || self.target.as_deref().is_some_and(is_url)
    }

    /// Looks at the URLs.
    pub(super) fn check_urls(&self) -> Result<()> {
        let target = self.target.as_deref().filter(|word| is_url(word));
        for url in [Some(self.source.as_str()).filter(|word| is_url(word)), target] {
            url.map_or(Ok(()), |url| parse_url(url).map(drop))?;
        }
        if self.reverse && is_url(&self.source) {
            return Err(Error::usage("mirror: with -R the source is local, not a URL")
                .with_hint("`mirror URL URL` goes from server to server"));
        }
        Ok(())
    }

    /// Runs it, with the servers that the URLs name.
    pub(super) fn run_with_urls(mut self, ctx: &mut Context) -> Result<()> {
        let source = is_url(&self.source).then(|| parse_url(&self.source)).transpose()?;
        let target = self.target.as_deref().filter(|word| is_url(word));
        let target = target.map(parse_url).transpose()?;
        match (source, target) {
            (Some((site, path)), None) => {
                self.source = or_current(path);
                ctx.with_server(site, |ctx| self.mirror_current_site(ctx))
            }
            (None, Some((site, path))) if self.reverse => {
                self.target = Some(or_current(path));
                ctx.with_server(site, |ctx| self.mirror_current_site(ctx))
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

    /// From the current server to the other one.
    fn copy_between(
        &self,
        ctx: &mut Context,
        target: &mut Client,
        from: &str,
        to: &str,
    ) -> Result<()> {
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
    ) -> Result<()> {
        let sides = Endpoints::Across(
            remote_tree(&ctx.client, sources, from)?,
            remote_tree(target, targets, to)?,
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
