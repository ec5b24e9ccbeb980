//! Problems as JSON for editors: one object a line.

use serde_json::{Map, Value, json};

use super::{Diagnostic, Language, Problems};
use crate::source::{SourceMap, Span};

/// One line of JSON (without the line end): code, level, message, file, span, labels, notes, help and fixes.
/// Spans hold bytes of their file and 1-based lines and columns (in characters).
pub fn render_json(problem: &Diagnostic, sources: &SourceMap, language: Language) -> String {
    let uses = problem.uses().map(|span| {
        json!({
            "file": file_of(span, sources),
            "span": span_json(span, sources),
            "message": language.used_here(),
            "primary": false,
        })
    });
    let labels: Vec<Value> = problem
        .labels
        .iter()
        .map(|label| {
            json!({
                "file": file_of(label.span, sources),
                "span": span_json(label.span, sources),
                "message": problem.label_text(label, language),
                "primary": label.primary,
            })
        })
        .chain(uses)
        .collect();
    let fixes: Vec<Value> = problem
        .fixes
        .iter()
        .map(|fix| {
            let edits = fix.edits.iter().map(|edit| {
                json!({
                    "file": file_of(edit.span, sources),
                    "span": span_json(edit.span, sources),
                    "text": edit.text,
                })
            });
            json!({ "edits": edits.collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "code": problem.code.as_str(),
        "level": problem.level.as_str(),
        "message": problem.message(language),
        "file": file_of(problem.span(), sources),
        "span": span_json(problem.span(), sources),
        "labels": labels,
        "notes": problem.note_texts(language),
        "help": problem.help_texts(language),
        "fixes": fixes,
    })
    .to_string()
}

/// One line of JSON (without the line end) that says how many more problems there are of each code than have
/// lines of their own; `None` where there are none.
pub fn render_json_rest(problems: &Problems) -> Option<String> {
    let counted: Vec<(&str, usize)> =
        problems.only_counted().map(|(_, code, count)| (code.as_str(), count)).collect();
    let more: usize = counted.iter().map(|(_, count)| count).sum();
    let codes: Map<String, Value> =
        counted.iter().map(|(code, count)| ((*code).to_owned(), json!(count))).collect();
    (more > 0).then(|| json!({ "more": more, "codes": codes }).to_string())
}

fn file_of(span: Span, sources: &SourceMap) -> &str {
    &sources.find(span.start).0.name
}

fn span_json(span: Span, sources: &SourceMap) -> Value {
    let (file, base) = sources.find(span.start);
    let (start, end) = (span.start - base, span.end.saturating_sub(base));
    let (line, column) = file.line_column(start);
    let (end_line, end_column) = file.line_column(end);
    json!({
        "start": start,
        "end": end,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    })
}
