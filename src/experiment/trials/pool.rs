//! Jobs: units computed side by side, in the order in which they were started.
//!
//! What a unit gives does not depend on what runs beside it: threads, memory and time are all that jobs
//! share, beside the pictures.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::error::Error;
use super::trial::Reached;
use crate::train::Interrupt;

/// What jobs tell.
#[derive(Debug)]
pub(super) enum Told {
    /// A trial has one more epoch.
    Epoch {
        unit: usize,
        /// Which of its runs, from 0.
        seed: usize,
        epoch: usize,
        value: Option<f64>,
    },
    /// A unit is done; `None` where it was interrupted.
    Done { unit: usize, outcome: Result<Option<Reached>, Error> },
}

/// Units that wait for a job, and what jobs share.
#[derive(Debug)]
pub(super) struct Pool {
    desk: Mutex<Desk>,
    wake: Condvar,
    /// Raised to end all jobs.
    pub(super) interrupt: Arc<Interrupt>,
    /// Most that all running trials may take of memory together, in bytes.
    memory: u64,
    /// Cores that are divided among the jobs.
    cores: usize,
    jobs: usize,
}

#[derive(Debug, Default)]
struct Desk {
    waiting: VecDeque<usize>,
    running: usize,
    /// Memory that running trials were planned with.
    taken: u64,
    closed: bool,
}

/// A unit that may be computed now.
#[derive(Debug)]
pub(super) struct Admitted<'p> {
    pool: &'p Pool,
    bytes: u64,
}

impl Pool {
    pub(super) fn new(jobs: usize, cores: usize, memory: u64) -> Self {
        let interrupt = Interrupt::default();
        // whoever raises it waits for all jobs
        interrupt.hold();
        Self {
            desk: Mutex::default(),
            wake: Condvar::new(),
            interrupt: Arc::new(interrupt),
            memory,
            cores: cores.max(1),
            jobs: jobs.max(1),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // nothing panics while it has the desk
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A unit waits for a job.
    pub(super) fn push(&self, unit: usize) {
        self.desk().waiting.push_back(unit);
        self.wake.notify_all();
    }

    /// There are no more units.
    pub(super) fn close(&self) {
        self.desk().closed = true;
        self.wake.notify_all();
    }

    /// What a job does all its life: `compute` makes what a unit gives.
    pub(super) fn work(
        &self,
        tell: &Sender<Told>,
        compute: impl Fn(usize, &Sender<Told>) -> Result<Option<Reached>, Error>,
    ) {
        loop {
            let unit = {
                let mut desk = self.desk();
                loop {
                    if desk.closed || self.interrupt.is_raised() {
                        return;
                    }
                    if let Some(unit) = desk.waiting.pop_front() {
                        desk.running += 1;
                        break unit;
                    }
                    desk = self.wake.wait(desk).unwrap_or_else(PoisonError::into_inner);
                }
            };
            let broken = Broken(self);
            let outcome = compute(unit, tell);
            drop(broken);
            self.desk().running -= 1;
            self.wake.notify_all();
            // nobody listens any more where the search has ended
            let _ = tell.send(Told::Done { unit, outcome });
        }
    }

    /// Waits until a trial that takes so much memory has room beside those that run. One that runs alone
    /// always has.
    pub(super) fn admit(&self, bytes: u64) -> Admitted<'_> {
        let mut desk = self.desk();
        while desk.taken > 0 && desk.taken.saturating_add(bytes) > self.memory && !self.interrupt.is_raised()
        {
            desk = self.wake.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        desk.taken = desk.taken.saturating_add(bytes);
        Admitted { pool: self, bytes }
    }

    /// Worker threads for a unit that begins now: cores divided among the jobs that have work.
    pub(super) fn threads(&self) -> usize {
        let desk = self.desk();
        let busy = (desk.running + desk.waiting.len()).clamp(1, self.jobs);
        (self.cores / busy).max(1)
    }

    /// All jobs end soon, their states saved.
    pub(super) fn interrupt(&self) {
        self.interrupt.raise();
        self.wake.notify_all();
    }
}

/// Ends all jobs where one of them panics: nobody waits for what it will not give.
struct Broken<'p>(&'p Pool);

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.interrupt();
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.pool.desk().taken -= self.bytes;
        self.pool.wake.notify_all();
    }
}
