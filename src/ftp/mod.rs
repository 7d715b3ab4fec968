//! The FTP protocol: sessions, replies, features, listings. The only folder that imports suppaftp.

pub mod brand;
mod change;
mod channel;
pub mod charset;
pub(crate) mod control;
pub mod data;
mod data_command;
pub mod dial;
pub mod dialogue;
pub mod examine;
pub mod explain;
pub mod facts;
pub mod features;
mod greeting;
pub mod list;
pub mod listing;
pub mod login;
pub mod options;
pub mod path;
pub mod pool;
pub mod probe;
pub mod proxy;
pub mod reply;
mod secure;
pub mod session;
pub mod slots;
pub mod zone;
