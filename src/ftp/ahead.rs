//! Commands that go out before the reply to the one before them has come: round trips saved.
//!
//! Only such commands are sent ahead as need not know how those before them ended, and whose
//! successes cannot be taken for each other's. Each is asked for in its turn, as if it were sent
//! then; one that is not asked for was in vain, and its reply is dropped.

use suppaftp::Mode;

use super::exchange::lock;
use super::options::DataMode;
use super::reply::Reply;
use super::session::Session;
use crate::error::Result;

impl Session {
    /// Sends commands together, without waiting for the reply to one before the next is sent, and
    /// reads their replies: one round trip for all. Only for commands that need not know how those
    /// before them ended.
    ///
    /// # Errors
    ///
    /// As [`Session::command`].
    pub(super) fn commands(&mut self, commands: &[(&str, &str)]) -> Result<Vec<Reply>> {
        for (verb, argument) in commands.iter().skip(1) {
            self.send_along(verb, argument)?;
        }
        if self.busy {
            self.send_passive_along()?;
        }
        commands.iter().map(|(verb, argument)| self.command(verb, argument)).collect()
    }

    /// Has a command go out together with the next one, behind it. Asked for in its turn, its
    /// reply is there a round trip earlier; if it is not, its reply is dropped.
    ///
    /// # Errors
    ///
    /// As [`Session::command`].
    pub(super) fn send_along(&mut self, verb: &str, argument: &str) -> Result<()> {
        let line = self.command_line(verb, argument)?;
        if !self.options.ways.is_slow() {
            lock(&self.exchange).along.push(line);
        }
        Ok(())
    }

    /// As [`Session::send_along`], but together with the data command that comes next, before it;
    /// [`Session::told`] has its reply then.
    ///
    /// # Errors
    ///
    /// As [`Session::command`].
    pub(super) fn send_before_data(&mut self, verb: &str, argument: &str) -> Result<()> {
        let line = self.command_line(verb, argument)?;
        lock(&self.exchange).told.clear();
        if self.options.ways.is_slow() {
            let reply = self.command(verb, argument)?;
            lock(&self.exchange).told.push((line, reply));
        } else {
            lock(&self.exchange).before_data = vec![line];
        }
        Ok(())
    }

    /// What a command brought that went out with the last data command.
    pub(super) fn told(&mut self, verb: &str, argument: &str) -> Option<Reply> {
        let line = self.command_line(verb, argument).ok()?;
        let mut exchange = lock(&self.exchange);
        let index = exchange.told.iter().position(|(command, _)| *command == line)?;
        Some(exchange.told.swap_remove(index).1)
    }

    /// Says that data commands will follow each other, or no longer. While they do, the next
    /// data connection is asked for before the last one's completion reply has come.
    pub fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// The passive command that has worked here, if it may be sent before its turn.
    pub(super) fn passive_ahead(&self) -> Option<&'static str> {
        let auto = self.options.mode == DataMode::Auto;
        let proven = self.options.ways.proven().filter(|_| auto);
        match self.working_mode.or(proven).filter(|_| !self.options.ways.is_slow())? {
            Mode::ExtendedPassive => Some("EPSV"),
            Mode::Passive => Some("PASV"),
            Mode::Active => None,
        }
    }

    /// Reads the replies to what was sent before its turn and never asked for.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    pub fn settle(&mut self) -> Result<()> {
        lock(&self.exchange).told.clear();
        while !lock(&self.exchange).early.is_empty() {
            lock(&self.exchange).listen = true;
            let error = self.engine.noop().err();
            self.outcome(error)?;
        }
        Ok(())
    }

    /// Has the passive command that works here go out behind the next command.
    pub(super) fn send_passive_along(&mut self) -> Result<()> {
        if lock(&self.exchange).has_port() {
            return Ok(());
        }
        self.passive_ahead().map_or(Ok(()), |verb| self.send_along(verb, ""))
    }
}
