//! W0531: a factor of the learning rate that changes nothing.

use std::collections::BTreeSet;

use super::{Network, StageView};
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::RateScale;
use crate::source::Span;

/// Looks at every part that `lr_scale` names. Phases that take it from the section share what is written: it
/// is of use where one of them trains the part.
pub(super) fn check(network: &Network<'_>, stages: &[StageView<'_>], problems: &mut Problems) {
    let mut said: BTreeSet<Span> = BTreeSet::new();
    for stage in stages {
        for scale in &stage.train.rate_scales {
            let place = scale.target.span;
            if scale.layers.is_empty() || !said.insert(place) {
                continue;
            }
            let same = |stage: &StageView<'_>| {
                let scales = &stage.train.rate_scales;
                scales.iter().position(|other| other.target.span == place)
            };
            let uses: Vec<Use> =
                stages.iter().filter_map(|stage| same(stage).map(|at| use_of(network, stage, at))).collect();
            if !uses.contains(&Use::Counts) {
                problems.push(problem(scale, uses[0]));
            }
        }
    }
}

/// What one part is good for in one stage of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Layers are trained at its rate.
    Counts,
    /// None of its layers has weights.
    Weightless,
    /// Those that have some are frozen.
    Frozen,
    /// What is written behind it names them again, from this place on.
    Covered(Span),
}

fn use_of(network: &Network<'_>, stage: &StageView<'_>, at: usize) -> Use {
    let (scale, later) = (&stage.train.rate_scales[at], &stage.train.rate_scales[at + 1..]);
    let weighted: Vec<usize> = scale.layers.clone().filter(|&layer| network.trainable(layer) > 0).collect();
    if weighted.is_empty() {
        return Use::Weightless;
    }
    let own = |layer: &&usize| !later.iter().any(|other| other.layers.contains(*layer));
    let own: Vec<usize> = weighted.iter().filter(own).copied().collect();
    let cover = later.iter().find(|other| other.layers.contains(&weighted[0]));
    match cover {
        Some(cover) if own.is_empty() => Use::Covered(cover.target.span),
        _ if own.iter().all(|&layer| stage.frozen[layer]) => Use::Frozen,
        _ => Use::Counts,
    }
}

fn problem(scale: &RateScale, found: Use) -> Diagnostic {
    let problem = Diagnostic::new(Code::W0531).arg("part", scale.part());
    let place = scale.target.span;
    match found {
        Use::Covered(later) => {
            problem.saying("covered").at(place, "covered-here").also(later, "later").help("covered-help")
        }
        Use::Frozen => problem.saying("frozen").at(place, "frozen-here").help("frozen-help"),
        Use::Weightless | Use::Counts => problem.at(place, "here").help("help"),
    }
}
