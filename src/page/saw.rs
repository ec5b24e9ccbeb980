//! What did it see?

use super::html::{Html, in_both_languages};
use super::{Pictures, words};
use crate::draw::scene::Scene;

/// What pictures take of a page at most, in bytes: it is sent to people.
const MOST_BYTES: usize = 2 << 20;

pub(super) fn write(pictures: &Pictures, html: &mut Html) {
    let Pictures { samples, drawings, missing, mistakes: _ } = pictures;
    if samples.is_none() && drawings.is_empty() && missing.is_none() {
        return;
    }
    html.tags("<section id=\"samples\"><h2>").said(words::WHAT_IT_SAW).tags("</h2>");
    if let Some(why) = missing {
        html.tags("<p class=\"note\">").told(words::NO_PICTURES, &[why]).tags("</p>");
    }
    let begun = html.len();
    if let Some(samples) = samples {
        drawing(samples, html);
    }
    for (file, scene) in drawings {
        html.tags("<details open><summary>").text(file).tags("</summary>");
        let svg = in_both_languages(scene);
        if html.len() - begun + svg.len() > MOST_BYTES {
            html.tags("<p class=\"hint\">").told(words::LARGE_DRAWING, &[file]).tags("</p></details>");
            continue;
        }
        html.tags("<div class=\"drawing pixels long\">").drawn(&svg).tags("</div></details>");
    }
    html.tags("</section>");
}

/// A drawing of pixels.
pub(super) fn drawing(scene: &Scene, html: &mut Html) {
    html.tags("<div class=\"drawing pixels\">").scene(scene).tags("</div>");
}
