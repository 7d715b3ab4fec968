//! The executor: runs a parsed script on a [`Context`], step by step.
//!
//! Errors are shown here, once, where they happen. A failure handled by `
//!
//! ` does not count; of all others, the first determines the exit status. Ctrl-C ends the whole
//! script.

use super::directories::Directories;
use super::redact::redact_line;
use super::syntax::{Element, Item, Script, Step, When, Word, parse_script};
use super::validate::validate_script;
use super::{expand, redirect};
use crate::commands::context::script_name;
use crate::commands::{COMMANDS, Context, find_command};
use crate::error::{Error, Kind, Result, kind_of, shortened_to};
use crate::output::{ScriptLocation, is_broken_pipe};
use crate::settings::{CMD_FAIL_EXIT, FailExit};

/// Maximum nesting of aliases and `source`.
const MAX_DEPTH: usize = 32;

/// Maximum characters of a command in an error.
const MAX_COMMAND: usize = 60;

/// Parses, validates and runs a script; `name` is its name in errors.
///
/// # Errors
/// The failure that ended it, or its last failure, already shown.
pub fn run_script(ctx: &mut Context, text: &str, name: &str) -> anyhow::Result<()> {
    if ctx.job.is_none() {
        // The line was entered, so no prompt is active.
        ctx.out.flush_job_output();
    }
    let kind = match parse_and_validate(ctx, text, name) {
        Ok(script) => {
            ctx.script_depth += 1;
            let status = run_items(ctx, &script, Source { text, name });
            ctx.script_depth -= 1;
            match status {
                Ok(()) => return Ok(()),
                Err(kind) => kind,
            }
        }
        Err(complaints) => show_complaints(ctx, complaints),
    };
    Err(Error::already_shown(kind).into())
}

/// Whether a script ends with `exit` in any case, so that nothing after it would run.
pub fn always_exits(source: &str) -> bool {
    let exits = |words: &[Word]| {
        let name = words.first().map(Word::unquoted_text).unwrap_or_default();
        find_command(COMMANDS, &name).is_ok_and(|spec| spec.name == "exit")
    };
    parse_script(source, "").is_ok_and(|script| {
        script.items.iter().any(|item| {
            let first = item.steps.first().map(|step| &step.element);
            !item.background && matches!(first, Some(Element::Simple(words)) if exits(words))
        })
    })
}

/// Parses and validates a script.
///
/// # Errors
/// All that is wrong with it, with line and column: at least one complaint.
pub fn parse_and_validate(
    ctx: &Context,
    source: &str,
    name: &str,
) -> std::result::Result<Script, Vec<Error>> {
    if ctx.script_depth > MAX_DEPTH {
        return Err(vec![Error::usage("aliases and `source` are nested too deeply")]);
    }
    let (script, complaints) = validate_script(source, name, ctx);
    if complaints.is_empty() { Ok(script) } else { Err(complaints) }
}

/// Shows and counts what is wrong with a script; returns the cause of the first complaint.
pub fn show_complaints(ctx: &mut Context, complaints: Vec<Error>) -> Kind {
    let first = complaints.first().map_or(Kind::Usage, Error::kind);
    for complaint in complaints {
        count_failure(ctx, complaint.kind());
        ctx.out.error(&complaint.into());
    }
    first
}

type Status = Result<(), Kind>;

/// The script that is running.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    /// Its name in errors; empty for one line typed at the prompt, or run by another command.
    name: &'a str,
}

impl Source<'_> {
    fn location_of(self, step: &Step, ctx: &Context) -> Option<ScriptLocation> {
        let command = match &step.element {
            Element::Simple(words) => {
                words.iter().map(Word::to_source).collect::<Vec<_>>().join(" ")
            }
            Element::Local(line) => format!("! {line}"),
            // Each of its commands has its own.
            Element::Group(_) => return None,
        };
        (!self.name.is_empty()).then(|| ScriptLocation {
            line: format!("{}:{}", self.name, step.pos.line),
            command: shortened_to(&ctx.redacted_title(&command), MAX_COMMAND),
        })
    }
}

fn run_items(ctx: &mut Context, script: &Script, source: Source<'_>) -> Status {
    let mut status = Ok(());
    for item in &script.items {
        let result = match item.background {
            true => start_background(ctx, item, source),
            false => run_item(ctx, item, source),
        };
        if let Err(kind) = result {
            status = result;
            if matches!(kind, Kind::Interrupted | Kind::Terminated) || stops_script(ctx) {
                return status;
            }
        }
        if ctx.exit_requested.is_some() {
            return status;
        }
    }
    status
}

fn stops_script(ctx: &Context) -> bool {
    match ctx.client.settings.get(CMD_FAIL_EXIT, None) {
        _ if ctx.keep_going => false,
        FailExit::Yes => true,
        FailExit::No => false,
        FailExit::Auto => !ctx.client.at_prompt,
    }
}

/// Starts a job. Its failures count when it is waited for, or at exit.
fn start_background(ctx: &mut Context, item: &Item, source: Source<'_>) -> Status {
    let text = source.text.get(item.span.clone()).unwrap_or_default();
    let title = format!("{} &", text.split_whitespace().collect::<Vec<_>>().join(" "));
    let title = redact_line(&title).unwrap_or_else(|| "… &".to_owned());
    let (item, text, name) = (item.clone(), source.text.to_owned(), source.name.to_owned());
    let work = move |ctx: &mut Context| run_item(ctx, &item, Source { text: &text, name: &name });
    match ctx.start_job(&title, Box::new(work)) {
        Ok(_) => Ok(()),
        Err(error) => note_failure(ctx, error.into()),
    }
}

