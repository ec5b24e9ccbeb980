//! What goes wrong?

use super::facts::Facts;
use super::html::Html;
use super::{Pictures, classes, matrix, saw, words, wrong};
use crate::assess::Findings;
use crate::chart;

pub(super) fn write(facts: &Facts<'_>, pictures: &Pictures, html: &mut Html) {
    let (Some(assessment), Some(answers)) = (&facts.assessment, &facts.answers) else {
        // why there is none is said at the top
        return;
    };
    html.tags("<section id=\"mistakes\"><h2>").said(words::WHAT_GOES_WRONG).tags("</h2>");
    let names = &assessment.names;
    match &assessment.findings {
        Findings::Classes(found) => {
            html.tags("<div class=\"columns\"><div>");
            matrix::write(found, names, html);
            html.tags("</div><div>");
            classes::confusions(found, names, html);
            html.tags("</div></div>");
            looked_at(pictures, html);
            wrong::write(answers, html);
            html.tags("<div class=\"columns\"><div>");
            classes::of_classes(found, names, html);
            html.tags("</div><div>");
            if let (Some(calibration), Some((split, _))) = (&found.calibration, facts.run.results()) {
                html.tags("<h3>").said(words::CALIBRATION).tags("</h3><p class=\"hint\">");
                html.said(words::CALIBRATION_READ).tags("</p><div class=\"drawing\">");
                html.scene(&chart::reliability(calibration, split.name())).tags("</div>");
            }
            html.tags("</div></div>");
        }
        Findings::Labels(found) => {
            classes::of_labels(found, names, html);
            wrong::write(answers, html);
            looked_at(pictures, html);
        }
        Findings::Numbers(found) => {
            classes::of_numbers(found, names, html);
            wrong::write(answers, html);
        }
    }
    html.tags("</section>");
}

/// The mistakes themselves, with what the model looked at.
fn looked_at(pictures: &Pictures, html: &mut Html) {
    let Some(mistakes) = &pictures.mistakes else { return };
    html.tags("<h3>").said(words::LOOKED_AT).tags("</h3>");
    saw::drawing(mistakes, html);
}
