//! Who went on: the rungs of each bracket, of a strategy that has them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::data::short;
use super::{SearchPage, served, words};
use crate::page::html::Html;
use crate::page::shown_numbers::significant;
use crate::search::record::{Record, Rung};

/// A rung: what was run there.
#[derive(Debug, Default)]
struct Stage {
    /// The epoch that its trials go up to.
    epochs: usize,
    /// Trials in the order in which they were started there, each with the value that it had then, and whether
    /// it went on to the next.
    trials: Vec<(usize, Option<f64>, bool)>,
}

/// The rungs in their order; none where the strategy has none.
fn stages(record: &Record) -> BTreeMap<Rung, Stage> {
    let mut stages: BTreeMap<Rung, Stage> = BTreeMap::new();
    for (started, ended) in &record.units {
        let Some(rung) = started.rung else { continue };
        if let Some(below) = rung.rung.checked_sub(1)
            && let Some(stage) = stages.get_mut(&Rung { rung: below, ..rung })
        {
            let it = stage.trials.iter_mut().filter(|(trial, _, _)| *trial == started.trial);
            it.for_each(|(_, _, is_promoted)| *is_promoted = true);
        }
        let stage = stages.entry(rung).or_default();
        stage.epochs = stage.epochs.max(started.epochs);
        let value = ended.as_ref().and_then(|ended| ended.best).map(|(value, _)| value);
        stage.trials.push((started.trial, value, false));
    }
    stages
}

/// A table of the rungs.
pub(super) fn part(page: &SearchPage<'_>) -> Html {
    let mut html = Html::default();
    let stages = stages(page.record);
    if stages.is_empty() {
        return html;
    }
    html.tags("<div class=\"wide\"><table><thead><tr>");
    let heads = [
        words::BRACKET,
        words::RUNG,
        words::UP_TO_EPOCH,
        served::TRIALS,
        words::PROMOTED,
        served::BEST_VALUE,
    ];
    for head in heads {
        html.tags("<th class=\"n\">").said(head).tags("</th>");
    }
    html.tags("</tr></thead><tbody>");
    let falls = page.head().is_none_or(|head| head.falls);
    for (rung, stage) in &stages {
        let values = stage.trials.iter().filter_map(|(_, value, _)| *value);
        let best = values.reduce(if falls { f64::min } else { f64::max });
        let promoted = stage.trials.iter().filter(|(_, _, is_promoted)| *is_promoted).count();
        let counts = [rung.bracket + 1, rung.rung + 1, stage.epochs, stage.trials.len(), promoted];
        html.tags("<tr>");
        for count in counts {
            html.element("<td class=\"n\">", &count.to_string(), "</td>");
        }
        html.element("<td class=\"n\">", &best.map_or_else(|| "-".to_owned(), significant), "</td></tr>");
    }
    html.tags("</tbody></table></div>");
    html
}

/// What the script draws: for each bracket its rungs.
pub(super) fn data(record: &Record) -> Value {
    let mut brackets: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for (rung, stage) in stages(record) {
        let trials = stage
            .trials
            .iter()
            .map(|(trial, value, is_promoted)| json!([trial, short(*value), u8::from(*is_promoted)]));
        let trials: Vec<Value> = trials.collect();
        let rungs = brackets.entry(rung.bracket).or_default();
        rungs.push(json!({ "epochs": stage.epochs, "trials": trials }));
    }
    brackets.into_values().collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_in_a_higher_rung_was_promoted() {
        let mut text = String::new();
        for trial in 1..=3 {
            text += &format!(
                "{{\"event\":\"started\",\"unit\":{},\"trial\":{trial},\"point\":{{}},\"epochs\":2,\"rung\":{{\"bracket\":0,\"rung\":0}}}}\n\
                 {{\"event\":\"ended\",\"unit\":{},\"trial\":{trial},\"epochs\":2,\"best\":[0.{trial},2],\"seconds\":0}}\n",
                trial - 1,
                trial - 1
            );
        }
        text += "{\"event\":\"started\",\"unit\":3,\"trial\":2,\"epochs\":6,\"rung\":{\"bracket\":0,\"rung\":1}}\n";
        let (record, broken) = Record::read(&text);
        assert_eq!(broken, 0);
        let told = json!([[
            { "epochs": 2, "trials": [[1, 0.1, 0], [2, 0.2, 1], [3, 0.3, 0]] },
            { "epochs": 6, "trials": [[2, null, 0]] },
        ]]);
        assert_eq!(data(&record), told);
    }
}
