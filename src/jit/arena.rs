//! The memory that kernels work on.

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::{MmapMut, MmapOptions};

use super::page::page_bytes;
use crate::ranks::Lent;

/// Bytes of a huge page. An arena of several begins with one: a feature map is visited with strides of
/// kilobytes, and with small pages nearly every visit needs a translation of its own (ResNet-50: 2% to 4% of
/// the time).
const HUGE_PAGE: usize = 2 << 20;

/// There is not enough memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not allocate {bytes} bytes")]
pub struct OutOfMemory {
    /// What was asked for.
    pub bytes: usize,
}

/// One run of memory, page-aligned, zero at first. Offsets are in bytes, lengths in elements. A
/// page that is never touched takes no memory: a rank touches little of what belongs to the others.
///
/// Rust code reads and writes it through views that check their bounds; kernels through an
/// [`ArenaRun`]. No view can be made while there is such a run, and no run can begin while there is
/// a view.
#[derive(Debug)]
pub struct Arena {
    memory: Arc<Memory>,
}

/// The memory of an arena, and whether kernels have it.
#[derive(Debug)]
struct Memory {
    /// Inside `pages`.
    address: NonNull<u8>,
    bytes: usize,
    lent: AtomicBool,
    /// Returns the memory to the system when it is dropped.
    _pages: MmapMut,
}

// SAFETY: nothing in the memory belongs to a thread.
unsafe impl Send for Memory {}
// SAFETY: `&Memory` gives away no more than an address. Who may use it is said by `Arena`'s views, which
// exclude each other by their borrows and kernels by `lent`, and by `BoundKernel::call` for kernels.
unsafe impl Sync for Memory {}

impl Memory {
    /// From the beginning of a page, so that an offset's alignment is the address's. Pages are
    /// zeros, and come from the system itself: where there are none left there is more to say than
    /// that the process ends.
    fn new(bytes: usize) -> Option<Self> {
        let (alignment, more) = if bytes >= HUGE_PAGE { (HUGE_PAGE, HUGE_PAGE) } else { (page_bytes(), 0) };
        let mut pages = MmapOptions::new().len(bytes.max(1).checked_add(more)?).map_anon().ok()?;
        let start = pages.as_ptr().align_offset(alignment);
        ask_for_huge_pages(&pages, start, bytes / HUGE_PAGE * HUGE_PAGE);
        let address = NonNull::new(pages.get_mut(start..start + bytes)?.as_mut_ptr())?;
        Some(Self { address, bytes, lent: AtomicBool::new(false), _pages: pages })
    }

    /// Address of `elements` of this many bytes each from byte `offset` on, inside and aligned.
    fn place(&self, offset: usize, elements: usize, size: usize) -> *mut u8 {
        let end = elements.checked_mul(size).and_then(|bytes| offset.checked_add(bytes));
        assert!(end.is_some_and(|end| end <= self.bytes), "a view lies inside its arena: plans are verified");
        assert!(offset.is_multiple_of(size), "a view is aligned to its element: plans align all buffers");
        self.address.as_ptr().wrapping_add(offset)
    }
}

impl Arena {
    /// Zeros.
    /// # Errors
    /// [`OutOfMemory`] if the system refuses.
    pub fn new(bytes: usize) -> Result<Self, OutOfMemory> {
        let memory = Memory::new(bytes).ok_or(OutOfMemory { bytes })?;
        Ok(Self { memory: Arc::new(memory) })
    }

    /// Its size.
    pub fn size_bytes(&self) -> usize {
        self.memory.bytes
    }

    /// `elements` f32 from byte `offset` on.
    /// # Panics
    /// If they do not lie inside, `offset` is no multiple of 4, or kernels have the memory.
    pub fn f32(&self, offset: usize, elements: usize) -> &[f32] {
        let start = self.view(offset, elements, size_of::<f32>());
        // SAFETY: inside the arena and aligned, as `view` has checked; initialised (zeros at first); every
        // bit pattern is an f32; nothing writes while the arena is borrowed: no kernel has the memory, and
        // none can get it.
        unsafe { std::slice::from_raw_parts(start.cast(), elements) }
    }

    /// `elements` f32 from byte `offset` on, to be written.
    /// # Panics
    /// As [`Self::f32`].
    pub fn f32_mut(&mut self, offset: usize, elements: usize) -> &mut [f32] {
        let start = self.view(offset, elements, size_of::<f32>());
        // SAFETY: as in `f32`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(start.cast(), elements) }
    }

    /// `elements` i32 from byte `offset` on, to be written.
    /// # Panics
    /// As [`Self::f32`].
    pub fn i32_mut(&mut self, offset: usize, elements: usize) -> &mut [i32] {
        let start = self.view(offset, elements, size_of::<i32>());
        // SAFETY: as in `f32`; every bit pattern is an i32; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(start.cast(), elements) }
    }

    /// `length` bytes from `offset` on.
    /// # Panics
    /// If they do not lie inside, or kernels have the memory.
    pub fn bytes(&self, offset: usize, length: usize) -> &[u8] {
        let start = self.view(offset, length, 1);
        // SAFETY: as in `f32`.
        unsafe { std::slice::from_raw_parts(start, length) }
    }

    /// `length` bytes from `offset` on, to be written.
    /// # Panics
    /// As [`Self::bytes`].
    pub fn bytes_mut(&mut self, offset: usize, length: usize) -> &mut [u8] {
        let start = self.view(offset, length, 1);
        // SAFETY: as in `f32`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(start, length) }
    }

