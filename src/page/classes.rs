//! Tables: of the classes, of the most frequent confusions, of predicted numbers.

use super::html::Html;
use super::shown_numbers::significant;
use super::words::{self, Said};
use crate::assess::{
    ClassFindings, ClassTable, LabelFindings, NumberFindings, NumberQuality, Quality, Ranked,
};
use crate::printed::thousands;

/// So many confusions are told.
const MOST_CONFUSIONS: usize = 10;

/// Precision, recall and F1 of each class.
pub(super) fn of_classes(found: &ClassFindings, names: &[String], html: &mut Html) {
    table(&found.table, names, None, html);
}

/// The same of labels, with their rankings.
pub(super) fn of_labels(found: &LabelFindings, names: &[String], html: &mut Html) {
    table(&found.table, names, Some(&found.ranked), html);
}

fn table(found: &ClassTable, names: &[String], ranked: Option<&[Ranked]>, html: &mut Html) {
    html.tags("<h3>")
        .said(words::CLASSES)
        .tags("</h3><div class=\"wide\"><table class=\"sortable\"><thead><tr><th>");
    html.said(words::CLASS_ROWS);
    for heading in [words::PRECISION, words::RECALL, Said { en: "f1", ko: "f1" }, words::SUPPORT] {
        html.tags("</th><th class=\"n\">").said(heading);
    }
    if ranked.is_some() {
        html.tags("</th><th class=\"n\">AUC</th><th class=\"n\">AP");
    }
    html.tags("</th></tr></thead><tbody>");
    for (at, (row, name)) in found.rows.iter().zip(names).enumerate() {
        html.element("<tr><td>", name, "</td>");
        // a class that nothing is known of has no quality
        quality(row.counts.occurs().then_some(row.quality), html);
        html.element("<td class=\"n\">", &thousands(row.counts.wanted), "</td>");
        if let Some(ranked) = ranked {
            for value in [ranked[at].auc, ranked[at].average_precision] {
                let text = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
                html.element("<td class=\"n\">", &text, "</td>");
            }
        }
        html.tags("</tr>");
    }
    html.tags("</tbody><tfoot>");
    let support: u64 = found.rows.iter().map(|row| row.counts.wanted).sum();
    let means = [
        (words::MICRO, found.micro_mean, ranked.is_some()),
        (words::MACRO, found.macro_mean, true),
        (words::WEIGHTED, found.weighted_mean, true),
    ];
    for (what, mean, _) in means.into_iter().filter(|(.., is_told)| *is_told) {
        html.tags("<tr><td>").said(what).tags("</td>");
        quality(Some(mean), html);
        html.element("<td class=\"n\">", &thousands(support), "</td>");
        html.tags(if ranked.is_some() { "<td></td><td></td></tr>" } else { "</tr>" });
    }
    html.tags("</tfoot></table></div>");
}

fn quality(found: Option<Quality>, html: &mut Html) {
    let shares = found.map(|Quality { precision, recall, f1 }| [precision, recall, f1]);
    for at in 0..3 {
        match shares {
            Some(shares) => html.tags("<td class=\"n\">").number(shares[at], 2).tags("</td>"),
            None => html.tags("<td class=\"n\">-</td>"),
        };
    }
}

/// The most frequent confusions.
pub(super) fn confusions(found: &ClassFindings, names: &[String], html: &mut Html) {
    html.tags("<h3>").said(words::FREQUENT).tags("</h3>");
    let frequent = found.confusion.most_frequent(MOST_CONFUSIONS);
    if frequent.is_empty() {
        html.tags("<p>").said(words::NO_CONFUSION).tags("</p>");
        return;
    }
    html.tags("<div class=\"wide\"><table><thead><tr><th>").said(words::CLASS_ROWS).tags("</th><th>");
    html.said(words::TAKEN_FOR)
        .tags("</th><th class=\"n\">")
        .said(words::PICTURES)
        .tags("</th><th class=\"n\">");
    html.said(words::OF_ALL).tags("</th></tr></thead><tbody>");
    let all = found.confusion.of_classes();
    for mixup in frequent {
        html.element("<tr><td>", &names[mixup.truth], "</td>").element("<td>", &names[mixup.answer], "</td>");
        html.element("<td class=\"n\">", &thousands(mixup.count), "</td>");
        html.element("<td class=\"n\">", &thousands(all[mixup.truth].wanted), "</td></tr>");
    }
    html.tags("</tbody></table></div>");
}

/// Errors of predicted numbers.
pub(super) fn of_numbers(found: &NumberFindings, names: &[String], html: &mut Html) {
    html.tags("<h3>")
        .said(words::NUMBERS)
        .tags("</h3><div class=\"wide\"><table class=\"sortable\"><thead><tr><th>");
    html.said(words::NUMBER).tags(
        "</th><th class=\"n\">MAE</th><th class=\"n\">RMSE</th><th class=\"n\">R²</th></tr></thead><tbody>",
    );
    let cells = |NumberQuality { mae, rmse, r2 }: &NumberQuality, html: &mut Html| {
        for value in [mae, rmse, r2] {
            html.element("<td class=\"n\">", &significant(*value), "</td>");
        }
        html.tags("</tr>");
    };
    for (name, row) in names.iter().zip(&found.rows) {
        html.element("<tr><td>", name, "</td>");
        cells(row, html);
    }
    html.tags("</tbody>");
    if let (Some(mean), [_, _, ..]) = (&found.mean, names) {
        html.tags("<tfoot><tr><td>").said(words::MEAN).tags("</td>");
        cells(mean, html);
        html.tags("</tfoot>");
    }
    html.tags("</table></div>");
}
