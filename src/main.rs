//! The program's entry point. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(ftpsh::app::run_program(std::env::args_os()))
}
