//! Runs a plan: the arena, the threads, and the calls.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::barrier::{Barrier, BreakOnPanic};
use super::profile::Profile;
use super::session::CompileError;
use crate::ir::ScalarInput;
use crate::jit::{Arena, ArenaRun, BoundArgument, BoundKernel, FlushDenormals};
use crate::plan::{Access, BufferId, Call, Count, Group, Mode, Place, Plan, Space, Stage, verify_plan};

/// A call, ready to be made for any task of its group.
#[derive(Debug)]
struct BoundCall {
    kernel: BoundKernel,
    tail: Option<BoundKernel>,
    count: Count,
    /// Index into the profile.
    slot: usize,
}

#[derive(Debug)]
struct BoundGroup {
    space: Space,
    calls: Vec<BoundCall>,
}

/// The tasks of one stage: (group, task), the longest first.
#[derive(Debug)]
struct BoundStage {
    groups: Vec<BoundGroup>,
    tasks: Vec<(usize, usize)>,
}

/// Plans that are kept, compiled, of a model that takes pictures of several sizes: the most recently used ones. A plan's code takes some hundred KiB.
pub(super) const MOST_PLANS: usize = 16;

/// Arithmetic operations for a single image below which one thread runs them alone: about a tenth of a millisecond, in which waking another one costs more than it saves.
const WORTH_WAKING: usize = 32_000_000;

/// A plan, compiled.
#[derive(Debug)]
struct Compiled {
    /// What it was asked for by: the size of the pictures.
    key: [usize; 2],
    plan: Plan,
    setup: Vec<BoundStage>,
    stages: Vec<BoundStage>,
    profile: Option<Profile>,
    /// A single image, and so little to do that one thread does it.
    is_short: bool,
}

/// Compiled plans of one model with their memory and threads. Parameters lie at the same places in all of them, and there is one memory for all.
#[derive(Debug)]
pub(super) struct Executor {
    /// The one in use first, then those used before it.
    plans: Vec<Compiled>,
    arena: Arena,
    pool: Option<rayon::ThreadPool>,
    threads: usize,
    profiles: bool,
}

/// What a run's worker needs.
struct Run<'a> {
    stages: &'a [BoundStage],
    arena: ArenaRun<'a>,
    images: usize,
    next: Vec<AtomicUsize>,
    barrier: Barrier,
    profile: Option<&'a Profile>,
    scratch_base: usize,
    scratch_bytes: usize,
}

impl Executor {
    /// Threads and memory for parameters of so many bytes, zero at first. There is no plan yet.
    pub(super) fn new(threads: usize) -> Result<Self, CompileError> {
        let threads = if threads == 0 { available_threads() } else { threads };
        let pool = if threads > 1 {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let named = builder.thread_name(|index| format!("cnnc-worker-{index}"));
            Some(named.build().map_err(|error| CompileError::Code(error.to_string()))?)
        } else {
            None
        };
        let arena = Arena::new(0).map_err(|_| CompileError::Memory { bytes: 0 })?;
        Ok(Self { plans: Vec::new(), arena, pool, threads, profiles: false })
    }

    /// Makes the memory at least so large; its first `kept` bytes stay as they are.
    pub(super) fn reserve(&mut self, bytes: usize, kept: usize) -> Result<(), CompileError> {
        if self.arena.size_bytes() >= bytes {
            return Ok(());
        }
        let mut arena = Arena::new(bytes).map_err(|_| CompileError::Memory { bytes })?;
        let kept = kept.min(self.arena.size_bytes());
        arena.bytes_mut(0, kept).copy_from_slice(self.arena.bytes(0, kept));
        self.arena = arena;
        Ok(())
    }

    /// Compiles a plan's kernels, makes room for it, and uses it from now on. The plan that was not used for the longest time is given up where there
    /// are too many. `kept` bytes of parameters stay as they are.
    pub(super) fn add(&mut self, key: [usize; 2], plan: Plan, kept: usize) -> Result<(), CompileError> {
        // the proof that `BoundKernel::call` relies on
        verify_plan(&plan).map_err(|error| CompileError::Code(error.to_string()))?;
        let compile = || crate::jit::compile(&plan.target, &plan.kernels);
        let kernels = match &self.pool {
            Some(pool) => pool.install(compile),
            None => compile(),
        };
        let kernels = kernels.map_err(|error| CompileError::Code(error.to_string()))?;
        self.reserve(plan.memory_bytes(self.threads), kept)?;
        let mut slots = 0;
        let mut bind = |stages: &[Stage]| -> Result<Vec<BoundStage>, CompileError> {
            stages.iter().map(|stage| bind_stage(&plan, stage, &kernels, &mut slots)).collect()
        };
        let (setup, stages) = (bind(&plan.setup)?, bind(&plan.stages)?);
        let is_short = plan.batch == 1 && plan.operations() < WORTH_WAKING;
        self.plans.truncate(MOST_PLANS - 1);
        self.plans.insert(0, Compiled { key, plan, setup, stages, profile: None, is_short });
        if self.profiles {
            self.start_profile();
        }
        Ok(())
    }

