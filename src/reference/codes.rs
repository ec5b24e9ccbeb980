//! Pages on diagnostics, with the lists that the tables have.

use super::page::{WIDTH, quoted};
use crate::diag::{self, Language};
use crate::layers::Layer;
use crate::lower;
use crate::vocabulary::SECTIONS;

/// The page on a diagnostic; `None` where there is no such code.
pub fn explain(code: &str, language: Language) -> Option<String> {
    let page = diag::explain(code, language)?;
    let paragraphs: Vec<String> = page.split("\n\n").map(filled).collect();
    Some(paragraphs.join("\n\n"))
}

/// The names of a list.
type List = fn() -> String;

/// A paragraph with its lists: `{layers}`.
fn filled(paragraph: &str) -> String {
    let lists: [(&str, List); 4] = [
        ("{layers}", || quoted(Layer::kinds().map(|kind| kind.keyword))),
        ("{sections}", || quoted(SECTIONS.iter().map(|section| section.keyword))),
        ("{functions}", || quoted(lower::functions())),
        ("{model-arguments}", || quoted(lower::arguments_of_models())),
    ];
    let mut text = paragraph.to_owned();
    for (name, list) in lists {
        if text.contains(name) {
            text = textwrap::fill(&text.replace('\n', " ").replace(name, &list()), WIDTH);
        }
    }
    text
}
