//! Exports internal parsers to the fuzz targets in `fuzz/` and their short run in tests/it/fuzz.rs.
//! Re-exports only; not part of the library's interface.

pub use crate::credentials::netrc::{Entry as NetrcEntry, parse as netrc};
pub use crate::ftp::control::reply_reader::{ReadError, ReplyReader};
pub use crate::trust::known_servers_file::KnownServersFile as KnownServers;
