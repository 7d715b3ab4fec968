//! The commands: one file each, and the registry that lists them.
//!
//! A command is a clap struct with a `run`; its help, usage errors, completion and man section
//! follow from the struct. It sees only a [`Context`]. Adding one is a new file and a line here.

pub(crate) mod context;
pub(crate) mod doctor;
pub(crate) mod entries;
pub(crate) mod programs;
pub(crate) mod registry;
pub(crate) mod script_check;
pub(crate) mod transfers;
pub mod trust;

mod alias;
mod binary;
mod bookmark;
mod cache;
mod cat;
mod cd;
mod cdup;
mod chmod;
mod clear;
mod close;
mod cls;
mod debug;
mod dir;
mod du;
mod echo;
mod edit;
mod exit;
mod feat;
mod fg;
mod find;
mod get;
mod glob;
mod help;
mod history;
mod jobs;
mod kill;
mod lcd;
mod less;
mod lls;
mod lmkdir;
mod ln;
mod lpwd;
mod ls;
mod mirror;
mod mkdir;
mod mls;
mod mrm;
mod mv;
mod nlist;
mod open;
mod option;
mod pget;
mod prompt;
mod put;
mod pwd;
mod queue;
mod quote;
mod reconnect;
mod reget;
mod repeat;
mod reput;
mod rm;
mod rmdir;
mod set;
mod sleep;
mod source;
mod stat;
mod status;
mod topics;
mod touch;
mod transfer_type;
mod true_false;
mod user;
pub(crate) mod version;
mod wait;

pub use context::Context;
pub use help::{KEYS, topic_names};
pub use registry::{Builtin, Example, Globs, Group, Spec, find_command};
pub use script_check::ScriptCheck;
pub use topics::{TOPICS, Topic, find_topic};

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
    Spec::of::<doctor::Doctor>(),
    Spec::of::<exit::Exit>(),
    // Look
    Spec::of::<ls::Ls>(),
    Spec::of::<cd::Cd>(),
    Spec::of::<pwd::Pwd>(),
    Spec::of::<cat::Cat>(),
    Spec::of::<less::Less>(),
    Spec::of::<stat::Stat>(),
    Spec::of::<find::Find>(),
    Spec::of::<du::Du>(),
    // Local
    Spec::of::<lcd::Lcd>(),
    Spec::of::<lpwd::Lpwd>(),
    Spec::of::<lls::Lls>(),
    Spec::of::<lmkdir::Lmkdir>(),
    // Transfer
    Spec::of::<get::Get>(),
    Spec::of::<put::Put>(),
    Spec::of::<reget::Reget>(),
    Spec::of::<reput::Reput>(),
    Spec::of::<pget::Pget>(),
    Spec::of::<mirror::Mirror>(),
    Spec::of::<edit::Edit>(),
    // Change
    Spec::of::<mkdir::Mkdir>(),
    Spec::of::<rmdir::Rmdir>(),
    Spec::of::<rm::Rm>(),
    Spec::of::<mv::Mv>(),
    Spec::of::<chmod::Chmod>(),
    Spec::of::<touch::Touch>(),
    Spec::of::<ln::Ln>(),
    // Server
    Spec::of::<quote::Quote>(),
    Spec::of::<quote::Site>(),
    Spec::of::<feat::Feat>(),
    Spec::of::<cache::Cache>(),
    // Jobs
    Spec::of::<queue::Queue>(),
    Spec::of::<jobs::Jobs>(),
    Spec::of::<wait::Wait>(),
    Spec::of::<fg::Fg>(),
    Spec::of::<kill::Kill>(),
    Spec::of::<sleep::Sleep>(),
    Spec::of::<repeat::Repeat>(),
    // Shell
    Spec::of::<set::Set>(),
    Spec::of::<alias::Alias>(),
    Spec::of::<alias::Unalias>(),
    Spec::of::<source::Source>(),
    Spec::of::<echo::Echo>(),
    Spec::of::<history::History>(),
    Spec::of::<clear::Clear>(),
    Spec::of::<help::Help>(),
    Spec::of::<version::Version>(),
    Spec::of::<debug::Debug>(),
    Spec::of::<true_false::True>(),
    Spec::of::<true_false::False>(),
    // Trust
    Spec::of::<trust::Trust>(),
    // For scripts of lftp, sftp and ftp
    Spec::of::<glob::Glob>(),
    Spec::of::<mrm::Mrm>(),
    Spec::of::<dir::Dir>(),
    Spec::of::<cls::Cls>(),
    Spec::of::<nlist::Nlist>(),
    Spec::of::<mls::Mls>(),
    Spec::of::<cdup::Cdup>(),
    Spec::of::<binary::Binary>(),
    Spec::of::<transfer_type::Type>(),
    Spec::of::<prompt::Prompt>(),
    Spec::of::<option::SetOption>(),
];
