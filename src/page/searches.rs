//! The searches among all runs below a folder: a table of them.

use super::html::Html;
use super::runs::changed;
use super::served_words as words;
use super::shown_numbers::significant;
use super::words::{self as of_report, Said};
use crate::printed::thousands;
use crate::search::record::Record;

/// A search of the list.
#[derive(Debug)]
pub(crate) struct ListedSearch {
    /// What the page calls it by: a number that its server gave it.
    pub(crate) id: usize,
    /// Its folder, from the folder that is listed.
    pub(crate) name: String,
    /// When its list of trials was last written, in seconds since 1970.
    pub(crate) changed: Option<u64>,
    /// What it has come to, or what is wrong with its files.
    pub(crate) found: Result<Record, String>,
}

/// The table; nothing where there are none.
pub(super) fn write(searches: &[ListedSearch], html: &mut Html) {
    if searches.is_empty() {
        return;
    }
    html.tags("<section id=\"searches\"><h2>").said(words::SEARCHES).tags("</h2><div class=\"wide\">");
    html.tags("<table id=\"list-of-searches\"><thead><tr>");
    let columns: [(Said, &'static str); 8] = [
        (words::SEARCH, "<th>"),
        (words::MODEL, "<th>"),
        (words::STATUS, "<th>"),
        (words::CHANGED, "<th class=\"down\">"),
        (words::TRIALS, "<th class=\"n\">"),
        (words::OBJECTIVE, "<th>"),
        (words::BEST_VALUE, "<th class=\"n\">"),
        (words::STRATEGY, "<th>"),
    ];
    for (said, open) in columns {
        html.tags(open).tags("<button class=\"sort\">").said(said).tags("</button></th>");
    }
    html.tags("</tr></thead><tbody>");
    for search in searches {
        row(search, html);
    }
    html.tags("</tbody></table></div></section>");
}

fn row(search: &ListedSearch, html: &mut Html) {
    let record = match &search.found {
        Ok(record) => record,
        Err(why) => {
            html.element(
                "<tr><td>",
                &search.name,
                "</td><td></td><td data-key=\"damaged\"><span class=\"status bad\">",
            );
            html.said(words::DAMAGED).tags("</span></td>");
            changed(search.changed, html);
            html.tags("<td colspan=\"4\" class=\"why\">").in_both(why).tags("</td></tr>");
            return;
        }
    };
    html.element("<tr><td><a class=\"search\" data-run=\"", &search.id.to_string(), "\" href=\"#\">");
    html.text(&search.name).tags("</a></td>");
    let head = record.head.as_ref();
    let of_head = |text: fn(&crate::search::record::Head) -> &str| head.map_or("", text);
    html.element("<td>", of_head(|head| &head.model), "</td>");
    if record.finished.is_some() {
        html.tags("<td data-key=\"finished\"><span class=\"status good\">").said(of_report::FINISHED);
    } else {
        html.tags("<td data-key=\"open\"><span class=\"status odd\">").said(words::NOT_FINISHED);
    }
    html.tags("</span></td>");
    changed(search.changed, html);
    html.element("<td class=\"n\">", &thousands(record.trials.len() as u64), "</td>");
    html.element("<td>", of_head(|head| &head.objective), "</td>");
    let best = record.ranked().first().and_then(|trial| trial.best).map(|(value, _)| value);
    html.element("<td class=\"n\">", &best.map_or_else(|| "-".to_owned(), significant), "</td>");
    html.element("<td class=\"why\">", of_head(|head| &head.strategy), "</td></tr>");
}
