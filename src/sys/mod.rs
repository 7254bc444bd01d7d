// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel: one function per system call, with the kernel's name, order and meaning. Where a
//! call is made by way of another one, or is one command of ioctl(2) or fcntl(2), the first line
//! says so.
//!
//! No loop, no retry, no policy. Whatever can block goes through syscall(2): the wrappers of libc
//! are cancellation points, where a cancelled thread would abandon a transfer without its result,
//! and copy_file_range(2) of glibc 2.41 and 2.42 returns an int (docs/kernel.md, "libc's wrappers
//! are cancellation points").

mod descriptor;
mod environment;
mod fd_at;
mod file;
#[cfg(test)]
pub(crate) mod model;
mod poll;
mod signal;
mod socket;
mod splice;

pub(crate) use descriptor::{blkgetsize64, is_master, outq, pipe_size, terminal_processes, Owned};
pub(crate) use environment::secure_getenv;
pub(crate) use fd_at::FdAt;
pub(crate) use file::{
    copy_file_range, fallocate, ficlonerange, fstatfs, lseek, preadv2, pwritev2, read_uninit,
    sendfile, Stat,
};
pub(crate) use poll::{interest, now, Poll};
pub(crate) use signal::{has_sigpipe, rt_sigtimedwait, sigmask, sigpending, sigpipe, Signals};
pub(crate) use socket::getsockopt_time;
pub(crate) use splice::{tee, vmsplice};

// What a unit test may have answered by a kernel in memory.
#[cfg(test)]
pub(crate) use model::{
    close, fionread, fstat, getpeername, getsockopt, getsockopt_int, getsockopt_int_at, pipe2,
    poll, read, recv, send, set_pipe_size, shutdown, splice, status_flags, write,
};
#[cfg(not(test))]
pub(crate) use {
    descriptor::{close, fionread, pipe2, set_pipe_size, status_flags},
    file::{fstat, read, write},
    poll::poll,
    socket::{getpeername, getsockopt, getsockopt_int, getsockopt_int_at, recv, send, shutdown},
    splice::splice,
};

use crate::errno::{Errno, Result};
use core::ffi::{c_long, c_uint, c_ulong};

/// The return value of syscall(2): a count, or -1 with errno set.
#[must_use]
pub(crate) struct Returned(c_long);

impl Returned {
    /// The value itself, for a C caller; errno stays as the kernel set it.
    pub(crate) const fn raw(self) -> isize {
        self.0 as isize
    }

    /// The count or the errno, which is read before anything else can change it.
    pub(crate) fn count(self) -> Result<usize> {
        count(self.0)
    }
}

fn count(returned: c_long) -> Result<usize> {
    usize::try_from(returned).map_err(|_| Errno::last())
}

/// Flags, widened to the long that syscall(2) takes each argument as. The last arguments are passed
/// on the stack, where reading 64 bits after a store of 32 stalls (5 ns).
fn long(flags: c_uint) -> c_ulong {
    c_ulong::from(flags)
}

/// The return value of a call that returns 0 on success.
fn done(returned: core::ffi::c_int) -> Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(Errno::last()),
    }
}
