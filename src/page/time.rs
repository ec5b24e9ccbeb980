//! Where did the time go?

use super::facts::Facts;
use super::html::Html;
use super::words::{self, Said};
use crate::experiment::FeatureUse;
use crate::experiment::units::bytes;
use crate::printed::thousands;

pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    html.tags("<section id=\"time\"><h2>").said(words::WHERE_TIME_WENT).tags("</h2>");
    let details = &facts.details;
    let parts = [
        ("<i class=\"compile\"", words::COMPILING, details.compile_seconds),
        ("<i class=\"train\"", words::STEPS, details.train_seconds),
        ("<i class=\"test\"", words::TESTING, details.test_seconds),
    ];
    let mut parts: Vec<(&'static str, Said, f64)> =
        parts.into_iter().filter_map(|(class, what, seconds)| Some((class, what, seconds?))).collect();
    let sum: f64 = parts.iter().map(|(_, _, seconds)| seconds).sum();
    if sum <= 0.0 {
        html.tags("<p class=\"note\">").said(words::NO_TIMES).tags("</p></section>");
        return;
    }
    // a run that was gone on with tells the steps of all its sessions, and the rest of the last
    let rest = details.total_seconds.map(|total| total - sum);
    let went_on = rest.is_some_and(|rest| rest < -0.01);
    if let Some(rest) = rest.filter(|rest| *rest > 0.0005 && !went_on) {
        parts.push(("<i class=\"rest\"", words::REST, rest));
    }
    table(&parts, html);
    html.tags("<p>");
    speed(facts, html);
    if went_on {
        html.tags(" ").said(words::WENT_ON);
    }
    waiting(facts, html);
    features(facts, html);
    memory(facts, html);
    html.tags("</p>");
    kernels(facts, html);
    html.tags("</section>");
}

/// How long steps waited for data, where that is worth a word.
fn waiting(facts: &Facts<'_>, html: &mut Html) {
    let (Some(waited), Some(trained)) = (facts.details.waiting_seconds, facts.details.train_seconds) else {
        return;
    };
    if trained > 0.0 && waited <= trained {
        let share = format!("{:.1}", waited / trained * 100.0);
        html.tags(" ").told(words::WAITING, &[&format!("{waited:.2}"), &share]);
    }
}

/// What was computed once of a frozen network.
fn features(facts: &Facts<'_>, html: &mut Html) {
    for FeatureUse { pictures, seconds, epochs, .. } in &facts.details.features {
        let count = |count: usize| thousands(count as u64);
        let told = [count(*pictures), format!("{seconds:.2}"), count(*epochs)];
        html.tags(" ").told(words::FEATURES_REUSED, &[&told[0], &told[1], &told[2]]);
    }
}

/// The longest kernel calls of a step.
fn kernels(facts: &Facts<'_>, html: &mut Html) {
    let step = &facts.details.step;
    let all: f64 = step.iter().map(|call| call.ms).sum();
    if all <= 0.0 {
        return;
    }
    html.tags("<details><summary>").said(words::KERNELS).tags("</summary><p class=\"hint\">");
    html.told(words::KERNELS_READ, &[&format!("{all:.2}")]);
    html.tags("</p><div class=\"wide\"><table class=\"sortable\"><thead><tr><th>").said(words::LAYER);
    html.tags("</th><th>").said(words::KERNEL).tags("</th><th class=\"n\">ms</th><th class=\"n\">");
    html.said(words::SHARE).tags("</th></tr></thead><tbody>");
    for call in step {
        html.element("<tr><td>", &call.layer, "</td>").element("<td>", &call.kernel, "</td><td class=\"n\">");
        html.number(call.ms, 3).tags("</td><td class=\"n\">").number(call.ms / all * 100.0, 1);
        html.tags("%</td></tr>");
    }
    html.tags("</tbody></table></div></details>");
}

fn table(parts: &[(&'static str, Said, f64)], html: &mut Html) {
    let all: f64 = parts.iter().map(|(_, _, seconds)| seconds).sum();
    html.tags("<div class=\"bar\" aria-hidden=\"true\">");
    for (class, _, seconds) in parts {
        html.tags(class).tags(" style=\"flex-grow:").number(seconds / all, 4).tags("\"></i>");
    }
    html.tags("</div><table><thead><tr><th></th><th class=\"n\">").said(words::SECONDS);
    html.tags("</th><th class=\"n\">").said(words::SHARE).tags("</th></tr></thead><tbody>");
    for (class, what, seconds) in parts {
        html.tags("<tr><td>").tags(class).tags("></i>").said(*what).tags("</td><td class=\"n\">");
        html.number(*seconds, 3)
            .tags("</td><td class=\"n\">")
            .number(seconds / all * 100.0, 1)
            .tags("%</td></tr>");
    }
    html.tags("</tbody><tfoot><tr><td>").said(words::TOTAL).tags("</td><td class=\"n\">").number(all, 3);
    html.tags("</td><td></td></tr></tfoot></table>");
}

/// How long an epoch takes, the slower first one included.
fn speed(facts: &Facts<'_>, html: &mut Html) {
    let seconds: f64 = facts.history.iter().map(|row| row.seconds).sum();
    let epochs = facts.history.len() as f64;
    let (Some(images), true) = (facts.details.images[0], seconds > 0.0) else { return };
    let speed = thousands((images as f64 * epochs / seconds).round() as u64);
    html.told(words::PER_EPOCH, &[&format!("{:.2}", seconds / epochs), &speed]).tags(".");
}

fn memory(facts: &Facts<'_>, html: &mut Html) {
    let text = |bytes_taken: u64| bytes(usize::try_from(bytes_taken).unwrap_or(usize::MAX));
    match (facts.run.peak_bytes().map(text), facts.details.planned_peak_bytes.map(text)) {
        (Some(peak), Some(planned)) => html.tags(" ").told(words::MEMORY, &[&peak, &planned]).end(),
        (Some(peak), None) => html.tags(" ").told(words::MEMORY_MEASURED, &[&peak]).end(),
        (None, _) => {}
    }
}
