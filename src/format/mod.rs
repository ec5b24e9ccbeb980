//! The canonical layout of a file.
//!
//! Only blanks and line ends are decided here, and commas behind the last item of a list: every word, and
//! every comment, stays where it stands among the others. So the words are laid out, not the syntax tree, and
//! a new form of the language needs nothing here.
//!
//! The layout: four blanks a level, lines of 100 columns; one statement a line (a block that was written on
//! one line stays there if it fits); one blank line where there was any; an argument list that does not fit
//! has one argument a line; a chain keeps the line ends it has behind `->`, and gets one behind each where a
//! line does not fit; comments behind the code of following lines begin in one column.

mod elements;
mod layout;
mod lines;

use crate::ast::{self, print};
use crate::diag::Problems;
use crate::parse::{outline, parse};

/// Why a text has no canonical layout.
#[derive(Debug, Clone, PartialEq)]
pub enum FormatError {
    /// It cannot be read.
    Syntax(Problems),
    /// The layout would say something else: a bug of this room, found before it does harm.
    Changed(String),
}

/// The text in canonical layout: the same syntax, the same comments in the same order.
/// # Errors
/// [`FormatError::Syntax`] where the text has mistakes of syntax.
/// ```
/// let text = "model A{input( 8x8x1 );flatten}// small";
/// assert_eq!(cnnc::format::format(text).unwrap(), "model A { input(8x8x1); flatten }  // small\n");
/// ```
pub fn format(text: &str) -> Result<String, FormatError> {
    let (before, problems) = parse(text);
    if !problems.is_empty() {
        return Err(FormatError::Syntax(problems));
    }
    let (outline, problems) = outline(text);
    if !problems.is_empty() {
        return Err(FormatError::Syntax(problems));
    }
    let formatted = layout::lay_out(text, &outline);
    let (after, problems) = parse(&formatted);
    if !problems.is_empty()
        || print(&before) != print(&after)
        || comments(text, &before) != comments(&formatted, &after)
    {
        return Err(FormatError::Changed(formatted));
    }
    Ok(formatted)
}

fn comments<'t>(text: &'t str, file: &ast::File) -> Vec<&'t str> {
    file.comments.iter().map(|span| text.get(span.start..span.end).unwrap_or("").trim_end()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats, and sees to it that doing so again changes nothing.
    fn formatted(text: &str) -> String {
        let once = format(text).expect("a text without mistakes");
        assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "not a fixed point:\n{once}");
        once
    }

    #[test]
    fn blanks_and_lines() {
        let text = "\n\n  model   A{\n\n input(28x28x1)\n\n\n\n   conv2d( 8,3x3 , padding :same,)->relu;flatten ( )\n\n}\n";
        let wanted =
            "model A {\n    input(28x28x1)\n\n    conv2d(8, 3x3, padding: same) -> relu\n    flatten\n}\n";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn operators() {
        let text = "let a=1e-3*- 2+(1-x) /4\nlet b=if a<-1 then 20% else[ 1,2 ]\nlet c = 1 / 255 .. a/ 2\nlet d={33:34}\n";
        let wanted = "let a = 1e-3 * -2 + (1 - x) / 4\nlet b = if a < -1 then 20% else [1, 2]\nlet c = 1/255..a / 2\nlet d = { 33: 34 }\n";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn comments_stay_where_they_are() {
        let text = "// top\nmodel A { // opens\n// first\ninput(8x8x1) // pictures\nflatten // all\n\n// last\n}\n// end";
        let wanted = "\
// top
model A {  // opens
    // first
    input(8x8x1)  // pictures
    flatten       // all

    // last
}
// end
";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn comments_inside_statements() {
        let text = "let a = // why\n 3\nlet b = f(1, // one\n // two\n 2 // behind\n , // comma\n 3\n // dangling\n)\n\
                    model A { input(8x8x1) -> // on\n // own\n flatten\n if x { } // no\n else { }\n }\n";
        let wanted = "\
let a =  // why
    3
let b = f(
    1,  // one
    // two
    2,  // behind
    // comma
    3,
    // dangling
)
model A {
    input(8x8x1) ->  // on
        // own
        flatten
    if x { }  // no
    else { }
}
";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn long_lists_and_chains_are_broken() {
        let long = "a".repeat(60);
        let text = format!("model A {{ x = f({long}, {long}); g({long}) -> g({long}); h -> \n h }}");
        let wanted = format!(
            "model A {{\n    x = f(\n        {long},\n        {long},\n    )\n    g({long}) ->\n        g({long})\n    h ->\n        h\n}}\n"
        );
        assert_eq!(formatted(&text), wanted);
        let names: Vec<String> = (0..30).map(|n| format!("\"{n:05}\"")).collect();
        let text = formatted(&format!("data {{ classes: [{}] }}", names.join(",")));
        assert!(text.lines().all(|line| line.chars().count() <= 100) && text.lines().count() < 9, "{text}");
    }

    #[test]
    fn blocks_on_one_line_stay_there() {
        let text = "add {\nbranch { a;b }\nbranch if x { c } else { }\n}\n";
        let text = format!("model A {{ input(1x1x1)\n{text}}}\n");
        let wanted = "\
model A {
    input(1x1x1)
    add {
        branch { a; b }
        branch if x { c } else { }
    }
}
";
        assert_eq!(formatted(&text), wanted);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(matches!(format("model A { input(8x8x1"), Err(FormatError::Syntax(_))));
    }
}
