//! The places of the pictures, with what moves them and how they are read. The page's script draws them.

use super::words;
use crate::page::html::Html;

/// Parallel coordinates, and what decides which trials all pictures show.
pub(super) fn space(html: &mut Html) {
    html.tags("<section><h2>")
        .said(words::WHERE_IN_SPACE)
        .tags("</h2><p class=\"hint\">")
        .said(words::HOW_TO_READ);
    html.tags("</p><div class=\"controls\"><label>").said(words::MOST);
    html.tags(" <input id=\"most\" type=\"range\" min=\"1\" max=\"1\" value=\"1\"></label><span id=\"how-many\"></span>");
    html.tags("<button id=\"all\">").said(words::SHOW_ALL).tags("</button><span class=\"scale\">");
    html.said(words::WORST).tags("<i></i>").said(words::BEST);
    html.tags("</span></div><div class=\"chart wide\" id=\"parallel\"></div></section>\n");
}

/// What was found when.
pub(super) fn history(html: &mut Html) {
    html.tags("<section><h2>")
        .said(words::HOW_FOUND)
        .tags("</h2><p class=\"hint\">")
        .said(words::HISTORY_READ);
    html.tags("</p><div class=\"chart\" id=\"history\"></div></section>\n");
}

/// The curves of all trials.
pub(super) fn curves(html: &mut Html) {
    html.tags("<section><h2>")
        .said(words::CURVES_OF_ALL)
        .tags("</h2><p class=\"hint\">")
        .said(words::CURVES_READ);
    html.tags("</p><div class=\"controls\"><label><input id=\"log\" type=\"checkbox\"> ")
        .said(words::LOG_SCALE);
    html.tags("</label></div><div class=\"chart\" id=\"curves\"></div></section>\n");
}

/// The rungs of each bracket.
pub(super) fn brackets(html: &mut Html) {
    html.tags("<p class=\"hint\">").said(words::RUNGS_READ);
    html.tags("</p><div class=\"chart\" id=\"brackets\"></div>");
}
