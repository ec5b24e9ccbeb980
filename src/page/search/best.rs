//! What was found: the best trial, its values, and how to run it.

use super::{SearchPage, served, values, words};
use crate::page::html::Html;
use crate::page::shown_numbers::{seconds, significant};
use crate::page::words as of_report;
use crate::printed::{shell_word, shown_path, thousands};
use crate::search::record::{Head, Trial, Why};

/// Notes, figures, and the best trial.
pub(super) fn part(page: &SearchPage<'_>) -> Html {
    let mut html = Html::default();
    notes(page, &mut html);
    let ranked = page.record.ranked();
    html.tags("<div class=\"tiles\">");
    if let (Some(head), Some(best)) = (page.head(), ranked.first()) {
        main_figure(head, best, &mut html);
    }
    figures(page, &mut html);
    html.tags("</div>");
    if let Some(best) = ranked.first() {
        point(page, best, &mut html);
    }
    html
}

fn notes(page: &SearchPage<'_>, html: &mut Html) {
    let record = page.record;
    match (record.finished, page.is_running) {
        (Some(why), _) => {
            let said = match why {
                Why::Complete => words::COMPLETE,
                Why::TimeLimit => words::TIME_LIMIT,
                Why::EarlyStopping => words::EARLY_STOPPING,
                Why::Exhausted => words::EXHAUSTED,
            };
            html.tags("<p>").said(said).tags("</p>");
        }
        (None, true) => {}
        (None, false) => {
            let file = shell_word(page.head().map_or("", |head| &head.file));
            let folder = shell_word(&shown_path(page.folder));
            html.tags("<p class=\"note\">").told(words::WAS_INTERRUPTED, &[&file, &folder]).tags("</p>");
        }
    }
    if record.trials.iter().all(|trial| trial.best.is_none()) {
        let is_none = record.trials.iter().all(|trial| trial.failed.is_none());
        let said = if is_none { words::NO_TRIAL } else { words::NO_VALUE_YET };
        html.tags("<p class=\"note\">").said(said).tags("</p>");
    }
}

fn main_figure(head: &Head, best: &Trial, html: &mut Html) {
    let Some((value, epoch)) = best.best else { return };
    html.element("<div class=\"tile main\"><b>", &significant(value), "</b><span>").text(&head.objective);
    html.tags("</span><small>").told(words::BY_TRIAL, &[&best.number.to_string(), &epoch.to_string()]);
    html.tags("</small></div>");
}

fn figures(page: &SearchPage<'_>, html: &mut Html) {
    let trials = &page.record.trials;
    let failed = trials.iter().filter(|trial| trial.failed.is_some()).count();
    html.element("<div class=\"tile\"><b>", &thousands(trials.len() as u64), "</b><span>")
        .said(served::TRIALS);
    html.tags("</span>");
    if failed > 0 {
        html.tags("<small>").told(words::OF_THEM_FAILED, &[&failed.to_string()]).tags("</small>");
    }
    html.element("</div><div class=\"tile\"><b>", &thousands(page.record.epochs()), "</b><span>")
        .said(words::EPOCHS_TRAINED);
    let all: f64 = trials.iter().map(|trial| trial.seconds).sum();
    html.element("</span></div><div class=\"tile\"><b>", &seconds(all), "</b><span>")
        .said(words::TIME_OF_TRIALS);
    html.tags("</span></div>");
}

fn point(page: &SearchPage<'_>, best: &Trial, html: &mut Html) {
    html.tags("<h3>").said(words::BEST_VALUES).tags("</h3><table class=\"facts\"><thead><tr><th>");
    html.said(words::PARAMETER).tags("</th><th>").said(words::VALUE).tags("</th></tr></thead><tbody>");
    for (name, value) in values(page.head(), &best.point) {
        html.element("<tr><th scope=\"row\">", name, "</th>");
        html.element("<td class=\"values\">", value, "</td></tr>");
    }
    html.tags("</tbody></table>");
    let Some(file) = page.best else { return };
    let command = format!("cnnc run {}", shell_word(&shown_path(file)));
    html.element("<div class=\"wide code\"><pre id=\"command\">", &command, "</pre></div><p class=\"hint\">");
    html.said(words::RUN_IT).tags(" <button class=\"copy\" data-of=\"command\">").said(of_report::COPY);
    html.tags("</button></p>");
}
