// SPDX-License-Identifier: MIT OR Apache-2.0

//! Waiting, and the clock.

use super::count;
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_long, c_short};
use core::mem::MaybeUninit;
use core::ptr;

/// struct pollfd: a descriptor, and the events to wait for.
pub(crate) type Poll = libc::pollfd;

/// struct timespec as SYS_ppoll takes it on every architecture: two longs, whatever time_t is.
#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

const SECOND: i64 = 1_000_000_000;

/// poll(2), by way of ppoll(2), which every architecture has: for at most so many nanoseconds;
/// None: without a limit.
pub(crate) fn poll(fds: &mut [Poll], nanoseconds: Option<i64>) -> Result<usize> {
    let mut limit = nanoseconds.map(|time| Timespec {
        seconds: c_long::try_from(time.div_euclid(SECOND)).unwrap_or(c_long::MAX),
        nanoseconds: time.rem_euclid(SECOND) as c_long,
    });
    let timeout = limit.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let no_mask: *const u8 = ptr::null();
    let (list, len) = (fds.as_mut_ptr(), fds.len());
    // SAFETY: the kernel reads and writes `len` pollfds, which `fds` borrows exclusively, and the
    // timespec (where it leaves the remaining time), a variable of our own, unless that is null. It
    // reads no mask.
    match count(unsafe { libc::syscall(libc::SYS_ppoll, list, len, timeout, no_mask, 0_usize) }) {
        Err(Errno::NOSYS | Errno::PERM) => old_poll(fds, nanoseconds),
        answer => answer,
    }
}

/// poll(2) itself, for a sandbox that knows nothing newer.
#[cold]
fn old_poll(fds: &mut [Poll], nanoseconds: Option<i64>) -> Result<usize> {
    // Newer architectures have only ppoll(2).
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "arm",
        target_arch = "powerpc64",
        target_arch = "s390x"
    ))]
    {
        let up = |time: i64| time.saturating_add(999_999).div_euclid(1_000_000);
        let timeout =
            nanoseconds.map_or(-1, |time| c_int::try_from(up(time)).unwrap_or(c_int::MAX));
        let (list, len) = (fds.as_mut_ptr(), fds.len());
        // SAFETY: the kernel reads and writes `len` pollfds, which `fds` borrows exclusively.
        count(unsafe { libc::syscall(libc::SYS_poll, list, len, timeout) })
    }
    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "arm",
        target_arch = "powerpc64",
        target_arch = "s390x"
    )))]
    {
        let _ = (fds, nanoseconds);
        Err(Errno::NOSYS)
    }
}

/// A struct pollfd for `fd` and the `events` POLLIN or POLLOUT. POLLERR and POLLHUP are always
/// reported.
pub(crate) const fn interest(fd: c_int, events: c_short) -> Poll {
    Poll { fd, events, revents: 0 }
}

/// clock_gettime(2), CLOCK_MONOTONIC: nanoseconds since an arbitrary point in the past.
pub(crate) fn now() -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: clock_gettime writes one struct timespec, and `time` has room for one.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) };
    // SAFETY: a struct timespec is made of integers, for which the zeroes it began with are valid
    // too.
    let time = unsafe { time.assume_init() };
    #[allow(clippy::unnecessary_cast)] // their types differ from one architecture to the next
    (time.tv_sec as i64).saturating_mul(SECOND).saturating_add(time.tv_nsec as i64)
}
