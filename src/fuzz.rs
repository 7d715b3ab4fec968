//! Doors to parsers that nobody else may call, for the fuzz targets in `fuzz/` and their short run
//! in tests/it/fuzz.rs. No part of the library's interface; nothing but names for what is there.

pub use crate::credentials::netrc::{Entry as NetrcEntry, parse as netrc};
pub use crate::ftp::control::reply_reader::{ReadError, ReplyReader};
pub use crate::trust::known_servers_file::KnownServersFile as KnownServers;
