//! The commands: one file each, and the registry that lists them.
//!
//! A command is a clap struct with a `run`; its help, usage errors, completion and man section
//! follow from the struct. It sees only a [`Context`]. Adding one is a new file and a line here.

pub mod bookmarks;
pub mod context;
pub mod dates;
pub mod entries;
pub mod local;
pub mod lookup;
pub mod overwrite;
pub mod registry;
pub mod transfers;
pub mod trust;
pub mod trust_args;
pub mod walk;
pub mod zone;

mod cached;
mod cat;
mod cd;
mod chmod;
mod du;
mod feat;
mod find;
mod get;
mod less;
mod ln;
mod ls;
mod mkdir;
mod mv;
mod open;
mod put;
mod pwd;
mod quote;
mod rm;
mod rmdir;
mod stat;
mod touch;

pub use context::Context;
pub use registry::{Builtin, Example, Globs, Group, Spec, find};

/// Every command, in the order of `help`.
pub const COMMANDS: &[Spec] = &[
    Spec::of::<open::Open>(),
    Spec::of::<ls::Ls>(),
    Spec::of::<cd::Cd>(),
    Spec::of::<pwd::Pwd>(),
    Spec::of::<cat::Cat>(),
    Spec::of::<less::Less>(),
    Spec::of::<stat::Stat>(),
    Spec::of::<find::Find>(),
    Spec::of::<du::Du>(),
    Spec::of::<get::Get>(),
    Spec::of::<put::Put>(),
    Spec::of::<mkdir::Mkdir>(),
    Spec::of::<rmdir::Rmdir>(),
    Spec::of::<rm::Rm>(),
    Spec::of::<mv::Mv>(),
    Spec::of::<chmod::Chmod>(),
    Spec::of::<touch::Touch>(),
    Spec::of::<ln::Ln>(),
    Spec::of::<quote::Quote>(),
    Spec::of::<quote::Site>(),
    Spec::of::<feat::Feat>(),
    Spec::of::<cached::Cache>(),
];
