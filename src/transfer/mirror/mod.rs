//! Mirror: make one tree like another, in parallel, and delete only what is known to be surplus.
//!
//! Two [`tree::Tree`]s are listed directory by directory; [`plan`] decides, without touching
//! anything, what has to happen in each; [`run`] does it with several workers, deletions last.

pub mod carry;
pub mod delete;
pub mod filter;
pub mod listing;
pub mod local;
pub mod look;
pub mod plan;
pub mod queue;
pub mod remote;
pub mod run;
pub mod settle;
pub mod spelling;
pub mod tree;
pub mod watch;
