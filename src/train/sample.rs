//! Where the time of a step goes: some steps of a run are measured, call by call.

use super::engine::TrainEngine;
use crate::runtime::ProfileRow;

/// Steps before those that are measured: the first ones touch their memory for the first time.
const BEFORE: u32 = 4;
/// Steps that are measured: reading the clock before and after each call costs a run next to nothing then.
const MEASURED: u32 = 8;

/// Steps that were measured.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSample {
    /// How many.
    pub steps: u32,
    /// Thread time of all of them together, call by call, the longest first.
    pub calls: Vec<ProfileRow>,
}

/// Measures steps of one session.
#[derive(Debug, Default)]
pub(super) struct Sampling {
    begun: u32,
    size: [usize; 2],
    pub(super) sample: Option<StepSample>,
}

impl Sampling {
    /// A step for pictures of a size follows. Those of several sizes are not measured: each has a plan of its own.
    pub(super) fn before_step(&mut self, engine: &mut impl TrainEngine, size: [usize; 2]) {
        if self.begun > BEFORE + MEASURED {
            return;
        }
        if self.begun == BEFORE {
            self.size = size;
            engine.start_profile();
        }
        if self.begun > BEFORE && (size != self.size || self.begun == BEFORE + MEASURED) {
            let calls = engine.end_profile();
            let is_whole = size == self.size && !calls.is_empty();
            self.sample = is_whole.then_some(StepSample { steps: MEASURED, calls });
            self.begun = BEFORE + MEASURED;
        }
        self.begun += 1;
    }
}
