//! Pipelining: commands that are sent before the reply to the one before them has come.
//!
//! Only such commands are pipelined as need not know how those before them ended, and whose
//! successes cannot be taken for each other's. Callers need not know: when the command's turn
//! comes, its reply is already buffered.

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

/// Sends a command right before the next one, and together with it if that changes nothing and
/// has replies like no other. Only for commands whose refusal does no harm: their
/// replies are not looked at.
pub(in crate::ftp) fn pipeline_before(
    session: &mut Session,
    verb: &str,
    argument: &str,
) -> Result<()> {
    queue(session, Position::Before, verb, argument)
}

/// Sends a command together with the next data command, before it;
/// [`Session::take_prefetched`] then has its reply.
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

/// The reply to a command that went out with the last data command.
pub(in crate::ftp) fn take_prefetched(
    session: &mut Session,
    verb: &str,
    argument: &str,
) -> Option<Reply> {
    let command = session.new_command(verb, argument).ok()?;
    lock(&session.control).take_prefetched(&command)
}

/// The passive command that has worked here, if it may be sent before its turn.
pub(in crate::ftp) fn prefetchable_passive_command(session: &Session) -> Option<Command> {
    let auto = session.config.mode == DataMode::Auto;
    let proven = session.config.quirks.data_mode().filter(|_| auto);
    let mode = session.working_mode.or(proven).filter(|_| !session.config.quirks.is_serial());
    mode.and_then(|mode| Command::new(mode.passive_verb()?, "").ok())
}

/// Pipelines the passive command that works here behind the next command.
pub(in crate::ftp) fn prefetch_passive_port(session: &mut Session) -> Result<()> {
    let mut control = lock(&session.control);
    if control.has_port() {
        return Ok(());
    }
    let command = prefetchable_passive_command(session);
    command.map_or(Ok(()), |command| control.queue(Position::After, command))
}
