//! The shell: one language, one executor, for the prompt and for every script.

pub mod braces;
pub mod redact;
pub mod suggest;
pub mod syntax;
pub mod words;
