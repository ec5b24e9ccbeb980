//! How is it done again?

use super::facts::Facts;
use super::html::Html;
use super::words::{self, Said};
use crate::printed::{shell_word, shown_path, thousands};

pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    html.tags("<section id=\"again\"><h2>").said(words::HOW_AGAIN).tags("</h2>");
    let details = &facts.details;
    let command: Vec<String> = details.command.iter().map(|word| shell_word(word)).collect();
    if command.is_empty() {
        html.tags("<p class=\"note\">").said(words::COMMAND_UNKNOWN).tags("</p>");
    } else {
        html.element("<div class=\"wide code\"><pre id=\"command\">", &command.join(" "), "</pre></div>");
        html.tags("<p class=\"hint\">").said(words::SAME_BITS);
        html.tags(" <button class=\"copy\" data-of=\"command\">").said(words::COPY).tags("</button></p>");
    }
    html.tags("<table class=\"facts\"><tbody>");
    let mut row = |what: Said, value: &dyn Fn(&mut Html)| {
        html.tags("<tr><th scope=\"row\">").said(what).tags("</th><td>");
        value(html);
        html.tags("</td></tr>");
    };
    row(words::VERSION, &|html| html.text(&details.version).end());
    if let Some(seed) = details.seed {
        row(words::SEED, &|html| html.text(&seed.to_string()).end());
    }
    if let Some(threads) = details.threads {
        row(words::THREADS, &|html| html.text(&threads.to_string()).end());
    }
    if let Some(ranks) = details.ranks.filter(|ranks| *ranks > 1) {
        row(words::RANKS, &|html| html.text(&ranks.to_string()).end());
    }
    row(words::SIMD, &|html| html.text(&details.simd).end());
    if details.exact {
        row(words::EXACT, &|html| html.said(words::YES).end());
    }
    if details.timed_kernels > 0 {
        row(words::TIMED, &|html| html.text(&details.timed_kernels.to_string()).end());
    }
    if let Some(weights) = &details.begins_with {
        row(words::BEGAN_WITH, &|html| html.text(&shown_path(weights)).end());
    }
    let images = details.images.map(|count| count.map_or_else(|| "-".to_owned(), thousands));
    row(words::IMAGES, &|html| html.text(&images.join(", ")).end());
    if !details.data.is_empty() {
        row(words::DATA_HASH, &|html| html.element("<code>", &details.data, "</code>").end());
    }
    row(words::WEIGHTS_HASH, &|html| match &facts.weights_hash {
        Some(hash) => html.element("<code>", hash, "</code>").end(),
        None => html.said(words::NO_WEIGHTS).end(),
    });
    html.tags("</tbody></table></section>");
}
