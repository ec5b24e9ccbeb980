//! Threads that run jobs together with the one that asks for them.
//!
//! A step of a small network takes some tens of microseconds, and so does waking a thread. Helpers therefore
//! stay awake for a while behind every job and look for the next one. Nobody waits for a helper that is not
//! there: a job divides itself among those who come, and whoever asked for it is always one.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::wait::Wait;

/// Looks that a helper gives its core away between, behind the busy ones and before it sleeps: some 0.3 ms
/// where nobody else wants the core.
const YIELDS: u32 = 500;

/// Work for any number of workers, told which of them they are.
type Job = Arc<dyn Fn(usize) + Send + Sync>;

/// Helpers of the thread that owns this: worker 0 is the owner, the others are threads of the team.
#[derive(Debug)]
pub(super) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Jobs so far. Helpers look at this alone, so it has a cache line to itself.
    number: OwnLine<AtomicUsize>,
    /// Helpers that have a share of the job.
    inside: OwnLine<AtomicUsize>,
    desk: Mutex<Desk>,
    wake: Condvar,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct OwnLine<T>(T);

/// What is changed in turn.
#[derive(Default)]
struct Desk {
    /// While it runs.
    job: Option<Job>,
    /// Helpers that have to be woken.
    sleeping: usize,
    /// The team is given up.
    closed: bool,
    /// Of the first helper that panicked.
    panic: Option<Box<dyn Any + Send>>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("sleeping", &self.sleeping).finish_non_exhaustive()
    }
}

impl Team {
    /// A team of this many workers, the owner counted. Helpers sleep until there is a first job.
    /// # Errors
    /// The system refuses threads.
    pub(super) fn new(workers: usize) -> std::io::Result<Self> {
        let mut team = Self { shared: Arc::default(), helpers: Vec::new() };
        for worker in 1..workers {
            let shared = Arc::clone(&team.shared);
            let builder = std::thread::Builder::new().name(format!("cnnc-worker-{worker}"));
            team.helpers.push(builder.spawn(move || shared.help(worker))?);
        }
        Ok(team)
    }

