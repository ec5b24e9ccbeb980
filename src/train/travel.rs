//! A state on its way from rank 0, which has read it, to the others, which need not see its file.

use std::collections::BTreeMap;

use super::state::State;
use super::wire::{Packed, Unpacked};

/// A state as bytes.
pub(super) fn pack(state: &State) -> Vec<u8> {
    let State { progress, params, best, settings, rows } = state;
    let mut packed = Packed::default();
    packed.push_text(&json(progress));
    // too many for a text
    progress.sums.tally.ranking().iter().for_each(|values| packed.push_floats(values));
    packed.push_text(&json(settings));
    packed.push_text(&json(rows));
    push_all(&mut packed, params);
    packed.push_count(best.len());
    for (&callback, values) in best {
        packed.push_count(callback);
        push_all(&mut packed, values);
    }
    packed.take()
}

/// What [`pack`] made; `None`: something else.
pub(super) fn unpack(bytes: &[u8]) -> Option<State> {
    let mut packed = Unpacked::of(bytes);
    let mut progress: super::state::Progress = of_json(&mut packed)?;
    progress.sums.tally.restore([packed.floats()?, packed.floats()?]);
    let (settings, rows) = (of_json(&mut packed)?, of_json(&mut packed)?);
    let params = all(&mut packed)?;
    let mut best = BTreeMap::new();
    for _ in 0..packed.count()? {
        best.insert(packed.count()?, all(&mut packed)?);
    }
    Some(State { progress, params, best, settings, rows })
}

fn push_all(packed: &mut Packed, all: &[Vec<f32>]) {
    packed.push_count(all.len());
    all.iter().for_each(|values| packed.push_floats(values));
}

fn all(packed: &mut Unpacked<'_>) -> Option<Vec<Vec<f32>>> {
    let count = packed.count()?;
    (0..count).map(|_| packed.floats()).collect()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("numbers and texts always serialise")
}

fn of_json<T: serde::de::DeserializeOwned>(packed: &mut Unpacked<'_>) -> Option<T> {
    serde_json::from_str(&packed.text()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Answers, StepResult};
    use crate::settings::Settings;
    use crate::train::state::Progress;

    #[test]
    fn a_state_arrives_as_it_was() {
        let answers = Answers {
            outputs: 2,
            exclusive: true,
            ranked: true,
            scores: vec![0.1, 0.9, 1.0 / 3.0, 2.0 / 3.0],
            truth: vec![true, false, false, true],
        };
        let result =
            StepResult { images: 2, loss: 0.1, correct: vec![1.0], answers: Some(answers), stop: false };
        let mut progress =
            Progress { epoch: 3, step: 107, learning_rate: 0.001 / 3.0, ..Progress::default() };
        progress.sums.add(&result);
        let state = State {
            progress,
            params: vec![vec![1.0, -0.0, f32::MIN_POSITIVE], vec![], vec![0.1]],
            best: BTreeMap::from([(1, vec![vec![0.5, 0.25], vec![]])]),
            settings: Settings::new([("train.batch", 32)]),
            rows: None,
        };
        let bytes = pack(&state);
        assert_eq!(unpack(&bytes).as_ref(), Some(&state));
        assert_eq!(unpack(&bytes[..bytes.len() - 1]), None);
    }
}
