//! `cnnc explain CODE` and `cnnc explain WORD`.

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use crate::reference::{self, Entry};

#[derive(Debug, Args)]
#[command(after_long_help = "\
A word with several meanings shows all of them; its group in front picks one: `schedule.constant`, `train.seed`. Names of Keras are found too.

Examples:
  cnnc explain E0103
  cnnc explain conv2d
  cnnc explain early_stopping --lang ko
  cnnc explain schedule.constant
  cnnc explain --json
  cnnc explain --settings-schema > settings.schema.json")]
pub(super) struct ExplainArgs {
    /// A diagnostic's code as it is printed, or a word of the language: E0103, conv2d, adam, early_stopping,
    /// folder
    #[arg(value_name = "CODE or WORD", required_unless_present_any = ["json", "settings_schema"])]
    name: Option<String>,
    /// Print all words of the language as JSON, for editors and other programs
    #[arg(long, conflicts_with = "name")]
    json: bool,
    /// Print a JSON Schema of the settings in a run's run.json
    #[arg(long, conflicts_with_all = ["name", "json"])]
    settings_schema: bool,
}

pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Result<(), Failure> {
    let Some(name) = &args.name else {
        let wanted = if args.settings_schema { reference::settings_schema() } else { reference::to_json() };
        return console.json(wanted);
    };
    let language = console.language();
    if let Some(page) = reference::explain(name, language) {
        return console.result_text(&page);
    }
    match &reference::find(name)[..] {
        [] => Err(Failure::Usage(unknown(name))),
        [entry] => console.result_text(&reference::page(entry, language)),
        several => {
            let pages: Vec<String> = several.iter().map(|entry| reference::page(entry, language)).collect();
            console.result_text(&pages.join("\n"))?;
            let paths: Vec<String> = several.iter().map(Entry::path).collect();
            console.note(format_args!("one of them: cnnc explain {}", paths.join(", cnnc explain ")));
            Ok(())
        }
    }
}

fn unknown(name: &str) -> String {
    let looks_like_code = name.starts_with(['E', 'W', 'H']) && name[1..].bytes().all(|b| b.is_ascii_digit());
    if looks_like_code {
        return format!("there is no diagnostic `{name}`; codes look like E0103 or W0301");
    }
    match reference::near(name) {
        Some(near) => format!("there is no word `{name}`; did you mean `{near}`?"),
        None => format!("there is no word `{name}`, and no diagnostic; codes look like E0103 or W0301"),
    }
}
