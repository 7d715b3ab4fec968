//! `touch`: make empty files, and set times.

use chrono::{DateTime, Utc};
use clap::Parser;

use super::entries::format;
use super::entries::lookup::Lookup;
use super::entries::parse_time;
use super::{Builtin, Context, Example, Globs, Group, transfers};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::transfer::{Remote as _, TransferType, UploadMode, verify};

/// Set the modification time of files, and create missing ones
///
/// Without -d, uses the current time.
#[derive(Debug, Parser)]
pub struct Touch {
    /// Use this time: 2026-11-20, '2026-11-20 07:15'
    #[arg(short, long, value_name = "DATE")]
    date: Option<String>,
    /// Do not create missing files
    #[arg(short = 'c', long)]
    no_create: bool,
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

impl Builtin for Touch {
    const NAME: &'static str = "touch";
    const GROUP: Group = Group::Change;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "touch ready.flag", about: "create an empty file" }];

    fn check(&self) -> Result<()> {
        self.date.as_deref().map_or(Ok(()), |text| match parse_time::parse_date(text) {
            Some(_) => Ok(()),
            None => parse_time::not_a_date(text),
        })
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut lookup = Lookup::default();
        let date = match self.date.as_deref() {
            Some(text) => Some(
                parse_time::parse_date(text).map_or_else(|| parse_time::not_a_date(text), Ok)?,
            ),
            None => None,
        };
        transfers::for_each_argument(ctx, &self.files, |ctx, file| {
            let path = RemotePath::new(file)?;
            let missing = lookup.find_if_exists(ctx, file)?.is_none();
            if missing && self.no_create {
                return Ok(());
            }
            let result = touch_path(ctx, &path, missing, date);
            ctx.audit().log_touch(path.as_str(), result.as_ref().err());
            result
        })
    }
}

fn touch_path(
    ctx: &mut Context,
    path: &RemotePath,
    missing: bool,
    date: Option<DateTime<Utc>>,
) -> Result<()> {
    if missing {
        create_empty_file(ctx, path)?;
    }
    // A file made just now has the right time already.
    if !missing || date.is_some() {
        set_time(ctx, path, date.unwrap_or_else(Utc::now))?;
    }
    Ok(())
}

fn create_empty_file(ctx: &mut Context, path: &RemotePath) -> Result<()> {
    let finished =
        ctx.client.session()?.open_upload(path, UploadMode::Whole, TransferType::Binary)?.finish();
    format::invalidate_and_report(ctx, path);
    verify::check_upload(&format!("touch {path}"), &finished?)
}

fn set_time(ctx: &mut Context, path: &RemotePath, time: DateTime<Utc>) -> Result<()> {
    format::invalidate_and_report(ctx, path);
    if ctx.client.session()?.set_modified_time(path, time.naive_utc())? {
        return Ok(());
    }
    Err(Error::new(
        Kind::Refused,
        format!("touch {path}: the server does not support setting times"),
    ))
}
