//! The list of all runs below a folder, as a page: a table to sort, and room for curves over each other.

use std::path::Path;

use serde_json::json;

use super::html::Html;
use super::searches::{self, ListedSearch};
use super::served_words as words;
use super::shell::{self, Shell};
use super::shown_numbers::{percent, seconds, significant};
use super::words::{self as of_report, Said};
use crate::assess::Interval;
use crate::data::Split;
use crate::diag::Language;
use crate::experiment::RunStatus;
use crate::printed::{shown, shown_path};

const SCRIPT: &str = include_str!("assets/runs.js");

/// What the list is made of.
#[derive(Debug)]
pub(crate) struct RunsPage<'p> {
    /// Where the runs lie.
    pub(crate) folder: &'p Path,
    /// The runs in the order in which they are shown first.
    pub(crate) runs: &'p [ListedRun],
    /// The searches, in the same order.
    pub(crate) searches: &'p [ListedSearch],
    /// There are more folders than are looked through.
    pub(crate) is_cut: bool,
    /// So many runs are compared at once.
    pub(crate) most_compared: usize,
    /// The language that is shown first.
    pub(crate) language: Language,
}

/// A run of the list.
#[derive(Debug)]
pub(crate) struct ListedRun {
    /// What the page calls it by: a number that its server gave it.
    pub(crate) id: usize,
    /// Its folder, from the folder that is listed.
    pub(crate) name: String,
    /// When its report was last written, in seconds since 1970.
    pub(crate) changed: Option<u64>,
    /// What its files tell, or what is wrong with them.
    pub(crate) found: Result<ShownRun, String>,
}

/// What the table shows of a run.
#[derive(Debug)]
pub(crate) struct ShownRun {
    pub(crate) model: String,
    pub(crate) status: RunStatus,
    pub(crate) epochs: usize,
    /// What its results are of.
    pub(crate) split: Option<Split>,
    /// The share of right answers, and where it lies.
    pub(crate) accuracy: Option<(f64, Option<Interval>)>,
    pub(crate) loss: Option<f64>,
    /// Metrics beside accuracy.
    pub(crate) metrics: Vec<(String, f64)>,
    pub(crate) train_seconds: f64,
    /// Its answers to single pictures were not kept: it is of an older version.
    pub(crate) lacks_answers: bool,
}

impl RunsPage<'_> {
    /// The page.
    pub(crate) fn to_html(&self) -> String {
        let mut html = Html::default();
        let folder = shown_path(self.folder);
        let shell = Shell::served(self.language, &folder, SCRIPT);
        shell.begin(&mut html);
        html.tags("<header><div><h1>").said(words::RUNS).tags("</h1><p>").text(&folder).tags("</p></div>");
        shell::buttons(&mut html);
        html.tags("</header>\n<main><section id=\"runs\">");
        html.tags("<p class=\"note\" id=\"lost\" hidden>").said(words::LOST).tags("</p>");
        if self.is_cut {
            html.tags("<p class=\"note\">").said(words::CUT).tags("</p>");
        }
        if self.runs.is_empty() && self.searches.is_empty() {
            html.tags("<p class=\"note\">").said(words::NO_RUNS).tags("</p>");
        } else if !self.runs.is_empty() {
            html.tags("<p class=\"hint\">").said(words::HOW_TO_LIST).tags("</p>");
            self.table(&mut html);
        }
        html.tags("</section>");
        searches::write(self.searches, &mut html);
        if !self.runs.is_empty() {
            beside(&mut html);
        }
        html.tags("</main><footer><p>").told(words::LIVE_FOOT, &[env!("CARGO_PKG_VERSION")]).tags(" ");
        html.said(of_report::CURVES_BY).tags("</p></footer>");
        let names: Vec<_> = self.runs.iter().map(|run| json!([run.id, shown(&run.name)])).collect();
        let data = json!({
            "runs": names,
            "most": self.most_compared,
            "words": shell::of_script(&words::OF_RUNS),
        });
        shell.end(&data, html)
    }

    fn table(&self, html: &mut Html) {
        html.tags("<div class=\"wide\"><table id=\"list\"><thead><tr><th></th>");
        let columns: [(Said, &'static str); 9] = [
            (words::RUN, "<th>"),
            (words::MODEL, "<th>"),
            (words::STATUS, "<th>"),
            (words::CHANGED, "<th class=\"down\">"),
            (of_report::EPOCHS, "<th class=\"n\">"),
            (of_report::ACCURACY, "<th class=\"n down\">"),
            (words::BETWEEN, "<th class=\"n\">"),
            (Said { en: "loss", ko: "loss" }, "<th class=\"n\">"),
            (of_report::TRAINING_TIME, "<th class=\"n\">"),
        ];
        for (said, open) in columns {
            html.tags(open).tags("<button class=\"sort\">").said(said).tags("</button></th>");
        }
        html.tags("<th></th></tr></thead><tbody>");
        for run in self.runs {
            row(run, html);
        }
        html.tags("</tbody></table></div>");
    }
}

