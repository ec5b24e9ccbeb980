//! Problems as text for people.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity, SourceCode,
    SourceSpan, SpanContents,
};

use super::catalogue::{Language, sentence};
use super::{Diagnostic, Label, Level};
use crate::source::{SourceFile, SourceMap, Span};

/// How text is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderStyle {
    /// With colours.
    pub color: bool,
    /// Width in columns.
    pub width: usize,
    /// Of the sentences.
    pub language: Language,
}

impl RenderStyle {
    /// Without colours and 100 columns wide: the same everywhere.
    pub fn plain() -> Self {
        Self { color: false, width: 100, language: Language::English }
    }
}

impl Diagnostic {
    /// The main sentence.
    pub fn message(&self, language: Language) -> String {
        sentence(language, self.code, self.sentence, &[&self.arguments])
    }

    /// What a label says.
    pub fn label_text(&self, label: &Label, language: Language) -> String {
        sentence(language, self.code, label.sentence, &[&label.arguments, &self.arguments])
    }

    /// Sentences that explain.
    pub fn note_texts(&self, language: Language) -> Vec<String> {
        self.notes.iter().map(|key| sentence(language, self.code, key, &[&self.arguments])).collect()
    }

    /// Sentences that say what to write.
    pub fn help_texts(&self, language: Language) -> Vec<String> {
        self.helps.iter().map(|key| sentence(language, self.code, key, &[&self.arguments])).collect()
    }
}

/// Draws a problem: header, labelled source lines, notes and helps; ends with a line end.
pub fn render(problem: &Diagnostic, sources: &SourceMap, style: RenderStyle) -> String {
    let (file, base) = sources.find(problem.span().start);
    let report = Report {
        message: problem.message(style.language),
        severity: match problem.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Hint => Severity::Advice,
        },
        labels: labels_within(problem, base, file.text.len(), style.language),
        source: WholeLines { file: file.clone() },
    };
    let mut theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    // miette puts this before the message; so the header reads `error[E0103]: …`
    let header = format!("{}[{}]:", style.language.level(problem.level), problem.code);
    theme.characters.error = header.clone();
    theme.characters.warning = header.clone();
    theme.characters.advice = header;
    let help_style = theme.styles.help;
    // two columns are for the indent that is taken away again below
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width + 2)
        .with_context_lines(1)
        .without_cause_chain()
        .without_syntax_highlighting()
        .with_wrap_lines(false)
        .with_links(false);
    let mut drawn = String::new();
    // writing to a String cannot fail
    let _ = handler.render_report(&mut drawn, &report);
    let mut text = drawn.strip_prefix("  ").unwrap_or(&drawn).to_owned();
    for (file, base) in other_files(problem, sources) {
        let report = Report {
            message: String::new(),
            severity: Severity::Advice,
            labels: labels_within(problem, base, file.text.len(), style.language),
            source: WholeLines { file: file.clone() },
        };
        let mut drawn = String::new();
        let _ = handler.render_report(&mut drawn, &report);
        // the header has been drawn
        text.extend(drawn.split_inclusive('\n').skip_while(|line| !line.contains("╭─[")));
    }
    let mut footer = |kind: &str, lines: Vec<String>| {
        for line in lines {
            let kind = help_style.style(kind).to_string();
            text.push_str(&format!("  {kind}: {line}\n"));
        }
    };
    footer(style.language.note(), problem.note_texts(style.language));
    footer(style.language.help(), problem.help_texts(style.language));
    text
}

/// The other texts that places of a problem lie in, in the order of the places.
fn other_files<'s>(problem: &Diagnostic, sources: &'s SourceMap) -> Vec<(&'s SourceFile, usize)> {
    let main = sources.find(problem.span().start).1;
    let mut files: Vec<(&SourceFile, usize)> = Vec::new();
    for span in problem.labels.iter().map(|label| label.span).chain(problem.uses()) {
        let (file, base) = sources.find(span.start);
        if base != main && files.iter().all(|(_, known)| *known != base) {
            files.push((file, base));
        }
    }
    files
}

/// The labels that lie in the text at `base`. A span that is empty gets one column, so that it can be seen.
fn labels_within(problem: &Diagnostic, base: usize, length: usize, language: Language) -> Vec<LabeledSpan> {
    let inside = |span: Span| span.start >= base && span.end <= base + length;
    let labels = problem.labels.iter().filter(|label| inside(label.span));
    let uses = problem.uses().filter(|span| inside(*span));
    let uses = uses
        .map(|span| LabeledSpan::new_with_span(Some(language.used_here().to_owned()), (span.start - base, span.len())));
    labels
        .map(|label| {
            let start = label.span.start - base;
            let text = Some(problem.label_text(label, language)).filter(|text| !text.is_empty());
            if label.primary {
                LabeledSpan::new_primary_with_span(text, (start, label.span.len()))
            } else {
                LabeledSpan::new_with_span(text, (start, label.span.len()))
            }
        })
        .chain(uses)
        .collect()
}

/// What miette draws.
#[derive(Debug)]
struct Report {
    message: String,
    severity: Severity,
    labels: Vec<LabeledSpan>,
    source: WholeLines,
}

/// A text that is shown by whole lines, without the lines around a label.
#[derive(Debug)]
struct WholeLines {
    file: SourceFile,
}

impl SourceCode for WholeLines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = &*self.file.text;
        let first = span.offset();
        let last = first + span.len();
        let (Some(before), Some(after)) = (text.get(..first), text.get(last..)) else {
            return Err(MietteError::OutOfBounds);
        };
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |at| last + at + 1);
        let lines = text[start..end].lines().count();
        // miette asks without context when it wants the place to name, with context when it wants what to draw
        let column = if lines_before == 0 { text[start..first].chars().count() } else { 0 };
        let contents = MietteSpanContents::new_named(
            self.file.name.clone(),
            &text.as_bytes()[start..end],
            SourceSpan::from((start, end - start)),
            before.matches('\n').count(),
            column,
            lines,
        );
        Ok(Box::new(contents))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
