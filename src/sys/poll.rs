//! Waiting.

use super::count;
use crate::errno::Result;
use core::ffi::{c_int, c_long, c_short};
use core::ptr;

/// One descriptor to wait for: struct pollfd.
pub(crate) type Poll = libc::pollfd;

/// The kernel's struct timespec, as the ppoll(2) of every architecture takes it.
#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

/// poll(2), for as long as it takes, or (`now`) without waiting. It is made of ppoll(2), which
/// every architecture has.
pub(crate) fn poll(fds: &mut [Poll], now: bool) -> Result<usize> {
    let mut at_once = Timespec { seconds: 0, nanoseconds: 0 };
    let timeout = if now { ptr::from_mut(&mut at_once) } else { ptr::null_mut() };
    let no_mask: *const u8 = ptr::null();
    let (list, len) = (fds.as_mut_ptr(), fds.len());
    // SAFETY: the kernel reads and writes the pollfds that `fds` borrows exclusively, and, where
    // it is not null, the timespec (it leaves the time that remains there), which is ours.
    count(unsafe { libc::syscall(libc::SYS_ppoll, list, len, timeout, no_mask, 0_usize) })
}

/// What to wait for at `fd`: POLLIN or POLLOUT. POLLERR and POLLHUP are always reported.
pub(crate) const fn interest(fd: c_int, events: c_short) -> Poll {
    Poll { fd, events, revents: 0 }
}
