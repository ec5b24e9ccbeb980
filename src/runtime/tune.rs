//! Times the ways of computing a model's convolutions on this machine, where the models of the kernels only estimate.

use std::time::{Duration, Instant};

use super::session::{CompileError, CompileOptions, Kind};
use crate::ir::CheckedProgram;
use crate::jit::{Arena, BoundArgument, BoundKernel, FlushDenormals, compile};
use crate::kernel::desc::KernelDesc;
use crate::kernel::{Target, scratch_bytes};
use crate::plan::{Choices, Question, TimedCall, Way, questions};

/// Timings of each way. They take turns, so that whatever disturbs the machine for a moment disturbs all, and the shortest counts: nothing makes a kernel faster than it is.
const ROUNDS: usize = 9;

/// Length of one timing: long against a clock's tick, short against a scheduler's slice.
const ROUND: Duration = Duration::from_micros(1500);

/// Another way than the model's has to be faster by this factor: a tie should not depend on chance.
const MARGIN: f64 = 0.98;

/// Times every convolution of a program's graph that can be computed in several ways, one thread, and chooses the fastest for each. Those that `known` has
/// are taken from there. Returns the choices for this graph, `known` ones among them, and how many were timed. `progress` is told (done, all) of these.
/// # Errors
/// [`CompileError`]: a kernel that cannot be compiled, or too little memory for its arguments.
pub fn tune(
    (program, kind): (&CheckedProgram, Kind),
    options: &CompileOptions,
    known: &Choices,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Choices, usize), CompileError> {
    let graph = kind.graph(program, options)?;
    let target = options.target;
    let mut choices = Choices::default();
    let mut open = Vec::new();
    for question in questions(&graph, target, options.batch) {
        match known.of(&question, &target) {
            Some(way) => choices.insert(&question, &target, way),
            None if question.ways(&target).len() > 1 => open.push(question),
            None => {}
        }
    }
    for (done, question) in open.iter().enumerate() {
        progress(done, open.len());
        choices.insert(question, &target, fastest(question, &target)?);
    }
    progress(open.len(), open.len());
    Ok((choices, open.len()))
}

fn fastest(question: &Question, target: &Target) -> Result<Way, CompileError> {
    let _flush = FlushDenormals::new();
    let modelled = question.modelled(target);
    let mut timed = Vec::new();
    for way in question.ways(target) {
        let candidate = question.candidate(way, target);
        let weights = candidate.weights.as_ref().map(|call| Stage::new(call, target)).transpose()?;
        timed.push(Timed { way, call: Stage::new(&candidate.call, target)?, weights });
    }
    for _ in 0..ROUNDS {
        timed.iter_mut().for_each(Timed::time);
    }
    let cost = |timed: &Timed| {
        let per_call =
            timed.weights.as_ref().zip(question.calls).map_or(0.0, |(stage, calls)| stage.best / calls as f64);
        let margin = if timed.way == modelled { MARGIN } else { 1.0 };
        margin * (timed.call.best + per_call)
    };
    let best = timed.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    Ok(best.map_or(modelled, |timed| timed.way))
}

/// A way with its timings.
struct Timed {
    way: Way,
    call: Stage,
    weights: Option<Stage>,
}

impl Timed {
    fn time(&mut self) {
        self.call.time();
        self.weights.iter_mut().for_each(Stage::time);
    }
}

/// A kernel with memory of its own.
struct Stage {
    kernel: BoundKernel,
    arena: Arena,
    scratch_at: usize,
    count: usize,
    /// The shortest call, in seconds.
    best: f64,
}

impl Stage {
    fn new(call: &TimedCall, target: &Target) -> Result<Self, CompileError> {
        let refused = |error: &dyn std::fmt::Display| CompileError::Code(error.to_string());
        let set = compile(target, std::slice::from_ref::<KernelDesc>(&call.kernel)).map_err(|error| refused(&error))?;
        let mut places = Vec::with_capacity(call.arguments.len() + 1);
        let mut end = 0_usize;
        for &bytes in &call.arguments {
            places.push(BoundArgument::Arena { offset: end, stride: 0, tasks: 1 });
            // no two begin at the same place of a page: they would push each other out of the first-level cache
            end = (end + bytes).next_multiple_of(4096) + 256;
        }
        let scratch = scratch_bytes(&call.kernel, target);
        places.extend((scratch > 0).then_some(BoundArgument::Scratch { offset: 0 }));
        let scratch_at = end.next_multiple_of(4096);
        let size = scratch_at + scratch + 4096;
        let mut arena = Arena::new(size).map_err(|_| CompileError::Memory { bytes: size })?;
        for (at, value) in arena.f32_mut(0, end / size_of::<f32>()).iter_mut().enumerate() {
            *value = (at * 7919 % 1024) as f32 / 512.0 - 1.0;
        }
        let kernel = BoundKernel::new(set.entry(0), &places, size, scratch).map_err(|error| refused(&error))?;
        Ok(Self { kernel, arena, scratch_at, count: call.count, best: f64::INFINITY })
    }

    /// Calls it for a while.
    fn time(&mut self) {
        let run = self.arena.run();
        let begun = Instant::now();
        let mut calls = 0;
        while calls == 0 || begun.elapsed() < ROUND {
            let start = Instant::now();
            self.kernel.call(&run, 0, self.count, 0, self.scratch_at);
            self.best = self.best.min(start.elapsed().as_secs_f64());
            calls += 1;
        }
    }
}
