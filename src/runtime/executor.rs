//! Compiled plans with the memory and the threads that they are run by.

use std::sync::Arc;

use super::bound::{BoundStage, Gate};
use super::error::CompileError;
use super::exchange::{Exchange, compare_plans};
use super::profile::Profile;
use super::run::{Execution, Progress, Together};
use super::team::Team;
use crate::checksum::Checksum;
use crate::ir::{OutputId, ScalarInput};
use crate::jit::{Arena, BoundGroup, BoundPlan, CodeLibrary};
use crate::plan::{BufferId, Call, Place, Plan, PlanError, Stage, VerifiedPlan, divide, verify_plan};
use crate::ranks::{Common, Communicator, RankError};

/// Plans that are kept, compiled, of a model that takes pictures of several sizes: the most recently used
/// ones. A plan's code takes some hundred KiB.
pub(super) const MOST_PLANS: usize = 16;

/// A plan, compiled.
#[derive(Debug)]
struct Compiled {
    /// What it was asked for by: the size of the pictures.
    key: [usize; 2],
    plan: VerifiedPlan,
    setup: Arc<[BoundStage]>,
    stages: Arc<[BoundStage]>,
    /// Where its loss is known, if it has one.
    gate: Option<Gate>,
    /// What it tells other ranks, where several run it.
    exchange: Option<Arc<Exchange>>,
    profile: Option<Arc<Profile>>,
}

/// Compiled plans of one model with their memory and threads. Parameters lie at the same places in all of
/// them, and there is one memory for all.
#[derive(Debug)]
pub(super) struct Executor {
    /// The one in use first, then those used before it.
    plans: Vec<Compiled>,
    arena: Arena,
    team: Team,
    profiles: bool,
    /// Code that is shared with others.
    library: Option<Arc<CodeLibrary>>,
    /// The ranks that run each plan together.
    ranks: Option<Communicator>,
}

impl Executor {
    /// Threads and memory for parameters of this many bytes, zero at first. There is no plan yet.
    pub(super) fn new(threads: usize, library: Option<Arc<CodeLibrary>>) -> Result<Self, CompileError> {
        let threads = if threads == 0 { available_threads() } else { threads };
        let refused = |why: String| CompileError::Threads { threads, why };
        let team = Team::new(threads).map_err(|error| refused(error.to_string()))?;
        let arena = Arena::new(0).map_err(|_| CompileError::Memory { bytes: 0 })?;
        Ok(Self { plans: Vec::new(), arena, team, profiles: false, library, ranks: None })
    }

