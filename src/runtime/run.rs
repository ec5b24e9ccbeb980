//! One run of some stages: who takes which task, and when a stage has ended.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::bound::{BoundStage, Gate, Task};
use super::exchange::{Exchange, Flow};
use super::profile::Profile;
use super::wait::Wait;
use crate::jit::{ArenaRun, BoundGroup, FlushDenormals, TaskPart};
use crate::ranks::RankError;

/// What the workers of a run share. It owns all that it needs, so that helpers need not have ended when its
/// caller goes on.
///
/// A stage has ended when all its tasks are done, whoever did them: a worker that comes late, or never, is
/// not waited for.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) stages: Arc<[BoundStage]>,
    /// Ends the run where the loss is not finite.
    pub(super) gate: Option<Gate>,
    pub(super) profile: Option<Arc<Profile>>,
    pub(super) arena: ArenaRun,
    pub(super) images: usize,
    /// Where the first worker's scratch memory begins, and the size of each.
    pub(super) scratch: [usize; 2],
    pub(super) progress: Progress,
    /// Where several ranks run the plan.
    pub(super) together: Option<Together>,
}

/// What a run has besides where several ranks run a plan.
#[derive(Debug)]
pub(super) struct Together {
    exchange: Arc<Exchange>,
    /// This rank wants to end behind the step.
    stop: bool,
    /// Stages that may begin: what they need of other ranks is there.
    open: AtomicUsize,
    /// Whether any rank wants to end, or why there is no more to be done.
    outcome: Mutex<Result<bool, RankError>>,
}

impl Together {
    pub(super) fn new(exchange: Arc<Exchange>, stop: bool) -> Self {
        Self { exchange, stop, open: AtomicUsize::new(0), outcome: Mutex::new(Ok(false)) }
    }

    /// Whether any rank wanted to end behind the step.
    /// # Errors
    /// [`RankError`]: the step has not ended.
    pub(super) fn outcome(&self) -> Result<bool, RankError> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, outcome: Result<bool, RankError>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

/// How far a run has come.
#[derive(Debug)]
pub(super) struct Progress {
    workers: usize,
    /// For each stage the tasks that were begun of each worker's queue, then the tasks that are done.
    counters: Vec<AtomicUsize>,
    /// A task will never be done: its worker has panicked.
    broken: AtomicBool,
}

/// Breaks a run when its worker panics: the others would wait for ever.
struct BreakOnPanic<'p>(&'p Progress);

impl Drop for BreakOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Release);
        }
    }
}

impl Progress {
    pub(super) fn new(stages: usize, workers: usize) -> Self {
        let counters = (0..stages * (workers + 1)).map(|_| AtomicUsize::new(0)).collect();
        Self { workers, counters, broken: AtomicBool::new(false) }
    }

    /// A task for a worker: the next of its own, else one that another has not begun.
    fn claim(&self, stage: usize, queues: &[Vec<Task>], worker: usize) -> Option<Task> {
        let begun = &self.counters[stage * (self.workers + 1)..][..self.workers];
        let owners = (worker..self.workers).chain(0..worker);
        owners.into_iter().find_map(|owner| {
            let (queue, begun) = (&queues[owner], &begun[owner]);
            // a look is cheaper than taking the counter away from whoever counts with it
            if begun.load(Ordering::Relaxed) >= queue.len() {
                return None;
            }
            queue.get(begun.fetch_add(1, Ordering::Relaxed)).copied()
        })
    }

    /// Says that a worker has done this many tasks of a stage, which is all that it can do there.
    fn add_done(&self, stage: usize, tasks: usize) {
        if tasks > 0 {
            // passes on what they wrote, and what others did that have said so
            self.done(stage).fetch_add(tasks, Ordering::AcqRel);
        }
    }

    /// Returns once all tasks of a stage are done, and what they wrote is seen. False: that will never be.
    fn await_all(&self, stage: usize, tasks: usize) -> bool {
        let mut wait = Wait::default();
        while self.done(stage).load(Ordering::Acquire) < tasks {
            if self.broken.load(Ordering::Acquire) {
                return false;
            }
            wait.pause();
        }
        true
    }

    fn done(&self, stage: usize) -> &AtomicUsize {
        &self.counters[stage * (self.workers + 1) + self.workers]
    }
}

impl Execution {
    /// Takes tasks until there are none, stage by stage. When worker 0 returns the run has ended.
    pub(super) fn work(&self, worker: usize) {
        let _flush = FlushDenormals::new();
        let _break = BreakOnPanic(&self.progress);
        match self.together.as_ref().filter(|_| worker == 0) {
            None => {
                // without other ranks there is nothing that could fail
                let _ = self.stages_of(worker, &mut None);
            }
            Some(together) => {
                let outcome = self.first_of_rank(together);
                if outcome.is_err() {
                    // the others wait for stages that will never begin
                    self.progress.broken.store(true, Ordering::Release);
                }
                together.set(outcome);
            }
        }
    }

    /// What worker 0 does where several ranks run the plan; says whether any of them wants to end.
    fn first_of_rank(&self, together: &Together) -> Result<bool, RankError> {
        let flow = Flow::begin(&together.exchange, &self.arena, together.stop)?;
        let end = flow.end();
        let mut flow = Some(flow);
        let stopped = self.stages_of(0, &mut flow)?;
        let Some(mut flow) = flow else { return Ok(together.stop) };
        match stopped {
            Some(stage) => flow.break_off(stage)?,
            None => flow.before(end)?,
        }
        flow.stops(together.stop)
    }

