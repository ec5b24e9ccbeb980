//! What did the compiler do?

use std::collections::HashMap;

use super::facts::Facts;
use super::html::Html;
use super::words;
use crate::chart::{self, Block};
use crate::experiment::units::bytes;
use crate::experiment::{Compiled, FrozenLayers, Held};
use crate::printed::thousands;

pub(super) fn write(facts: &Facts<'_>, html: &mut Html) {
    let program = facts.program.as_ref().and_then(|program| program.checked.as_ref());
    let Some(compiled) = program.and_then(|program| Compiled::of(facts.run, program)) else { return };
    html.tags("<section id=\"compiler\"><h2>").said(words::WHAT_COMPILER_DID).tags("</h2><p>");
    let Compiled { simd, batch, operations: [before, after], kernels, calls, stages, .. } = &compiled;
    let count = |count: &usize| thousands(*count as u64);
    let operations = [count(before), count(after)];
    html.told(words::COMPILED_FOR, &[&simd.to_string(), &count(batch), &operations[0], &operations[1]])
        .tags(" ");
    html.told(words::CALLS, &[&count(calls), &count(kernels), &count(stages)]);
    if let Some(FrozenLayers { layers, folded, .. }) = &compiled.frozen {
        html.tags(" ").told(words::FROZEN_PART, &[&count(layers), &count(folded)]);
    }
    if let Some(phase) = &compiled.phase {
        html.tags(" ").told(words::OF_LAST_PHASE, &[phase]);
    }
    html.tags("</p>");
    memory(&compiled, html);
    products(&compiled, html);
    fused(&compiled, html);
    html.tags("</section>");
}

fn memory(compiled: &Compiled, html: &mut Html) {
    let arena = bytes(compiled.arena_bytes);
    html.tags("<h3>").said(words::MEMORY_PLAN).tags("</h3><p class=\"hint\">");
    html.told(words::MEMORY_PLAN_READ, &[&arena, &bytes(kept(compiled)), &bytes(together(compiled))]);
    html.tags("</p><div class=\"drawing\">");
    let mut layers: HashMap<&str, usize> = HashMap::new();
    let block = |held: &Held| Block {
        name: match held.stages {
            Some([first, last]) => format!("{}, {}: {first}-{last}", held.name, bytes(held.bytes)),
            None => format!("{}, {}", held.name, bytes(held.bytes)),
        },
        layer: None,
        offset: held.offset,
        bytes: held.bytes,
        parts: held.stages,
    };
    let mut blocks = Vec::with_capacity(compiled.buffers.len());
    for held in &compiled.buffers {
        let next = layers.len();
        let layer = (!held.layer.is_empty()).then(|| *layers.entry(&held.layer).or_insert(next));
        blocks.push(Block { layer, ..block(held) });
    }
    let title = format!("memory of a training step: {arena}");
    html.scene(&chart::memory_plan(&title, &blocks, compiled.stages, compiled.arena_bytes)).tags("</div>");
}

/// Bytes of what stays from step to step.
fn kept(compiled: &Compiled) -> usize {
    compiled.buffers.iter().filter(|held| held.stages.is_none()).map(|held| held.bytes).sum()
}

/// Bytes of all buffers, if each had its own.
fn together(compiled: &Compiled) -> usize {
    compiled.buffers.iter().map(|held| held.bytes).sum()
}

fn products(compiled: &Compiled, html: &mut Html) {
    if compiled.products.is_empty() {
        return;
    }
    html.tags("<details><summary>").said(words::PRODUCTS).tags("</summary><p class=\"hint\">");
    html.said(words::PRODUCTS_READ).tags("</p><div class=\"wide\"><table class=\"sortable\"><thead><tr><th>");
    html.said(words::LAYER).tags("</th><th>").said(words::FORWARD).tags("</th><th>").said(words::BY_INPUT);
    html.tags("</th><th>").said(words::BY_WEIGHTS).tags("</th></tr></thead><tbody>");
    for products in &compiled.products {
        html.element("<tr><td>", &products.layer, "</td>");
        for way in products.ways {
            html.element("<td>", way.unwrap_or("-"), "</td>");
        }
        html.tags("</tr>");
    }
    html.tags("</tbody></table></div></details>");
}

fn fused(compiled: &Compiled, html: &mut Html) {
    html.tags("<details><summary>")
        .said(words::FUSED)
        .tags("</summary><div class=\"wide code\"><table><tbody>");
    for line in &compiled.fused {
        html.element("<tr><td>", line, "</td></tr>");
    }
    html.tags("</tbody></table></div></details>");
}
