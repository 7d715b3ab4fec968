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
pub mod words;

mod alias;
mod bookmark;
mod close;
mod debug;
mod echo;
mod editor;
mod exit;
mod get;
mod help;
mod history;
mod lcd;
mod lls;
mod lpwd;
mod mirror;
mod open;
mod put;
mod reconnect;
mod repeat;
mod set;
mod sleep;
mod source;
mod status;
mod truth;
mod user;
mod version;

pub use context::Context;
pub use registry::{Builtin, Example, Globs, Group, Spec, find};

/// Every command, in the order of `help`.
#[rustfmt::skip]
pub const COMMANDS: &[Spec] = &[
    // Session
    Spec::of::<open::Open>(),
    Spec::of::<user::User>(),
    Spec::of::<close::Close>(),
    Spec::of::<reconnect::Reconnect>(),
    Spec::of::<status::Status>(),
    Spec::of::<bookmark::Bookmark>(),
    Spec::of::<exit::Exit>(),
    // Look
    // Local
    Spec::of::<lcd::Lcd>(),
    Spec::of::<lpwd::Lpwd>(),
    Spec::of::<lls::Lls>(),
    // Transfer
    Spec::of::<get::Get>(),
    Spec::of::<put::Put>(),
    Spec::of::<mirror::Mirror>(),
    // Change
    // Server
    // Shell
    Spec::of::<set::Set>(),
    Spec::of::<alias::Alias>(),
    Spec::of::<alias::Unalias>(),
    Spec::of::<source::Source>(),
    Spec::of::<echo::Echo>(),
    Spec::of::<history::History>(),
    Spec::of::<help::Help>(),
    Spec::of::<version::Version>(),
    Spec::of::<debug::Debug>(),
    Spec::of::<sleep::Sleep>(),
    Spec::of::<repeat::Repeat>(),
    Spec::of::<truth::True>(),
    Spec::of::<truth::False>(),
    // Trust
    Spec::of::<trust::Trust>(),
];
