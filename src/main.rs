//! The program: arguments in, exit status out. All else is in the library.

fn main() {}
