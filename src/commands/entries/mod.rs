//! Files and directories on the server, as commands look them up, walk over them and show them.

pub(crate) mod format;
pub(crate) mod location;
pub(crate) mod lookup;
pub(crate) mod parse_time;
pub(crate) mod timezone;
pub(crate) mod walk;
