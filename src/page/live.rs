//! The page of a training that goes on. It is a frame: what is seen in it comes while it is looked at, and
//! at the end the page of the run takes its place.

use std::path::Path;

use serde_json::json;

use super::html::Html;
use super::served_words as words;
use super::shell::{self, Shell};
use super::words::{self as of_report, Said};
use crate::diag::Language;
use crate::printed::shown_path;

const SCRIPT: &str = include_str!("assets/live.js");

/// What the page is made of before anything is known of the run.
#[derive(Debug)]
pub(crate) struct LivePage<'p> {
    /// The .cnn file, as it was named.
    pub(crate) file: &'p Path,
    /// The language that is shown first.
    pub(crate) language: Language,
}

impl LivePage<'_> {
    /// The page.
    pub(crate) fn to_html(&self) -> String {
        let mut html = Html::default();
        let file = shown_path(self.file);
        let shell = Shell::served(self.language, &file, SCRIPT);
        shell.begin(&mut html);
        html.tags("<header><div><h1 id=\"model\">").text(&file).tags("</h1><p>").text(&file);
        html.tags("<span id=\"folder\"></span></p></div><span class=\"status odd\" id=\"status\">");
        html.said(words::STARTS)
            .tags("</span><button id=\"stop\" class=\"stop\">")
            .said(words::STOP)
            .tags("</button>");
        shell::buttons(&mut html);
        html.tags("</header>\n<main><section id=\"progress\"><h2>").said(words::HOW_FAR).tags("</h2>");
        html.tags("<p class=\"note\" id=\"lost\" hidden>").said(words::LOST).tags("</p>");
        html.tags("<p class=\"note\" id=\"stopping\" hidden>").said(words::IS_STOPPING).tags("</p>");
        html.tags("<p class=\"note\" id=\"over\" hidden>").said(words::IS_OVER).tags("</p>");
        gauge("<div class=\"gauge\" id=\"epoch-gauge\"", &mut html);
        gauge("<div class=\"gauge\" id=\"run-gauge\"", &mut html);
        html.tags("<div class=\"tiles\">");
        tiles(&mut html);
        html.tags("</div><h3>").said(of_report::CURVES).tags("</h3><p class=\"hint\">");
        html.said(of_report::SOLID).tags("</p><p class=\"note\" id=\"no-curves\">").said(of_report::NO_EPOCH);
        html.tags("</p><div id=\"plots\"></div></section>");
        html.tags("<section id=\"sheet\" hidden><h2>")
            .said(words::WHAT_IT_SEES)
            .tags("</h2><p class=\"hint\">");
        html.said(words::SHEET_NOTE)
            .tags("</p><div class=\"drawing pixels\"><img id=\"contact\" alt=\"\"></div>");
        html.tags("</section><section id=\"told\" hidden><h2>").said(words::WHAT_HAPPENED);
        html.tags("</h2><ul id=\"notes\"></ul></section></main><footer><p>");
        html.told(words::LIVE_FOOT, &[env!("CARGO_PKG_VERSION")]).tags(" ").said(of_report::CURVES_BY);
        html.tags("</p></footer>");
        shell.end(&json!({ "words": shell::of_script(&words::OF_LIVE) }), html)
    }
}

/// A bar that fills, with a line above it.
fn gauge(open: &'static str, html: &mut Html) {
    html.tags(open).tags(" role=\"progressbar\"><p></p><div><i></i></div></div>");
}

fn tiles(html: &mut Html) {
    let mut tile = |open: &'static str, what: Said| {
        html.tags(open).tags("\"><b>-</b><span>").said(what).tags("</span><small></small></div>");
    };
    tile("<div class=\"tile main\" id=\"best", words::FIGURE);
    tile("<div class=\"tile\" id=\"left", words::TIME_LEFT);
    tile("<div class=\"tile\" id=\"elapsed", words::ELAPSED);
    tile("<div class=\"tile\" id=\"rate", words::RATE);
    tile("<div class=\"tile\" id=\"waited", words::WAITING);
    tile("<div class=\"tile\" id=\"loss", words::LOSS_NOW);
    tile("<div class=\"tile\" id=\"metric", words::METRIC_NOW);
}
