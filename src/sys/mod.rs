//! The kernel: one function per system call, with the kernel's name, order and meaning.
//!
//! No loop, no retry, no policy. Everything that can block goes through syscall(2): libc's own
//! wrappers are cancellation points, on which a cancelled thread would leave a transfer behind
//! half-accounted, and glibc 2.41 and 2.42 cut the result of copy_file_range(2) down to an int.

mod descriptor;
mod environment;
mod fd_at;
mod file;
mod poll;
mod signal;
mod socket;
mod splice;

pub(crate) use descriptor::{
    fionread, is_master, open, pipe2, pipe_size, set_pipe_size, status_flags, terminal_processes,
    Owned,
};
pub(crate) use environment::getenv;
pub(crate) use fd_at::FdAt;
pub(crate) use file::{
    copy_file_range, fallocate, ficlonerange, fstat, fstatfs, ftruncate, lseek, preadv2, pwritev2,
    read, sendfile, write, Stat,
};
pub(crate) use poll::{interest, now, poll, Poll};
pub(crate) use signal::{has_sigpipe, sigmask, sigpending, sigpipe, take_pending, Signals};
pub(crate) use socket::{
    getpeername, getsockopt, getsockopt_int, getsockopt_time, recv, send, shutdown,
};
pub(crate) use splice::{splice, tee, vmsplice};

use crate::errno::{Errno, Result};
use core::ffi::{c_long, c_uint, c_ulong};

/// What syscall(2) has returned: a count, or -1 with errno set.
#[must_use]
pub(crate) struct Returned(c_long);

impl Returned {
    /// For C: as it is.
    pub(crate) const fn raw(self) -> isize {
        self.0 as isize
    }

    /// For us: the errno beside it is read at once, before anything else can change it.
    pub(crate) fn count(self) -> Result<usize> {
        count(self.0)
    }
}

fn count(returned: c_long) -> Result<usize> {
    usize::try_from(returned).map_err(|_| Errno::last())
}

/// Flags as syscall(2) takes every argument: as a long. The last ones travel on the stack, where half
/// a long would be waited for until the other half has got there too (5 ns).
fn long(flags: c_uint) -> c_ulong {
    c_ulong::from(flags)
}

/// What a call returned that has nothing to say but that it worked.
fn done(returned: core::ffi::c_int) -> Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(Errno::last()),
    }
}
