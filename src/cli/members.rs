//! An ensemble's members beside each other and beside the whole, and what that gains.

use super::console::Console;
use super::failure::Failure;
use super::language::said as in_words;
use super::table::Table;
use crate::assess::{Assessment, Findings, Interval};
use crate::experiment::{EnsembleOutcome, MemberJudged, Run, Scores};

/// Prints what has become of the members, and of all together where the answers of the whole are known.
/// # Errors
/// As [`Console::result`].
pub(super) fn tell(run: &Run, whole: Option<&Assessment>, console: &Console) -> Result<(), Failure> {
    let Some(outcome) = run.ensemble() else { return Ok(()) };
    console.result_text(&table(run, outcome, whole).text())?;
    if let Some(gain) = &outcome.gain {
        console.result(gain.sentence(run.model()))?;
    }
    console.result("")
}

fn table(run: &Run, outcome: &EnsembleOutcome, whole: Option<&Assessment>) -> Table {
    let is_weighted = outcome.members.iter().any(|member| member.share.is_some());
    let judged = || outcome.members.iter().filter_map(|member| member.judged.as_ref());
    let has_accuracy = judged().any(|judged| judged.accuracy.is_some());
    let metrics: Vec<String> = judged().next().map_or_else(Vec::new, |judged| {
        let names = judged.scores.metrics.iter().map(|(name, _)| name.clone());
        names.filter(|name| !has_accuracy || name != "accuracy").collect()
    });
    let mut heading = vec!["member", "seed", "epochs"];
    heading.extend(is_weighted.then_some("weight"));
    if has_accuracy {
        heading.extend(["accuracy", "95% interval"]);
    }
    heading.extend(metrics.iter().map(String::as_str));
    heading.push("loss");
    let mut table = Table::new(1, &heading);
    let figures = |accuracy: Option<(f64, Option<Interval>)>, scores: Option<&Scores>| {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let mut cells = Vec::new();
        if has_accuracy {
            let interval = accuracy.and_then(|(_, interval)| interval);
            let interval = interval.map(|Interval { low, high }| format!("{low:.4} to {high:.4}"));
            cells.push(number(accuracy.map(|(accuracy, _)| accuracy)));
            cells.push(interval.map_or_else(|| "-".to_owned(), |text| in_words(&text).into_owned()));
        }
        cells.extend(metrics.iter().map(|name| number(scores.and_then(|scores| scores.metric(name)))));
        cells.push(number(scores.map(|scores| scores.loss)));
        cells
    };
    for member in &outcome.members {
        let seed = member.seed.map_or_else(|| "-".to_owned(), |seed| seed.to_string());
        let epochs = if member.given.is_some() { "-".to_owned() } else { member.epochs.to_string() };
        let mut row = vec![member.name.clone(), seed, epochs];
        if is_weighted {
            row.push(member.share.map_or_else(|| "-".to_owned(), |share| format!("{share:.4}")));
        }
        let judged = member.judged.as_ref();
        row.extend(figures(
            judged.and_then(|judged| judged.accuracy),
            judged.map(|MemberJudged { scores, .. }| scores),
        ));
        table.row(row);
    }
    let accuracy = whole.and_then(|assessment| match &assessment.findings {
        Findings::Classes(found) => Some((found.accuracy, found.interval)),
        Findings::Labels(found) => Some((found.exact, found.interval)),
        Findings::Numbers(_) => None,
    });
    let mut row = vec![format!("{} ({})", run.model(), outcome.combine), String::new(), String::new()];
    row.extend(is_weighted.then(String::new));
    row.extend(figures(accuracy, run.results().map(|(_, scores)| scores)));
    table.row(row);
    table
}
