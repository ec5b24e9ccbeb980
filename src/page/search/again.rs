//! How the search went about it, and how it is done again.

use super::{SearchPage, served, words};
use crate::page::html::Html;
use crate::page::words::{self as of_report, Said};
use crate::search::record::Head;

/// Strategy, objective, budget and space.
pub(super) fn write(page: &SearchPage<'_>, html: &mut Html) {
    let Some(head) = page.head() else { return };
    html.tags("<section id=\"again\"><h2>").said(of_report::HOW_AGAIN).tags("</h2><p class=\"hint\">");
    html.said(words::SAME_TRIALS).tags("</p><div class=\"columns\"><div><table class=\"facts\"><tbody>");
    settings(head, html);
    html.tags("</tbody></table></div><div><table class=\"facts\"><thead><tr><th>").said(words::PARAMETER);
    html.tags("</th><th>").said(words::SPACE).tags("</th></tr></thead><tbody>");
    for (name, values) in &head.space {
        html.element("<tr><th scope=\"row\">", name, "</th>");
        html.element("<td class=\"values\">", values.as_str().unwrap_or_default(), "</td></tr>");
    }
    html.tags("</tbody></table></div></div></section>\n");
}

fn settings(head: &Head, html: &mut Html) {
    let mut row = |what: Said, value: &dyn Fn(&mut Html)| {
        html.tags("<tr><th scope=\"row\">").said(what).tags("</th><td>");
        value(html);
        html.tags("</td></tr>");
    };
    let aim = if head.falls { words::LESS_IS_BETTER } else { words::MORE_IS_BETTER };
    row(served::OBJECTIVE, &|html| html.told(aim, &[&head.objective]).end());
    row(served::STRATEGY, &|html| html.element("<code>", &head.strategy, "</code>").end());
    let mut number = |what: Said, number: u64| row(what, &|html| html.text(&number.to_string()).end());
    number(words::LONGEST, head.epochs as u64);
    number(words::PARALLEL, head.parallel as u64);
    number(words::SEEDS, head.seeds as u64);
    number(of_report::SEED, head.seed);
    row(of_report::VERSION, &|html| html.text(env!("CARGO_PKG_VERSION")).end());
}
