//! Making the edits that problems come with.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Edit, Level, Problems};
use crate::source::{SourceFile, SourceMap};

/// A text with fixes made in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The file.
    pub file: SourceFile,
    /// Its text afterwards.
    pub text: String,
    /// The problems whose fixes were made, in order: each once, however many edits it took.
    pub codes: Vec<Code>,
}

/// An edit that is made, for one of the problems by their order.
struct Chosen<'a> {
    edit: &'a Edit,
    problem: usize,
    code: Code,
}

/// Makes the first fix of every error and warning that has one, all at once; those that would touch what
/// another changes are left for the next time. A fix is made as a whole or not at all, so one that changes a
/// text that may not be changed is left out.
pub fn repair(
    problems: &Problems,
    sources: &SourceMap,
    may_change: &dyn Fn(&SourceFile) -> bool,
) -> Vec<Repaired> {
    // by places; no two of different fixes touch, so the last that begins before a place is the one to ask
    let mut chosen: BTreeMap<(usize, usize, usize), Chosen<'_>> = BTreeMap::new();
    for (number, problem) in problems.iter().filter(|problem| problem.level != Level::Hint).enumerate() {
        let Some(fix) = problem.fixes.first() else { continue };
        let possible = fix.edits.iter().all(|edit| {
            let before = chosen.range(..=(edit.span.end, usize::MAX, usize::MAX)).next_back();
            let touches = before.is_some_and(|((_, end, _), _)| *end >= edit.span.start);
            may_change(sources.find(edit.span.start).0) && !touches
        });
        if possible {
            for edit in &fix.edits {
                chosen.insert(
                    (edit.span.start, edit.span.end, chosen.len()),
                    Chosen { edit, problem: number, code: problem.code },
                );
            }
        }
    }
    let mut repaired: Vec<(usize, Repaired)> = Vec::new();
    // how much of the text of the last file has been taken over
    let mut taken = 0;
    let mut made: BTreeSet<(usize, usize)> = BTreeSet::new();
    for Chosen { edit, problem, code } in chosen.into_values() {
        let (file, base) = sources.find(edit.span.start);
        if repaired.last().is_none_or(|(other, _)| *other != base) {
            finish(&mut repaired, taken);
            taken = 0;
            repaired.push((base, Repaired { file: file.clone(), text: String::new(), codes: Vec::new() }));
        }
        let Some((_, Repaired { text, codes, .. })) = repaired.last_mut() else { continue };
        let (start, end) = (edit.span.start - base, edit.span.end - base);
        if let (Some(kept), true) = (file.text.get(taken..start), file.text.is_char_boundary(end)) {
            text.push_str(kept);
            text.push_str(&edit.text);
            taken = end;
            if made.insert((base, problem)) {
                codes.push(code);
            }
        }
    }
    finish(&mut repaired, taken);
    repaired.into_iter().map(|(_, repaired)| repaired).collect()
}

/// Takes over what of the last file's text stands behind its last edit.
fn finish(repaired: &mut [(usize, Repaired)], taken: usize) {
    if let Some((_, Repaired { file, text, .. })) = repaired.last_mut() {
        text.push_str(file.text.get(taken..).unwrap_or(""));
    }
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
