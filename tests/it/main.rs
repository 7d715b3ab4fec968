//! Integration tests.

fn main(){}
