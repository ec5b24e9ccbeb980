//! `cnnc explain CODE`.

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use crate::diag;

#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  cnnc explain E0103\n  cnnc explain E0103 --lang ko")]
pub(super) struct ExplainArgs {
    /// As it is printed: E0103
    #[arg(value_name = "CODE")]
    code: String,
}

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Result<(), Failure> {
    let language = console.language();
    match diag::explain(&args.code, language) {
        Some(page) => console.result_text(&page),
        None => Err(Failure::Usage(format!("there is no diagnostic `{}`; codes look like E0103 or W0301", args.code))),
    }
}