    /// Uses the plan of a key, if there is one.
    pub(super) fn select(&mut self, key: [usize; 2]) -> bool {
        let found = self.plans.iter().position(|compiled| compiled.key == key);
        if let Some(at) = found {
            self.plans[..=at].rotate_right(1);
        }
        found.is_some()
    }

    /// The key of the plan in use.
    pub(super) fn key(&self) -> Option<[usize; 2]> {
        self.plans.first().map(|compiled| compiled.key)
    }

    fn compiled(&self) -> &Compiled {
        self.plans.first().expect("a plan is compiled before anything is run")
    }

    /// The plan in use.
    pub(super) fn plan(&self) -> &Plan {
        &self.compiled().plan
    }

    /// Bytes of memory that were allocated.
    pub(super) fn memory_bytes(&self) -> usize {
        self.arena.size_bytes()
    }

    /// Measures every call from now on.
    pub(super) fn start_profile(&mut self) {
        let calls = |stages: &[Stage]| {
            stages.iter().flat_map(|stage| &stage.groups).flat_map(|group| group.calls.clone()).collect::<Vec<_>>()
        };
        self.profiles = true;
        for compiled in self.plans.iter_mut().filter(|compiled| compiled.profile.is_none()) {
            let plan = &compiled.plan;
            let all: Vec<Call> = calls(&plan.setup).into_iter().chain(calls(&plan.stages)).collect();
            compiled.profile = Some(Profile::new(plan, &all));
        }
    }

    /// What was measured of the plan in use.
    pub(super) fn profile(&self) -> Option<&Profile> {
        self.plans.first()?.profile.as_ref()
    }

    /// `elements` f32 from a place on, in bytes.
    pub(super) fn read_at(&self, offset: usize, elements: usize) -> &[f32] {
        self.arena.f32(offset, elements)
    }

    /// The same, to be written.
    pub(super) fn write_at(&mut self, offset: usize, elements: usize) -> &mut [f32] {
        self.arena.f32_mut(offset, elements)
    }

    /// `elements` f32 of a buffer.
    pub(super) fn read(&self, buffer: BufferId, elements: usize) -> &[f32] {
        self.arena.f32(self.offset(buffer), elements)
    }

    /// The same, to be written.
    pub(super) fn write(&mut self, buffer: BufferId, elements: usize) -> &mut [f32] {
        let offset = self.offset(buffer);
        self.arena.f32_mut(offset, elements)
    }

    /// Writes class indices.
    pub(super) fn write_labels(&mut self, buffer: BufferId, labels: &[i32]) {
        let offset = self.offset(buffer);
        self.arena.i32_mut(offset, labels.len()).copy_from_slice(labels);
    }

    /// Writes the numbers of this run: an f32 by its bits, or a random key.
    pub(super) fn write_scalars(&mut self, value: impl Fn(&ScalarInput) -> u32) {
        for (scalar, buffer) in self.plan().scalars.clone() {
            let bits = value(&scalar);
            self.write(buffer, 1)[0] = f32::from_bits(bits);
        }
    }

    fn offset(&self, buffer: BufferId) -> usize {
        match self.plan().buffer(buffer).place {
            Place::Arena(offset) => offset,
            Place::Scratch(_) => unreachable!("what is read or written from outside lies in the arena"),
        }
    }

    /// Computes what depends on parameters alone.
    pub(super) fn run_setup(&mut self) {
        self.run_stages(true, 0..self.compiled().setup.len(), 0);
    }

    /// Runs all stages on a batch of `images`, whose data have been written.
    pub(super) fn run(&mut self, images: usize) {
        self.run_range(0..self.compiled().stages.len(), images);
    }

    /// Runs some stages; those before them have been run for this batch.
    pub(super) fn run_range(&mut self, stages: Range<usize>, images: usize) {
        self.run_stages(false, stages, images);
    }

    /// The stage that makes a buffer's contents.
    pub(super) fn stage_of(&self, buffer: BufferId) -> Option<usize> {
        let writes = |call: &Call| call.args.iter().any(|arg| arg.buffer == buffer && arg.mode == Mode::Write);
        self.plan().stages.iter().rposition(|stage| stage.groups.iter().flat_map(|group| &group.calls).any(writes))
    }

