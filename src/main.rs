//! The command line program; see [`cnnc::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    cnnc::cli::main()
}
