//! What is it?

use super::facts::Facts;
use super::html::Html;
use super::program::Program;
use super::words;
use crate::draw::Diagram;
use crate::experiment::units::metric_prefix;
use crate::figures::Summary;
use crate::printed::thousands;

pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    html.tags("<section id=\"model\"><h2>").said(words::WHAT_IT_IS).tags("</h2>");
    let Some(program) = &facts.program else {
        html.tags("<p class=\"note\">").said(words::NO_PROGRAM).tags("</p></section>");
        return;
    };
    if let Some(summary) = facts.summary() {
        parameters(&summary, html);
    }
    text(program, html);
    match &program.checked {
        Some(checked) => {
            html.tags("<details open><summary>")
                .said(words::GRAPH)
                .tags("</summary><div class=\"drawing tall\">");
            html.diagram(&Diagram::of(checked, None)).tags("</div></details>");
        }
        None => {
            html.tags("<p class=\"note\">").said(words::NOT_READ_AGAIN).tags("</p>");
        }
    }
    if let Some(summary) = facts.summary() {
        layers(&summary, html);
    }
    html.tags("</section>");
}

fn parameters(summary: &Summary, html: &mut Html) {
    let (trainable, fixed) = (summary.trainable(), summary.fixed());
    let [all, trainable, fixed] = [trainable + fixed, trainable, fixed].map(thousands);
    html.tags("<p>").told(words::TRAINABLE, &[&all, &trainable, &fixed]).tags(". ");
    for (phase, changed) in &summary.phases {
        html.told(words::CHANGED_IN_PHASE, &[phase, &thousands(*changed)]).tags(" ");
    }
    html.tags("</p>");
}

fn text(program: &Program, html: &mut Html) {
    html.tags("<details open><summary>").said(words::PROGRAM).tags("</summary><p class=\"hint\">");
    html.said(words::PROGRAM_NOTE).tags(" <button class=\"copy\" data-of=\"program\">").said(words::COPY);
    html.tags("</button></p><div class=\"wide code\"><table id=\"program\">");
    for (at, line) in program.text.lines().enumerate() {
        let shape = program.shapes.get(&at).map_or("", String::as_str);
        html.element("<tr><td class=\"shape\">", shape, "</td>").element("<td>", line, "</td></tr>");
    }
    html.tags("</table></div></details>");
}

fn layers(summary: &Summary, html: &mut Html) {
    html.tags("<details><summary>")
        .said(words::LAYERS)
        .tags("</summary><div class=\"wide\"><table class=\"sortable\"><thead><tr><th>");
    html.said(words::LAYER).tags("</th><th>").said(words::KIND).tags("</th><th>").said(words::SHAPE);
    html.tags("</th><th class=\"n\">")
        .said(words::RECEPTIVE_FIELD)
        .tags("</th><th class=\"n\">")
        .said(words::PARAMETERS)
        .tags("</th><th class=\"n\">")
        .said(words::WORK);
    html.tags("</th></tr></thead><tbody>");
    for layer in &summary.layers {
        html.element("<tr><td>", &layer.path, "</td><td>").text(layer.kind);
        if layer.frozen {
            html.tags(", ").said(words::FROZEN);
        }
        html.element("</td><td>", &layer.shape, "</td><td class=\"n\">");
        if let Some([height, width]) = layer.receptive_field {
            html.text(&format!("{height}x{width}"));
        } else if layer.output.as_image().is_some() || layer.parameters() > 0 {
            html.said(words::ALL_OF_IT);
        }
        html.tags("</td>");
        html.element("<td class=\"n\">", &thousands(layer.parameters()), "</td>");
        // of sizes that are left open the work is not known
        let work = if summary.open_from.is_some() { "?".to_owned() } else { metric_prefix(layer.flops) };
        html.element("<td class=\"n\">", &work, "</td></tr>");
    }
    html.tags("</tbody></table></div></details>");
}
