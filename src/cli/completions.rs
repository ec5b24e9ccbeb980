//! `cnnc completions SHELL`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::console::Console;
use super::failure::Failure;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cnnc completions bash > ~/.local/share/bash-completion/completions/cnnc
  cnnc completions zsh > ~/.zfunc/_cnnc
  cnnc completions fish > ~/.config/fish/completions/cnnc.fish")]
pub(super) struct CompletionsArgs {
    /// The shell that completes
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs, console: &Console) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut super::Cli::command(), "cnnc", &mut script);
    console.source_text(&String::from_utf8_lossy(&script))
}
