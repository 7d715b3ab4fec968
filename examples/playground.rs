//! Playground.

fn main(){}
