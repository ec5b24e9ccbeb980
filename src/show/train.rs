//! The `train` section.

use super::Target;
use super::text::{Text, call, list, named, number, quoted, section};
use crate::ir::{
    Callback, FreezeChange, Loss, LossOptions, Metric, Monitor, Optimizer, Phase, Schedule, TrainSpec, UpdateRules,
};
use crate::source::Spanned;

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
        text.set("loss", written_loss(loss, loss_options));
    }
    text.set("metrics", list(metrics.iter().map(|metric| written_metric(metric.value))));
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
    text.set("schedule", schedule(&stage.schedule.value));
    stage.callbacks.iter().for_each(|callback| text.line(written_callback(&callback.value)));
}

/// `freeze: [a, b onward]`, `unfreeze: c`: consecutive changes of a kind were written as one.
fn write_freezes(text: &mut Text, freezes: &[FreezeChange]) {
    for changes in freezes.chunk_by(|a, b| a.freeze == b.freeze) {
        let targets =
            changes.iter().map(
                |FreezeChange { freeze: _, target, onward }| {
                    if *onward { format!("{} onward", target.value) } else { target.value.clone() }
                },
            );
        text.set(if changes[0].freeze { "freeze" } else { "unfreeze" }, list(targets));
    }
}

fn optimizer(stage: &TrainSpec) -> String {
    // the rates of a piecewise schedule take the place of the optimizer's own
    let has_rate = !matches!(stage.schedule.value, Schedule::Piecewise { .. });
    let optimizer = &stage.optimizer.value;
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: f32| arguments.push(named(name, number(value)));
    if has_rate {
        add("lr", optimizer.learning_rate());
    }
    match *optimizer {
        Optimizer::Sgd { lr: _, momentum, nesterov } => {
            add("momentum", momentum);
            arguments.push(named("nesterov", nesterov));
        }
        Optimizer::RmsProp { lr: _, rho, momentum, epsilon } => {
            add("rho", rho);
            add("momentum", momentum);
            add("epsilon", epsilon);
        }
        Optimizer::Adam { lr: _, beta_1, beta_2, epsilon } | Optimizer::Nadam { lr: _, beta_1, beta_2, epsilon } => {
            add("beta_1", beta_1);
            add("beta_2", beta_2);
            add("epsilon", epsilon);
        }
        Optimizer::Adagrad { lr: _, initial_accumulator_value, epsilon } => {
            add("initial_accumulator_value", initial_accumulator_value);
            add("epsilon", epsilon);
        }
        Optimizer::Adadelta { lr: _, rho, epsilon } => {
            add("rho", rho);
            add("epsilon", epsilon);
        }
    }
    call(optimizer.name(), &arguments)
}

fn schedule(schedule: &Schedule) -> String {
    let epochs = |duration: &Spanned<f64>| format!("{} epochs", duration.value);
    let all = |durations: &[Spanned<f64>]| list(durations.iter().map(epochs));
    match schedule {
        Schedule::Constant => "constant".to_owned(),
        Schedule::Step { step_size, gamma } => {
            call("step", &[named("step_size", epochs(step_size)), named("gamma", number(*gamma))])
        }
        Schedule::MultiStep { milestones, gamma } => {
            call("multistep", &[named("milestones", all(milestones)), named("gamma", number(*gamma))])
        }
        Schedule::Exponential { decay_rate, decay_steps, staircase } => call(
            "exponential",
            &[
                named("decay_rate", number(*decay_rate)),
                named("decay_steps", epochs(decay_steps)),
                named("staircase", staircase),
            ],
        ),
        Schedule::Polynomial { decay_steps, end_lr, power } => {
            let mut arguments: Vec<String> =
                decay_steps.iter().map(|steps| named("decay_steps", epochs(steps))).collect();
            arguments.extend([named("end_lr", number(*end_lr)), named("power", number(*power))]);
            call("polynomial", &arguments)
        }
        Schedule::Cosine { warmup, min_lr } => {
            let warmup = (warmup.value > 0.0).then(|| named("warmup", epochs(warmup)));
            let arguments: Vec<String> = warmup.into_iter().chain([named("min_lr", number(*min_lr))]).collect();
            call("cosine", &arguments)
        }
        Schedule::OneCycle { pct_start, div_factor, final_div_factor } => call(
            "one_cycle",
            &[
                named("pct_start", number(*pct_start)),
                named("div_factor", number(*div_factor)),
                named("final_div_factor", number(*final_div_factor)),
            ],
        ),
        Schedule::Piecewise { boundaries, values } => {
            let values = list(values.iter().map(|value| number(*value)));
            call("piecewise", &[named("boundaries", all(boundaries)), named("values", values)])
        }
    }
}

