//! One end of a transfer.

use core::ffi::c_int;
use core::marker::PhantomData;
use core::ptr;

/// A descriptor, and where in it.
#[derive(Clone, Copy)]
pub(crate) struct FdAt<'a> {
    /// A number that the kernel judges.
    pub(crate) fd: c_int,
    offset: *mut i64,
    borrowed: PhantomData<&'a mut i64>,
}

impl<'a> FdAt<'a> {
    /// The descriptor `fd` at `*offset`, or, where that is null, at the descriptor's own position.
    ///
    /// # Safety
    ///
    /// Where `offset` is not null, nobody else writes the int64_t that it points to for as long as
    /// the `FdAt` is used. (What it points to is the kernel's to judge: a pointer into nowhere makes
    /// the first call EFAULT.)
    pub(crate) const unsafe fn new(fd: c_int, offset: *mut i64) -> FdAt<'a> {
        FdAt { fd, offset, borrowed: PhantomData }
    }

    /// The descriptor `fd` at its own position, if it has one.
    pub(crate) const fn own(fd: c_int) -> FdAt<'a> {
        FdAt { fd, offset: ptr::null_mut(), borrowed: PhantomData }
    }

    /// The descriptor `fd` at `offset`, which the kernel moves on; None for its own position.
    pub(crate) fn at(fd: c_int, offset: Option<&'a mut i64>) -> FdAt<'a> {
        FdAt { fd, offset: offset.map_or(ptr::null_mut(), ptr::from_mut), borrowed: PhantomData }
    }

    /// What the kernel is given.
    pub(super) const fn pointer(self) -> *mut i64 {
        self.offset
    }

    /// Where in the descriptor; None for its own position. Of an offset that may lead nowhere to be
    /// asked for only once the kernel has accepted it in a call.
    pub(crate) fn offset(self) -> Option<i64> {
        if self.offset.is_null() {
            return None;
        }
        // SAFETY: the kernel has read this very int64_t without a fault, and it is borrowed, or
        // `new` was promised that nobody writes it now. It need not be aligned: the kernel did not
        // ask for that.
        Some(unsafe { self.offset.read_unaligned() })
    }

    /// Moves the caller's offset on, if there is one.
    pub(crate) fn set_offset(self, offset: i64) {
        if !self.offset.is_null() {
            // SAFETY: as for `offset`.
            unsafe { self.offset.write_unaligned(offset) };
        }
    }
}
