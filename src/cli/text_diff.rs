//! What differs between two texts, line by line, in the unified form that `patch` reads.

use std::fmt::Write;

use super::align::{Aligned, align};

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// The difference, or nothing where there is none.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let steps = align(&old_lines, &new_lines);
    let changed: Vec<usize> =
        (0..steps.len()).filter(|&at| !matches!(steps[at], Aligned::Both(..))).collect();
    if changed.is_empty() {
        return String::new();
    }
    let mut text = format!("--- {name}\n+++ {name}\n");
    let mut rest = &changed[..];
    let mut before = Before::default();
    while let [first, ..] = rest {
        // changes whose surroundings touch make one piece
        let mut count = 1;
        while count < rest.len() && rest[count] - rest[count - 1] <= 2 * CONTEXT + 1 {
            count += 1;
        }
        let from = first.saturating_sub(CONTEXT);
        let to = (rest[count - 1] + CONTEXT + 1).min(steps.len());
        before.go_to(from, &steps);
        piece(&mut text, &steps[from..to], &before, &old_lines, &new_lines);
        rest = &rest[count..];
    }
    text
}

/// Steps that lie behind us, and the lines of either text in them.
#[derive(Default)]
struct Before {
    steps: usize,
    old: usize,
    new: usize,
}

impl Before {
    fn go_to(&mut self, step: usize, steps: &[Aligned]) {
        let (old, new) = lines_in(&steps[self.steps..step]);
        *self = Self { steps: step, old: self.old + old, new: self.new + new };
    }
}

/// How many lines of the old and the new text steps go through.
fn lines_in(steps: &[Aligned]) -> (usize, usize) {
    let old = steps.iter().filter(|step| !matches!(step, Aligned::New(_))).count();
    let new = steps.iter().filter(|step| !matches!(step, Aligned::Old(_))).count();
    (old, new)
}

fn piece(text: &mut String, inside: &[Aligned], before: &Before, old: &[&str], new: &[&str]) {
    // a piece without lines names the line before it
    let first = |before: usize, lines: usize| if lines == 0 { before } else { before + 1 };
    let (old_lines, new_lines) = lines_in(inside);
    let (old_at, new_at) = (first(before.old, old_lines), first(before.new, new_lines));
    // writing to a String cannot fail
    let _ = writeln!(text, "@@ -{old_at},{old_lines} +{new_at},{new_lines} @@");
    for step in inside {
        let (mark, line) = match *step {
            Aligned::Both(at, _) => (' ', old[at]),
            Aligned::Old(at) => ('-', old[at]),
            Aligned::New(at) => ('+', new[at]),
        };
        text.push(mark);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_changes_with_their_surroundings() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let wanted = "--- a\n+++ a\n@@ -3,5 +3,5 @@\n 3\n 4\n-5\n+five\n 6\n 7\n";
        assert_eq!(unified("a", old, &old.replace('5', "five")), wanted);
        assert_eq!(unified("a", old, old), "");
        let added = unified("a", "", "x");
        assert_eq!(added, "--- a\n+++ a\n@@ -0,0 +1,1 @@\n+x\n\\ No newline at end of file\n");
    }
}
