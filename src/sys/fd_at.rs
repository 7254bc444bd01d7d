// SPDX-License-Identifier: MIT OR Apache-2.0

//! A descriptor and an offset in it, as splice(2) and its relatives take them.

use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_long};
use core::marker::PhantomData;
use core::ptr;

/// A descriptor, and the offset that a call reads or writes at.
#[derive(Clone, Copy)]
pub(crate) struct FdAt<'a> {
    /// Any number: the kernel says whether it is a descriptor.
    pub(crate) fd: c_int,
    offset: *mut i64,
    borrowed: PhantomData<&'a mut i64>,
}

impl<'a> FdAt<'a> {
    /// The descriptor `fd` at `*offset`, or at its file position if `offset` is null.
    ///
    /// # Safety
    ///
    /// Unless `offset` is null, nobody else accesses the int64_t that it points to while the `FdAt`
    /// is used. (The pointer need not be valid: the first call fails with EFAULT then.)
    pub(crate) const unsafe fn new(fd: c_int, offset: *mut i64) -> FdAt<'a> {
        FdAt { fd, offset, borrowed: PhantomData }
    }

    /// The descriptor `fd` at its file position, if it has one.
    pub(crate) const fn own(fd: c_int) -> FdAt<'a> {
        FdAt { fd, offset: ptr::null_mut(), borrowed: PhantomData }
    }

    /// The descriptor `fd` at `offset`, which the kernel advances; None: at its file position.
    pub(crate) fn at(fd: c_int, offset: Option<&'a mut i64>) -> FdAt<'a> {
        FdAt { fd, offset: offset.map_or(ptr::null_mut(), ptr::from_mut), borrowed: PhantomData }
    }

    /// The pointer that the kernel gets.
    pub(super) const fn pointer(self) -> *mut i64 {
        self.offset
    }

    /// The offset; None: the file position is used. If the pointer may be invalid, call this only
    /// after a system call has accepted it (docs/kernel.md, "A seccomp filter may answer for a bad
    /// pointer").
    pub(crate) fn offset(self) -> Option<i64> {
        if self.offset.is_null() {
            return None;
        }
        // SAFETY: the pointer is valid: it was made from a reference, or a system call has read
        // through it without EFAULT. Nobody writes there: it is borrowed exclusively, or the caller
        // of `new` promised that. It may be unaligned, which is no error for the kernel.
        Some(unsafe { self.offset.read_unaligned() })
    }

    /// `offset`, if no system call has accepted the pointer yet. EFAULT: it is invalid.
    pub(crate) fn checked_offset(self) -> Result<Option<i64>> {
        // Not one of SIG_BLOCK, SIG_UNBLOCK and SIG_SETMASK: after reading the set the kernel returns EINVAL
        // and changes nothing.
        const NO_CHANGE: c_long = -1;
        // The size of the kernel's sigset_t in bytes: one bit for each signal.
        const SIZE: usize =
            if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 16 } else { 8 };
        let (call, nothing) = (libc::SYS_rt_sigprocmask, ptr::null_mut::<i64>());
        // SAFETY: the kernel reads SIZE bytes through the pointer, or returns EFAULT, and writes nothing.
        unsafe { libc::syscall(call, NO_CHANGE, self.offset, nothing, SIZE) };
        match Errno::last() {
            Errno::FAULT => Err(Errno::FAULT),
            _ => Ok(self.offset()),
        }
    }

    /// Sets the caller's offset, if there is one.
    pub(crate) fn set_offset(self, offset: i64) {
        if !self.offset.is_null() {
            // SAFETY: the pointer is valid and nobody else accesses the integer, for the reasons
            // given in `offset` above; it is written unaligned.
            unsafe { self.offset.write_unaligned(offset) };
        }
    }
}
