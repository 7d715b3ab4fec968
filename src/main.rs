//! The program: arguments in, exit status out. All else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(ftpsh::app::run_program(std::env::args_os()))
}
