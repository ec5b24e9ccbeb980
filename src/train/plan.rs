//! What a run is made of, besides its engines.

use std::time::Duration;

use super::folder::RunFolder;
use super::interrupt::Interrupt;
use super::pretrained::Pretrained;
use super::record::RunRecord;
use super::together::Together;
use super::weights::WeightsInfo;
use crate::data::{Dataset, FeaturePlan};
use crate::ir::{AugmentSpec, TrainSpec};
use crate::settings::Settings;

/// What a run is made of, besides its engines.
#[derive(Debug, Clone, Copy)]
pub struct PhasePlan<'a> {
    /// The schedule of the present phase.
    pub train: &'a TrainSpec,
    /// Which phase that is.
    pub phase: PhaseId<'a>,
    /// Applied to training images.
    pub augment: &'a AugmentSpec,
    /// The images.
    pub data: &'a Dataset,
    /// What becomes of that which the engine's frozen part makes of them, where it has such a part.
    pub features: Option<FeaturePlan>,
    /// What some of the parameters start from, in place of random values.
    pub pretrained: &'a Pretrained,
    /// Where files are written.
    pub folder: &'a RunFolder,
    /// What weights files say about themselves.
    pub info: &'a WeightsInfo,
    /// All settings: a resumed run must have the same.
    pub settings: &'a Settings,
    /// How the run computes, and what it is trained on: states remember it.
    pub record: &'a RunRecord,
    /// Raised when the user or the system wants the run to end.
    pub interrupt: &'a Interrupt,
    /// When it stops for a while, and how often it saves its state meanwhile.
    pub pace: Pace,
    /// Those that train it together.
    pub ranks: Together<'a>,
}

/// When a run stops for a while, and how often it saves its state. The default goes on to its end, and saves
/// after each epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// It pauses when it has so many epochs, its state saved: resumed, it goes on as if it never had.
    pub until: Option<usize>,
    /// Between pauses a state is saved at the end of an epoch only where the last one is this old.
    pub between_states: Duration,
}

impl Pace {
    /// Whether a state is saved wherever the run may be ended soon after, however new the last one is.
    pub fn saves_often(self) -> bool {
        self.between_states.is_zero()
    }
}

/// Where a phase stands in its run. A run without phases is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PhaseId<'a> {
    /// From 0.
    pub index: usize,
    /// Its name, where phases are written.
    pub name: Option<&'a str>,
}

/// What of a model is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluated {
    /// All of it, by images.
    Whole,
    /// What stands behind the frozen part of this phase, by features.
    BehindFrozenPart(usize),
}
