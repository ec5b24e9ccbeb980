//! E0509 and W0511: nothing left to train, and statistics that move in a frozen part.

use super::{Network, StageView, backbones};
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::source::Span;

pub(super) fn check(view: &View<'_>, network: &Network<'_>, stage: &StageView<'_>, problems: &mut Problems) {
    let weighted: Vec<usize> = (0..network.layers.len()).filter(|&at| network.trainable(at) > 0).collect();
    if !weighted.is_empty() && weighted.iter().all(|&at| stage.frozen[at]) {
        problems.push(all_frozen(view, network, stage, &weighted));
        return;
    }
    check_statistics(view, network, stage, problems);
}

/// The statements that freeze: those of the phases so far, and `frozen: true`.
fn freezing_places(view: &View<'_>, stage: &StageView<'_>) -> Vec<Span> {
    let train = view.program.train.iter();
    let of_section = train.clone().flat_map(|train| &train.freezes);
    let of_phases = train
        .flat_map(|train| train.phases.iter().take(stage.index + 1))
        .flat_map(|phase| &phase.spec.freezes);
    let changes = of_section.chain(of_phases).filter(|change| change.freeze).map(|change| change.target.span);
    let frozen = backbones(&view.program.model).filter_map(|(_, backbone)| backbone.frozen.as_ref());
    changes.chain(frozen.filter(|frozen| frozen.value).map(|frozen| frozen.span)).collect()
}

/// E0509.
fn all_frozen(
    view: &View<'_>,
    network: &Network<'_>,
    stage: &StageView<'_>,
    weighted: &[usize],
) -> Diagnostic {
    let last = weighted.last().map_or("", |&at| network.layers[at].path.as_str());
    let places = freezing_places(view, stage);
    let mut problem = Diagnostic::new(Code::E0509).arg("count", weighted.len()).arg("last", last);
    let is_phase = view.program.train.as_ref().is_some_and(|train| !train.phases.is_empty());
    if is_phase {
        problem = problem.at(stage.place, "phase");
        for place in places {
            problem = problem.also(place, "frozen");
        }
    } else {
        let mut places = places.into_iter();
        problem = problem.at(places.next_back().unwrap_or(stage.place), "here");
        for place in places {
            problem = problem.also(place, "frozen");
        }
    }
    problem.help(if is_phase { "phase-help" } else { "help" })
}

/// W0511: a layer that keeps statistics is trained right behind a frozen one of the same body.
fn check_statistics(view: &View<'_>, network: &Network<'_>, stage: &StageView<'_>, problems: &mut Problems) {
    let body = |at: usize| network.layers[at].path.rsplit_once('.').map_or("", |(body, _)| body);
    let moves = |&at: &usize| {
        let before = network.only_before(at);
        !stage.frozen[at]
            && network.tracks(at)
            && before.is_some_and(|before| {
                stage.frozen[before] && network.trainable(before) > 0 && body(before) == body(at)
            })
    };
    let moving: Vec<usize> = (0..network.layers.len()).filter(moves).collect();
    let Some((&first, rest)) = moving.split_first() else { return };
    let Some(before) = network.only_before(first) else { return };
    let (path, frozen) = (&network.layers[first].path, &network.layers[before].path);
    let problem = Diagnostic::new(Code::W0511)
        .arg("layer", path)
        .arg("before", frozen)
        .arg("more", rest.len())
        .at(network.layers[first].span, "here")
        .also(network.layers[before].span, "before");
    let problem = freezing_places(view, stage)
        .into_iter()
        .fold(problem, |problem, place| problem.also(place, "frozen"));
    let problem = if rest.is_empty() { problem } else { problem.note("more") };
    problems.push(problem.help("help"));
}
