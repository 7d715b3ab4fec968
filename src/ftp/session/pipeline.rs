//! Commands that go out before the reply to the one before them has come: round trips saved.
//!
//! Only such commands are sent ahead as need not know how those before them ended, and whose
//! successes cannot be taken for each other's. Each is asked for in its turn, as if it were sent
//! then; one that is not asked for was in vain, and its reply is dropped.

use suppaftp::Mode;

use super::Session;
use super::config::DataMode;
use crate::error::Result;
use crate::ftp::control::exchange::lock;
use crate::ftp::control::reply::Reply;

impl Session {
    /// Has a command go out together with the next one, behind it. Asked for in its turn, its
    /// reply is there a round trip earlier; if it is not, its reply is dropped.
    ///
    /// # Errors
    ///
    /// As [`Session::command`].
    pub(in crate::ftp) fn send_along(&mut self, verb: &str, argument: &str) -> Result<()> {
        let line = self.command_line(verb, argument)?;
        let mut exchange = lock(&self.exchange);
        // It may be on its way already.
        if !self.config.quirks.is_serial() && !exchange.is_early(&line) {
            exchange.along.push(line);
        }
        Ok(())
    }

    /// Has a command go out before the next one, and together with it if that changes nothing and
    /// has replies like no other. Only for commands whose refusal does no harm: their
    /// replies are not looked at.
    ///
    /// # Errors
    ///
    /// As [`Session::command`].
    pub(in crate::ftp) fn send_first(&mut self, verb: &str, argument: &str) -> Result<()> {
        if self.config.quirks.is_serial() {
            return self.command(verb, argument).map(drop);
        }
        let line = self.command_line(verb, argument)?;
        lock(&self.exchange).first.push(line);
        Ok(())
    }

    /// As [`Session::send_along`], but together with the data command that comes next, before it;
    /// [`Session::told`] has its reply then.
    ///
    /// # Errors
    ///
    /// As [`Session::command`].
    pub(in crate::ftp) fn send_before_data(&mut self, verb: &str, argument: &str) -> Result<()> {
        let line = self.command_line(verb, argument)?;
        lock(&self.exchange).told.clear();
        if self.config.quirks.is_serial() {
            let reply = self.command(verb, argument)?;
            lock(&self.exchange).told.push((line, reply));
        } else {
            lock(&self.exchange).before_data = vec![line];
        }
        Ok(())
    }

    /// What a command brought that went out with the last data command.
    pub(in crate::ftp) fn told(&mut self, verb: &str, argument: &str) -> Option<Reply> {
        let line = self.command_line(verb, argument).ok()?;
        let mut exchange = lock(&self.exchange);
        let index = exchange.told.iter().position(|(command, _)| *command == line)?;
        Some(exchange.told.swap_remove(index).1)
    }

    /// Says that data commands will follow each other, or no longer. While they do, the next
    /// data connection is asked for before the last one's completion reply has come.
    pub fn set_prefetch(&mut self, busy: bool) {
        self.prefetch_port = busy;
    }

    /// The passive command that has worked here, if it may be sent before its turn.
    pub(in crate::ftp) fn passive_ahead(&self) -> Option<&'static str> {
        let auto = self.config.mode == DataMode::Auto;
        let proven = self.config.quirks.data_mode().filter(|_| auto);
        let mode = self.working_mode.or(proven).filter(|_| !self.config.quirks.is_serial());
        mode.and_then(passive_verb)
    }

    /// Reads the replies to what was sent before its turn. A passive port among them is kept for the
    /// next data command.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    pub fn drain_pending(&mut self) -> Result<()> {
        {
            let mut exchange = lock(&self.exchange);
            exchange.told.clear();
            if exchange.early.is_empty() {
                return Ok(());
            }
            exchange.settle = true;
        }
        // What it brings is read below it; what matters is whether the connection lives.
        let _ = self.engine.noop();
        self.failure().map_or(Ok(()), Err)
    }

    /// Has the passive command that works here go out behind the next command.
    pub(in crate::ftp) fn send_passive_along(&mut self) -> Result<()> {
        if lock(&self.exchange).has_port() {
            return Ok(());
        }
        self.passive_ahead().map_or(Ok(()), |verb| self.send_along(verb, ""))
    }
}

/// The command that asks for a port in this mode.
pub(in crate::ftp) fn passive_verb(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::ExtendedPassive => Some("EPSV"),
        Mode::Passive => Some("PASV"),
        Mode::Active => None,
    }
}
