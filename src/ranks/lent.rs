//! Memory that a message is sent from, or received into, where it is: nothing is packed or
//! unpacked.

use std::fmt;

/// Memory that a message is sent from, or received into.
///
/// # Safety
/// [`Self::address`] is always the same: that of [`Self::bytes`] bytes, initialised, which exist as
/// long as `self`. While a transport has it ([`super::Transport::send_lent`],
/// [`super::Transport::expect`]) nobody writes them, and of a message that is received nobody reads
/// them.
pub unsafe trait Lent: Send + Sync + fmt::Debug {
    /// Where the bytes are.
    fn address(&self) -> *mut u8;

    /// How many there are.
    fn bytes(&self) -> usize;
}

/// Adds what is sent to the end of a buffer.
pub(super) fn append(from: &dyn Lent, buffer: &mut Vec<u8>) {
    // SAFETY: as the trait says, the bytes are there and nobody writes them; the reference ends
    // here.
    buffer.extend_from_slice(unsafe { std::slice::from_raw_parts(from.address(), from.bytes()) });
}

/// Puts what is sent where it is received. Both have the same size.
pub(super) fn copy(from: &dyn Lent, to: &dyn Lent) {
    assert_eq!(from.bytes(), to.bytes(), "both sides have the same plan");
    // SAFETY: as the trait says, both are there; nobody writes what is sent, and nobody touches
    // what is received, so that they are not the same memory either.
    unsafe { std::ptr::copy_nonoverlapping(from.address(), to.address(), from.bytes()) };
}