    /// Lends the memory to kernels, until the run is dropped: it needs no borrow, so that threads that
    /// outlive it can have their share of it.
    /// # Panics
    /// If an earlier run has not ended.
    pub fn run(&mut self) -> ArenaRun {
        let was_lent = self.memory.lent.swap(true, Ordering::Acquire);
        assert!(!was_lent, "a run ends before the next one begins");
        ArenaRun { memory: Arc::clone(&self.memory) }
    }

    /// The address of a view.
    fn view(&self, offset: usize, elements: usize, size: usize) -> *mut u8 {
        // with `Acquire` what kernels wrote on other threads is seen
        assert!(!self.memory.lent.load(Ordering::Acquire), "memory is looked at when a run has ended");
        self.memory.place(offset, elements, size)
    }
}

/// Asks the system to back whole huge pages with such, before they are touched for the first time.
/// It may refuse: nothing but time depends on it.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(pages: &MmapMut, start: usize, whole: usize) {
    if whole > 0 {
        let _ = pages.advise_range(memmap2::Advice::HugePage, start, whole);
    }
}

/// Elsewhere the system decides.
#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_: &MmapMut, _: usize, _: usize) {}

/// An arena lent to kernels, on as many threads as one likes.
#[derive(Debug)]
pub struct ArenaRun {
    memory: Arc<Memory>,
}

impl Drop for ArenaRun {
    fn drop(&mut self) {
        self.memory.lent.store(false, Ordering::Release);
    }
}

/// Bytes of a lent arena that messages are sent from, or received into.
#[derive(Debug)]
struct LentBytes {
    memory: Arc<Memory>,
    start: usize,
    bytes: usize,
}

// SAFETY: the memory stays where it is as long as `memory`, and is initialised; `ArenaRun::lend`
// has checked that the bytes lie inside. Whoever lends them keeps everybody else away, as
// `BoundBytes` says.
unsafe impl Lent for LentBytes {
    fn address(&self) -> *mut u8 {
        self.memory.place(self.start, self.bytes, 1)
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl ArenaRun {
    /// Bytes for a message, which may be on its way for longer than the run. They lie inside.
    pub(super) fn lend(&self, bytes: &Range<usize>) -> Arc<dyn Lent> {
        self.bytes_address(bytes.start, bytes.len());
        Arc::new(LentBytes { memory: Arc::clone(&self.memory), start: bytes.start, bytes: bytes.len() })
    }

    /// Size of the arena.
    pub fn size_bytes(&self) -> usize {
        self.memory.bytes
    }

    /// Address of a byte inside, or just behind the last.
    pub(super) fn address(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.memory.bytes, "arguments were bound inside the arena");
        self.memory.address.as_ptr().wrapping_add(offset)
    }

    /// Address of `length` bytes from `offset` on, inside.
    pub(super) fn bytes_address(&self, offset: usize, length: usize) -> *mut u8 {
        self.memory.place(offset, length, 1)
    }

    /// Address of `elements` f32 from byte `offset` on, inside and aligned.
    pub(super) fn f32_address(&self, offset: usize, elements: usize) -> *const f32 {
        self.memory.place(offset, elements, size_of::<f32>()).cast_const().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_as_zeros_on_a_page() {
        let mut arena = Arena::new(100).expect("fits");
        assert_eq!(arena.f32(0, 25), [0.0; 25]);
        arena.f32_mut(8, 2).copy_from_slice(&[1.0, 2.0]);
        arena.i32_mut(16, 1)[0] = -1;
        assert_eq!(arena.f32(4, 3), [0.0, 1.0, 2.0]);
        assert_eq!(arena.bytes(16, 4), [255; 4]);
        assert!((arena.run().address(0) as usize).is_multiple_of(page_bytes()));
    }

    #[test]
    fn large_ones_are_zeros_too() {
        // no whole number of huge pages, nor of pages
        let bytes = 2 * HUGE_PAGE + 5000;
        let mut arena = Arena::new(bytes).expect("fits");
        assert!((arena.run().address(0) as usize).is_multiple_of(HUGE_PAGE));
        assert!(arena.bytes(0, bytes).iter().all(|&byte| byte == 0));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_not_touched_takes_no_memory() {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
            status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number")
                * page_bytes()
        };
        let (bytes, before) = (1 << 32, resident());
        let mut arena = Arena::new(bytes).expect("fits");
        arena.f32_mut(bytes - 4, 1)[0] = 1.0;
        // tests beside this one take some
        assert!(resident() < before + bytes / 2);
    }

    #[test]
    #[should_panic(expected = "inside its arena")]
    fn views_end_with_the_arena() {
        Arena::new(100).expect("fits").f32(4, 25);
    }

    #[test]
    fn a_run_keeps_the_memory_and_excludes_views() {
        let mut arena = Arena::new(100).expect("fits");
        let run = arena.run();
        let look = |arena: &Arena| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| arena.f32(0, 1)[0])).ok()
        };
        assert_eq!(look(&arena), None);
        std::thread::spawn(move || drop(run)).join().expect("does not panic");
        assert_eq!(look(&arena), Some(0.0));
        let run = arena.run();
        drop(arena);
        assert_eq!(run.size_bytes(), 100);
    }

    #[test]
    #[should_panic(expected = "before the next one begins")]
    fn there_is_one_run_at_a_time() {
        let mut arena = Arena::new(100).expect("fits");
        let _run = arena.run();
        arena.run();
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert_eq!(Arena::new(usize::MAX).err(), Some(OutOfMemory { bytes: usize::MAX }));
    }
}
