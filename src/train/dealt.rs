//! Batches that are dealt out to ranks, each of which works on whole ones: loss and metrics of a
//! split.
//!
//! Batch `b` is that of rank `b mod N`. What ranks have found goes to all of them, some batches at
//! a time, and all add it up in the order of the batches, as one process does.

use super::engine::EvalEngine;
use super::error::RunError;
use super::evaluate::{Answered, Evaluation, Fault, TakeAnswers, of_batch};
use super::interrupt::Interrupt;
use super::together::{Together, not_understood};
use super::wire::{Packed, Unpacked};
use crate::data::{Batch, Batches};
use crate::ir::Labels;
use crate::runtime::{Answers, CompileError, StepResult};

/// Batches of each rank between two exchanges: few enough to hear of an interrupt soon, and to be
/// held in memory.
const AT_ONCE: usize = 4;

/// Of all ranks: evaluates all batches, each rank its own; `None` if the interrupt of one of them
/// was raised in between. `features` writes what the engine takes in place of pictures, and says
/// whether that is so.
/// # Errors
/// [`RunError`]: a picture cannot be delivered, another rank has ended.
pub(super) fn evaluate_dealt(
    engine: &mut impl EvalEngine,
    (ranks, batches): (Together<'_>, Batches),
    interrupt: &Interrupt,
    mut take: Option<TakeAnswers<'_>>,
    mut features: impl FnMut(&Batch, &mut Vec<f32>) -> Result<bool, CompileError>,
) -> Result<Option<Evaluation>, RunError> {
    let share = ranks.own_batches();
    let mut batches = batches.shared(share.clone());
    let wants_answers = ranks.any(take.is_some())?;
    let items = batches.items().to_vec();
    let (mut evaluation, mut done) = (Evaluation::default(), 0);
    let (mut packed, mut waiting, mut rows) = (Packed::default(), Vec::new(), Vec::new());
    let mut found_fault = false;
    let mut at = 0;
    while let Some(batch) = batches.next() {
        let batch = batch?;
        if share.has(at) {
            engine.prepare(batch.size)?;
            let images = if features(&batch, &mut rows)? { &rows } else { &batch.images };
            let (result, fault) = of_batch(engine, images, batch.as_labels(), !found_fault)?;
            found_fault |= fault.is_some();
            let last = if wants_answers { engine.last(result.images) } else { (&[][..], &[][..]) };
            pack(&mut packed, &result, fault.as_ref(), last);
        }
        at += 1;
        waiting.push(Right::of(&batch));
        if waiting.len() < AT_ONCE * ranks.size() && batches.len() > 0 {
            continue;
        }
        packed.push_flag(interrupt.is_raised());
        let all = ranks.gather(&packed.take())?;
        let mut all: Vec<Unpacked<'_>> = all.iter().map(|bytes| Unpacked::of(bytes)).collect();
        for (place, right) in waiting.drain(..).enumerate() {
            // exchanges begin with a batch of rank 0
            let rank = place % ranks.size();
            let Judged { result, fault, outputs, losses } =
                unpack(&mut all[rank]).ok_or_else(|| not_understood(rank))?;
            if let Some(take) = &mut take {
                let items = &items[done..][..result.images];
                take(Answered { items, labels: right.as_labels(), outputs: &outputs, losses: &losses });
            }
            done += result.images;
            evaluation.add(&result, fault);
        }
        let mut is_raised = false;
        for (rank, rest) in all.iter_mut().enumerate() {
            is_raised |= rest.flag().ok_or_else(|| not_understood(rank))?;
        }
        if is_raised {
            return Ok(None);
        }
    }
    Ok(Some(evaluation))
}

/// What is right of the pictures of a batch.
struct Right {
    labels: Vec<i32>,
    targets: Vec<f32>,
}

impl Right {
    fn of(batch: &Batch) -> Self {
        Self { labels: batch.labels.clone(), targets: batch.targets.clone() }
    }

    fn as_labels(&self) -> Labels<'_> {
        if self.targets.is_empty() { Labels::Classes(&self.labels) } else { Labels::Numbers(&self.targets) }
    }
}

/// What a rank has found of a batch.
struct Judged {
    result: StepResult,
    fault: Option<Fault>,
    /// Both are empty where nobody takes answers.
    outputs: Vec<f32>,
    losses: Vec<f32>,
}

fn pack(
    packed: &mut Packed,
    result: &StepResult,
    fault: Option<&Fault>,
    (outputs, losses): (&[f32], &[f32]),
) {
    let StepResult { images, loss, correct, answers, stop: _ } = result;
    packed.push_count(*images);
    packed.push_float(*loss);
    packed.push_floats(correct);
    packed.push_flag(answers.is_some());
    if let Some(Answers { outputs, exclusive, ranked, scores, truth }) = answers {
        packed.push_count(*outputs);
        packed.push_flag(*exclusive);
        packed.push_flag(*ranked);
        packed.push_floats(scores);
        packed.push_flags(truth);
    }
    packed.push_flag(fault.is_some());
    if let Some(Fault { loss, layer }) = fault {
        packed.push_float(*loss);
        packed.push_flag(layer.is_some());
        layer.iter().for_each(|layer| packed.push_text(layer));
    }
    packed.push_floats(outputs);
    packed.push_floats(losses);
}

fn unpack(packed: &mut Unpacked<'_>) -> Option<Judged> {
    let (images, loss, correct) = (packed.count()?, packed.float()?, packed.floats()?);
    let answers = if packed.flag()? {
        Some(Answers {
            outputs: packed.count()?,
            exclusive: packed.flag()?,
            ranked: packed.flag()?,
            scores: packed.floats()?,
            truth: packed.flags()?,
        })
    } else {
        None
    };
    let fault = if packed.flag()? {
        let loss = packed.float()?;
        let layer = if packed.flag()? { Some(packed.text()?) } else { None };
        Some(Fault { loss, layer })
    } else {
        None
    };
    let result = StepResult { images, loss, correct, answers, stop: false };
    Some(Judged { result, fault, outputs: packed.floats()?, losses: packed.floats()? })
}
