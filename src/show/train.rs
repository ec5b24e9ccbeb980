//! The `train` section.

use super::Target;
use super::text::{Text, section};
use crate::ir::{FreezeChange, Phase, RateScale, TrainSpec, UpdateRules};
use crate::vocabulary::{Loss, Schedule, Words, list, number};

/// Writes the section. `found` is the loss that the checker found where none is written.
pub(super) fn write(text: &mut Text, train: &TrainSpec, found: Option<Loss>, target: Target<'_>) {
    let TrainSpec {
        span: _,
        epochs: _,
        batch: _,
        optimizer: _,
        rate_span: _,
        updates: _,
        schedule: _,
        loss,
        loss_options,
        metrics,
        callbacks: _,
        seed,
        freezes,
        rate_scales: _,
        rate_factors: _,
        phases,
    } = train;
    text.open(section("train", target));
    if phases.is_empty() {
        write_stage(text, train, true);
    } else if phases.iter().any(|phase| !phase.resets_optimizer) {
        // a phase that goes on with the optimizer of the one before may not name it
        text.set("optimizer", optimizer(train));
    }
    if let Some(loss) = loss.as_ref().map(|loss| loss.value).or(found) {
        text.set("loss", loss.written_with(loss_options).text(0));
    }
    text.set("metrics", list(metrics.iter().map(|metric| metric.value.text())));
    text.set("seed", seed);
    write_freezes(text, freezes);
    for phase in phases {
        // which layers are frozen follows from the changes of all phases so far
        let Phase { name, spec, resets_optimizer, frozen: _ } = phase;
        text.open(format!("phase {}", name.value));
        write_stage(text, spec, *resets_optimizer);
        write_freezes(text, &spec.freezes);
        text.close();
    }
    text.close();
}

/// What a phase may set for itself, but for what it freezes.
fn write_stage(text: &mut Text, stage: &TrainSpec, with_optimizer: bool) {
    let UpdateRules { weight_decay, clip_value, clip_norm, global_clip_norm, ema } = stage.updates;
    text.set("epochs", stage.epochs.value);
    text.set("batch", stage.batch.value);
    if with_optimizer {
        text.set("optimizer", optimizer(stage));
    }
    text.set("weight_decay", number(weight_decay));
    clip_value.iter().for_each(|limit| text.set("clip_value", number(*limit)));
    clip_norm.iter().for_each(|limit| text.set("clip_norm", number(*limit)));
    global_clip_norm.iter().for_each(|limit| text.set("global_clip_norm", number(*limit)));
    ema.iter().for_each(|share| text.set("ema", number(*share)));
    text.set("schedule", stage.schedule.value.text());
    if !stage.rate_scales.is_empty() {
        text.set("lr_scale", RateScale::written(&stage.rate_scales));
    }
    stage.callbacks.iter().for_each(|callback| text.line(callback.value.text()));
}

/// `freeze: [a, b onward]`, `unfreeze: c`: consecutive changes of a kind were written as one.
fn write_freezes(text: &mut Text, freezes: &[FreezeChange]) {
    for changes in freezes.chunk_by(|a, b| a.freeze == b.freeze) {
        let targets = changes.iter().map(|FreezeChange { freeze: _, target, onward }| {
            if *onward { format!("{} onward", target.value) } else { target.value.clone() }
        });
        text.set(if changes[0].freeze { "freeze" } else { "unfreeze" }, list(targets));
    }
}

fn optimizer(stage: &TrainSpec) -> String {
    let mut written = stage.optimizer.value.written();
    // the rates of a piecewise schedule take the place of the optimizer's own
    if let Schedule::Piecewise { .. } = stage.schedule.value {
        written.options.retain(|(name, _)| *name != "lr");
    }
    written.text(0)
}