fn row(run: &ListedRun, html: &mut Html) {
    html.tags("<tr data-run=\"").text(&run.id.to_string()).tags("\"><td>");
    let id = run.id.to_string();
    if run.found.is_ok() {
        html.tags("<input type=\"checkbox\" value=\"").text(&id).tags("\" aria-label=\"").text(&run.name);
        html.tags("\">");
    }
    html.tags("</td>");
    match &run.found {
        Ok(found) => {
            html.tags("<td><a class=\"report\" data-run=\"").text(&id).tags("\" href=\"#\">");
            html.text(&run.name).tags("</a></td>");
            shown_run(run, found, html);
        }
        Err(why) => {
            html.element(
                "<td>",
                &run.name,
                "</td><td></td><td data-key=\"damaged\"><span class=\"status bad\">",
            );
            html.said(words::DAMAGED).tags("</span></td>");
            changed(run.changed, html);
            html.tags("<td colspan=\"6\" class=\"why\">").in_both(why).tags("</td>");
        }
    }
    html.tags("</tr>");
}

fn shown_run(run: &ListedRun, found: &ShownRun, html: &mut Html) {
    html.element("<td>", &found.model, "</td>");
    let (class, status) = match &found.status {
        RunStatus::Running => ("<td data-key=\"running\"><span class=\"status odd\">", of_report::RUNNING),
        RunStatus::Interrupted => {
            ("<td data-key=\"interrupted\"><span class=\"status odd\">", of_report::INTERRUPTED)
        }
        RunStatus::Failed(_) => ("<td data-key=\"failed\"><span class=\"status bad\">", of_report::FAILED),
        RunStatus::Finished => {
            ("<td data-key=\"finished\"><span class=\"status good\">", of_report::FINISHED)
        }
    };
    html.tags(class).said(status).tags("</span></td>");
    changed(run.changed, html);
    html.element("<td class=\"n\">", &found.epochs.to_string(), "</td>");
    let number = |value: Option<f64>, text: String, html: &mut Html| {
        let key = value.filter(|value| value.is_finite()).map_or_else(String::new, |value| value.to_string());
        html.element("<td class=\"n\" data-key=\"", &key, "\">").text(&text).tags("</td>");
    };
    let accuracy = found.accuracy.map(|(accuracy, _)| accuracy);
    let interval = found.accuracy.and_then(|(_, interval)| interval);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    number(accuracy, or_none(accuracy.map(percent)), html);
    let shown_interval =
        interval.map(|Interval { low, high }| format!("{} - {}", percent(low), percent(high)));
    number(interval.map(|interval| interval.low), or_none(shown_interval), html);
    number(found.loss, or_none(found.loss.map(significant)), html);
    number(Some(found.train_seconds), seconds(found.train_seconds), html);
    html.tags("<td class=\"why\">");
    remarks(found, html);
    html.tags("</td>");
}

/// What else is to be said of a run.
fn remarks(found: &ShownRun, html: &mut Html) {
    let metrics: Vec<String> =
        found.metrics.iter().map(|(name, value)| format!("{name} {}", significant(*value))).collect();
    html.text(&metrics.join(", ")).tags(" ");
    if found.split == Some(Split::Validation) {
        html.said(of_report::NO_TEST).tags(" ");
    }
    if let RunStatus::Failed(why) = &found.status {
        html.in_both(why.lines().next().unwrap_or_default()).tags(" ");
    }
    if found.lacks_answers {
        html.said(words::OLDER).end();
    }
}

/// When something was last changed: the script writes it as the clock of whoever looks shows it.
pub(super) fn changed(at: Option<u64>, html: &mut Html) {
    let key = at.map_or_else(String::new, |seconds| seconds.to_string());
    html.element("<td class=\"when\" data-key=\"", &key, "\"></td>");
}

/// The place of what is compared.
fn beside(html: &mut Html) {
    html.tags("<section id=\"beside\"><h2>").said(words::BESIDE).tags("</h2><p class=\"hint\" id=\"none\">");
    html.said(words::NONE_SELECTED).tags("</p><p class=\"note\" id=\"refused\" hidden></p>");
    html.tags("<div id=\"compared\" hidden><ul id=\"legend\"></ul><h3>").said(of_report::CURVES);
    html.tags("</h3><p class=\"hint\">").said(of_report::SOLID).tags("</p><div id=\"plots\"></div><h3>");
    html.said(words::RESULTS).tags("</h3><div class=\"wide\"><table id=\"results\"></table></div>");
    html.tags("<div id=\"against\" hidden><h3>").said(words::AGAINST);
    html.tags("</h3><div class=\"wide\"><table id=\"pairs\"></table></div></div><h3>");
    html.said(words::DIFFERING).tags("</h3><div class=\"wide\"><table id=\"settings\"></table></div>");
    html.tags("</div></section>");
}