    /// Divides each plan that comes among ranks: all of them compile the same plans in the same order.
    pub(super) fn share(&mut self, ranks: Communicator) {
        self.ranks = Some(ranks);
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

    /// Compiles a plan's kernels, makes room for it, and uses it from now on. The plan that was not used for
    /// the longest time is given up where there are too many. `kept` bytes of parameters stay as they are.
    pub(super) fn add(&mut self, key: [usize; 2], plan: Plan, kept: usize) -> Result<(), CompileError> {
        let wrong = |error: PlanError| CompileError::Code(error.to_string());
        let ranked =
            self.ranks.as_ref().map(|ranks| divide(&plan, ranks.size())).transpose().map_err(wrong)?;
        if let (Some(ranked), Some(ranks)) = (&ranked, &self.ranks) {
            compare_plans(ranked, ranks)?;
        }
        let plan = match &ranked {
            Some(ranked) => ranked.plan.clone(),
            None => verify_plan(plan).map_err(wrong)?,
        };
        let threads = self.team.workers();
        let BoundPlan { setup, stages } = compile(&plan, threads, self.library.as_deref())?;
        self.reserve(plan.memory_bytes(threads), kept)?;
        let all = |groups: Vec<BoundGroup>| BoundStage::new(groups, threads);
        let setup = setup.into_iter().map(all).collect();
        let loss = plan.outputs.iter().find(|output| output.id == OutputId::Loss);
        let gate = loss.map(|loss| Gate::new(&plan, loss.buffer)).transpose()?.flatten();
        let (stages, gate, exchange) = match (ranked, &self.ranks) {
            (Some(ranked), Some(ranks)) => {
                let bound = stages.into_iter().zip(&ranked.tasks).map(|(groups, tasks)| {
                    let own: Vec<_> = tasks.iter().map(|tasks| tasks.of(ranks.rank())).collect();
                    BoundStage::with_tasks(groups, &own, threads)
                });
                let stages = bound.collect();
                let gate = gate.zip(ranked.gate).map(|(gate, stages)| gate.moved_to(stages));
                // what another has planned would be another sum of other parts
                ranks.agree(&[(Common::Plan, Checksum::of(plan.to_string().as_bytes()).to_string())])?;
                (stages, gate, Some(Arc::new(Exchange::new(&ranked, ranks.clone())?)))
            }
            _ => (stages.into_iter().map(all).collect(), gate, None),
        };
        self.plans.truncate(MOST_PLANS - 1);
        self.plans.insert(0, Compiled { key, plan, setup, stages, gate, exchange, profile: None });
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

    /// Whether there is a plan of a key.
    pub(super) fn has(&self, key: [usize; 2]) -> bool {
        self.plans.iter().any(|compiled| compiled.key == key)
    }

    /// The key of the plan in use.
    pub(super) fn key(&self) -> Option<[usize; 2]> {
        self.plans.first().map(|compiled| compiled.key)
    }

    fn compiled(&self) -> &Compiled {
        self.plans.first().expect(COMPILED_FIRST)
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
            stages
                .iter()
                .flat_map(|stage| &stage.groups)
                .flat_map(|group| group.calls.clone())
                .collect::<Vec<_>>()
        };
        self.profiles = true;
        for compiled in self.plans.iter_mut().filter(|compiled| compiled.profile.is_none()) {
            let plan = &compiled.plan;
            let all: Vec<Call> = calls(&plan.setup).into_iter().chain(calls(&plan.stages)).collect();
            compiled.profile = Some(Arc::new(Profile::new(plan, &all)));
        }
    }

    /// Measures nothing any more, and forgets what was measured.
    pub(super) fn end_profile(&mut self) {
        self.profiles = false;
        self.plans.iter_mut().for_each(|compiled| compiled.profile = None);
    }

    /// What was measured of the plan in use.
    pub(super) fn profile(&self) -> Option<&Profile> {
        self.plans.first()?.profile.as_deref()
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
        let plan = &self.plans.first().expect(COMPILED_FIRST).plan;
        for (scalar, buffer) in &plan.scalars {
            self.arena.f32_mut(offset(plan, *buffer), 1)[0] = f32::from_bits(value(scalar));
        }
    }

    fn offset(&self, buffer: BufferId) -> usize {
        offset(self.plan(), buffer)
    }

    /// Computes what depends on parameters alone.
    pub(super) fn run_setup(&mut self) {
        let stages = Arc::clone(&self.compiled().setup);
        self.run_stages(stages, None, None, 0);
    }

    /// Runs all stages on a batch of `images`, whose data have been written.
    pub(super) fn run(&mut self, images: usize) {
        let stages = Arc::clone(&self.compiled().stages);
        self.run_stages(stages, None, None, images);
    }

    /// The same, but ends where the loss is not finite before anything is written that outlives the run. Where
    /// several ranks run the plan, all of them call this; `stop` says that this one wants to end, and what is
    /// returned whether any of them does.
    /// # Errors
    /// [`RankError`].
    pub(super) fn run_if_finite(&mut self, images: usize, stop: bool) -> Result<bool, RankError> {
        let Compiled { stages, gate, exchange, .. } = self.compiled();
        let (stages, gate, exchange) = (Arc::clone(stages), *gate, exchange.clone());
        let together = exchange.map(|exchange| Together::new(exchange, stop));
        let run = self.run_stages(stages, gate, together, images);
        run.together.as_ref().map_or(Ok(stop), Together::outcome)
    }

    /// Of all ranks: brings all parameters to all of them.
    /// # Errors
    /// [`RankError`].
    pub(super) fn gather(&mut self) -> Result<(), RankError> {
        let exchange = self.plans.first().and_then(|compiled| compiled.exchange.clone());
        exchange.map_or(Ok(()), |exchange| exchange.gather(&mut self.arena))
    }

    fn run_stages(
        &mut self,
        stages: Arc<[BoundStage]>,
        gate: Option<Gate>,
        together: Option<Together>,
        images: usize,
    ) -> Arc<Execution> {
        let compiled = self.plans.first().expect(COMPILED_FIRST);
        let is_divided = stages.iter().any(|stage| stage.tasks > 1);
        let run = Arc::new(Execution {
            progress: Progress::new(stages.len(), self.team.workers()),
            stages,
            gate,
            images,
            profile: compiled.profile.clone(),
            scratch: [compiled.plan.scratch_base(), compiled.plan.scratch_bytes],
            arena: self.arena.run(),
            together,
        });
        if is_divided {
            // one parallel region for the whole step
            let shared = Arc::clone(&run);
            self.team.run(move |worker| shared.work(worker));
        } else {
            run.work(0);
        }
        run
    }
}

const COMPILED_FIRST: &str = "a plan is compiled before anything is run";

fn offset(plan: &Plan, buffer: BufferId) -> usize {
    match plan.buffer(buffer).place {
        Place::Arena(offset) => offset,
        Place::Scratch(_) => unreachable!("what is read or written from outside lies in the arena"),
    }
}

/// Compiles the kernels of a plan, on threads that live no longer than that.
fn compile(
    plan: &VerifiedPlan,
    threads: usize,
    library: Option<&CodeLibrary>,
) -> Result<BoundPlan, CompileError> {
    let compile = || BoundPlan::compile(plan, library);
    if threads == 1 {
        return compile().map_err(CompileError::from);
    }
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let named = builder.thread_name(|index| format!("cnnc-compile-{index}"));
    let pool = named.build().map_err(|error| CompileError::Threads { threads, why: error.to_string() })?;
    pool.install(compile).map_err(CompileError::from)
}

/// Number of threads to use where none is asked for.
fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
