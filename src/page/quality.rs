//! How good is it?

use super::facts::Facts;
use super::html::Html;
use super::shown_numbers::{percent, seconds, significant};
use super::words::{self, Said};
use crate::assess::{Findings, Interval, Ranked};
use crate::data::Split;
use crate::experiment::RunStatus;
use crate::printed::thousands;

/// The first thing to see: the figure of the task, and others beside it.
pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    html.tags("<section id=\"quality\"><h2>").said(words::HOW_GOOD).tags("</h2>");
    notes(facts, html);
    html.tags("<div class=\"tiles\">");
    main_figure(facts, html);
    others(facts, html);
    html.tags("</div>");
    if facts.run.ensemble().is_some() {
        super::members::write(facts, html);
    } else {
        super::curves::write(facts, html);
    }
    html.tags("</section>");
}

fn notes(facts: &Facts<'_>, html: &mut Html) {
    for note in &facts.notes {
        let values: Vec<&str> = note.values.iter().map(String::as_str).collect();
        html.tags("<p class=\"note\">").told(note.said, &values).tags("</p>");
    }
}

fn main_figure(facts: &Facts<'_>, html: &mut Html) {
    let Some((split, scores)) = facts.run.results() else { return last_epoch(facts, html) };
    let pictures = thousands(scores.images);
    let of = if split == Split::Test { words::OF_TEST } else { words::OF_VALIDATION };
    let mut share = |what: Said, value: f64, interval: Option<Interval>| {
        html.tags("<div class=\"tile main\"><b>").text(&percent(value)).tags("</b><span>").said(what);
        html.tags("</span>");
        if let Some(Interval { low, high }) = interval {
            html.tags("<small>").told(words::INTERVAL, &[&percent(low), &percent(high)]).tags("</small>");
        }
        html.tags("<small>").told(of, &[&pictures]).tags("</small></div>");
    };
    match facts.assessment.as_ref().map(|assessment| &assessment.findings) {
        Some(Findings::Classes(found)) => share(words::ACCURACY, found.accuracy, found.interval),
        Some(Findings::Labels(found)) => share(words::ALL_RIGHT, found.exact, found.interval),
        Some(Findings::Numbers(found)) => {
            let mae = found.mean.map_or(f64::NAN, |mean| mean.mae);
            html.tags("<div class=\"tile main\"><b>").text(&significant(mae)).tags("</b><span>");
            html.said(words::MEAN_ERROR).tags("</span><small>").told(of, &[&pictures]).tags("</small></div>");
        }
        None => {
            let (name, value) =
                scores.metrics.first().map_or(("loss", scores.loss), |(name, value)| (name.as_str(), *value));
            html.tags("<div class=\"tile main\"><b>").text(&significant(value)).tags("</b><span>").text(name);
            html.tags("</span><small>").told(of, &[&pictures]).tags("</small></div>");
        }
    }
}

/// Of a run without results, what its last epoch has come to.
fn last_epoch(facts: &Facts<'_>, html: &mut Html) {
    let Some(row) = facts.history.last() else { return };
    let of_validation = || row.values.iter().find(|(name, _)| name == "val_accuracy");
    let any = || row.values.iter().find(|(name, _)| name == "val_loss").or(row.values.first());
    let Some((name, value)) = of_validation().or_else(any) else { return };
    html.tags("<div class=\"tile main\"><b>").text(&significant(*value)).tags("</b><span>").text(name);
    html.tags("</span><small>").told(words::LAST_EPOCH, &[&row.epoch.to_string()]).tags("</small></div>");
}

/// The other figures.
fn others(facts: &Facts<'_>, html: &mut Html) {
    let mut tile = |what: &dyn Fn(&mut Html), value: String| {
        html.tags("<div class=\"tile\"><b>").text(&value).tags("</b><span>");
        what(html);
        html.tags("</span></div>");
    };
    if let Some((_, scores)) = facts.run.results() {
        tile(&|html| html.text("loss").end(), significant(scores.loss));
        for (name, value) in scores.metrics.iter().filter(|(name, _)| name != "accuracy") {
            tile(&|html| html.text(name).end(), significant(*value));
        }
    }
    match facts.assessment.as_ref().map(|assessment| &assessment.findings) {
        Some(Findings::Classes(found)) => {
            if let Some(Ranked { auc, average_precision, .. }) = found.binary {
                let known = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), significant);
                tile(&|html| html.text("AUC").end(), known(auc));
                tile(&|html| html.said(words::AVERAGE_PRECISION).end(), known(average_precision));
            }
            if let Some(calibration) = &found.calibration {
                tile(&|html| html.said(words::CALIBRATION_ERROR).end(), significant(calibration.error));
            }
        }
        Some(Findings::Numbers(found)) => {
            if let Some(mean) = found.mean {
                tile(&|html| html.text("RMSE").end(), significant(mean.rmse));
                tile(&|html| html.text("R²").end(), significant(mean.r2));
            }
        }
        Some(Findings::Labels(_)) | None => {}
    }
    tile(&|html| html.said(words::EPOCHS).end(), facts.run.epochs().to_string());
    if let Some(summary) = facts.summary() {
        let all = summary.trainable() + summary.fixed();
        tile(&|html| html.said(words::PARAMETERS).end(), thousands(all));
    }
    if facts.run.train_seconds() > 0.0 || *facts.run.status() == RunStatus::Finished {
        tile(&|html| html.said(words::TRAINING_TIME).end(), seconds(facts.run.train_seconds()));
    }
}
