//! What happens where the system has no memory left: a sentence and exit code 1, instead of an abort.
//!
//! Rust has no stable way to be told of a failed allocation but to be the one who allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The system's allocator. Where it refuses, the process ends as it does after other mistakes.
pub(crate) struct OrExit;

// SAFETY: every method hands its arguments on to `System`, under the same contract, and returns what that
// returned; where `System` returns no memory, it does not return at all.
unsafe impl GlobalAlloc for OrExit {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }.or_exit(layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System`, by one of these methods, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }.or_exit(layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`; the caller's promises about `size` are those that `System` asks for.
        unsafe { System.realloc(pointer, layout, size) }.or_exit(size)
    }
}

trait OrExitFrom {
    /// Ends the process where no memory was given.
    fn or_exit(self, wanted: usize) -> Self;
}

impl OrExitFrom for *mut u8 {
    #[inline]
    fn or_exit(self, wanted: usize) -> Self {
        if self.is_null() { exit(wanted) } else { self }
    }
}

/// What is said before and after the number of bytes. The catalogue takes memory to be looked up.
const ENGLISH: [&str; 2] = [
    "error[E0630]: out of memory: ",
    " bytes were wanted\n  \
     help: give the process more memory, or make the model, the batch or the pictures smaller\n",
];
const KOREAN: [&str; 2] = [
    "오류[E0630]: 메모리가 부족합니다: ",
    "바이트가 필요했습니다\n  \
     도움말: 프로세스에 메모리를 더 주거나, 모델, 배치, 이미지를 줄이세요\n",
];

/// Nothing here may allocate: the sentence is written into a place on the stack.
#[cold]
fn exit(wanted: usize) -> ! {
    static SAID: AtomicBool = AtomicBool::new(false);
    // another thread has said it, and is about to end the process
    while SAID.swap(true, Ordering::Relaxed) {
        std::thread::sleep(Duration::from_secs(1));
    }
    let mut text = Cursor::new([0; 512]);
    let [before, after] = if cnnc::cli::speaks_korean() { KOREAN } else { ENGLISH };
    // it is long enough, and where stderr is closed there is no place left to complain
    let _ = write!(text, "{before}{wanted}{after}");
    let length = usize::try_from(text.position()).unwrap_or(0);
    let _ = std::io::stderr().write_all(&text.get_ref()[..length]);
    std::process::exit(1)
}
