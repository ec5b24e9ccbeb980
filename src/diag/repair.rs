//! Making the edits that problems come with.

use super::{Code, Edit, Level, Problems};
use crate::source::{SourceFile, SourceMap};

/// A text with fixes made in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The file.
    pub file: SourceFile,
    /// Its text afterwards.
    pub text: String,
    /// The problems whose fixes were made, in order.
    pub codes: Vec<Code>,
}

/// Makes the first fix of every error and warning that has one, all at once; those that would touch what another changes are left for the next time.
/// A fix is made as a whole or not at all, so one that changes a text that may not be changed is left out.
pub fn repair(problems: &Problems, sources: &SourceMap, may_change: &dyn Fn(&SourceFile) -> bool) -> Vec<Repaired> {
    let mut chosen: Vec<(Edit, Code)> = Vec::new();
    for problem in problems.iter().filter(|problem| problem.level != Level::Hint) {
        let Some(fix) = problem.fixes.first() else { continue };
        let possible = fix.edits.iter().all(|edit| {
            let touches = |other: &Edit| edit.span.start <= other.span.end && other.span.start <= edit.span.end;
            may_change(sources.find(edit.span.start).0) && !chosen.iter().any(|(other, _)| touches(other))
        });
        if possible {
            chosen.extend(fix.edits.iter().map(|edit| (edit.clone(), problem.code)));
        }
    }
    chosen.sort_by_key(|(edit, _)| edit.span.start);
    let mut repaired: Vec<(usize, Repaired)> = Vec::new();
    // from the end, so that places before stay where they are
    for (edit, code) in chosen.iter().rev() {
        let (file, base) = sources.find(edit.span.start);
        let at = repaired.iter().position(|(other, _)| *other == base).unwrap_or_else(|| {
            let new = Repaired { file: file.clone(), text: file.text.to_string(), codes: Vec::new() };
            repaired.push((base, new));
            repaired.len() - 1
        });
        let Repaired { text, codes, .. } = &mut repaired[at].1;
        let (start, end) = (edit.span.start - base, edit.span.end - base);
        if text.is_char_boundary(start) && text.is_char_boundary(end) {
            text.replace_range(start..end, &edit.text);
            codes.push(*code);
        }
    }
    for (_, repaired) in &mut repaired {
        repaired.codes.reverse();
        repaired.codes.dedup();
    }
    repaired.sort_by_key(|(base, _)| *base);
    repaired.into_iter().map(|(_, repaired)| repaired).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostic;
    use crate::source::Span;

    #[test]
    fn fixes_that_touch_wait() {
        let mut sources = SourceMap::new(SourceFile::new("a.cnn", "one two three"));
        let base = sources.add(SourceFile::new("b.cnn", "four"));
        let mut problems = Problems::new();
        let mut add = |code, start, end, text: &str| {
            let span = Span::new(start, end);
            problems.push(Diagnostic::new(code).at(span, "here").fix(span, text));
        };
        add(Code::E0006, 0, 3, "1");
        add(Code::E0116, 2, 7, "no");
        add(Code::E0116, 8, 13, "3");
        add(Code::E0117, base, base + 4, "4");
        let repaired = repair(&problems, &sources, &|_| true);
        let texts: Vec<&str> = repaired.iter().map(|repaired| repaired.text.as_str()).collect();
        assert_eq!(texts, ["1 two 3", "4"]);
        assert_eq!(repaired[0].codes, [Code::E0006, Code::E0116]);
        assert_eq!(repair(&problems, &sources, &|file| file.name == "b.cnn").len(), 1);
    }
}
