//! A file from the current server to the one that a URL names, through this program and without a
//! copy on the disk.

use crate::client::server_url::parse_url;
use crate::client::{Client, Connection};
use crate::commands::Context;
use crate::commands::transfers::overwrite;
use crate::commands::transfers::progress::ProgressBar;
use crate::commands::transfers::replace_question::{FileVersion, ReplaceAnswers};
use crate::commands::transfers::{report_transfer, retry_transfer};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::{RemotePath, encode_name};
use crate::target::Site;
use crate::transfer::relay::{self, Failed, Side};
use crate::transfer::retry::ByteCounter;
use crate::transfer::{Atomic, Direction, FileInfo, Outcome, Remote as _, Resume, TransferOptions};

/// The other server, and where on it files go.
#[derive(Debug)]
pub struct TargetServer {
    client: Client,
    path: String,
    /// Files go into `path`, under their own names.
    is_directory: bool,
}

impl TargetServer {
    /// Connects to the server of a URL. With `is_directory` its path is one, as it is if it ends
    /// in a slash.
    pub fn connect_target(ctx: &Context, url: &str, is_directory: bool) -> Result<Self> {
        let (target, path) = parse_url(url)?;
        let is_directory = is_directory || path.is_empty() || path.ends_with('/');
        Ok(Self { client: ctx.client.connect_other(target)?, path, is_directory })
    }

    /// Closes the connection to it.
    pub fn close_target(mut self) {
        self.client.connection.close();
    }

    /// How files of the current server are copied; `atomic`: to a temporary name whatever the
    /// setting says.
    pub fn copy_options(&self, ctx: &Context, atomic: bool) -> TransferOptions {
        let setting = || ctx.client.atomic_upload(self.client.connection.host());
        TransferOptions {
            atomic: if atomic { Atomic::Yes } else { setting() },
            upload_journals: ctx.client.upload_journals(&self.client.connection),
            ..ctx.client.transfer_options(Direction::Copy)
        }
    }

    /// Copies a file of the current server.
    ///
    /// # Errors
    ///
    /// Those of either end, with the name of its server.
    pub fn copy_file(
        &mut self,
        ctx: &mut Context,
        from: &RemotePath,
        options: TransferOptions,
        answers: &mut ReplaceAnswers,
    ) -> Result<()> {
        let to = self.target_path(from)?;
        let facts = ctx.client.ask_server(|session| session.file_info(from));
        let facts = match facts.map_err(|error| with_server_name(&ctx.client.connection, error)) {
            Ok(facts) => facts,
            Err(error) => return self.report_copy(ctx, from, &to, Err(error)),
        };
        let resume = options.resume;
        if resume == Resume::No && !self.may_replace(&to, facts, answers)? {
            return Ok(());
        }
        let mut job =
            relay::ServerCopy { from: from.clone(), to: to.clone(), info: Some(facts), options };
        let watched =
            ProgressBar::new(&ctx.out, from.as_str(), facts.size).with_limits(&job.options.limits);
        let moved = ByteCounter::new(&watched);
        let (retries, cancel) = (ctx.client.retries(), ctx.client.cancel.clone());
        let result = retry_transfer(retries, &cancel, &watched, |again| {
            if again {
                job.info = None;
                job.options.resume = resume.after_loss(moved.has_moved());
            }
            self.reconnect_both(&mut ctx.client).and_then(|()| {
                let lost = || Error::new(Kind::Connect, "the connection was lost").as_transient();
                let source = ctx.client.connection.live_session().ok_or_else(lost)?;
                let target = self.client.connection.live_session().ok_or_else(lost)?;
                relay::copy_between_servers(source, target, &job, &moved, &cancel).map_err(
                    |Failed { side, error }| {
                        let connection = match side {
                            Side::Source => &ctx.client.connection,
                            Side::Target => &self.client.connection,
                        };
                        with_server_name(connection, error)
                    },
                )
            })
        });
        let result = result.map(|outcome| moved.outcome_of_all(outcome));
        drop(watched);
        self.client.invalidate_listing(&to);
        self.report_copy(ctx, from, &to, result)
    }

    fn may_replace(
        &mut self,
        to: &RemotePath,
        facts: FileInfo,
        answers: &mut ReplaceAnswers,
    ) -> Result<bool> {
        let new = || Ok(FileVersion::of_remote(facts));
        overwrite::may_replace_remote(&mut self.client, to, new, answers)
    }

    fn report_copy(
        &self,
        ctx: &mut Context,
        from: &RemotePath,
        to: &RemotePath,
        result: Result<Outcome>,
    ) -> Result<()> {
        let urls = (file_url(&ctx.client.connection, from), file_url(&self.client.connection, to));
        report_transfer(ctx, Direction::Copy, &urls.0, &urls.1, result)
    }

    fn target_path(&self, from: &RemotePath) -> Result<RemotePath> {
        if !self.is_directory {
            return RemotePath::new(self.path.as_str());
        }
        let name = from.file_name().unwrap_or_default();
        if self.path.is_empty() {
            RemotePath::new(name)
        } else {
            RemotePath::new(self.path.as_str())?.join(name)
        }
    }

    /// Makes sure that both connections live.
    fn reconnect_both(&mut self, source: &mut Client) -> Result<()> {
        for client in [&mut self.client, source] {
            let alive = client.session().map(drop);
            alive.map_err(|error| with_server_name(&client.connection, error))?;
        }
        Ok(())
    }
}

/// A failure with the name of the server that it was at.
fn with_server_name(connection: &Connection, error: Error) -> Error {
    match connection.site.as_ref().map(Site::trust_key) {
        Some(server) if !error.message().contains(&server) => error.with_context(server),
        _ => error,
    }
}

/// A remote file as a URL. Its path is the one typed where that is under the login directory.
fn file_url(connection: &Connection, typed: &RemotePath) -> String {
    let Some(site) = &connection.site else { return typed.as_str().to_owned() };
    let moved =
        connection.session().filter(|session| *session.cwd() != session.login_directory().path);
    let path = moved.and_then(|session| session.cwd().resolve(typed.as_str()).ok());
    let path = path.as_ref().unwrap_or(typed);
    Site { path: Some(encode_name(path.as_str())), ..site.clone() }.to_string()
}