    /// Workers, the owner counted.
    pub(super) fn workers(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Runs `job(0)` here, while helpers that are awake, or wake in time, run it as well, each at most once.
    /// Returns when none of them has a share of it any more.
    /// # Panics
    /// With the panic of any worker.
    pub(super) fn run(&mut self, job: impl Fn(usize) + Send + Sync + 'static) {
        let job: Job = Arc::new(job);
        self.shared.begin(Arc::clone(&job));
        let own = catch_unwind(AssertUnwindSafe(|| job(0)));
        let of_helpers = self.shared.end();
        if let Some(panic) = own.err().or(of_helpers) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.announce(|desk| desk.closed = true);
        for helper in self.helpers.drain(..) {
            // its panics were caught
            let _ = helper.join();
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // nothing panics while it has the desk
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, change: impl FnOnce(&mut Desk)) {
        let mut desk = self.desk();
        change(&mut desk);
        self.number.0.fetch_add(1, Ordering::Release);
        let sleeping = desk.sleeping;
        drop(desk);
        if sleeping > 0 {
            self.wake.notify_all();
        }
    }

    fn begin(&self, job: Job) {
        self.announce(|desk| desk.job = Some(job));
    }

    /// Lets nobody begin any more, and waits for those who have begun.
    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.desk().job = None;
        let mut wait = Wait::default();
        while self.inside.0.load(Ordering::Acquire) > 0 {
            wait.pause();
        }
        self.desk().panic.take()
    }

    /// What a helper does all its life.
    fn help(&self, worker: usize) {
        let mut seen = 0;
        self.sleep(seen);
        loop {
            let job = {
                let desk = self.desk();
                if desk.closed {
                    return;
                }
                seen = self.number.0.load(Ordering::Relaxed);
                // before the desk is free: `end` waits for whoever has taken the job from it
                self.inside.0.fetch_add(1, Ordering::Relaxed);
                desk.job.clone()
            };
            if let Some(job) = job {
                let outcome = catch_unwind(AssertUnwindSafe(|| job(worker)));
                // what it owns is free before anybody is told so
                drop(job);
                if let Err(panic) = outcome {
                    self.desk().panic.get_or_insert(panic);
                }
            }
            self.inside.0.fetch_sub(1, Ordering::Release);
            self.await_another(seen);
        }
    }

    /// Returns when there were more than `seen` jobs.
    fn await_another(&self, seen: usize) {
        let mut wait = Wait::default();
        while self.number.0.load(Ordering::Acquire) == seen {
            if wait.yields() > YIELDS {
                return self.sleep(seen);
            }
            wait.pause();
        }
    }

    fn sleep(&self, seen: usize) {
        let mut desk = self.desk();
        desk.sleeping += 1;
        while self.number.0.load(Ordering::Relaxed) == seen {
            desk = self.wake.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        desk.sleeping -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;

    /// A job of `tasks` tasks that count themselves, and what was counted.
    fn counting(tasks: usize) -> (impl Fn(usize) + Send + Sync + 'static, Arc<AtomicUsize>) {
        let done = Arc::new(AtomicUsize::new(0));
        let (begun, counted) = (AtomicUsize::new(0), Arc::clone(&done));
        let job = move |_| {
            while begun.fetch_add(1, Ordering::Relaxed) < tasks {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        };
        (job, done)
    }

    #[test]
    fn many_short_jobs_are_done_when_they_return() {
        for workers in [1, 2, 3, 8] {
            let mut team = Team::new(workers).expect("threads");
            assert_eq!(team.workers(), workers);
            for tasks in 0..2_000 {
                let (job, done) = counting(tasks % 7);
                team.run(job);
                assert_eq!(done.load(Ordering::Relaxed), tasks % 7);
                assert_eq!(Arc::strong_count(&done), 1, "nobody has a share of a job that has ended");
            }
        }
    }

    /// Runs a job that ends only when each worker has come to it.
    fn meet(team: &mut Team) {
        let workers = team.workers();
        let here: Vec<AtomicBool> = (0..workers).map(|_| AtomicBool::new(false)).collect();
        team.run(move |worker| {
            here[worker].store(true, Ordering::Release);
            let mut wait = Wait::default();
            while worker == 0 && !here.iter().all(|here| here.load(Ordering::Acquire)) {
                wait.pause();
            }
        });
    }

    #[test]
    fn helpers_come_awake_and_asleep() {
        let mut team = Team::new(3).expect("threads");
        for pause in [0, 0, 30, 0, 30] {
            std::thread::sleep(Duration::from_millis(pause));
            meet(&mut team);
        }
    }

    #[test]
    fn helpers_sleep_when_there_is_nothing_to_do() {
        let mut team = Team::new(3).expect("threads");
        meet(&mut team);
        let asleep = || team.shared.desk().sleeping == 2;
        // at once on an idle machine
        assert!((0..2_000).any(|_| {
            std::thread::sleep(Duration::from_millis(5));
            asleep()
        }));
    }

    #[test]
    fn a_panic_ends_the_job_wherever_it_happens() {
        let mut team = Team::new(3).expect("threads");
        for panics in 0..3 {
            let here = AtomicUsize::new(0);
            let job = move |worker: usize| {
                here.fetch_or(1 << worker, Ordering::AcqRel);
                let mut wait = Wait::default();
                while worker == 0 && here.load(Ordering::Acquire) != 0b111 {
                    wait.pause();
                }
                assert!(worker != panics, "worker {worker} gives up");
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| team.run(job)));
            let panic = outcome.expect_err("a worker panicked");
            assert_eq!(panic.downcast_ref::<String>(), Some(&format!("worker {panics} gives up")));
        }
        // the team is as good as before
        meet(&mut team);
    }

    #[test]
    fn a_team_is_given_up_at_any_time() {
        for pause in [0, 1, 20] {
            let mut team = Team::new(4).expect("threads");
            meet(&mut team);
            std::thread::sleep(Duration::from_millis(pause));
        }
        drop(Team::new(4).expect("threads"));
    }
}
