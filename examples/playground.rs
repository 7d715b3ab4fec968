//! Playground.

fn main() {}
