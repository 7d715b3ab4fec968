//! The shell: one language and one executor for the prompt and for every script.
//!
//! Text from the prompt, `-c`, `-e`, `-f`, standard input, `source` or an alias is parsed as a
//! whole ([`syntax`]), validated ([`validate`]) and executed ([`execute`]).

pub mod braces;
pub mod complete;
pub mod editor;
pub mod execute;
pub mod expand;
pub mod highlight;
pub mod history;
pub mod interrupt_readline;
pub mod prompt;
pub mod redact;
pub mod redirect;
pub mod repl;
pub mod syntax;
pub mod validate;
