//! What is searched, how it stands, and what runs now.

use super::words;
use super::{SearchPage, served};
use crate::page::html::Html;
use crate::page::words as of_report;
use crate::printed::shown_path;

/// The name of the model, the file and the folder.
pub(super) fn head(page: &SearchPage<'_>) -> Html {
    let mut html = Html::default();
    let (model, file) = page.head().map_or(("cnnc tune", ""), |head| (&*head.model, &*head.file));
    html.element("<h1>", model, "</h1><p>")
        .text(file)
        .tags(" → ")
        .text(&shown_path(page.folder))
        .tags("</p>");
    html
}

/// One word on how it stands.
pub(super) fn status(page: &SearchPage<'_>, html: &mut Html) {
    let (class, said) = match (page.record.finished, page.is_running) {
        (Some(_), _) => ("<span class=\"status good\" id=\"status\">", of_report::FINISHED),
        (None, true) => ("<span class=\"status odd\" id=\"status\">", of_report::RUNNING),
        (None, false) => ("<span class=\"status odd\" id=\"status\">", of_report::INTERRUPTED),
    };
    html.tags(class).said(said).tags("</span>");
}

/// What a search that goes on does: its script fills it.
pub(super) fn section(html: &mut Html) {
    html.tags("<section id=\"progress\"><h2>").said(words::WHAT_RUNS).tags("</h2>");
    html.tags("<p class=\"note\" id=\"lost\" hidden>").said(served::LOST).tags("</p>");
    html.tags("<p class=\"note\" id=\"stopping\" hidden>").said(words::IS_STOPPING).tags("</p>");
    html.tags("<p class=\"note\" id=\"over\" hidden>").said(words::IS_OVER).tags("</p>");
    html.tags(
        "<div class=\"gauge\" id=\"whole\" role=\"progressbar\" hidden><p></p><div><i></i></div></div>",
    );
    html.tags("<div id=\"running\"></div><template id=\"one\">");
    html.tags("<div class=\"gauge one\" role=\"progressbar\"><p></p><div><i></i></div></div></template>");
    html.tags("<div class=\"tiles\"><div class=\"tile\" id=\"elapsed\"><b>-</b><span>").said(served::ELAPSED);
    html.tags("</span></div><div class=\"tile\" id=\"left\"><b>-</b><span>").said(served::TIME_LEFT);
    html.tags("</span></div></div></section>\n");
}
