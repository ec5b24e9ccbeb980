//! The learning curves: as data that the script draws, and as a drawing for paper and where no script runs.

use serde_json::{Value, json};

use super::facts::Facts;
use super::html::Html;
use super::program::PhaseMark;
use super::words;
use crate::chart::{self, Curves};
use crate::experiment::HistoryRow;
use crate::printed::shown;

/// What the history has beside its values.
const LEARNING_RATE: &str = "learning_rate";

pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    html.tags("<h3>").said(words::CURVES).tags("</h3>");
    if facts.history.is_empty() {
        html.tags("<p class=\"note\">").said(words::NO_EPOCH).tags("</p>");
        return;
    }
    html.tags("<p class=\"hint\">").said(words::SOLID).tags("</p><div class=\"controls\"><label>");
    html.said(words::SMOOTH);
    html.tags(" <input id=\"smooth\" type=\"range\" min=\"0\" max=\"0.95\" step=\"0.05\" value=\"0\"></label><label>");
    html.said(words::FROM_EPOCH)
        .tags(" <input id=\"from\" type=\"range\" min=\"1\" value=\"1\"></label><label>");
    html.said(words::TO_EPOCH).tags(" <input id=\"to\" type=\"range\" min=\"1\"></label><label>");
    html.tags("<input id=\"log\" type=\"checkbox\"> ")
        .said(words::LOG_SCALE)
        .tags("</label><button id=\"whole\">");
    html.said(words::WHOLE).tags("</button></div><div id=\"plots\"></div><div class=\"still\">");
    html.scene(&chart::curves(&[drawn(facts)])).tags("</div><p>");
    sentences(facts, html);
    html.tags("</p>");
}

fn sentences(facts: &Facts<'_>, html: &mut Html) {
    let mut say = |said, values: &[&str]| html.told(said, values).tags(" ").end();
    if let Some((column, epoch)) = facts.best_epoch() {
        let epoch = epoch.to_string();
        say(words::BEST_EPOCH, &[&column, &epoch]);
        if facts.restores_best() {
            say(words::WEIGHTS_OF_BEST, &[&epoch]);
        }
    }
    if facts.details.stopped_early {
        say(words::STOPPED_EARLY, &[&facts.history.len().to_string()]);
    }
    let (phases, are_known) = facts.phases();
    if !phases.is_empty() {
        let names: Vec<String> =
            phases
                .iter()
                .map(|phase| {
                    if are_known { format!("{} ({}-)", phase.name, phase.first) } else { phase.name.clone() }
                })
                .collect();
        say(words::PHASES, &[&names.join(", ")]);
        if !are_known {
            say(words::PHASES_UNSURE, &[]);
        }
    }
}

/// The names of the values, in their order.
fn columns(facts: &Facts<'_>) -> Vec<String> {
    let first = facts.history.first().map_or(&[][..], |row| &row.values[..]);
    first.iter().map(|(name, _)| name.clone()).chain([LEARNING_RATE.to_owned()]).collect()
}

fn values(facts: &Facts<'_>, column: &str) -> Vec<f64> {
    let value = |row: &HistoryRow| {
        if column == LEARNING_RATE { row.learning_rate } else { row.value(column).unwrap_or(f64::NAN) }
    };
    facts.history.iter().map(value).collect()
}

/// What a drawing takes.
pub(super) fn drawn(facts: &Facts<'_>) -> Curves {
    Curves {
        name: facts.run.model().to_owned(),
        columns: columns(facts).into_iter().map(|column| (column.clone(), values(facts, &column))).collect(),
        best_epoch: facts.best_epoch().map(|(_, epoch)| epoch).filter(|_| facts.restores_best()),
    }
}

/// What the script takes: a field for each value with its columns, and what is marked at which epoch.
pub(super) fn data(facts: &Facts<'_>) -> Value {
    let columns = columns(facts);
    let fields = columns.iter().filter(|column| !column.starts_with("val_")).map(|field| {
        let validation = format!("val_{field}");
        let series: Vec<Value> = [field, &validation]
            .into_iter()
            .filter(|column| columns.contains(column))
            // what is no number is `null`: the line is interrupted there
            .map(|column| json!({ "name": column, "values": values(facts, column) }))
            .collect();
        json!({ "name": field, "series": series })
    });
    let mut marks: Vec<Value> = Vec::new();
    if let Some((column, epoch)) = facts.best_epoch() {
        marks.push(json!({ "epoch": epoch, "kind": "best", "name": column }));
    }
    if facts.details.stopped_early {
        marks.push(json!({ "epoch": facts.history.last().map(|row| row.epoch), "kind": "stopped" }));
    }
    if let (phases, true) = facts.phases() {
        for PhaseMark { name, first } in phases {
            marks.push(json!({ "epoch": first, "kind": "phase", "name": shown(&name) }));
        }
    }
    let epochs: Vec<usize> = facts.history.iter().map(|row| row.epoch).collect();
    json!({ "epochs": epochs, "fields": fields.collect::<Vec<_>>(), "marks": marks })
}
