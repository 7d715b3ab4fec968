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

impl Session {
    /// Pipelines a command: it is sent right after the next one. A later call for it returns the
    /// buffered reply; otherwise the reply is discarded.
    pub(super) fn pipeline_after(&mut self, verb: &str, argument: &str) -> Result<()> {
        self.queue(Position::After, verb, argument)
    }

    /// Sends a command right before the next one, and together with it if that changes nothing and
    /// has replies like no other. Only for commands whose refusal does no harm: their
    /// replies are not looked at.
    pub(super) fn pipeline_before(&mut self, verb: &str, argument: &str) -> Result<()> {
        self.queue(Position::Before, verb, argument)
    }

    /// Sends a command together with the next data command, before it;
    /// [`Session::take_prefetched`] then has its reply.
    pub(super) fn pipeline_before_transfer(&mut self, verb: &str, argument: &str) -> Result<()> {
        self.queue(Position::BeforeTransfer, verb, argument)
    }

    fn queue(&mut self, position: Position, verb: &str, argument: &str) -> Result<()> {
        let command = self.new_command(verb, argument)?;
        lock(&self.control).queue(position, command)
    }

    /// The reply to a command that went out with the last data command.
    pub(super) fn take_prefetched(&mut self, verb: &str, argument: &str) -> Option<Reply> {
        let command = self.new_command(verb, argument).ok()?;
        lock(&self.control).take_prefetched(&command)
    }

    /// Turns prefetching of the next passive port on or off: while it is on, the next data
    /// connection is asked for before the completion reply to the last one has come.
    pub fn set_prefetch(&mut self, prefetch: bool) {
        self.prefetch_port = prefetch;
    }

    /// The passive command that has worked here, if it may be sent before its turn.
    pub(in crate::ftp) fn prefetchable_passive_command(&self) -> Option<Command> {
        let auto = self.config.mode == DataMode::Auto;
        let proven = self.config.quirks.data_mode().filter(|_| auto);
        let mode = self.working_mode.or(proven).filter(|_| !self.config.quirks.is_serial());
        mode.and_then(|mode| Command::new(mode.passive_verb()?, "").ok())
    }

    /// Reads the replies that are still to come. A passive port among them is kept for the next
    /// data command.
    pub fn drain_pending(&mut self) -> Result<()> {
        lock(&self.control).drain()
    }

    /// Pipelines the passive command that works here behind the next command.
    pub(super) fn prefetch_passive_port(&mut self) -> Result<()> {
        let mut control = lock(&self.control);
        if control.has_port() {
            return Ok(());
        }
        let command = self.prefetchable_passive_command();
        command.map_or(Ok(()), |command| control.queue(Position::After, command))
    }
}
