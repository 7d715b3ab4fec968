//! The FTP protocol: sessions, replies, features, listings. The only folder that imports suppaftp.

mod change;
mod channel;
mod control;
pub mod data;
pub mod dial;
pub mod dialogue;
pub mod explain;
pub mod features;
pub mod list;
pub mod listing;
pub mod path;
pub mod pool;
pub mod probe;
pub mod reply;
pub mod session;
pub mod zone;
