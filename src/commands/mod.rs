//! The commands: one file each, and the registry that lists them.
//!
//! A command is a clap struct with a `run`; its help, usage errors, completion and man section
//! follow from the struct. It sees only a [`Context`]. Adding one is a new file and a line here.

pub mod context;
pub mod registry;

pub use context::Context;
pub use registry::{Builtin, Example, Globs, Group, Spec, find};
