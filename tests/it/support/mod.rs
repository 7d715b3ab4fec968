//! What the integration tests stand on: two servers, certificates, and a way to run the program.
//!
//! `embedded` is an honest server (libunftp), `liar` a scripted one that lies in one way at a
//! time. Neither needs the network, a fixed port or another process.

// A helper may wait for its first test.
#![allow(dead_code)]

pub mod certificate;
pub mod client;
pub mod closed_port;
pub mod disk;
pub mod embedded;
pub mod liar;
pub mod program;
pub mod proxy;
pub mod scene;
mod self_tests;
pub mod servers;
pub mod terminal;
pub mod tools;
pub mod tree;

impl embedded::Embedded {
    /// A server with an empty tree for `tester`, whose password is made up.
    pub fn start() -> Self {
        let mut random = [0; 9];
        openssl::rand::rand_bytes(&mut random).expect("random bytes");
        let password = openssl::base64::encode_block(&random);
        Self::serve("tester", &password).expect("start the embedded server")
    }
}