fn run_item(ctx: &mut Context, item: &Item, source: Source<'_>) -> Status {
    let mut status = Ok(());
    for (index, step) in item.steps.iter().enumerate() {
        let wanted = match step.when {
            When::Always => true,
            When::IfOk => status.is_ok(),
            When::IfFailed => status.is_err(),
        };
        if !wanted {
            continue;
        }
        let caught = item.steps[index + 1..].iter().any(|later| later.when == When::IfFailed);
        let outer = ctx.failure_is_handled;
        ctx.failure_is_handled |= caught;
        status = run_step(ctx, step, source);
        ctx.failure_is_handled = outer;
        if ctx.exit_requested.is_some()
            || matches!(status, Err(Kind::Interrupted | Kind::Terminated))
        {
            break;
        }
    }
    status
}

fn run_step(ctx: &mut Context, step: &Step, source: Source<'_>) -> Status {
    let Some(location) = source.location_of(step, ctx) else {
        return run_located_step(ctx, step, source);
    };
    let outer = ctx.out.set_location(Some(location));
    let status = run_located_step(ctx, step, source);
    ctx.out.set_location(outer);
    status
}

fn run_located_step(ctx: &mut Context, step: &Step, source: Source<'_>) -> Status {
    let redirected =
        match step.redirect.as_ref().map(|r| redirect::start_redirect(r, ctx)).transpose() {
            Ok(redirected) => redirected,
            Err(error) => return note_failure(ctx, error.into()),
        };
    let mut status = match &step.element {
        Element::Group(script) => run_group(ctx, script, source),
        Element::Simple(words) => run_simple(ctx, words),
        Element::Local(line) => {
            ctx.totals.commands += 1;
            redirect::run_local(line, ctx).or_else(|error| note_failure(ctx, error.into()))
        }
    };
    if let Some(redirected) = redirected
        && let Err(error) = redirected.finish_redirect(ctx)
        && status.is_ok()
        && !is_broken_pipe_error(&error)
    {
        status = note_failure(ctx, error.into());
    }
    status
}

/// Runs a group. Its directories are its own: `cd` and `lcd` in it end with it.
fn run_group(ctx: &mut Context, script: &Script, source: Source<'_>) -> Status {
    let before = Directories::of(ctx);
    let status = run_items(ctx, script, source);
    if ctx.exit_requested.is_some() || matches!(status, Err(Kind::Interrupted | Kind::Terminated)) {
        return status;
    }
    before.restore(ctx).or_else(|error| note_failure(ctx, error.into())).and(status)
}

fn is_broken_pipe_error(error: &Error) -> bool {
    is_broken_pipe(&error.clone().into())
}

fn run_simple(ctx: &mut Context, words: &[Word]) -> Status {
    let Some(first) = words.first() else { return Ok(()) };
    let name = first.unquoted_text();
    if let Some(body) = ctx.aliases.get(&name).cloned()
        && !ctx.running_aliases.contains(&name)
    {
        return run_alias(ctx, &name, &body, &words[1..]);
    }
    if ctx.job.is_none() && ctx.jobs.take_job_ended() {
        // Jobs may have changed listed directories.
        ctx.client.listings.invalidate_all();
    }
    ctx.totals.commands += 1;
    let failed_before = ctx.totals.failed;
    let result = run_command(ctx, words);
    let flushed = ctx.out.flush();
    match result.and_then(|()| Ok(flushed?)) {
        Ok(()) => Ok(()),
        // The reader has read enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        // The command ran a script (`source`), which already showed and counted this failure.
        Err(error) if is_already_shown(&error) && ctx.totals.failed > failed_before => {
            Err(kind_of(&error))
        }
        Err(error) => note_failure(ctx, error),
    }
}

fn is_already_shown(error: &anyhow::Error) -> bool {
    crate::error::find_typed(error).is_some_and(Error::was_shown)
}

fn run_command(ctx: &mut Context, words: &[Word]) -> anyhow::Result<()> {
    let name = words.first().map(Word::unquoted_text).unwrap_or_default();
    let spec = find_command(COMMANDS, &name)?;
    ctx.client.cancel.check()?;
    let arguments = expand::expand_arguments(words, spec, ctx)?;
    spec.run(&arguments, ctx)
}

/// Runs an alias: the words after it are appended to its last command. Inside the body, its own
/// name means the command of that name.
fn run_alias(ctx: &mut Context, name: &str, body: &str, rest: &[Word]) -> Status {
    let mut source = body.to_owned();
    for word in rest {
        source.push(' ');
        source.push_str(&word.to_source());
    }
    ctx.running_aliases.push(name.to_owned());
    let result = run_script(ctx, &source, script_name(&format!("alias {name}"), &source));
    ctx.running_aliases.pop();
    result.map_err(|error| kind_of(&error))
}

fn note_failure(ctx: &mut Context, error: anyhow::Error) -> Status {
    let kind = kind_of(&error);
    // A stopped job reports nothing more.
    if ctx.job.is_none() || !matches!(kind, Kind::Interrupted | Kind::Terminated) {
        ctx.out.error(&error);
    }
    count_failure(ctx, kind);
    Err(kind)
}

fn count_failure(ctx: &mut Context, kind: Kind) {
    if ctx.failure_is_handled {
        return;
    }
    ctx.totals.failed += 1;
    ctx.totals.first_failure.get_or_insert(kind);
}

#[cfg(test)]
mod tests;
