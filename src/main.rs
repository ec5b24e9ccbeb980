//! The command line program; see [`cnnc::cli`].

#[allow(unsafe_code, reason = "an allocator is an unsafe trait; this one only hands on")]
mod out_of_memory;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: out_of_memory::OrExit = out_of_memory::OrExit;

fn main() -> ExitCode {
    cnnc::cli::main()
}
