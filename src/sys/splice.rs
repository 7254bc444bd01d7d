// SPDX-License-Identifier: MIT OR Apache-2.0

//! splice(2), tee(2), vmsplice(2).

use super::{long, FdAt, Returned};
use core::ffi::{c_int, c_uint};

/// splice(2). 0 usually means that the input has ended (docs/kernel.md, "A 0 is not always the end
/// of the input").
pub(crate) fn splice(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Returned {
    let (off_in, off_out) = (from.pointer(), to.pointer());
    // SAFETY: the kernel accesses our memory through the two offsets only. An FdAt owns the use of
    // the int64_t it points to; if the pointer is null or invalid the kernel does not follow it.
    Returned(unsafe {
        libc::syscall(libc::SYS_splice, from.fd, off_in, to.fd, off_out, len, long(flags))
    })
}

/// tee(2). 0: the input is empty and has no writer.
pub(crate) fn tee(from: c_int, to: c_int, len: usize, flags: c_uint) -> Returned {
    // SAFETY: the arguments are numbers, so the kernel accesses no memory of ours.
    Returned(unsafe { libc::syscall(libc::SYS_tee, from, to, len, long(flags)) })
}

/// vmsplice(2).
///
/// # Safety
///
/// The pipe `fd` refers to the pages that `iov` names afterwards: writing to them changes what the
/// reader of the pipe gets. If `fd` is the read end of a pipe, the kernel writes to them.
pub(crate) unsafe fn vmsplice(
    fd: c_int,
    iov: *const libc::iovec,
    segments: usize,
    flags: c_uint,
) -> Returned {
    // SAFETY: the kernel reads the array, and reads or writes the memory that it names, which the
    // caller has promised to allow. Invalid pointers are EFAULT.
    Returned(unsafe { libc::syscall(libc::SYS_vmsplice, fd, iov, segments, long(flags)) })
}
