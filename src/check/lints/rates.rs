//! W0507, W0510 and W0517: learning rates that are far from what works.

use super::{Network, StageView, backbones};
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Schedule, TrainSpec};
use crate::source::Span;
use crate::vocabulary::Words;

/// Where the rate stands, or the optimizer, or the section.
fn rate_place(train: &TrainSpec) -> Span {
    let optimizer = Some(train.optimizer.span).filter(|span| !span.is_empty());
    train.rate_span.or(optimizer).unwrap_or(train.span)
}

/// The largest rate, which a schedule may give itself.
fn largest_rate(train: &TrainSpec) -> (f32, Span) {
    match &train.schedule.value {
        Schedule::Piecewise { values, .. } => {
            (values.iter().copied().fold(0.0, f32::max), train.schedule.span)
        }
        Schedule::Constant
        | Schedule::Step { .. }
        | Schedule::MultiStep { .. }
        | Schedule::Exponential { .. }
        | Schedule::Polynomial { .. }
        | Schedule::Cosine { .. }
        | Schedule::OneCycle { .. } => (train.optimizer.value.learning_rate(), rate_place(train)),
    }
}

/// The use of a pretrained network that is trained in a phase.
fn trained_base<'a>(
    view: &View<'a>,
    network: &Network<'_>,
    stage: &StageView<'_>,
) -> Option<&'a crate::ir::Scope> {
    let trained = |at: usize| is_trained(network, stage, at);
    backbones(&view.program.model)
        .find(|(scope, backbone)| backbone.weights.is_some() && scope.layers.clone().any(trained))
        .map(|(scope, _)| scope)
}

fn is_trained(network: &Network<'_>, stage: &StageView<'_>, at: usize) -> bool {
    !stage.frozen[at] && network.trainable(at) > 0
}

/// The largest factor that `lr_scale` gives to layers that are trained; 1 where there are none.
fn largest_factor(
    network: &Network<'_>,
    stage: &StageView<'_>,
    mut layers: impl Iterator<Item = usize>,
) -> f32 {
    let trained = layers.by_ref().filter(|&at| is_trained(network, stage, at));
    trained.map(|at| stage.train.rate_factor(at)).reduce(f32::max).unwrap_or(1.0)
}

pub(super) fn check(view: &View<'_>, network: &Network<'_>, stage: &StageView<'_>, problems: &mut Problems) {
    let base = trained_base(view, network, stage);
    let usual = stage.train.optimizer.value.usual_rates();
    let found = match base {
        Some(scope) => {
            let factor = largest_factor(network, stage, scope.layers.clone());
            // what is not pretrained has a rate of its own only where that is written
            let rest = (0..network.layers.len()).filter(|at| !scope.layers.contains(at));
            let apart = !stage.train.rate_scales.is_empty();
            let of_rest = || unusual(stage, largest_factor(network, stage, rest), (usual.fresh, "here"));
            unusual(stage, factor, (usual.pretrained, "pretrained-here"))
                .map(|problem| {
                    let problem = problem.also(scope.span, "base").arg("usual", 1e-5_f32);
                    problem.help("pretrained-help")
                })
                .or_else(|| apart.then(of_rest).flatten().map(|problem| fresh_help(problem, usual.first)))
        }
        None => {
            let factor = largest_factor(network, stage, 0..network.layers.len());
            unusual(stage, factor, (usual.fresh, "here")).map(|problem| fresh_help(problem, usual.first))
        }
    };
    match (found, base) {
        (Some(problem), _) => problems.push(problem),
        (None, Some(scope)) => check_fresh_head(view, network, stage, scope, problems),
        (None, None) => {}
    }
}

fn fresh_help(problem: Diagnostic, usual: f32) -> Diagnostic {
    problem.arg("usual", usual).help("help")
}

/// W0507 where the rate, times what `lr_scale` makes of it, is out of what is usual.
fn unusual(
    stage: &StageView<'_>,
    factor: f32,
    ((low, high), here): ((f32, f32), &'static str),
) -> Option<Diagnostic> {
    let (written, place) = largest_rate(stage.train);
    let rate = written * factor;
    let problem = (rate < low || rate > high).then(|| {
        Diagnostic::new(Code::W0507)
            .saying(if rate < low { "low" } else { "say" })
            .arg("rate", rate)
            .arg("optimizer", stage.train.optimizer.value.keyword())
            .arg("low", low)
            .arg("high", high)
            .at(place, here)
    })?;
    let scaled = factor != 1.0;
    Some(if scaled { problem.arg("written", written).arg("factor", factor).note("scaled") } else { problem })
}

/// W0510: what was learnt before is lost to the first, large and aimless gradients of a fresh head.
fn check_fresh_head(
    view: &View<'_>,
    network: &Network<'_>,
    stage: &StageView<'_>,
    scope: &crate::ir::Scope,
    problems: &mut Problems,
) {
    let (rate, place) = largest_rate(stage.train);
    let warms_up = match &stage.train.schedule.value {
        Schedule::Cosine { warmup, .. } => warmup.value > 0.0,
        Schedule::OneCycle { .. } => true,
        Schedule::Constant
        | Schedule::Step { .. }
        | Schedule::MultiStep { .. }
        | Schedule::Exponential { .. }
        | Schedule::Polynomial { .. }
        | Schedule::Piecewise { .. } => false,
    };
    let rate = rate * largest_factor(network, stage, scope.layers.clone());
    if stage.index > 0 || warms_up || rate < stage.train.optimizer.value.usual_rates().first {
        return;
    }
    let pretrained = |at: usize| {
        backbones(&view.program.model)
            .any(|(scope, backbone)| backbone.weights.is_some() && scope.layers.contains(&at))
    };
    let fresh = (0..network.layers.len())
        .find(|&at| !pretrained(at) && !stage.frozen[at] && network.trainable(at) > 0);
    let Some(fresh) = fresh else { return };
    let problem = Diagnostic::new(Code::W0510)
        .arg("base", &scope.path)
        .arg("rate", rate)
        .arg("head", format!("phase head {{ epochs: 5; freeze: {}; optimizer: adam(lr: 1e-3) }}", scope.path))
        .arg(
            "finetune",
            format!("phase finetune {{ epochs: 10; unfreeze: {}; optimizer: adam(lr: 1e-5) }}", scope.path),
        )
        .at(scope.span, "here")
        .also(network.layers[fresh].span, "fresh")
        .also(place, "rate");
    let scale = format!("lr_scale: {{ {}: 0.01 }}", scope.path);
    problems.push(problem.help("help").arg("scale", scale).help("scale-help"));
}

/// W0517: pictures that are not scaled, a rate of ten times the usual, and no clipping.
pub(in crate::check) fn explodes(train: &TrainSpec) -> Option<(f32, Span)> {
    let first = train.stages().next()?;
    let (rate, place) = largest_rate(first);
    let clips = first.updates.clips();
    (!clips && f64::from(rate) >= 9.999 * f64::from(first.optimizer.value.usual_rates().first))
        .then_some((rate, place))
}
