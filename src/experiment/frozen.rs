//! What of a model is frozen and computed by itself, and what becomes of that: for people.

use super::open::Experiment;
use super::units::bytes;
use crate::data::{FeaturePlace, FeaturePlan, NotKept};
use crate::ir::{CheckedProgram, FrozenPart, LayerId, forward_of_part};
use crate::memory;
use crate::opt;

/// What is frozen at the beginning of a model, in a phase of its training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The phase, where there are phases.
    pub phase: Option<String>,
    /// What is compiled for inference, by itself.
    pub part: Option<FrozenLayers>,
    /// What becomes of its results; `None` where there is no such part, or no data.
    pub features: Option<FeaturePlan>,
    /// A layer that is random while training: frozen layers behind it are computed in each step for that
    /// reason alone.
    pub random: Option<String>,
}

/// Frozen layers that are compiled by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenLayers {
    /// How many, without the input.
    pub layers: usize,
    /// Those whose results the rest of the model takes.
    pub handed: Vec<String>,
    /// Batch norms that are folded into what is in front of them.
    pub folded: usize,
}

impl Frozen {
    /// Of a program of one stage and the numbers of its pictures, to train on and for validation, where these
    /// are known. `None` where nothing is to be said.
    pub(super) fn of(
        program: &CheckedProgram,
        phase: Option<&str>,
        pictures: Option<[usize; 2]>,
    ) -> Option<Self> {
        let path = |layer: LayerId| program.program().model.layers[layer.index()].path.clone();
        let part = program.frozen_part();
        let frozen = Self {
            phase: phase.map(str::to_owned),
            part: part.as_ref().map(|part| FrozenLayers::of(program, part)),
            features: memory::plan_features(program, pictures.unwrap_or_default()),
            random: program.random_before_frozen().map(path),
        };
        (frozen.part.is_some() || frozen.random.is_some()).then_some(frozen)
    }

    /// What there is to say, a sentence each, in English.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(FrozenLayers { layers, handed, folded }) = &self.part {
            let handed: Vec<String> = handed.iter().map(|path| format!("`{path}`")).collect();
            let handed = handed.join(", ");
            sentences.push(format!(
                "the network up to {handed} is frozen and compiled for inference (layers: {layers}, batch norms folded: {folded})"
            ));
        }
        if let Some(plan) = &self.features {
            sentences.extend(self.of_features(plan));
        }
        if let Some(layer) = &self.random {
            sentences.push(format!(
                "`{layer}` is random while training: the frozen layers behind it are computed in every step"
            ));
        }
        sentences
    }

    fn of_features(&self, plan: &FeaturePlan) -> Vec<String> {
        let FeaturePlan { train, validation, pictures, bytes: kept } = *plan;
        let anew = train.err().map(|why| match why {
            NotKept::Augmented(word) => {
                format!("features are computed in every epoch: `{word}` of `augment` changes the pictures")
            }
            NotKept::Unwanted => "features are computed in every epoch: `cache: none`".to_owned(),
            NotKept::TooLarge { bytes: needed } => format!(
                "features are computed in every epoch: they would take {}; `cache: disk` or `cache: memory` keeps them",
                bytes(needed)
            ),
            NotKept::OpenSize => {
                "features are computed in every epoch: the model leaves the size of its pictures open".to_owned()
            }
        });
        let kept = validation.ok().filter(|_| pictures > 0).map(|place| {
            let whose = if train.is_ok() { "" } else { " for validation" };
            let place = match place {
                FeaturePlace::Memory => "in memory",
                FeaturePlace::Disk => "on disk",
            };
            format!(
                "features of {pictures} pictures{whose} are computed once and kept {place}: {}",
                bytes(kept)
            )
        });
        anew.into_iter().chain(kept).collect()
    }
}

impl FrozenLayers {
    /// Of a program and its frozen part.
    pub(super) fn of(program: &CheckedProgram, part: &FrozenPart) -> Self {
        let path = |layer: &LayerId| program.program().model.layers[layer.index()].path.clone();
        let mut graph = forward_of_part(program, part);
        let applied = opt::run(&mut graph, opt::INFERENCE);
        let folds = applied.iter().filter(|applied| applied.pass == opt::FOLD_BATCH_NORM);
        Self {
            layers: part.layers() - 1,
            handed: part.handed.iter().map(path).collect(),
            folded: folds.map(|applied| applied.rewrites).sum(),
        }
    }
}

impl Experiment {
    /// What is frozen and computed by itself, for each phase in which there is something to say.
    pub fn frozen(&self) -> Vec<Frozen> {
        let program = self.program.program();
        let Some(train) = program.train.as_ref() else { return Vec::new() };
        let drawn = program.data.as_ref().zip(self.card.as_ref()).map(|(data, card)| {
            let [train, validation, _] = data.drawn(card.own_images());
            [train, validation]
        });
        let stages = self.program.stages().into_iter().enumerate();
        let of_stage = |(at, stage): (usize, CheckedProgram)| {
            let phase = train.phases.get(at).map(|phase| phase.name.value.as_str());
            Frozen::of(&stage, phase, drawn)
        };
        stages.filter_map(of_stage).collect()
    }
}
