//! The servers and the program of the integration tests.

// Not everything there is of use here.
#![allow(dead_code)]

#[path = "../it/support/certificate.rs"]
pub mod certificate;
#[path = "../it/support/embedded.rs"]
pub mod embedded;
#[path = "../it/support/liar/mod.rs"]
pub mod liar;
#[path = "../it/support/program.rs"]
pub mod program;
#[path = "../it/support/proxy.rs"]
pub mod proxy;
