//! The FTP protocol: sessions, replies, features, listings. The only folder that imports suppaftp.

pub mod charset;
pub mod connect;
pub mod control;
pub mod data;
pub(crate) mod error_text;
pub mod list_formats;
pub mod path;
pub mod session;
pub(crate) mod session_pool;
