//! The commands: one file each, and the registry that lists them.
//!
//! A command is a clap struct with a `run`; its help, usage errors, completion and man section
//! follow from the struct. It sees only a [`Context`]. Adding one is a new file and a line here.

pub mod bookmarks;
pub mod context;
pub mod local;
pub mod overwrite;
pub mod registry;
pub mod times;
pub mod transfers;
pub mod trust;

mod get;
mod mirror;
mod open;
mod put;

pub use context::Context;
pub use registry::{Builtin, Example, Globs, Group, Spec, find};

/// Every command, in the order of `help`.
pub const COMMANDS: &[Spec] = &[
    Spec::of::<open::Open>(),
    Spec::of::<get::Get>(),
    Spec::of::<put::Put>(),
    Spec::of::<mirror::Mirror>(),
    Spec::of::<trust::Trust>(),
];
