//! splice(2), tee(2), vmsplice(2).

use super::{long, FdAt, Returned};
use core::ffi::{c_int, c_uint};

/// splice(2). Zero: the input has ended, mostly.
pub(crate) fn splice(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Returned {
    let (off_in, off_out) = (from.pointer(), to.pointer());
    // SAFETY: the kernel reads and writes our memory through the two offsets only, and each is null
    // or was handed to `End::new` for just that; where one leads nowhere the kernel says EFAULT.
    Returned(unsafe {
        libc::syscall(libc::SYS_splice, from.fd, off_in, to.fd, off_out, len, long(flags))
    })
}

/// tee(2). Zero: the input is empty and has no writer left.
pub(crate) fn tee(from: c_int, to: c_int, len: usize, flags: c_uint) -> Returned {
    // SAFETY: four numbers; the kernel touches no memory of ours.
    Returned(unsafe { libc::syscall(libc::SYS_tee, from, to, len, long(flags)) })
}

/// vmsplice(2).
///
/// # Safety
///
/// The pages that `iov` names belong to the pipe `fd` afterwards: who writes them changes what its
/// reader gets. Where `fd` is a pipe's read end the kernel writes them.
pub(crate) unsafe fn vmsplice(
    fd: c_int,
    iov: *const libc::iovec,
    segments: usize,
    flags: c_uint,
) -> Returned {
    // SAFETY: the kernel reads the array, and uses the memory it names as the caller has promised
    // to allow; a pointer into nowhere is EFAULT.
    Returned(unsafe { libc::syscall(libc::SYS_vmsplice, fd, iov, segments, long(flags)) })
}
