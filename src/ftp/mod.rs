//! The FTP protocol: sessions, replies, features, listings. The only folder that imports suppaftp.

pub mod features;
pub mod listing;
pub mod path;
pub mod reply;
