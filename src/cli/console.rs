//! stdout for results, stderr for the rest.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::arguments::{Deny, GlobalArgs};
use super::bug;
use super::failure::Failure;
use super::permissions::Permissions;
use super::shades::Shades;
use crate::diag::{Language, RenderStyle};
use crate::files;
use crate::printed;

/// Where a command prints, how severe it is, and what it may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Console {
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
    pub(super) fn new(global: &GlobalArgs) -> Self {
        let interactive = io::stderr().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let denies_warnings = global.deny == Some(Deny::Warnings);
        let colors_results = io::stdout().is_terminal() && !refused;
        Self {
            quiet: global.quiet,
            shades: if colors_results { Shades::Colors } else { Shades::None },
            denies_warnings,
            interactive,
            color: interactive && !refused,
            language: global.language(),
            permissions: Box::leak(Box::new(Permissions::new(&global.permissions))),
        }
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
        self.interactive && !self.quiet
    }

    /// Prints a line of the result, for people.
    /// # Errors
    /// [`Failure::Unread`] if nobody reads it, [`Failure::Mistake`] if it cannot be written.
    pub(super) fn result(&self, line: impl fmt::Display) -> Result<(), Failure> {
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

    /// Prints a text of the result that has its own line ends, for people.
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
        self.drawn(&printed::shown_lines(&line.to_string()));
    }

    /// Prints a problem that has been drawn, colours and all.
    pub(super) fn drawn(&self, problem: &str) {
        let _ = writeln!(io::stderr().lock(), "{problem}");
    }

    /// Says why the command ends.
    pub(super) fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Shown | Failure::ShownUsage | Failure::Interrupted | Failure::Unread => {}
            Failure::Usage(message) => {
                self.drawn(&format!("{} {}", self.error_word(None), printed::shown_lines(message)));
                self.problem("\nFor more information, try '--help'.");
            }
            Failure::Bug(message) => {
                self.drawn(&format!("{} {}", self.error_word(None), printed::shown_lines(message)));
                self.problem(format_args!("{}\n  help: {}", bug::said(), bug::help(message)));
            }
            Failure::Mistake { code, message, help } => {
                self.drawn(&format!("{} {}", self.error_word(*code), printed::shown_lines(message)));
                if let Some(help) = help {
                    self.problem(format_args!("  help: {help}"));
                }
            }
        }
    }

    fn error_word(&self, code: Option<&str>) -> String {
        let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
        if self.color { format!("\u{1b}[1;31merror{code}:\u{1b}[0m") } else { format!("error{code}:") }
    }
}
