//! All trials in a table, and those without a value with their reasons.

use super::data::{MOST_SHOWN, shown_trials};
use super::{SearchPage, words};
use crate::page::html::Html;
use crate::page::shown_numbers::{seconds, significant};
use crate::page::words::{self as of_report, Said};
use crate::printed::thousands;
use crate::search::record::Trial;

/// The tables; nothing before the first trial.
pub(super) fn part(page: &SearchPage<'_>) -> Html {
    let mut html = Html::default();
    let trials = &page.record.trials;
    if trials.is_empty() {
        return html;
    }
    if trials.len() > MOST_SHOWN {
        let counts = [MOST_SHOWN, trials.len()].map(|count| thousands(count as u64));
        html.tags("<p class=\"note\">").told(words::MORE_TRIALS, &[&counts[0], &counts[1]]).tags("</p>");
    }
    let columns = columns(page);
    html.tags("<div class=\"wide long\"><table id=\"all-trials\" class=\"ordered\"><thead><tr>");
    heads(page, &columns, &mut html);
    html.tags("</tr></thead><tbody>");
    for (trial, rank) in shown_trials(page.record) {
        row(trial, rank, &columns, &mut html);
    }
    html.tags("</tbody></table></div>");
    failed(page, &columns, &mut html);
    html
}

/// The values of a parameter.
struct Column<'p> {
    name: &'p str,
    has_numbers: bool,
}

/// A column for each parameter.
fn columns<'p>(page: &SearchPage<'p>) -> Vec<Column<'p>> {
    let names = page.record.head.iter().flat_map(|head| head.space.keys());
    let column = |name: &'p String| Column {
        name,
        has_numbers: page.record.trials.iter().filter_map(|trial| value_of(trial, name)).all(is_number),
    };
    names.map(column).collect()
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

fn value_of<'t>(trial: &'t Trial, name: &str) -> Option<&'t str> {
    trial.point.get(name)?.as_str()
}

impl Column<'_> {
    fn cell(&self, trial: &Trial, html: &mut Html) {
        html.tags(if self.has_numbers { "<td class=\"n\">" } else { "<td>" });
        html.text(value_of(trial, self.name).unwrap_or_default()).tags("</td>");
    }
}

fn heads(page: &SearchPage<'_>, columns: &[Column<'_>], html: &mut Html) {
    let mut heading = |open: &'static str, what: &dyn Fn(&mut Html)| {
        html.tags(open).tags("<button class=\"sort\">");
        what(html);
        html.tags("</button></th>");
    };
    let said = |said: Said| move |html: &mut Html| html.said(said).end();
    heading("<th class=\"n up\" aria-sort=\"ascending\">", &said(words::RANK));
    heading("<th class=\"n up\">", &said(words::TRIAL));
    heading("<th class=\"n\">", &|html| html.text(page.head().map_or("", |head| &head.objective)).end());
    heading("<th class=\"n\">", &said(words::BEST_EPOCH));
    heading("<th class=\"n\">", &said(of_report::EPOCHS));
    heading("<th class=\"n\">", &said(of_report::SECONDS));
    for column in columns {
        let open = if column.has_numbers { "<th class=\"n up\">" } else { "<th>" };
        heading(open, &|html| html.text(column.name).end());
    }
}

fn row(trial: &Trial, rank: Option<usize>, columns: &[Column<'_>], html: &mut Html) {
    html.tags(if rank == Some(0) { "<tr class=\"first\" data-trial=\"" } else { "<tr data-trial=\"" });
    html.text(&trial.number.to_string()).tags("\">");
    let mut cell = |text: Option<String>| {
        html.tags("<td class=\"n\">").text(text.as_deref().unwrap_or_default()).tags("</td>").end();
    };
    cell(rank.map(|rank| (rank + 1).to_string()));
    cell(Some(trial.number.to_string()));
    let is_over = trial.failed.is_some();
    match trial.best {
        Some((value, epoch)) => {
            html.element("<td class=\"n\" data-key=\"", &value.to_string(), "\">").text(&significant(value));
            html.element("</td><td class=\"n\">", &epoch.to_string(), "</td>");
        }
        None => {
            html.tags("<td data-key=\"\">").said(if is_over { of_report::FAILED } else { words::IS_RUNNING });
            html.tags("</td><td></td>");
        }
    }
    html.element("<td class=\"n\">", &trial.epochs.to_string(), "</td>");
    html.element("<td class=\"n\" data-key=\"", &format!("{:.3}", trial.seconds), "\">");
    html.text(&seconds(trial.seconds)).tags("</td>");
    columns.iter().for_each(|column| column.cell(trial, html));
    html.tags("</tr>");
}

fn failed(page: &SearchPage<'_>, columns: &[Column<'_>], html: &mut Html) {
    let reasons = page.record.trials.iter().filter_map(|trial| Some((trial, trial.failed.as_ref()?)));
    let mut reasons = reasons.take(MOST_SHOWN).peekable();
    if reasons.peek().is_none() {
        return;
    }
    html.tags("<h3>")
        .said(words::WITHOUT_VALUE)
        .tags("</h3><div class=\"wide\"><table id=\"failed\"><thead><tr>");
    html.tags("<th class=\"n\">").said(words::TRIAL).tags("</th>");
    for column in columns {
        html.tags(if column.has_numbers { "<th class=\"n\">" } else { "<th>" })
            .text(column.name)
            .tags("</th>");
    }
    html.tags("<th>").said(words::WHY).tags("</th></tr></thead><tbody>");
    for (trial, why) in reasons {
        html.element("<tr data-trial=\"", &trial.number.to_string(), "\"><td class=\"n\">");
        html.text(&trial.number.to_string()).tags("</td>");
        columns.iter().for_each(|column| column.cell(trial, html));
        html.tags("<td class=\"why\">").in_both(why.lines().next().unwrap_or_default()).tags("</td></tr>");
    }
    html.tags("</tbody></table></div>");
}
