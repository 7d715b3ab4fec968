//! The manifest of a mirror: what it has put into a directory of a server, with size and content.
//!
//! A mirror with a manifest knows the target without listing it: [`index`] has it in memory,
//! [`mod@format`] reads and writes its text. A manifest is data of a server: one line that breaks a rule
//! makes all of it unreadable, and nothing is deleted because of an unreadable one.

pub mod deployment;
pub mod entry;
pub mod format;
pub mod hash_ahead;
pub mod hash_cache;
pub mod index;
pub mod journal;
pub mod known_contents;
pub mod lock;
pub mod lock_keeper;
pub mod own_paths;
pub mod real_directories;
pub mod store;
pub mod text;

#[cfg(test)]
mod tests;
