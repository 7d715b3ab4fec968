//! Files and directories on the server, as commands look them up, walk over them and show them.

pub mod format;
pub mod location;
pub mod lookup;
pub mod parse_time;
pub mod timezone;
pub mod walk;
