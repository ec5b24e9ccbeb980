//! A barrier between stages.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Looks at the counter before a waiting thread gives its core away: stages last tens of microseconds, so most waits end within this.
const SPINS: usize = 4_000;

/// Lets threads wait for each other, any number of times. Waiting is busy at first: a sleeping thread takes longer to wake than most stages take to run.
#[derive(Debug)]
pub(super) struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    generation: AtomicUsize,
    /// A thread will never come.
    broken: AtomicBool,
}

/// A thread that was waited for has panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// Breaks a barrier when its thread panics: the others would wait for ever.
#[derive(Debug)]
pub(super) struct BreakOnPanic<'b>(pub(super) &'b Barrier);

impl Drop for BreakOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Release);
        }
    }
}

impl Barrier {
    /// For this many threads.
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0), generation: AtomicUsize::new(0), broken: AtomicBool::new(false) }
    }

    /// Returns once all threads have called it. What any of them wrote before is seen by all afterwards.
    /// # Errors
    /// [`Broken`]: there is nothing to wait for.
    pub(super) fn wait(&self) -> Result<(), Broken> {
        let generation = self.generation.load(Ordering::Acquire);
        // the last to arrive sees all the others' writes (acquire) and passes them on with the new generation (release)
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.generation.store(generation.wrapping_add(1), Ordering::Release);
            return Ok(());
        }
        let mut spins = 0;
        while self.generation.load(Ordering::Acquire) == generation {
            if self.broken.load(Ordering::Acquire) {
                return Err(Broken);
            }
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                // more threads than cores, or another program: whoever is late needs this core
                std::thread::yield_now();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_pass_each_stage_together() {
        let (barrier, count) = (Barrier::new(3), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 1..=100 {
                        count.fetch_add(1, Ordering::Relaxed);
                        barrier.wait().expect("nobody panics");
                        assert_eq!(count.load(Ordering::Relaxed), 3 * round);
                        barrier.wait().expect("nobody panics");
                    }
                });
            }
        });
    }

    #[test]
    fn a_thread_that_panics_sets_the_others_free() {
        let barrier = Barrier::new(3);
        let work = |worker: usize| {
            let _break = BreakOnPanic(&barrier);
            assert!(worker != 1, "this one panics");
            barrier.wait()
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..3).map(|worker| scope.spawn(move || work(worker))).collect();
            let ends: Vec<_> = workers.into_iter().map(|worker| worker.join().ok()).collect();
            assert_eq!(ends, [Some(Err(Broken)), None, Some(Err(Broken))]);
        });
    }
}
