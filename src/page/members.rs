//! The members of an ensemble, and what they gain together.

use super::facts::Facts;
use super::html::Html;
use super::shown_numbers::{percent, significant};
use super::words;
use crate::assess::{Findings, Interval};

pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    let Some(outcome) = facts.run.ensemble() else { return };
    html.tags("<h3>").said(words::MEMBERS).tags("</h3>");
    if let Some(gain) = &outcome.gain {
        html.tags("<p>").in_both(&gain.sentence(facts.run.model())).tags("</p>");
    }
    let is_weighted = outcome.members.iter().any(|member| member.share.is_some());
    html.tags("<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>").said(words::MEMBER);
    html.tags("</th><th class=\"n\">").said(words::SEED).tags("</th><th class=\"n\">").said(words::EPOCHS);
    if is_weighted {
        html.tags("</th><th class=\"n\">").said(words::SHARE_OF_ANSWER);
    }
    html.tags("</th><th class=\"n\">").said(words::ACCURACY);
    html.tags("</th><th>")
        .said(words::WHERE_IT_LIES)
        .tags("</th><th class=\"n\">loss</th></tr></thead><tbody>");
    let figures = |html: &mut Html, accuracy: Option<(f64, Option<Interval>)>, loss: Option<f64>| {
        let share = accuracy.map_or_else(|| "-".to_owned(), |(accuracy, _)| percent(accuracy));
        let lies = |Interval { low, high }: Interval| format!("{} - {}", percent(low), percent(high));
        let interval = accuracy.and_then(|(_, interval)| interval);
        html.element("<td class=\"n\">", &share, "</td>");
        html.element("<td>", &interval.map_or_else(|| "-".to_owned(), lies), "</td>");
        let loss = loss.map_or_else(|| "-".to_owned(), significant);
        html.element("<td class=\"n\">", &loss, "</td></tr>");
    };
    for member in &outcome.members {
        let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let epochs = member.given.is_none().then_some(member.epochs as u64);
        html.element("<tr><td>", &member.name, "</td>");
        html.element("<td class=\"n\">", &number(member.seed), "</td>");
        html.element("<td class=\"n\">", &number(epochs), "</td>");
        if is_weighted {
            let share = member.share.map_or_else(|| "-".to_owned(), |share| format!("{share:.4}"));
            html.element("<td class=\"n\">", &share, "</td>");
        }
        let judged = member.judged.as_ref();
        let loss = judged.map(|judged| judged.scores.loss);
        figures(html, judged.and_then(|judged| judged.accuracy), loss);
    }
    let accuracy = facts.assessment.as_ref().and_then(|assessment| match &assessment.findings {
        Findings::Classes(found) => Some((found.accuracy, found.interval)),
        Findings::Labels(found) => Some((found.exact, found.interval)),
        Findings::Numbers(_) => None,
    });
    html.element("<tr><td><b>", facts.run.model(), "</b> (").text(&outcome.combine);
    html.tags(")</td><td></td><td></td>");
    if is_weighted {
        html.tags("<td></td>");
    }
    figures(html, accuracy, facts.run.results().map(|(_, scores)| scores.loss));
    html.tags("</tbody></table></div><p class=\"hint\">").said(words::MEMBERS_READ).tags("</p>");
}
