//! Problems as text for people.

use std::collections::BTreeMap;
use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity};

use super::catalogue::{Language, sentence};
use super::excerpt::Excerpt;
use super::{Code, Diagnostic, Label, Level, Problems};
use crate::source::{SourceFile, SourceMap, Span};

/// Most places of a problem that are drawn.
const MOST_LABELS: usize = 100;

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

/// Most problems that are drawn. Whoever has more begins with the first and looks again.
const MOST_DRAWN: usize = 100;

/// Draws problems, but for hints, each as [`render`] does; of very many the errors before the warnings, and
/// then a line that counts the rest by code.
pub fn render_all(problems: &Problems, sources: &SourceMap, style: RenderStyle) -> Vec<String> {
    let errors = problems.iter().filter(|problem| problem.level == Level::Error).count();
    let mut room =
        [(Level::Error, MOST_DRAWN), (Level::Warning, MOST_DRAWN.saturating_sub(errors)), (Level::Hint, 0)];
    let mut drawn = Vec::new();
    let mut rest: BTreeMap<Code, usize> = BTreeMap::new();
    for problem in problems.iter() {
        let left = room.iter_mut().find(|(level, _)| *level == problem.level).map_or(0, |(_, left)| {
            let before = *left;
            *left = left.saturating_sub(1);
            before
        });
        if left > 0 {
            drawn.push(render(problem, sources, style));
        } else if problem.level != Level::Hint {
            *rest.entry(problem.code).or_default() += 1;
        }
    }
    for (_, code, count) in problems.only_counted().filter(|(level, ..)| *level != Level::Hint) {
        *rest.entry(code).or_default() += count;
    }
    if !rest.is_empty() {
        drawn.push(style.language.more(&rest));
    }
    drawn
}

/// Draws a problem: header, labelled source lines, notes and helps; ends with a line end.
pub fn render(problem: &Diagnostic, sources: &SourceMap, style: RenderStyle) -> String {
    let (file, base) = sources.find(problem.span().start);
    let severity = match problem.level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Hint => Severity::Advice,
    };
    let report =
        Report::new(problem, problem.message(style.language), severity, (file, base), style.language);
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
        let report = Report::new(problem, String::new(), Severity::Advice, (file, base), style.language);
        let mut drawn = String::new();
        let _ = handler.render_report(&mut drawn, &report);
        // the header has been drawn
        text.extend(drawn.split_inclusive('\n').skip_while(|line| !line.contains("╭─[")));
    }
    let mut footer = |kind: &str, lines: Vec<String>| {
        for line in lines {
            let kind = help_style.style(kind).to_string();
            // lines of a list stand below the sentence
            text.push_str(&format!("  {kind}: {}\n", line.replace('\n', "\n        ")));
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

/// What is said at places in the text at `base`: the place in that text, the words, and whether it is the
/// mistake's own.
type Said = (Span, Option<String>, bool);

/// What is said of the text at `base`.
fn said_within(problem: &Diagnostic, base: usize, length: usize, language: Language) -> Vec<Said> {
    let inside = |span: Span| span.start >= base && span.end <= base + length;
    let here = |span: Span| Span::new(span.start - base, span.end - base);
    let labels = problem.labels.iter().filter(|label| inside(label.span)).map(|label| {
        let text = Some(problem.label_text(label, language)).filter(|text| !text.is_empty());
        (here(label.span), text, label.primary)
    });
    let uses = problem.uses().filter(|span| inside(*span));
    labels
        .chain(uses.map(|span| (here(span), Some(language.used_here().to_owned()), false)))
        .take(MOST_LABELS)
        .collect()
}

/// What miette draws.
#[derive(Debug)]
struct Report {
    message: String,
    severity: Severity,
    labels: Vec<LabeledSpan>,
    source: Excerpt,
}

impl Report {
    /// What is drawn of a problem in the text at `base`. A span that is empty gets one column, so that it can
    /// be seen.
    fn new(
        problem: &Diagnostic,
        message: String,
        severity: Severity,
        (file, base): (&SourceFile, usize),
        language: Language,
    ) -> Self {
        let said = said_within(problem, base, file.text.len(), language);
        let source = Excerpt::new(file, said.iter().map(|(place, ..)| *place));
        let labels = said.into_iter().map(|(place, text, primary)| {
            let place = source.place(place);
            let place = (place.start, place.len());
            if primary {
                LabeledSpan::new_primary_with_span(text, place)
            } else {
                LabeledSpan::new_with_span(text, place)
            }
        });
        Self { message, severity, labels: labels.collect(), source }
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
