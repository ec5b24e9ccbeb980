//! The size of a page of memory.

/// Bytes of a page on this system: what can be protected, and where code begins.
pub(crate) fn page_bytes() -> usize {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: asks for a number.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).unwrap_or(LARGEST)
    }
    #[cfg(not(target_os = "linux"))]
    LARGEST
}

/// As large as pages are on any system that is not asked.
const LARGEST: usize = 64 << 10;
