//! Waiting, and the time.

use super::count;
use crate::errno::Result;
use core::ffi::{c_int, c_long, c_short};
use core::mem::MaybeUninit;
use core::ptr;

/// One descriptor to wait for: struct pollfd.
pub(crate) type Poll = libc::pollfd;

/// The kernel's struct timespec, as the ppoll(2) of every architecture takes it.
#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

const SECOND: i64 = 1_000_000_000;

/// poll(2), for at most so many nanoseconds; None: for as long as it takes. It is made of ppoll(2),
/// which every architecture has.
pub(crate) fn poll(fds: &mut [Poll], nanoseconds: Option<i64>) -> Result<usize> {
    let mut limit = nanoseconds.map(|time| Timespec {
        seconds: c_long::try_from(time.div_euclid(SECOND)).unwrap_or(c_long::MAX),
        nanoseconds: time.rem_euclid(SECOND) as c_long,
    });
    let timeout = limit.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
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

/// clock_gettime(2), CLOCK_MONOTONIC: nanoseconds since some moment before.
pub(crate) fn now() -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the one struct timespec that is written is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) };
    // SAFETY: it is two numbers, of which zero is one.
    let time = unsafe { time.assume_init() };
    #[allow(clippy::unnecessary_cast)] // their types differ from one architecture to the next
    (time.tv_sec as i64).saturating_mul(SECOND).saturating_add(time.tv_nsec as i64)
}
