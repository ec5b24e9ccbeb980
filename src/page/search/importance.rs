//! Which parameters matter.

use super::{SearchPage, words};
use crate::page::html::Html;
use crate::page::shown_numbers::percent;

/// A bar for each parameter; nothing where that is not known.
pub(super) fn part(page: &SearchPage<'_>) -> Html {
    let mut html = Html::default();
    let important = page.record.important();
    if important.is_empty() {
        return html;
    }
    html.tags("<p class=\"hint\">")
        .said(words::IMPORTANCE_READ)
        .tags("</p><table class=\"bars\"><thead><tr><th>");
    html.said(words::PARAMETER).tags("</th><th class=\"n\">").said(words::IMPORTANCE);
    html.tags("</th><th></th></tr></thead><tbody>");
    for (name, share) in important {
        let share = share.clamp(0.0, 1.0);
        html.element("<tr><th scope=\"row\">", name, "</th>");
        html.element("<td class=\"n\">", &percent(share), "</td><td><i style=\"width:");
        html.number(100.0 * share, 1).tags("%\"></i></td></tr>");
    }
    html.tags("</tbody></table>");
    html
}
