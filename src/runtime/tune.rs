//! Times the ways of computing a model's convolutions on this machine, where the models of the kernels only
//! estimate.

use std::time::{Duration, Instant};

use super::error::CompileError;
use super::session::{CompileOptions, Kind};
use crate::ir::CheckedProgram;
use crate::jit::{FlushDenormals, LoneKernel};
use crate::kernel::Target;
use crate::plan::{Choices, Question, TimedCall, Way, questions};

/// Timings of each way. They take turns, so that whatever disturbs the machine for a moment disturbs all, and
/// the shortest counts: nothing makes a kernel faster than it is.
const ROUNDS: usize = 9;

/// Length of one timing: long against a clock's tick, short against a scheduler's slice.
const ROUND: Duration = Duration::from_micros(1500);

/// Another way than the usual one, the model's, has to be faster by this factor: a tie should not depend on
/// chance.
const MARGIN: f64 = 0.98;

/// Times the ways of computing every convolution of a program's graph, one thread, and chooses the fastest
/// for each. Those that `known` has are taken from there. Returns the choices for this graph, `known` ones
/// among them, and how many were timed. `progress` is told (done, all) of these.
/// # Errors
/// [`CompileError`]: a kernel that cannot be compiled, or too little memory for its arguments.
pub fn tune(
    (program, kind): (&CheckedProgram, Kind),
    options: &CompileOptions,
    known: &Choices,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Choices, usize), CompileError> {
    let graph = kind.graph((program, program.frozen_part().as_ref()), options)?;
    let target = options.target;
    let mut choices = Choices::default();
    let mut open = Vec::new();
    for question in questions(&graph, target, kind.batch(options)) {
        match known.of(&question, &target) {
            Some(way) => choices.insert(&question, &target, way),
            None => open.push(question),
        }
    }
    for (done, question) in open.iter().enumerate() {
        progress(done, open.len());
        choices.insert(question, &target, fastest(question, &target)?);
    }
    progress(open.len(), open.len());
    Ok((choices, open.len()))
}

/// The fastest way of all; of the direct ones first with the best loop order, then with the best tiles for
/// that.
fn fastest(question: &Question, target: &Target) -> Result<Way, CompileError> {
    let modelled = question.modelled(target);
    let mut best = fastest_of(question, question.ways(target), modelled, target)?;
    if let Way::Direct(rank) = best {
        best = fastest_of(question, question.with_other_orders(rank), best, target)?;
    }
    if let Way::Direct(rank) = best {
        best = fastest_of(question, question.with_other_tiles(rank), best, target)?;
    }
    Ok(best)
}

/// The fastest of some ways; `usual`, unless another one is clearly faster.
fn fastest_of(question: &Question, ways: Vec<Way>, usual: Way, target: &Target) -> Result<Way, CompileError> {
    if ways.len() < 2 {
        return Ok(usual);
    }
    let _flush = FlushDenormals::new();
    let mut timed = Vec::new();
    for way in ways {
        let candidate = question.candidate(way, target);
        let weights = candidate.weights.as_ref().map(|call| TimedKernel::new(call, target)).transpose()?;
        timed.push(Timed { way, call: TimedKernel::new(&candidate.call, target)?, weights });
    }
    for _ in 0..ROUNDS {
        timed.iter_mut().for_each(Timed::time);
    }
    let cost = |timed: &Timed| {
        let per_call = timed
            .weights
            .as_ref()
            .zip(question.calls)
            .map_or(0.0, |(stage, calls)| stage.best / calls as f64);
        let margin = if timed.way == usual { MARGIN } else { 1.0 };
        margin * (timed.call.best + per_call)
    };
    Ok(timed.iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).map_or(usual, |timed| timed.way))
}

/// A way with its timings.
struct Timed {
    way: Way,
    call: TimedKernel,
    weights: Option<TimedKernel>,
}

impl Timed {
    fn time(&mut self) {
        self.call.time();
        self.weights.iter_mut().for_each(TimedKernel::time);
    }
}

/// A kernel with the shortest call so far, in seconds.
struct TimedKernel {
    kernel: LoneKernel,
    best: f64,
}

impl TimedKernel {
    fn new(call: &TimedCall, target: &Target) -> Result<Self, CompileError> {
        let kernel = LoneKernel::of(target, call).map_err(|error| CompileError::Code(error.to_string()))?;
        Ok(Self { kernel, best: f64::INFINITY })
    }

    /// Calls it for a while.
    fn time(&mut self) {
        let begun = Instant::now();
        let mut called = false;
        while !called || begun.elapsed() < ROUND {
            let start = Instant::now();
            self.kernel.call();
            self.best = self.best.min(start.elapsed().as_secs_f64());
            called = true;
        }
    }
}
