//! What was found in a file, with the texts that its places point into.

use crate::diag::{Diagnostic, Level, Problems, RenderStyle, render_all};
use crate::source::SourceMap;

/// Problems of a file, sorted by place, as data: code, level, labelled places, edits.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The problems.
    pub problems: Problems,
    /// The texts that their places point into: the file's, then those of files that it uses and of overrides.
    pub sources: SourceMap,
}

impl Findings {
    /// Whether the file cannot be compiled.
    pub fn has_errors(&self) -> bool {
        self.problems.has_errors()
    }

    /// The problems of a level.
    pub fn of_level(&self, level: Level) -> impl Iterator<Item = &Diagnostic> {
        self.problems.iter().filter(move |problem| problem.level == level)
    }

    /// The problems as they are drawn for people, errors first.
    pub fn render(&self, style: RenderStyle) -> Vec<String> {
        render_all(&self.problems, &self.sources, style)
    }
}
