//! The shell: one language and one executor for the prompt and for every script.
//!
//! Text from the prompt, `-c`, `-e`, `-f`, standard input, `source` or an alias is parsed as a
//! whole ([`syntax`]), validated ([`validate`]) and executed ([`execute`]).

pub(crate) mod braces;
pub mod complete;
mod directories;
pub(crate) mod editor;
pub(crate) mod execute;
pub(crate) mod expand;
pub(crate) mod highlight;
pub mod history;
pub(crate) mod prompt;
pub mod redact;
pub(crate) mod redirect;
pub(crate) mod repl;
pub mod syntax;
pub(crate) mod validate;
