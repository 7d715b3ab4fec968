//! Mirror: makes one tree like another, and deletes only what is certain to be extraneous.
//!
//! Two [`tree::Tree`]s are listed directory by directory; [`plan`] decides, without side effects,
//! what to do in each; [`executor`] does it with several workers, deletions last.

mod compare;
pub mod confirm_stored;
pub mod delete;
pub mod executor;
pub mod filter;
pub mod listing;
pub mod local;
pub mod name_folding;
pub mod observer;
pub mod plan;
pub mod queue;
pub mod remote;
mod same_content;
pub mod transfer_file;
pub mod tree;
pub mod visit;
pub mod watch;
