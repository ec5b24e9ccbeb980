//! Decoders that are not ours, run so that one that panics refuses its picture and nothing more.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What is said of a picture on which its decoder panicked.
const GIVEN_UP: &str = "its decoder gives up on it: the file is damaged";

/// Whether what panics on this thread now is a decoder: then the picture is refused, and no bug of ours.
pub(crate) fn is_decoding() -> bool {
    IS_GUARDED.get()
}

/// Runs a decoder. What it has touched is dropped when it panics, so nothing half-done is seen afterwards.
pub(super) fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let outer = IS_GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    IS_GUARDED.set(outer);
    outcome.unwrap_or_else(|_| Err(GIVEN_UP.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_leaves_no_guard_behind() {
        assert_eq!(
            guarded(|| -> Result<(), String> { panic!("index out of bounds") }).unwrap_err(),
            GIVEN_UP
        );
        assert!(!is_decoding());
        let inner = guarded(|| {
            assert_eq!(guarded(|| Ok(1)), Ok(1));
            Ok(is_decoding())
        });
        assert_eq!(inner, Ok(true));
    }
}
