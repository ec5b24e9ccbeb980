//! How good the model is: on the pictures for validation after an epoch, on those of the test at
//! the end.

use std::time::Instant;

use super::{Results, Trainer};
use crate::data::{Batch, Split};
use crate::runtime::CompileError;
use crate::train::dealt::evaluate_dealt;
use crate::train::engine::{EvalEngine, TrainEngine};
use crate::train::error::RunError;
use crate::train::evaluate::{Evaluation, Fault, TakeAnswers, Unsaved, copy_weights, evaluate_through};
use crate::train::note::TrainNote;
use crate::train::plan::{Evaluated, PhasePlan};
use crate::train::told::Watch;

impl<T, V, F> Trainer<'_, T, V, F>
where
    T: TrainEngine,
    V: EvalEngine,
    F: Fn(Evaluated) -> Result<V, RunError>,
{
    /// Puts the best weights back where a callback wants that, writes the final weights and
    /// evaluates them: see [`Results`]. `None` if the interrupt was raised meanwhile; a resumed run
    /// then does this again.
    /// # Errors
    /// [`RunError`].
    pub fn finish(
        &mut self,
        watch: &mut dyn Watch,
        take: TakeAnswers<'_>,
    ) -> Result<Option<Results>, RunError> {
        self.restore_best(watch)?;
        self.save_weights(&self.plan.folder.weights())?;
        // the model as it is used from now on is judged: the whole of it
        (self.kept, self.rows) = (None, Vec::new());
        let begun = Instant::now();
        let data = self.plan.data;
        let validation = data.validation.is_some().then_some(Split::Validation);
        let mut judged = None;
        if let Some(split) = data.test.is_some().then_some(Split::Test).or(validation) {
            // all steps are saved
            let Some(evaluation) = self.evaluate((Evaluated::Whole, split), Unsaved::Nothing, Some(take))?
            else {
                return Ok(None);
            };
            judged = match evaluation.fault {
                // as during training: the run has its weights, which may be what is to be looked at
                Some(Fault { loss, layer }) if split == Split::Validation => {
                    watch.note(TrainNote::ValidationLoss { loss, layer });
                    None
                }
                _ => Some((split, evaluation.finite()?)),
            };
        }
        Ok(Some(Results { judged, seconds: begun.elapsed().as_secs_f64() }))
    }

    pub(super) fn evaluate(
        &mut self,
        (of, split): (Evaluated, Split),
        mut unsaved: Unsaved,
        take: Option<TakeAnswers<'_>>,
    ) -> Result<Option<Evaluation>, RunError> {
        if self.evaluator.as_ref().is_none_or(|(is_of, _)| *is_of != of) {
            self.evaluator = None;
            // compiling takes a while: the run may be ended meanwhile
            if unsaved == Unsaved::Steps && self.plan.pace.saves_often() {
                self.save_state()?;
                unsaved = Unsaved::Nothing;
            }
            let make = || (self.make_evaluator)(of);
            let made = match unsaved {
                Unsaved::Nothing => self.plan.ranks.exposed(self.plan.interrupt, make),
                Unsaved::Steps => Some(make()),
            };
            let Some(made) = made else { return Ok(None) };
            self.evaluator = Some((of, made?));
        }
        self.gather()?;
        let (_, evaluator) = self.evaluator.as_mut().expect("it has just been made");
        copy_weights(&self.engine, evaluator);
        let PhasePlan { data, train, interrupt, ranks, .. } = self.plan;
        let kept = self.kept.as_ref().filter(|_| of != Evaluated::Whole).and_then(|kept| kept.of(split));
        let batches = match kept {
            Some(features) => data.feature_batches(features, split, train.batch.value),
            None => data.batches(split, train.batch.value),
        };
        let makes_features = of != Evaluated::Whole && kept.is_none();
        let engine = &mut self.engine;
        let features = |batch: &Batch, rows: &mut Vec<f32>| -> Result<bool, CompileError> {
            Ok(makes_features && engine.features(&batch.images, batch.size, rows)?)
        };
        if ranks.is_alone() {
            evaluate_through(evaluator, batches, (interrupt, unsaved), take, features)
        } else {
            evaluate_dealt(evaluator, (ranks, batches), interrupt, take, features)
        }
    }
}