fn written_loss(loss: Loss, options: &LossOptions) -> String {
    let LossOptions { label_smoothing, from_logits } = options;
    let mut arguments = Vec::new();
    let (name, takes_options) = match loss {
        Loss::CategoricalCrossentropy => ("categorical_crossentropy", true),
        Loss::BinaryCrossentropy => ("binary_crossentropy", true),
        Loss::Mse => ("mse", false),
        Loss::Mae => ("mae", false),
        Loss::Huber { delta } => {
            arguments.push(named("delta", number(delta)));
            ("huber", false)
        }
        Loss::Focal { gamma, alpha } => {
            arguments.extend([named("gamma", number(gamma)), named("alpha", number(alpha))]);
            ("focal", true)
        }
        Loss::Hinge => ("hinge", false),
    };
    if takes_options {
        arguments.push(named("label_smoothing", number(*label_smoothing)));
        arguments.extend(from_logits.iter().map(|scores| named("from_logits", scores.value)));
    }
    call(name, &arguments)
}

fn written_metric(metric: Metric) -> String {
    match metric {
        Metric::Accuracy => "accuracy".to_owned(),
        Metric::TopK(k) => call("top_k", &[k.to_string()]),
        Metric::Precision => "precision".to_owned(),
        Metric::Recall => "recall".to_owned(),
        Metric::F1 => "f1".to_owned(),
        Metric::Auc => "auc".to_owned(),
        Metric::Mae => "mae".to_owned(),
        Metric::Mse => "mse".to_owned(),
    }
}

fn written_monitor(monitor: &Spanned<Monitor>) -> String {
    let Monitor { validation, metric } = monitor.value;
    let name = match metric {
        None => "loss",
        Some(Metric::Accuracy) => "accuracy",
        Some(Metric::TopK(_)) => "top_k",
        Some(Metric::Precision) => "precision",
        Some(Metric::Recall) => "recall",
        Some(Metric::F1) => "f1",
        Some(Metric::Auc) => "auc",
        Some(Metric::Mae) => "mae",
        Some(Metric::Mse) => "mse",
    };
    named("monitor", if validation { format!("val_{name}") } else { name.to_owned() })
}

fn written_callback(callback: &Callback) -> String {
    let arguments = match callback {
        Callback::EarlyStopping { monitor, patience, min_delta, restore_best_weights } => vec![
            written_monitor(monitor),
            named("patience", patience),
            named("min_delta", number(*min_delta)),
            named("restore_best_weights", restore_best_weights),
        ],
        Callback::ReduceLrOnPlateau { monitor, factor, patience, min_delta, cooldown, min_lr } => vec![
            written_monitor(monitor),
            named("factor", number(*factor)),
            named("patience", patience),
            named("min_delta", number(*min_delta)),
            named("cooldown", cooldown),
            named("min_lr", number(*min_lr)),
        ],
        Callback::Checkpoint { path, monitor, save_best_only } => {
            vec![quoted(&path.value), written_monitor(monitor), named("save_best_only", save_best_only)]
        }
        Callback::CsvLog { path } | Callback::TensorBoard { path } => vec![quoted(&path.value)],
        Callback::TimeLimit { seconds } => vec![format!("{seconds}s")],
        Callback::TerminateOnNan => Vec::new(),
    };
    call(callback.keyword(), &arguments)
}
