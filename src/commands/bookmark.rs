//! `bookmark`: names for sites.

use clap::{Parser, Subcommand};

use super::programs::editor;
use super::{Builtin, Context, Example, Group, transfers};
use crate::bookmarks;
use crate::bookmarks::import::{self, ImportOutcome, ImportedSite};
use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::create_private_dir;
use crate::ftp::path::encode_name;
use crate::local_path;
use crate::output::{Column, Record, Table};
use crate::target::{self, Site};

/// Manage bookmarks: names for sites
///
/// A bookmark's name can be used with `open` and on the command line. Passwords are never stored in
/// bookmarks.
#[derive(Debug, Parser)]
pub struct Bookmark {
    /// What to do; without it, the bookmarks are listed
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a bookmark, or change one
    Add {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Host or URL; without it, the current site and directory
        #[arg(value_name = "URL", value_hint = clap::ValueHint::Url)]
        url: Option<String>,
    },
    /// List the bookmarks
    List,
    /// Edit the bookmarks file in $VISUAL or $EDITOR
    Edit,
    /// Import the sites of FileZilla (sitemanager.xml) or the bookmarks of lftp
    ///
    /// Passwords and sites that do not use FTP are skipped. Sites that used plain FTP or optional
    /// TLS require TLS from now on. Existing bookmarks are not changed.
    Import {
        /// The file; `-` is standard input
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: String,
    },
    /// Remove a bookmark
    #[command(visible_alias = "delete")]
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Builtin for Bookmark {
    const NAME: &'static str = "bookmark";
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "bookmark add work ftp.example.org", about: "add a bookmark named work" },
        Example { line: "bookmark add here", about: "bookmark the current site and directory" },
        Example { line: "bookmark list", about: "list the bookmarks" },
        Example {
            line: "bookmark add old ftp.example.org; bookmark remove old",
            about: "remove a bookmark",
        },
        Example {
            line: "echo work ftps://ftp.example.org > lftp.txt; bookmark import lftp.txt",
            about: "import the bookmarks of lftp",
        },
    ];

    fn check(&self) -> Result<()> {
        if let Some(Action::Add { name, url }) = &self.action {
            bookmarks::check_name(name)?;
            url.as_deref().map(target::parse_target).transpose()?;
        }
        Ok(())
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        match self.action {
            None | Some(Action::List) => list_bookmarks(ctx)?,
            Some(Action::Add { name, url }) => add_bookmark(&name, url.as_deref(), ctx)?,
            Some(Action::Edit) => edit_bookmarks(ctx)?,
            Some(Action::Import { file }) => import_file(&file, ctx)?,
            Some(Action::Remove { name }) => {
                bookmarks::remove_bookmark(&ctx.client.app_dirs, &name)?
            }
        }
        Ok(())
    }
}

fn list_bookmarks(ctx: &Context) -> Result<()> {
    if ctx.out.is_json() {
        let listed = bookmarks::list_bookmarks(&ctx.client.app_dirs)?;
        return listed.into_iter().try_for_each(|(name, url)| {
            let url = bookmarks::without_password(&url);
            let text = format!("{name} {url}");
            let fields = vec![("name", Some(name)), ("url", Some(url.to_string()))];
            ctx.out.record(&Record::TextFields(text, fields))
        });
    }
    let mut table = Table::new(&[Column::left("Name"), Column::left("URL")]).without_header();
    for (name, url) in bookmarks::list_bookmarks(&ctx.client.app_dirs)? {
        table.row(vec![name.into(), bookmarks::without_password(&url).into()]);
    }
    ctx.out.table(&table)
}

fn add_bookmark(name: &str, url: Option<&str>, ctx: &Context) -> Result<()> {
    let site = match url {
        None => current_site_url(ctx)?,
        Some(url) => {
            let target = target::parse_target(url)?;
            if target.password.is_some() {
                ctx.out.warn("the password in the URL is not stored");
            }
            target.site
        }
    };
    if bookmarks::add_bookmark(&ctx.client.app_dirs, name, &site)? {
        ctx.out.notice(&format!("bookmark {name} now means {site}"));
    }
    Ok(())
}

fn import_file(file: &str, ctx: &Context) -> anyhow::Result<()> {
    let (file, bytes) = local_path::read_file_or_stdin(file, |path| ctx.local_path(path))?;
    let found = import::read_sites(&bytes).map_err(|error| error.with_context(&file))?;
    let mut failures = transfers::Failures::default();
    let (mut added, mut unsafe_there, mut with_password) = (0, 0, 0);
    for ImportedSite { line, what } in found {
        let result = what.and_then(|what| match what {
            ImportOutcome::Foreign(name, kind) => {
                ctx.out.notice(&format!("{name}: skipped, because it is {kind}"));
                Ok(())
            }
            ImportOutcome::Bookmark { name, renamed, site, plain, password } => {
                if let Some(was) = renamed {
                    ctx.out.notice(&format!(
                        "{was}: a shell would interpret this name; the bookmark is named {name}"
                    ));
                }
                with_password += usize::from(password);
                if import_one(&name, &site, ctx)? {
                    added += 1;
                    unsafe_there += usize::from(plain);
                }
                Ok(())
            }
        });
        failures.note_result(
            ctx,
            result.map_err(|error| error.with_context(format!("{file}, line {line}"))),
        )?;
    }
    ctx.out.notice(&format!("{file}: bookmarks added: {added}"));
    if unsafe_there > 0 {
        ctx.out.notice(&format!("{unsafe_there} of them used plain FTP and now require TLS"));
    }
    if with_password > 0 {
        ctx.out.notice(&format!(
            "passwords in the file were skipped: {with_password}; use ~/.netrc instead"
        ));
    }
    failures.into_result()
}

/// Adds a bookmark unless it exists; another site of the same name is not replaced.
fn import_one(name: &str, site: &Site, ctx: &Context) -> Result<bool> {
    match bookmarks::find_bookmark(&ctx.client.app_dirs, name)? {
        None => bookmarks::add_bookmark(&ctx.client.app_dirs, name, site).map(|_| true),
        Some(url) if url == site.to_string() => Ok(false),
        Some(_) => Err(Error::new(Kind::Other, format!("{name}: bookmark already exists"))
            .with_hint(format!("`bookmark remove {name}` removes it"))),
    }
}

/// The current site, with who is logged in and the remote directory.
fn current_site_url(ctx: &Context) -> Result<Site> {
    let connection = &ctx.client.connection;
    let Some(mut site) = connection.site.clone() else {
        return Err(Error::usage("bookmark: not connected")
            .with_hint("give a URL: `bookmark add NAME URL`"));
    };
    if let Some(login) = &connection.login {
        site.user = Some(login.user.clone());
    }
    if let Some(directory) = connection.remote_directory() {
        // The root is where most servers begin.
        let path = directory.as_str();
        site.path = (path != "/").then(|| encode_name(path));
    }
    Ok(site)
}

fn edit_bookmarks(ctx: &Context) -> Result<()> {
    let path = ctx.client.app_dirs.bookmarks();
    if !path.exists() {
        if let Some(directory) = path.parent() {
            create_private_dir(directory)?;
        }
        bookmarks::create_file(&ctx.client.app_dirs)?;
    }
    editor::edit_file(ctx, &path)?;
    for problem in bookmarks::file_problems(&ctx.client.app_dirs)? {
        ctx.out.warn(&problem);
    }
    Ok(())
}