    fn run_stages(&mut self, setup: bool, range: Range<usize>, images: usize) {
        let compiled = self.plans.first().expect("a plan is compiled before anything is run");
        let stages = if setup { &compiled.setup[range] } else { &compiled.stages[range] };
        let pool = self.pool.as_ref().filter(|_| !compiled.is_short);
        let run = Run {
            stages,
            images,
            next: stages.iter().map(|_| AtomicUsize::new(0)).collect(),
            barrier: Barrier::new(if pool.is_some() { self.threads } else { 1 }),
            profile: compiled.profile.as_ref(),
            scratch_base: compiled.plan.scratch_base(),
            scratch_bytes: compiled.plan.scratch_bytes,
            arena: self.arena.run(),
        };
        match pool {
            // one parallel region for the whole step
            Some(pool) => drop(pool.broadcast(|context| run.work(context.index()))),
            None => run.work(0),
        }
    }
}

impl Run<'_> {
    /// Takes tasks until there are none, stage by stage.
    fn work(&self, worker: usize) {
        let _flush = FlushDenormals::new();
        let _break = BreakOnPanic(&self.barrier);
        let scratch = self.scratch_base + worker * self.scratch_bytes;
        for (stage, next) in self.stages.iter().zip(&self.next) {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(&(group, task)) = stage.tasks.get(at) else { break };
                self.task(&stage.groups[group], task, scratch);
            }
            // the panic of another worker goes on where the run was begun: here is nothing left to do
            if self.barrier.wait().is_err() {
                return;
            }
        }
    }

    fn task(&self, group: &BoundGroup, task: usize, scratch: usize) {
        let (first, part) = part_of(group.space, task, self.images);
        for call in &group.calls {
            let count = match call.count {
                Count::Part => part,
                Count::Batch => self.images,
                Count::Fixed(count) => count,
            };
            let is_last = task + 1 == group.space.tasks();
            let kernel = call.tail.as_ref().filter(|_| is_last).unwrap_or(&call.kernel);
            match self.profile {
                None => kernel.call(&self.arena, task, count, first, scratch),
                Some(profile) => {
                    let start = Instant::now();
                    kernel.call(&self.arena, task, count, first, scratch);
                    profile.add(call.slot, count, start.elapsed());
                }
            }
        }
    }
}

/// First image or element of a task, and how many it has.
fn part_of(space: Space, task: usize, images: usize) -> (usize, usize) {
    let within = |len: usize, part: usize| (task * part, part.min(len.saturating_sub(task * part)));
    match space {
        Space::Images { shard, .. } => within(images, shard),
        Space::Flat { len, part } | Space::Columns { len, part } => within(len, part),
        Space::Single => (0, images),
    }
}

/// Number of threads to use where none is asked for.
fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn bind_stage(
    plan: &Plan,
    stage: &Stage,
    kernels: &crate::jit::KernelSet,
    slots: &mut usize,
) -> Result<BoundStage, CompileError> {
    let mut groups = Vec::with_capacity(stage.groups.len());
    for group in &stage.groups {
        let mut calls = Vec::with_capacity(group.calls.len());
        for call in &group.calls {
            let bind = |kernel: usize| {
                let arguments = arguments(plan, group, call);
                BoundKernel::new(kernels.entry(kernel), &arguments, plan.arena_bytes, plan.scratch_bytes)
                    .map_err(|error| CompileError::Code(error.to_string()))
            };
            let (kernel, tail) = (bind(call.kernel)?, call.tail.map(bind).transpose()?);
            calls.push(BoundCall { kernel, tail, count: call.count, slot: *slots });
            *slots += 1;
        }
        groups.push(BoundGroup { space: group.space, calls });
    }
    // a single task may be long: it starts first, so that the parts fill up the time beside it
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&group| groups[group].space.tasks());
    let tasks = order.into_iter().flat_map(|group| (0..groups[group].space.tasks()).map(move |task| (group, task)));
    Ok(BoundStage { tasks: tasks.collect(), groups })
}

fn arguments(plan: &Plan, group: &Group, call: &Call) -> Vec<BoundArgument> {
    let tasks = group.space.tasks();
    let argument = |access: &Access| match plan.buffer(access.buffer).place {
        Place::Arena(base) => BoundArgument::Arena { offset: base + access.offset, stride: access.stride, tasks },
        Place::Scratch(base) => BoundArgument::Scratch { offset: base + access.offset },
    };
    let scratch = (call.scratch.0 > 0).then_some(BoundArgument::Scratch { offset: call.scratch.1 });
    call.args.iter().map(argument).chain(scratch).collect()
}
