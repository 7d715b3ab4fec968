//! Exports internal parsers to the fuzz targets in `fuzz/` and their short run in tests/it/fuzz.rs.
//! Re-exports only; not part of the library's interface.

pub use crate::credentials::netrc::{Entry as NetrcEntry, parse as netrc};
pub use crate::ftp::control::reply_reader::{ReadError, ReplyReader};
pub use crate::transfer::manifest::format::{ManifestParser, Unreadable, write_manifest};
pub use crate::transfer::manifest::index::ManifestIndex;
pub use crate::transfer::manifest::own_paths::OwnPaths;
pub use crate::transfer::mirror::tree::ItemKind;
pub use crate::trust::known_servers_file::KnownServersFile as KnownServers;
