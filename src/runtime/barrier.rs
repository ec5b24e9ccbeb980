//! A barrier between stages.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Looks at the counter before a waiting thread gives its core away: stages last tens of microseconds, so most waits end within this.
const SPINS: usize = 4_000;

/// Lets threads wait for each other, any number of times. Waiting is busy at first: a sleeping thread takes longer to wake than most stages take to run.
#[derive(Debug)]
pub(super) struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    generation: AtomicUsize,
}

impl Barrier {
    /// For this many threads.
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0), generation: AtomicUsize::new(0) }
    }

    /// Returns once all threads have called it. What any of them wrote before is seen by all afterwards.
    pub(super) fn wait(&self) {
        let generation = self.generation.load(Ordering::Acquire);
        // the last to arrive sees all the others' writes (acquire) and passes them on with the new generation (release)
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.generation.store(generation.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.generation.load(Ordering::Acquire) == generation {
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                // more threads than cores, or another program: whoever is late needs this core
                std::thread::yield_now();
            }
        }
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
                        barrier.wait();
                        assert_eq!(count.load(Ordering::Relaxed), 3 * round);
                        barrier.wait();
                    }
                });
            }
        });
    }
}
