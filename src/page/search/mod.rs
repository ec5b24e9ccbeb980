//! The results of a search as a page: what was found, where in the space good trials are, how it was found,
//! and all trials. It is one file, as the page of a run; while the search goes on the same page is served, and
//! grows.
//!
//! What changes with each result is written into *parts*, by the same code for both: the live page takes new
//! ones in their places. Pictures are drawn by the page's script from [`data`]; whatever they show stands in a
//! table too, which can be read without it.

mod again;
mod best;
mod data;
mod importance;
mod pictures;
mod progress;
mod rungs;
mod trials;
mod words;

use std::path::Path;

use serde_json::{Map, Value, json};

use super::html::Html;
use super::served_words as served;
use super::shell::{self, Shell};
use super::words::{self as of_report, Said};
use crate::diag::Language;
use crate::printed::{shown, shown_path};
use crate::search::record::{Head, Record};
use crate::space::Space;

const SCRIPTS: [&str; 6] = [
    include_str!("../assets/search/scales.js"),
    include_str!("../assets/search/field.js"),
    include_str!("../assets/search/parallel.js"),
    include_str!("../assets/search/lines.js"),
    include_str!("../assets/search/rungs.js"),
    include_str!("../assets/search/search.js"),
];
const LIVE_SCRIPT: &str = include_str!("../assets/search/live.js");
const STYLE: &str = include_str!("../assets/search/search.css");

/// What the page of a search is made of.
#[derive(Debug)]
pub(crate) struct SearchPage<'p> {
    /// What the search remembers.
    pub(crate) record: &'p Record,
    /// What is searched, where the program was read; axes follow from the trials otherwise.
    pub(crate) space: Option<&'p Space>,
    /// The folder of the search, as it was named.
    pub(crate) folder: &'p Path,
    /// The file with the best values, where it was written.
    pub(crate) best: Option<&'p Path>,
    /// The process that searches still lives.
    pub(crate) is_running: bool,
    /// The language that is shown first.
    pub(crate) language: Language,
}

impl SearchPage<'_> {
    /// The page as a file. Whatever is missing is told in it.
    pub(crate) fn to_html(&self) -> String {
        let title = self.title();
        let script = SCRIPTS.join("\n");
        self.page(&Shell::bare(self.language, &title, &script).with(STYLE), false)
    }

    /// The page while the search goes on: it asks its server for what is new.
    pub(crate) fn to_served_html(&self) -> String {
        let title = self.title();
        let script = format!("{}\n{LIVE_SCRIPT}", SCRIPTS.join("\n"));
        self.page(&Shell::served(self.language, &title, &script).with(STYLE), true)
    }

    /// What changes with each result, for the page that is served: its parts by the places where they stand,
    /// and what is drawn.
    pub(crate) fn news(&self) -> Value {
        let parts = self.parts().map(|(place, part)| (place.to_owned(), Value::String(part.finish())));
        json!({ "parts": Map::from_iter(parts), "data": data::of(self) })
    }

    fn title(&self) -> String {
        let model = self.head().map_or("cnnc tune", |head| &head.model);
        format!("{} - {}", shown(model), shown_path(self.folder))
    }

    fn head(&self) -> Option<&Head> {
        self.record.head.as_ref()
    }

    /// The parts, by the ids of their places. The section of an empty one is not shown.
    fn parts(&self) -> [(&'static str, Html); 5] {
        [
            ("head", progress::head(self)),
            ("outcome", best::part(self)),
            ("importance", importance::part(self)),
            ("rungs", rungs::part(self)),
            ("trials", trials::part(self)),
        ]
    }

    fn page(&self, shell: &Shell<'_>, is_served: bool) -> String {
        let [head, outcome, importance, rungs, trials] = self.parts().map(|(_, part)| part);
        let mut html = Html::default();
        shell.begin(&mut html);
        html.tags("<header><div id=\"head\">").part(head).tags("</div>");
        progress::status(self, &mut html);
        if is_served {
            html.tags("<button id=\"stop\" class=\"stop\">").said(served::STOP).tags("</button>");
        }
        shell::buttons(&mut html);
        html.tags("</header>\n<main>");
        if is_served {
            progress::section(&mut html);
        }
        html.tags("<section><h2>").said(words::WHAT_WAS_FOUND).tags("</h2><div id=\"outcome\">");
        html.part(outcome).tags("</div></section>\n");
        pictures::space(&mut html);
        section(importance, words::WHAT_MATTERS, "<div id=\"importance\">", &|_| {}, &mut html);
        pictures::history(&mut html);
        section(rungs, words::WHO_WENT_ON, "<div id=\"rungs\">", &pictures::brackets, &mut html);
        pictures::curves(&mut html);
        section(trials, words::ALL_TRIALS, "<div id=\"trials\">", &|_| {}, &mut html);
        again::write(self, &mut html);
        html.tags("<p id=\"pointed\" aria-live=\"polite\" hidden></p></main><footer><p>");
        let foot = if is_served { served::LIVE_FOOT } else { of_report::FOOT };
        html.told(foot, &[env!("CARGO_PKG_VERSION")]).tags("</p></footer>");
        let facts = json!({
            "search": data::of(self),
            "title": self.title(),
            "words": shell::of_script(&words::OF_SCRIPT),
        });
        shell.end(&facts, html)
    }
}

/// A section around a part, with what stands before that. The section of an empty part is hidden: a search
/// that goes on may fill it.
fn section(part: Html, heading: Said, place: &'static str, before: &dyn Fn(&mut Html), html: &mut Html) {
    html.tags(if part.len() == 0 { "<section hidden><h2>" } else { "<section><h2>" });
    html.said(heading).tags("</h2>");
    before(html);
    html.tags(place).part(part).tags("</div></section>\n");
}

/// The values of a point in the order of the search's parameters, each with its name.
fn values<'p>(head: Option<&'p Head>, point: &'p Map<String, Value>) -> Vec<(&'p str, &'p str)> {
    let written = |(name, value): (&'p String, &'p Value)| Some((name.as_str(), value.as_str()?));
    let mut found: Vec<(&str, &str)> = point.iter().filter_map(written).collect();
    let place = |name: &str| head.and_then(|head| head.space.keys().position(|key| key == name));
    found.sort_by_key(|(name, _)| place(name));
    found
}
