//! Waiting for another thread without sleeping.

/// Looks without a break, which take 0.1 ms (22 ns each on an EPYC 9005): most stages of a run, and most
/// pauses between runs, are shorter.
const SPINS: u32 = 4_000;

/// A thread's looks at something that another one is about to change. Waiting is busy at first: a sleeping
/// thread takes longer to wake than most stages take to run.
#[derive(Debug, Default)]
pub(super) struct Wait {
    looks: u32,
}

impl Wait {
    /// Passes the time until the next look.
    pub(super) fn pause(&mut self) {
        if self.looks < SPINS {
            std::hint::spin_loop();
        } else {
            // more threads than cores, or another program: whoever is late needs this core
            std::thread::yield_now();
        }
        self.looks = self.looks.saturating_add(1);
    }

    /// Looks behind the busy ones: in each of them others were given the core.
    pub(super) fn yields(&self) -> u32 {
        self.looks.saturating_sub(SPINS)
    }
}
