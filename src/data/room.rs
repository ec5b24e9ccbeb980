//! Room for decoded pictures that all threads of the process share: who finds none waits until
//! another picture is done.
//!
//! One picture is always let in, so that nobody waits for ever. Whoever has room takes no second
//! one before it is given back.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that are taken.
static TAKEN: Mutex<u64> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

/// Room that is taken; dropping gives it back.
#[derive(Debug)]
pub(super) struct Room(u64);

/// Takes room, waiting as long as all that is taken would exceed `together` bytes.
pub(super) fn take(bytes: u64, together: u64) -> Room {
    // a count is right whoever broke off
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    while *taken > 0 && taken.saturating_add(bytes) > together {
        taken = GIVEN_BACK.wait(taken).unwrap_or_else(PoisonError::into_inner);
    }
    *taken = taken.saturating_add(bytes);
    Room(bytes)
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(self.0);
        GIVEN_BACK.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn no_more_is_taken_together_than_there_is() {
        const TOGETHER: u64 = 1 << 40;
        let (inside, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        // more than half: only one at a time
                        let room = take(TOGETHER * 2 / 3, TOGETHER);
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(room);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        // what is larger than all there is comes in alone
        drop(take(2 * TOGETHER, TOGETHER));
    }
}
