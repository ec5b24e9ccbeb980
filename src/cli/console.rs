//! stdout for results, stderr for the rest.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::arguments::{Deny, GlobalArgs};
use super::bug;
use super::failure::Failure;
use super::language::{asked_for, said, speak, spoken};
use super::permissions::Permissions;
use super::shades::Shades;
use crate::diag::{Language, Level, RenderStyle};
use crate::files;
use crate::printed;

/// Where a command prints, how severe it is, and what it may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Console {
    /// Nothing is printed: another process of the same run does.
    silent: bool,
    quiet: bool,
    denies_warnings: bool,
    /// stderr is a terminal.
    interactive: bool,
    /// How tables of results are shaded.
    shades: Shades,
    /// It shows colours.
    color: bool,
    language: Language,
    /// Made once for the process.
    permissions: &'static Permissions,
}

impl Console {
    /// `silent`: nothing is printed, since another process of the same run does.
    pub(super) fn new(global: &GlobalArgs, silent: bool) -> Self {
        speak(asked_for(global.lang));
        let interactive = io::stderr().is_terminal();
        let denies_warnings = global.deny == Some(Deny::Warnings);
        let colors_results = io::stdout().is_terminal() && colors_are_wanted();
        Self {
            silent,
            quiet: global.quiet,
            shades: if colors_results { Shades::Colors } else { Shades::None },
            denies_warnings,
            interactive,
            color: shows_colors(),
            language: spoken(),
            permissions: Box::leak(Box::new(Permissions::new(&global.permissions))),
        }
    }

    /// The same, with a voice.
    pub(super) fn aloud(&self) -> Self {
        Self { silent: false, ..*self }
    }

    /// Whether nothing is printed.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// What a file of unknown origin may read and use.
    pub(super) fn permissions(&self) -> &'static Permissions {
        self.permissions
    }

    /// Whether a warning ends the command.
    pub(super) fn denies_warnings(&self) -> bool {
        self.denies_warnings
    }

    /// Whether warnings are not told. Where they are denied they are errors.
    pub(super) fn hides_warnings(&self) -> bool {
        self.quiet && !self.denies_warnings
    }

    /// Of problems and pages.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// How tables of results are shaded.
    pub(super) fn shades(&self) -> Shades {
        self.shades
    }

    /// How problems are drawn.
    pub(super) fn style(&self) -> RenderStyle {
        RenderStyle { color: self.color, width: 100, language: self.language }
    }

    /// Whether progress is drawn as a bar.
    pub(super) fn draws_bars(&self) -> bool {
        self.interactive && !self.quiet && !self.silent
    }

    /// Prints a line of the result, for people.
    /// # Errors
    /// [`Failure::Unread`] if nobody reads it, [`Failure::Mistake`] if it cannot be written.
    pub(super) fn result(&self, line: impl fmt::Display) -> Result<(), Failure> {
        self.result_text(&said(&format!("{line}\n")))
    }

    /// Prints a line of the result that other programs read.
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn record(&self, line: impl fmt::Display) -> Result<(), Failure> {
        self.result_text(&format!("{line}\n"))
    }

    /// Prints a line of the result that has been drawn, colours and all: names in it are harmless already.
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn result_drawn(&self, line: &str) -> Result<(), Failure> {
        self.write(&format!("{line}\n"))
    }

    /// Prints a line of the result that is JSON.
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn json(&self, value: impl fmt::Display) -> Result<(), Failure> {
        self.write(&format!("{}\n", printed::json_shown(&value.to_string())))
    }

    /// Prints a line of the result beside a file that is written; on stderr where stdout is that file.
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn beside(&self, file: &Path, line: impl fmt::Display) -> Result<(), Failure> {
        if files::goes_to_stdout(file) {
            self.note(line);
            return Ok(());
        }
        self.result(line)
    }

    /// Prints a text of the result that has its own line ends, for people: a table, a page. Its words are
    /// those of the language already.
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn result_text(&self, text: &str) -> Result<(), Failure> {
        self.write(&printed::shown_lines(text))
    }

    /// Prints a text of the result that is read by other programs as it is; on a terminal, for people.
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn source_text(&self, text: &str) -> Result<(), Failure> {
        if io::stdout().is_terminal() { self.result_text(text) } else { self.write(text) }
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        if self.silent {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::printing(&error))
    }

    /// Prints a line about what happens, unless `--quiet`.
    pub(super) fn note(&self, line: impl fmt::Display) {
        if !self.quiet {
            self.problem(line);
        }
    }

    /// Prints a line that had better be known, unless `--quiet`.
    pub(super) fn warning(&self, line: impl fmt::Display) {
        if !self.hides_warnings() {
            self.problem(format_args!("warning: {line}"));
        }
    }

    /// Prints a line that must be seen. Where stderr is closed there is no place left to complain.
    pub(super) fn problem(&self, line: impl fmt::Display) {
        self.drawn(&printed::shown_lines(&said(&line.to_string())));
    }

    /// Prints a problem that has been drawn, colours and all.
    pub(super) fn drawn(&self, problem: &str) {
        if !self.silent {
            to_stderr(problem);
        }
    }

    /// Says why the command ends.
    pub(super) fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Shown | Failure::ShownUsage | Failure::Interrupted | Failure::Unread => {}
            Failure::Usage(message) => {
                self.ends(None, message);
                self.problem("\nFor more information, try '--help'.");
            }
            Failure::Bug(message) => {
                self.ends(None, message);
                self.problem(format_args!("{}\n  help: {}", bug::said(), bug::help(message)));
            }
            Failure::Mistake { code, message, help } | Failure::OtherRank { code, message, help } => {
                self.ends(*code, message);
                if let Some(help) = help {
                    self.problem(format_args!("  help: {help}"));
                }
            }
        }
    }

    fn ends(&self, code: Option<&str>, message: &str) {
        self.drawn(&format!("{} {}", error_word(code), printed::shown_lines(&said(message))));
    }
}

/// Prints lines on stderr.
pub(super) fn to_stderr(lines: &str) {
    let _ = writeln!(io::stderr().lock(), "{lines}");
}

/// The word in front of an error, in the language that is spoken: `error[E0602]:`.
pub(super) fn error_word(code: Option<&str>) -> String {
    let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
    let word = spoken().level(Level::Error);
    if shows_colors() { format!("\u{1b}[1;31m{word}{code}:\u{1b}[0m") } else { format!("{word}{code}:") }
}

/// Whether stderr is a terminal that shows colours.
fn shows_colors() -> bool {
    io::stderr().is_terminal() && colors_are_wanted()
}

/// Whether nothing in the environment refuses colours.
fn colors_are_wanted() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !refused
}
