//! Keeps a tree on a server like a local one: what changes here is sent when it is at rest.
//!
//! [`local_watcher`] learns from the system which paths have changed and puts them into a
//! [`change_queue`]; [`batch`] decides, from the local tree and the [`index`] of what this run has
//! put or found on the server, what to do about those at rest; [`run`] does it. What the index does
//! not have is never renamed or deleted.

pub mod batch;
pub mod change_queue;
pub mod index;
pub mod local_watcher;
pub mod run;
pub mod scan;
