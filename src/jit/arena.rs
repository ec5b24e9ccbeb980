//! The memory that kernels work on.

use std::alloc::{Layout, alloc, dealloc};
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

/// Alignment of an arena, in bytes: a page, so that an offset's alignment is the address's.
const ALIGNMENT: usize = 4096;

/// Bytes of a huge page. An arena of several begins with one: a feature map is visited with strides of kilobytes, and with small pages nearly every visit needs
/// a translation of its own (ResNet-50: 2% to 4% of the time).
const HUGE_PAGE: usize = 2 << 20;

/// There is not enough memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not allocate {bytes} bytes")]
pub struct OutOfMemory {
    /// What was asked for.
    pub bytes: usize,
}

/// One run of memory, page-aligned, zero at first. Offsets are in bytes, lengths in elements.
///
/// Rust code reads and writes it through views that check their bounds; kernels through an [`ArenaRun`], which borrows the arena
/// exclusively, so that no view exists while kernels run.
#[derive(Debug)]
pub struct Arena {
    memory: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the arena owns its memory, and nothing in it belongs to a thread.
unsafe impl Send for Arena {}
// SAFETY: through `&Arena` memory is only read; whoever writes has `&mut Arena`.
unsafe impl Sync for Arena {}

impl Arena {
    /// Zeros.
    /// # Errors
    /// [`OutOfMemory`] if the system refuses.
    pub fn new(bytes: usize) -> Result<Self, OutOfMemory> {
        let layout = Self::layout(bytes).ok_or(OutOfMemory { bytes })?;
        // SAFETY: the layout's size is not 0.
        let memory = unsafe { alloc(layout) };
        let memory = NonNull::new(memory).ok_or(OutOfMemory { bytes })?;
        ask_for_huge_pages(memory, layout);
        // SAFETY: just allocated with this size; nobody else knows of it.
        unsafe { memory.as_ptr().write_bytes(0, layout.size()) };
        Ok(Self { memory, bytes })
    }

    /// At least one page, so that the size is never 0.
    fn layout(bytes: usize) -> Option<Layout> {
        let alignment = if bytes >= HUGE_PAGE { HUGE_PAGE } else { ALIGNMENT };
        Layout::from_size_align(bytes.max(ALIGNMENT), alignment).ok()
    }

    /// Its size.
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// `elements` f32 from byte `offset` on.
    /// # Panics
    /// If they do not lie inside, or `offset` is no multiple of 4.
    pub fn f32(&self, offset: usize, elements: usize) -> &[f32] {
        let range = self.range(offset, elements, size_of::<f32>());
        // SAFETY: inside the arena and aligned, as `range` has checked; initialised (zeros at first); every bit pattern is
        // an f32; nothing writes while the arena is borrowed.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(range.start).cast(), elements) }
    }

    /// `elements` f32 from byte `offset` on, to be written.
    /// # Panics
    /// As [`Self::f32`].
    pub fn f32_mut(&mut self, offset: usize, elements: usize) -> &mut [f32] {
        let range = self.range(offset, elements, size_of::<f32>());
        // SAFETY: as in `f32`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr().add(range.start).cast(), elements) }
    }

    /// `elements` i32 from byte `offset` on, to be written.
    /// # Panics
    /// As [`Self::f32`].
    pub fn i32_mut(&mut self, offset: usize, elements: usize) -> &mut [i32] {
        let range = self.range(offset, elements, size_of::<i32>());
        // SAFETY: as in `f32`; every bit pattern is an i32; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr().add(range.start).cast(), elements) }
    }

    /// `length` bytes from `offset` on.
    /// # Panics
    /// If they do not lie inside.
    pub fn bytes(&self, offset: usize, length: usize) -> &[u8] {
        let range = self.range(offset, length, 1);
        // SAFETY: as in `f32`.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(range.start), length) }
    }

    /// `length` bytes from `offset` on, to be written.
    /// # Panics
    /// If they do not lie inside.
    pub fn bytes_mut(&mut self, offset: usize, length: usize) -> &mut [u8] {
        let range = self.range(offset, length, 1);
        // SAFETY: as in `f32`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr().add(range.start), length) }
    }

    /// Lends the memory to kernels. No view can exist until the loan ends.
    pub fn run(&mut self) -> ArenaRun<'_> {
        ArenaRun { memory: self.memory, bytes: self.bytes, _arena: PhantomData }
    }

    fn range(&self, offset: usize, elements: usize, size: usize) -> Range<usize> {
        let end = elements.checked_mul(size).and_then(|bytes| offset.checked_add(bytes));
        let end = end.filter(|&end| end <= self.bytes).expect("a view lies inside its arena: plans are verified");
        assert!(offset.is_multiple_of(size), "a view is aligned to its element: plans align all buffers");
        offset..end
    }
}

/// Asks the system to back whole huge pages with such, before they are written for the first time. It may refuse: nothing but time depends on it.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(memory: NonNull<u8>, layout: Layout) {
    let whole = layout.size() / HUGE_PAGE * HUGE_PAGE;
    if whole > 0 {
        // SAFETY: these bytes are the allocation's own, from a page's beginning on; the advice does not change what they hold.
        let _ = unsafe { libc::madvise(memory.as_ptr().cast(), whole, libc::MADV_HUGEPAGE) };
    }
}

/// Elsewhere the system decides.
#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_: NonNull<u8>, _: Layout) {}

impl Drop for Arena {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.bytes) {
            // SAFETY: allocated in `new` with this layout; `ArenaRun`s borrow the arena, so none is left.
            unsafe { dealloc(self.memory.as_ptr(), layout) };
        }
    }
}

/// An arena lent to kernels, on as many threads as one likes.
#[derive(Debug, Clone, Copy)]
pub struct ArenaRun<'a> {
    memory: NonNull<u8>,
    bytes: usize,
    _arena: PhantomData<&'a mut Arena>,
}

// SAFETY: it only carries an address; what kernels do with the memory is up to `BoundKernel::call`, which states what it relies on.
unsafe impl Send for ArenaRun<'_> {}
// SAFETY: as above.
unsafe impl Sync for ArenaRun<'_> {}

impl ArenaRun<'_> {
    /// Size of the arena.
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// Address of a byte inside, or just behind the last.
    pub(super) fn address(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.bytes, "arguments were bound inside the arena");
        self.memory.as_ptr().wrapping_add(offset)
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
        assert!((arena.run().address(0) as usize).is_multiple_of(ALIGNMENT));
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
    #[should_panic(expected = "inside its arena")]
    fn views_end_with_the_arena() {
        Arena::new(100).expect("fits").f32(4, 25);
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert_eq!(Arena::new(usize::MAX).err(), Some(OutOfMemory { bytes: usize::MAX }));
    }
}
