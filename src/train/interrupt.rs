//! The wish of the user or of the system that a run ends.
//!
//! A run has moments at which it may simply be ended, because nothing would be lost (while it reads
//! its data or compiles), and others at which it ends the step that it is in and saves its state
//! first.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a run is to end, and how soon it can.
#[derive(Debug)]
pub struct Interrupt {
    raised: AtomicBool,
    exposed: AtomicBool,
}

/// How a run ends that was told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It may be ended now: nothing is lost.
    AtOnce,
    /// It ends by itself, soon.
    ByItself,
}

impl Default for Interrupt {
    /// Of a run that has nothing to lose yet.
    fn default() -> Self {
        Self { raised: AtomicBool::new(false), exposed: AtomicBool::new(true) }
    }
}

impl Interrupt {
    /// Tells the run to end.
    pub fn raise(&self) -> End {
        // In this order, and the run looks in the other: one of the two sees what the other has
        // written.
        self.raised.store(true, Ordering::SeqCst);
        if self.exposed.load(Ordering::SeqCst) { End::AtOnce } else { End::ByItself }
    }

    /// Whether the run is to end.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// The same, for those who wait for something.
    pub fn flag(&self) -> &AtomicBool {
        &self.raised
    }

    /// From now on the run has something to lose.
    pub fn hold(&self) {
        self.exposed.store(false, Ordering::SeqCst);
    }

    /// Does something long that cannot be broken off, at a moment at which nothing would be lost:
    /// the process may end meanwhile. `None`: the run was told to end before, and it was not begun.
    pub fn exposed<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        self.exposed.store(true, Ordering::SeqCst);
        let done = (!self.raised.load(Ordering::SeqCst)).then(work);
        self.hold();
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_once_only_where_nothing_is_lost() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.exposed(|| 7), Some(7));
        assert_eq!(interrupt.exposed(|| interrupt.raise()), Some(End::AtOnce));
        assert!(interrupt.is_raised());
        assert_eq!(interrupt.raise(), End::ByItself);
        assert_eq!(interrupt.exposed(|| 7), None, "it is to end: nothing long is begun");
        assert_eq!(Interrupt::default().raise(), End::AtOnce);
    }
}
