//! `queue`: commands in the background, one after the other.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::{Error, Result};
use crate::jobs::JobState;
use crate::jobs::queue::QueueView;
use crate::output::{Column, JobRecord, Record, Table};
use crate::shell_quote;

/// Run commands in the background, one after the other
///
/// Each site has its own queue. Each command uses the settings and directories in effect when it
/// was queued; a failure does not stop the queue. Without a command, the queue is listed. `queue
/// stop` starts no more commands, `queue start` continues, `queue wait` waits until the queue is
/// empty and fails if a command failed.
#[derive(Debug, Parser)]
pub struct Queue {
    /// Remove command N from the queue: 1 is the next one
    #[arg(short, long, value_name = "N", conflicts_with = "command")]
    delete: Option<usize>,
    /// A command with its arguments, or commands in quotes; or `start`, `stop`, `wait`
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true,
          value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<String>,
}

impl Builtin for Queue {
    const NAME: &'static str = "queue";
    const GROUP: Group = Group::Jobs;
    const GLOBS: Globs = Globs::Source;
    const EXAMPLES: &'static [Example] = &[
        Example {
            line: "queue get big.iso; queue put x.txt; queue",
            about: "queue two commands and list the queue",
        },
        Example {
            line: "queue 'get docs/a.txt && get docs/b.txt'; queue wait",
            about: "wait for the queue",
        },
        Example {
            line: "queue stop; queue get notes.txt; queue -d 1; queue start",
            about: "remove a command from the queue",
        },
    ];

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if Word::parse_action(&self.command).is_none() && !self.command.is_empty() {
            script.runs_later(Self::NAME, shell_quote::script_from_words(&self.command));
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if let Some(place) = self.delete {
            let dropped = ctx.drop_queued(place)?;
            ctx.out.notice(&format!("removed from the queue: {dropped}"));
            return Ok(());
        }
        match Word::parse_action(&self.command) {
            Some(Word::Start) => ctx.start_queue()?,
            Some(Word::Stop) => ctx.stop_queue(),
            Some(Word::Wait) => wait_for_queue(ctx)?,
            None if self.command.is_empty() => list_queue(&ctx.queue_view(), ctx)?,
            None => ctx.enqueue(&shell_quote::script_from_words(&self.command))?,
        }
        Ok(())
    }
}

/// What to do with the queue as a whole.
enum Word {
    Start,
    Stop,
    Wait,
}

impl Word {
    fn parse_action(words: &[String]) -> Option<Self> {
        match words {
            [word] if word == "start" => Some(Self::Start),
            [word] if word == "stop" => Some(Self::Stop),
            [word] if word == "wait" => Some(Self::Wait),
            _ => None,
        }
    }
}

fn wait_for_queue(ctx: &mut Context) -> Result<()> {
    let ids = ctx.queue_view().jobs;
    if ctx.job.is_some_and(|job| ids.contains(&job)) {
        return Err(Error::usage("queue: a queued command cannot wait for its queue"));
    }
    ctx.out.flush()?;
    ctx.wait_for_jobs(&ids)?;
    // Who killed one, and went on with the queue, knows of it.
    let killed = |id: &u64| ctx.jobs.find_job(*id).is_some_and(|job| job.state == JobState::Killed);
    let (killed, ids): (Vec<_>, Vec<_>) = ids.into_iter().partition(killed);
    let _ = ctx.collect_jobs(&killed);
    let result = ctx.collect_jobs(&ids);
    let queue = ctx.queue_view();
    if queue.stopped && !queue.commands.is_empty() {
        return result
            .and(Err(Error::usage("queue: stopped before all commands were run")
                .with_hint("`queue start`")));
    }
    result
}

fn list_queue(queue: &QueueView, ctx: &Context) -> Result<()> {
    let waits = if queue.stopped { "stopped" } else { "queued" };
    let numbered = queue.commands.iter().zip(1..).map(|(command, place)| (place, waits, command));
    let rows: Vec<_> =
        queue.current.iter().map(|command| (0, "running", command)).chain(numbered).collect();
    if ctx.out.is_json() {
        return rows.into_iter().try_for_each(|(id, state, command)| {
            let (command, state) = (command.clone(), state.to_owned());
            ctx.out.record(&Record::Job(JobRecord { id, command, state, ..JobRecord::default() }))
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    let mut table =
        Table::new(&[Column::right("N"), Column::left("State"), Column::left("Command")]);
    for (place, state, command) in rows {
        let place = if place == 0 { String::new() } else { place.to_string() };
        table.row(vec![place.into(), state.into(), command.clone().into()]);
    }
    ctx.out.table(&table)
}
