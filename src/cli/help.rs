//! Arguments parsed, and `--help` in the language that is spoken.
//!
//! Texts of commands and options stand in English beside the code. For another language the whole tree of
//! commands is gone through once, and each text is replaced by its translation; what clap adds by itself
//! (`Usage:`, `[default: …]`) is written here then.

use std::ffi::OsString;

use clap::builder::{PossibleValue, StyledStr};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error, FromArgMatches, Parser};

use super::console::error_word;
use super::language::{said, spoken};
use crate::diag::Language;

/// The arguments of this process.
/// # Errors
/// Help or version that is asked for, or wrong usage.
pub(super) fn parse<C: Parser>() -> Result<C, Error> {
    match spoken() {
        Language::English => C::try_parse(),
        Language::Korean => parse_with(&mut in_korean(C::command()), std::env::args_os()),
    }
}

fn parse_with<C: FromArgMatches>(
    command: &mut Command,
    arguments: impl Iterator<Item = OsString>,
) -> Result<C, Error> {
    let matches = command.try_get_matches_from_mut(arguments)?;
    C::from_arg_matches(&matches).map_err(|error| error.format(command))
}

/// Prints help or version on stdout, and what is wrong with the arguments on stderr. A closed pipe is nobody's
/// mistake.
pub(super) fn print(error: &Error) {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help || spoken() == Language::English {
        let _ = error.print();
        return;
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    super::console::to_stderr(&format!("{} {}", error_word(None), said(text).trim_end()));
}

/// Usage and headings; clap has no way to say these in other words.
const LAYOUT: &str = "\
{before-help}{about-with-newline}
\u{1b}[1m\u{1b}[4m사용법:\u{1b}[0m {usage}

{all-args}{after-help}";

/// A command and all below it in Korean.
pub(super) fn in_korean(mut command: Command) -> Command {
    command.build();
    translated(command)
}

fn translated(command: Command) -> Command {
    let texts = [
        command.get_about(),
        command.get_long_about(),
        command.get_after_help(),
        command.get_after_long_help(),
    ];
    let [about, long_about, after, after_long] = texts.map(|text| text.map(words));
    let mut command = command
        .help_template(LAYOUT)
        .subcommand_help_heading("명령")
        .mut_args(argument)
        .mut_subcommands(translated);
    // what is absent stays absent: clap lays help out by what there is
    if let Some(text) = about {
        command = command.about(text);
    }
    if let Some(text) = long_about {
        command = command.long_about(text);
    }
    if let Some(text) = after {
        command = command.after_help(text);
    }
    if let Some(text) = after_long {
        command = command.after_long_help(text);
    }
    command
}

fn argument(arg: Arg) -> Arg {
    let heading = if arg.is_positional() { "인자" } else { "옵션" };
    let help = arg.get_help().map(words).unwrap_or_default();
    let long_help = arg.get_long_help().map_or_else(|| help.clone(), words);
    let default = shown_default(&arg);
    let values = shown_values(&arg);
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    let names =
        if names.is_empty() { String::new() } else { format!("[가능한 값: {}]", names.join(", ")) };
    // as clap does it: in long help values with a meaning stand in lines of their own
    let (listed, bracketed) = if values.iter().any(|value| value.get_help().is_some()) {
        (list(&values), default.clone())
    } else {
        (String::new(), joined(&[&default, &names], " "))
    };
    arg.help_heading(heading)
        .hide_default_value(true)
        .hide_possible_values(true)
        .long_help(joined(&[&long_help, &listed, &bracketed], "\n\n"))
        .help(joined(&[&help, &default, &names], " "))
}

fn joined(parts: &[&str], between: &str) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

/// `[기본값: 32]`; nothing where there is none.
fn shown_default(arg: &Arg) -> String {
    let values = arg.get_default_values();
    let takes = arg.get_action().takes_values() && !arg.is_hide_default_value_set();
    let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
    if takes && !values.is_empty() { format!("[기본값: {}]", values.join(" ")) } else { String::new() }
}

fn shown_values(arg: &Arg) -> Vec<PossibleValue> {
    if !arg.get_action().takes_values() || arg.is_hide_possible_values_set() {
        return Vec::new();
    }
    arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect()
}

/// Values with what each means, a line for each.
fn list(values: &[PossibleValue]) -> String {
    let mut text = "가능한 값:".to_owned();
    for value in values {
        text += &format!("\n- {}", value.get_name());
        if let Some(help) = value.get_help() {
            text += &format!(": {}", words(help));
        }
    }
    text
}

fn words(text: &StyledStr) -> String {
    Language::Korean.say(&text.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// Every text of `--help`, line by line, in columns.
    fn help_texts(command: &Command, found: &mut BTreeSet<String>) {
        let mut add = |text: Option<&StyledStr>| {
            let text = text.map(ToString::to_string).unwrap_or_default();
            for column in text.lines().flat_map(|line| line.split("  ")) {
                found.insert(column.trim().to_owned());
            }
        };
        add(command.get_about());
        add(command.get_long_about());
        add(command.get_after_help());
        add(command.get_after_long_help());
        for arg in command.get_arguments() {
            add(arg.get_help());
            add(arg.get_long_help());
            if arg.get_action().takes_values() {
                arg.get_possible_values().iter().for_each(|value| add(value.get_help()));
            }
        }
        command.get_subcommands().for_each(|command| help_texts(command, found));
    }

    fn all_help() -> BTreeSet<String> {
        let mut command = Cli::command();
        command.build();
        let mut found = BTreeSet::new();
        help_texts(&command, &mut found);
        found
    }

    #[test]
    fn every_text_has_its_korean() {
        let is_korean = |text: &str| text.contains(|letter| ('가'..='힣').contains(&letter));
        let is_command = |text: &str| {
            ["cnnc ", "mpirun "].iter().any(|program| text.starts_with(program)) || !text.contains(' ')
        };
        let missing: Vec<String> = (all_help().into_iter())
            .filter(|text| !is_command(text) && !is_korean(&Language::Korean.say(text)))
            .collect();
        assert!(missing.is_empty(), "not in ko/lines/help.txt:\n{}", missing.join("\n"));
    }

    #[test]
    fn every_translation_is_used() {
        let file = include_str!("../diag/catalogue/ko/lines/help.txt");
        let english = file.lines().filter_map(|line| line.split_once(" = ")).map(|(english, _)| english);
        let known = all_help();
        let unused: Vec<&str> = english.filter(|text| !known.contains(*text)).collect();
        assert!(unused.is_empty(), "no command says:\n{}", unused.join("\n"));
    }

    #[test]
    fn arguments_are_parsed_as_in_english() {
        let words = ["cnnc", "run", "a.cnn", "--epochs", "3", "-q"];
        let parsed: Cli = parse_with(&mut in_korean(Cli::command()), words.into_iter().map(OsString::from))
            .expect("these are arguments of `run`");
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Cli::parse_from(words)));
    }
}
