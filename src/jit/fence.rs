//! Memory with pages that nothing may touch, for tests: an access there ends the program.

use std::ops::{Deref, DerefMut, Range};

use super::arena::{Arena, OutOfMemory};
use super::page::page_bytes;

/// An arena with fences, which are taken away before its memory is given back.
#[derive(Debug)]
pub(crate) struct FencedArena {
    arena: Arena,
    fences: Vec<Range<usize>>,
}

impl FencedArena {
    /// No fences yet.
    /// # Errors
    /// [`OutOfMemory`] if the system refuses.
    pub(crate) fn new(bytes: usize) -> Result<Self, OutOfMemory> {
        Ok(Self { arena: Arena::new(bytes)?, fences: Vec::new() })
    }

    /// Forbids bytes, whole pages of the arena.
    pub(crate) fn fence(&mut self, range: Range<usize>) {
        let page = page_bytes();
        assert!(range.start.is_multiple_of(page) && range.end.is_multiple_of(page), "fences are whole pages");
        assert!(range.end <= self.arena.size_bytes(), "a fence stands inside its arena");
        self.protect(&range, libc::PROT_NONE);
        self.fences.push(range);
    }

    fn protect(&mut self, range: &Range<usize>, protection: libc::c_int) {
        let start = self.arena.run().address(range.start);
        // SAFETY: whole pages inside the arena's memory, which is page-aligned and borrowed exclusively.
        let result = unsafe { libc::mprotect(start.cast(), range.len(), protection) };
        assert_eq!(result, 0, "the system refused to change a page");
    }
}

impl Deref for FencedArena {
    type Target = Arena;

    fn deref(&self) -> &Arena {
        &self.arena
    }
}

impl DerefMut for FencedArena {
    fn deref_mut(&mut self) -> &mut Arena {
        &mut self.arena
    }
}

impl Drop for FencedArena {
    fn drop(&mut self) {
        for fence in std::mem::take(&mut self.fences) {
            self.protect(&fence, libc::PROT_READ | libc::PROT_WRITE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    /// Whether the system can read a byte of the arena: it says no where a program would end.
    fn is_readable(arena: &mut FencedArena, offset: usize) -> bool {
        let file = tempfile::tempfile().expect("a file");
        let byte = arena.run().address(offset);
        // SAFETY: the system checks the address; the file is open.
        (unsafe { libc::write(file.as_raw_fd(), byte.cast(), 1) }) == 1
    }

    #[test]
    fn what_is_fenced_cannot_be_read() {
        let page = page_bytes();
        let mut arena = FencedArena::new(3 * page).expect("fits");
        arena.fence(page..2 * page);
        let readable = [page - 1, page, 2 * page - 1, 2 * page].map(|offset| is_readable(&mut arena, offset));
        assert_eq!(readable, [true, false, false, true]);
    }
}
