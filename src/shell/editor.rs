//! Connects the line editor to the shell: completion, hints from the history, colour.
//!
//! rustyline calls this while a line is being typed; answers come from the [`Context`]. Nothing
//! here runs a command, connects, or prints.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;

use super::complete::remote::Lister;
use super::complete::{Candidate, Sources, complete_line, local_names};
use super::highlight::{Known, highlight_line};
use super::validate::validate_script;
use crate::bookmarks;
use crate::commands::{COMMANDS, Context, find_command};
use crate::output::Style;

/// State shared by the line editor and the prompt.
pub struct SharedState<'a> {
    /// The context.
    pub ctx: &'a mut Context,
    /// Lists remote directories for completion. May have the session: [`Self::finish_lookups`].
    lister: Lister,
    /// Earlier lines of the same input, including line ends.
    pub before: String,
}

impl<'a> SharedState<'a> {
    /// No input yet.
    pub fn new(ctx: &'a mut Context) -> Self {
        Self { ctx, lister: Lister::default(), before: String::new() }
    }

    /// Takes the session back from completion, before a command runs.
    pub fn finish_lookups(&mut self) {
        self.lister.finish_requests(self.ctx);
    }
}

/// The context, borrowed by the line editor while a line is being typed.
pub struct Helper<'a>(pub Rc<RefCell<SharedState<'a>>>);

impl rustyline::Helper for Helper<'_> {}

impl Validator for Helper<'_> {}

impl Completer for Helper<'_> {
    type Candidate = Candidate;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Candidate>)> {
        let Ok(mut inner) = self.0.try_borrow_mut() else { return Ok((pos, Vec::new())) };
        let SharedState { ctx, lister, before } = &mut *inner;
        let whole = format!("{before}{line}");
        let aliases = ctx.aliases.clone();
        let home = ctx.client.app_dirs.clone();
        let store = ctx.client.connection.trust_gate().store().clone();
        let bookmarks = || {
            let found = bookmarks::list_bookmarks(&home).unwrap_or_default();
            found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let sites = || {
            let mut sites = bookmarks();
            sites.extend(store.all_entries().unwrap_or_default().iter().map(|entry| {
                let host = match entry.host.contains(':') {
                    true => format!("[{}]", entry.host),
                    false => entry.host.clone(),
                };
                if entry.port == 21 { host } else { format!("{host}:{}", entry.port) }
            }));
            sites
        };
        let jobs: Vec<_> =
            ctx.jobs.list_jobs().into_iter().map(|job| (job.id, job.title)).collect();
        let jobs = || jobs.clone();
        let remote = RefCell::new((lister, ctx));
        let sources = Sources {
            commands: COMMANDS,
            aliases: &aliases,
            remote: &|directory| {
                let (lister, ctx) = &mut *remote.borrow_mut();
                lister.remote_names(ctx, directory)
            },
            local: &local_names,
            sites: &sites,
            bookmarks: &bookmarks,
            jobs: &jobs,
        };
        let (start, found) = complete_line(&whole, before.len() + pos, &sources);
        match start.checked_sub(before.len()) {
            Some(start) => Ok((start, found)),
            // The word began on an earlier line, which can no longer be edited.
            None => Ok((pos, Vec::new())),
        }
    }
}

impl Hinter for Helper<'_> {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, _: &rustyline::Context<'_>) -> Option<String> {
        let inner = self.0.try_borrow().ok()?;
        // Without colour a hint is indistinguishable from typed text.
        if !inner.ctx.out.has_color() || !inner.before.is_empty() {
            return None;
        }
        if line.trim().is_empty() || pos < line.len() {
            return None;
        }
        let mut rest = inner.ctx.history.iter().rev().filter_map(|entry| entry.strip_prefix(line));
        let found = rest.find(|rest| {
            let is_line = !rest.is_empty() && !rest.contains('\n');
            // A mistyped command stays in the history, but is not suggested.
            is_line && validate_script(&format!("{line}{rest}"), "", inner.ctx).1.is_empty()
        });
        found.map(str::to_owned)
    }
}

impl Highlighter for Helper<'_> {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        match self.0.try_borrow() {
            Ok(inner) if inner.before.is_empty() => {
                Cow::Owned(highlight_line(line, &|word| is_known_command(inner.ctx, word)))
            }
            _ => Cow::Borrowed(line),
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(Style::Dim.paint(hint))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

fn is_known_command(ctx: &Context, word: &str) -> Known {
    if ctx.aliases.contains_key(word) || find_command(COMMANDS, word).is_ok() {
        return Known::Yes;
    }
    let begins = |name: &str| name.starts_with(word);
    let several = COMMANDS.iter().any(|spec| begins(spec.name))
        || ctx.aliases.keys().any(|name| begins(name));
    if several { Known::Perhaps } else { Known::No }
}
