//! An assessment as JSON. Shares are from 0 to 1; what cannot be told is `null`.

use serde_json::{Map, Value, json};

use super::assessment::{Assessment, ClassFindings, Findings, LabelFindings, NumberFindings, Ranked};
use super::calibration::{BINS, Calibration};
use super::classes::{ClassTable, Quality};
use super::interval::Interval;
use super::numbers::NumberQuality;

impl Assessment {
    /// As `metrics.json` has it.
    pub fn to_json(&self) -> Value {
        let (task, entries) = match &self.findings {
            Findings::Classes(found) => ("classes", classes(found, &self.names)),
            Findings::Labels(found) => ("labels", labels(found, &self.names)),
            Findings::Numbers(found) => ("numbers", numbers(found, &self.names)),
        };
        let mut all = Map::new();
        all.insert("task".into(), json!(task));
        all.insert("pictures".into(), json!(self.pictures));
        all.extend(entries);
        Value::Object(all)
    }
}

/// Entries in their order.
fn entries<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn classes(found: &ClassFindings, names: &[String]) -> Map<String, Value> {
    let mut all = entries([
        ("accuracy", json!(found.accuracy)),
        ("accuracy_interval", interval(found.interval)),
        ("classes", rows(&found.table, names)),
        ("macro", quality(found.table.macro_mean)),
        ("weighted", quality(found.table.weighted_mean)),
        ("confusion", json!(found.confusion.rows().collect::<Vec<_>>())),
    ]);
    if let (Some(binary), Some(positive)) = (&found.binary, names.get(1)) {
        let mut entry = ranked(binary);
        entry.insert("positive".into(), json!(positive));
        all.insert("binary".into(), Value::Object(entry));
    }
    if let Some(found) = &found.calibration {
        all.insert("calibration".into(), calibration(found));
    }
    all
}

fn labels(found: &LabelFindings, names: &[String]) -> Map<String, Value> {
    let ranking = found.ranked.iter().zip(names).map(|(of_class, name)| {
        let mut entry = entries([("class", json!(name))]);
        entry.extend(ranked(of_class));
        Value::Object(entry)
    });
    entries([
        ("exact", json!(found.exact)),
        ("exact_interval", interval(found.interval)),
        ("classes", rows(&found.table, names)),
        ("micro", quality(found.table.micro_mean)),
        ("macro", quality(found.table.macro_mean)),
        ("weighted", quality(found.table.weighted_mean)),
        ("ranking", ranking.collect()),
    ])
}

fn numbers(found: &NumberFindings, names: &[String]) -> Map<String, Value> {
    let rows = found.rows.iter().zip(names).map(|(row, name)| {
        let mut entry = entries([("number", json!(name))]);
        entry.extend(number(row));
        Value::Object(entry)
    });
    let mean = found.mean.as_ref().map_or(Value::Null, |mean| Value::Object(number(mean)));
    entries([("numbers", rows.collect()), ("mean", mean)])
}

fn number(row: &NumberQuality) -> Map<String, Value> {
    entries([("mae", json!(row.mae)), ("rmse", json!(row.rmse)), ("r2", json!(row.r2))])
}

fn rows(table: &ClassTable, names: &[String]) -> Value {
    let row = |(row, name): (&super::classes::ClassQuality, &String)| {
        json!({
            "class": name,
            "precision": row.quality.precision,
            "recall": row.quality.recall,
            "f1": row.quality.f1,
            "support": row.counts.wanted,
            "said": row.counts.said,
        })
    };
    table.rows.iter().zip(names).map(row).collect()
}

fn quality(found: Quality) -> Value {
    json!({ "precision": found.precision, "recall": found.recall, "f1": found.f1 })
}

fn interval(found: Option<Interval>) -> Value {
    found.map_or(Value::Null, |Interval { low, high }| json!([low, high]))
}

fn ranked(found: &Ranked) -> Map<String, Value> {
    entries([
        ("threshold", json!(found.threshold)),
        ("auc", json!(found.auc)),
        ("average_precision", json!(found.average_precision)),
    ])
}

fn calibration(found: &Calibration) -> Value {
    let bin = |(at, bin): (usize, &super::calibration::Bin)| {
        json!({
            "from": at as f64 / BINS as f64,
            "to": (at + 1) as f64 / BINS as f64,
            "pictures": bin.pictures,
            "confidence": bin.confidence,
            "accuracy": bin.accuracy,
        })
    };
    json!({ "ece": found.error, "bins": found.bins.iter().enumerate().map(bin).collect::<Vec<_>>() })
}
