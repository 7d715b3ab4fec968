//! Pipelining: commands that are sent before the reply to the previous one has arrived.
//!
//! Only commands that do not depend on the results of those before them are pipelined, and only if
//! their replies cannot be confused. Callers need not know: when the command's turn comes, its
//! reply is already buffered.

use super::Session;
use super::config::DataMode;
use crate::error::Result;
use crate::ftp::control::expect::Command;
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{Position, lock};

/// Pipelines a command: it is sent right after the next one. A later call for it returns the
/// buffered reply; otherwise the reply is discarded.
pub(in crate::ftp) fn pipeline_after(
    session: &mut Session,
    verb: &str,
    argument: &str,
) -> Result<()> {
    queue(session, Position::After, verb, argument)
}

/// Sends a command right before the next one, and together with it if it changes nothing and its
/// replies are distinguishable. Only for commands whose refusal is harmless: their replies are
/// ignored.
pub(in crate::ftp) fn pipeline_before(
    session: &mut Session,
    verb: &str,
    argument: &str,
) -> Result<()> {
    queue(session, Position::Before, verb, argument)
}

/// Pipelines a command before the next data command; see [`take_prefetched`].
pub(in crate::ftp) fn pipeline_before_transfer(
    session: &mut Session,
    verb: &str,
    argument: &str,
) -> Result<()> {
    queue(session, Position::BeforeTransfer, verb, argument)
}

fn queue(session: &mut Session, position: Position, verb: &str, argument: &str) -> Result<()> {
    let command = session.new_command(verb, argument)?;
    lock(&session.control).queue(position, command)
}

/// The reply to a command that was sent with the last data command.
pub(in crate::ftp) fn take_prefetched(
    session: &mut Session,
    verb: &str,
    argument: &str,
) -> Option<Reply> {
    let command = session.new_command(verb, argument).ok()?;
    lock(&session.control).take_prefetched(&command)
}

/// The passive command that has worked with this server, if it may be prefetched.
pub(in crate::ftp) fn prefetchable_passive_command(session: &Session) -> Option<Command> {
    let auto = session.config.mode == DataMode::Auto;
    let proven = session.config.quirks.data_mode().filter(|_| auto);
    let mode = session.working_mode.or(proven).filter(|_| !session.config.quirks.is_serial());
    mode.and_then(|mode| Command::new(mode.passive_verb()?, "").ok())
}

/// Pipelines the passive command that works with this server after the next command.
pub(in crate::ftp) fn prefetch_passive_port(session: &mut Session) -> Result<()> {
    let mut control = lock(&session.control);
    if control.has_port() {
        return Ok(());
    }
    let command = prefetchable_passive_command(session);
    command.map_or(Ok(()), |command| control.queue(Position::After, command))
}
