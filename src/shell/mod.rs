//! shell.

pub mod glob;
pub mod redact;
pub mod suggest;
pub mod syntax;
pub mod words;
