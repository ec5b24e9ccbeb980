//! Whether the other ranks are there: each of them says so in the background, however busy it is.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Tag;
use super::communicator::Communicator;
use super::error::RankError;

/// The longest time between two looks at the other ranks.
const TICK: Duration = Duration::from_millis(200);
/// How long a rank that was told that all ends may go on with what it does.
const GRACE: Duration = Duration::from_secs(1);

/// What is known of whether the others are there. All copies of a communicator share it.
#[derive(Debug)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When each rank was heard of for the last time.
    heard: Vec<Instant>,
    /// Why all end, once one of them does.
    ended: Option<RankError>,
    /// A thread listens all the time, and judges.
    is_watched: bool,
}

impl Pulse {
    pub(super) fn new(ranks: usize) -> Self {
        Self(Mutex::new(State { heard: vec![Instant::now(); ranks], ended: None, is_watched: false }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // nothing panics while it has the lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was heard of a rank.
    pub(super) fn hear(&self, rank: usize) {
        self.state().heard[rank] = Instant::now();
    }

    /// All end, for this reason; the first that is known stays.
    pub(super) fn end(&self, why: RankError) {
        self.state().ended.get_or_insert(why);
    }

    /// # Errors
    /// Why all end, where they do.
    pub(super) fn verdict(&self) -> Result<(), RankError> {
        self.state().ended.clone().map_or(Ok(()), Err)
    }

    /// Whether a rank has been silent for too long, for somebody who has waited for it since. Where a thread
    /// listens it alone judges: it knows whether this process was stopped itself.
    pub(super) fn is_silent(&self, rank: usize, since: Instant, patience: Duration) -> bool {
        let state = self.state();
        !state.is_watched && state.heard[rank].max(since).elapsed() > patience
    }

    /// Whether something was heard of a rank lately.
    pub(super) fn is_there(&self, rank: usize, patience: Duration) -> bool {
        let state = self.state();
        let is_given_up =
            matches!(state.ended, Some(RankError::Silent { rank: silent, .. }) if silent == rank);
        !is_given_up && state.heard[rank].elapsed() <= patience
    }

    fn watched(&self, is_watched: bool) {
        let mut state = self.state();
        state.heard.fill(Instant::now());
        state.is_watched = is_watched;
    }

    /// The first other rank that has been silent for too long.
    fn silent(&self, own: usize, patience: Duration) -> Option<usize> {
        let state = self.state();
        (0..state.heard.len()).find(|&rank| rank != own && state.heard[rank].elapsed() > patience)
    }
}

/// A thread that says that this rank is there, and listens whether the others are; until it is dropped.
#[derive(Debug)]
pub struct Alive {
    is_over: Arc<AtomicBool>,
    communicator: Communicator,
    thread: Option<JoinHandle<()>>,
}

impl Communicator {
    /// From now on this rank says that it is there four times in the time that the others have patience, and
    /// listens whether they are, until the result is dropped. `gone` is called where all end and whoever uses
    /// the communicator has not noticed within a second, because it does something long.
    /// # Errors
    /// The system refuses a thread.
    pub fn keep_alive(&self, gone: impl FnOnce(RankError) + Send + 'static) -> io::Result<Alive> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (communicator, ends) = (self.clone(), Arc::clone(&is_over));
        self.pulse.watched(true);
        let listen = move || {
            if let Some(why) = listen(&communicator, &ends) {
                gone(why);
            }
        };
        let thread = thread::Builder::new().name("ranks".to_owned()).spawn(listen);
        let thread = thread.inspect_err(|_| self.pulse.watched(false))?;
        Ok(Alive { is_over, communicator: self.clone(), thread: Some(thread) })
    }
}

/// Listens until that is over, or all have ended for some time: then says why.
fn listen(communicator: &Communicator, is_over: &AtomicBool) -> Option<RankError> {
    let patience = communicator.patience();
    let tick = (patience / 4).clamp(Duration::from_millis(1), TICK);
    let mut looked = Instant::now();
    let mut told: Option<Instant> = None;
    let mut ends: Option<Instant> = None;
    while !is_over.load(Ordering::Relaxed) {
        if looked.elapsed() > tick + patience / 4 {
            // this process was stopped itself: it does not know what the others did
            communicator.pulse.watched(true);
        }
        looked = Instant::now();
        if told.is_none_or(|told| told.elapsed() >= patience / 4) {
            told = Some(looked);
            if let Err(error) = communicator.tell_all(Tag::ALIVE, b"") {
                communicator.pulse.end(error);
            }
        }
        let mut verdict = communicator.progress();
        if verdict.is_ok()
            && let Some(rank) = communicator.pulse.silent(communicator.of_all(communicator.rank()), patience)
        {
            communicator.pulse.end(RankError::Silent { rank, seconds: patience.as_secs() });
            verdict = communicator.pulse.verdict();
        }
        if let Err(error) = verdict {
            communicator.pulse.end(error.clone());
            if ends.get_or_insert(looked).elapsed() > GRACE {
                return Some(error);
            }
        }
        thread::park_timeout(tick);
    }
    None
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // what it panics with has been told
            let _ = thread.join();
        }
        self.communicator.pulse.watched(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::ranks::threads;

    const PATIENCE: Duration = Duration::from_millis(200);

    #[test]
    fn a_rank_that_is_busy_is_not_taken_for_dead() {
        let mut ranks = threads(2, PATIENCE);
        let (second, first) = (ranks.remove(1), ranks.remove(0));
        let _alive = [&first, &second].map(|rank| rank.keep_alive(|_| ()).expect("there are threads"));
        let busy = thread::spawn(move || {
            thread::sleep(3 * PATIENCE);
            second.barrier()
        });
        assert_eq!(first.barrier(), Ok(()));
        assert_eq!(busy.join().expect("no panic"), Ok(()));
    }

    #[test]
    fn silence_ends_those_who_wait_for_somebody_else() {
        let ranks = threads(3, PATIENCE);
        // rank 2 is silent; rank 1 works and does not look
        let (told, tells) = mpsc::channel();
        let _alive = [0, 1].map(|rank| {
            let told = told.clone();
            let gone = move |why| told.send((rank, why)).expect("the test listens");
            ranks[rank].keep_alive(gone).expect("there are threads")
        });
        let silent = RankError::Silent { rank: 2, seconds: 0 };
        let waits = ranks[0].wait(1, || ranks[0].receive_with(1, Tag(7), |_| ()));
        assert_eq!(waits, Err(silent.clone()));
        let mut gone: Vec<_> = (0..2).map(|_| tells.recv().expect("both are told")).collect();
        gone.sort_by_key(|(rank, _)| *rank);
        assert_eq!(gone, [(0, silent.clone()), (1, silent)]);
        assert!(ranks[1].is_there(0) && !ranks[1].is_there(2));
    }
}
