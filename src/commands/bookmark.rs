//! `bookmark`: names for sites.

use clap::{Parser, Subcommand};

use super::{Builtin, Context, Example, Group, bookmarks, editor};
use crate::error::{Error, Result};
use crate::ftp::path::encode_name;
use crate::home::private_dir;
use crate::output::{Column, Table};
use crate::site::{self, Site};

/// Keep names for sites
///
/// A bookmark's name can be given to `open` and on the command line. Passwords are never kept.
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
    /// Open the file of bookmarks in $VISUAL or $EDITOR
    Edit,
    /// Remove a bookmark
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
        Example { line: "bookmark add work ftp.example.org", about: "keep a site as work" },
        Example { line: "bookmark add here", about: "keep the current site and directory" },
        Example { line: "bookmark list", about: "show what is kept" },
        Example {
            line: "bookmark add old ftp.example.org; bookmark remove old",
            about: "drop one",
        },
    ];

    fn check(&self) -> Result<()> {
        if let Some(Action::Add { name, url }) = &self.action {
            bookmarks::check_name(name)?;
            url.as_deref().map(site::parse).transpose()?;
        }
        Ok(())
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        match self.action {
            None | Some(Action::List) => list(ctx)?,
            Some(Action::Add { name, url }) => add(&name, url.as_deref(), ctx)?,
            Some(Action::Edit) => edit(ctx)?,
            Some(Action::Remove { name }) => bookmarks::remove(&ctx.home, &name)?,
        }
        Ok(())
    }
}

fn list(ctx: &Context) -> Result<()> {
    let mut table = Table::new(&[Column::left("Name"), Column::left("URL")]).without_header();
    for (name, url) in bookmarks::list(&ctx.home)? {
        table.row(vec![name.into(), bookmarks::without_password(&url).into()]);
    }
    ctx.out.table(&table)
}

fn add(name: &str, url: Option<&str>, ctx: &Context) -> Result<()> {
    let site = match url {
        None => current(ctx)?,
        Some(url) => {
            let target = site::parse(url)?;
            if target.password.is_some() {
                ctx.out.warn("the password in the URL is not kept");
            }
            target.site
        }
    };
    if bookmarks::add(&ctx.home, name, &site)? {
        ctx.out.notice(&format!("bookmark {name} now means {site}"));
    }
    Ok(())
}

/// The current site, with who is logged in and the remote directory.
fn current(ctx: &Context) -> Result<Site> {
    let connection = &ctx.connection;
    let Some(mut site) = connection.site.clone() else {
        return Err(Error::usage("bookmark: not connected")
            .with_hint("give a URL: `bookmark add NAME URL`"));
    };
    if let Some(login) = &connection.login {
        site.user = Some(login.user.clone());
    }
    if let Some(directory) = connection.cwd() {
        // The root is where most servers begin.
        let path = directory.as_str();
        site.path = (path != "/").then(|| encode_name(path));
    }
    Ok(site)
}

fn edit(ctx: &Context) -> Result<()> {
    let path = ctx.home.bookmarks();
    if !path.exists() {
        if let Some(directory) = path.parent() {
            private_dir(directory)?;
        }
        bookmarks::create(&ctx.home)?;
    }
    editor::edit(ctx, &path)?;
    for problem in bookmarks::problems(&ctx.home)? {
        ctx.out.warn(&problem);
    }
    Ok(())
}