    /// Goes through the stages; says before which one the run has ended, where that was not behind the last.
    fn stages_of(&self, worker: usize, flow: &mut Option<Flow<'_>>) -> Result<Option<usize>, RankError> {
        let scratch = self.scratch[0] + worker * self.scratch[1];
        for (index, stage) in self.stages.iter().enumerate() {
            if let Some(flow) = flow {
                flow.before(index)?;
            }
            if !self.opens(index, worker) {
                return Ok(None);
            }
            // each worker looks for itself: they all see the same bits
            if self.gate.is_some_and(|gate| gate.stages == index && !self.is_finite(&gate)) {
                return Ok(Some(index));
            }
            let mut done = 0;
            // what cannot be divided stays with worker 0, in whose cache the results of such stages are
            if stage.tasks > 1 || worker == 0 {
                while let Some((group, task)) = self.progress.claim(index, &stage.queues, worker) {
                    self.task(&stage.groups[group], task, scratch);
                    done += 1;
                    if let Some(flow) = flow {
                        flow.beside(index)?;
                    }
                }
            }
            self.progress.add_done(index, done);
            let nothing_follows = worker > 0 && index + 1 == self.stages.len();
            // the panic of another worker goes on where the run was begun: here is nothing left to do
            if nothing_follows || !self.progress.await_all(index, stage.tasks) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Waits until a stage may begin, or says that it may, if this is worker 0. False: it never will.
    fn opens(&self, stage: usize, worker: usize) -> bool {
        let Some(Together { open, .. }) = &self.together else { return true };
        if worker == 0 {
            open.store(stage + 1, Ordering::Release);
            return true;
        }
        let mut wait = Wait::default();
        while open.load(Ordering::Acquire) <= stage {
            if self.progress.broken.load(Ordering::Acquire) {
                return false;
            }
            wait.pause();
        }
        true
    }

    fn is_finite(&self, gate: &Gate) -> bool {
        gate.losses.look(&self.arena, self.images, |losses| mean(losses, self.images).is_finite())
    }

    fn task(&self, group: &BoundGroup, task: usize, scratch: usize) {
        let part = TaskPart { task, images: self.images, scratch };
        for call in 0..group.calls() {
            match &self.profile {
                None => {
                    group.call(call, &self.arena, part);
                }
                Some(profile) => {
                    let start = Instant::now();
                    let count = group.call(call, &self.arena, part);
                    profile.add(group.number(call), count, start.elapsed());
                }
            }
        }
    }
}

/// Mean of what each image adds to a result: summed in the order of the images.
pub(super) fn mean(values: &[f32], images: usize) -> f32 {
    (values.iter().map(|&value| f64::from(value)).sum::<f64>() / images as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two stages of counted tasks, taken as [`Execution::work`] takes them. `panics` is a task of the first.
    fn work(
        progress: &Progress,
        worker: usize,
        queues: &[Vec<Task>],
        panics: Option<usize>,
    ) -> Option<[usize; 2]> {
        let _break = BreakOnPanic(progress);
        let tasks = queues.iter().map(Vec::len).sum();
        let mut counts = [0; 2];
        for (stage, count) in counts.iter_mut().enumerate() {
            while let Some((_, task)) = progress.claim(stage, queues, worker) {
                assert!(stage > 0 || Some(task) != panics, "task {task} panics");
                *count += 1;
            }
            progress.add_done(stage, *count);
            if !progress.await_all(stage, tasks) {
                return None;
            }
        }
        Some(counts)
    }

    #[test]
    fn a_stage_ends_without_workers_that_never_come() {
        let queues = [vec![(0, 0), (0, 1)], vec![(0, 2)], vec![(0, 3)]];
        let progress = Progress::new(2, 3);
        assert_eq!(work(&progress, 1, &queues, None), Some([4, 4]));
        // a late one finds nothing to do
        assert_eq!(work(&progress, 0, &queues, None), Some([0, 0]));
    }

    #[test]
    fn workers_share_all_tasks() {
        let queues = [vec![(0, 0), (0, 1)], vec![(0, 2)], vec![(0, 3), (0, 4)]];
        for _ in 0..500 {
            let progress = Progress::new(2, 3);
            let counts = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..3)
                    .map(|worker| {
                        scope.spawn({
                            let (progress, queues) = (&progress, &queues);
                            move || work(progress, worker, queues, None)
                        })
                    })
                    .collect();
                workers
                    .into_iter()
                    .map(|worker| worker.join().expect("no panic").expect("ends"))
                    .collect::<Vec<_>>()
            });
            assert_eq!([0, 1].map(|stage| counts.iter().map(|count| count[stage]).sum::<usize>()), [5, 5]);
        }
    }

    #[test]
    fn a_worker_that_panics_sets_the_others_free() {
        let queues = [vec![(0, 0)], vec![(0, 1)]];
        let progress = Progress::new(2, 2);
        std::thread::scope(|scope| {
            let (progress, queues) = (&progress, &queues);
            let workers: Vec<_> =
                (0..2).map(|worker| scope.spawn(move || work(progress, worker, queues, Some(1)))).collect();
            let ends: Vec<_> = workers.into_iter().map(|worker| worker.join().ok()).collect();
            // whoever took the task has panicked; the other one, if it came first, has been set free
            assert!(ends.contains(&None), "{ends:?}");
            assert!(ends.iter().all(|end| matches!(end, None | Some(None))), "{ends:?}");
        });
    }

    #[test]
    fn the_mean_is_that_of_the_images() {
        assert_eq!(mean(&[1.0, 2.0, 6.0], 3), 3.0);
        assert!(!mean(&[1.0, f32::INFINITY], 2).is_finite());
        assert!(!mean(&[f32::MAX, f32::NAN], 2).is_finite());
    }
}
