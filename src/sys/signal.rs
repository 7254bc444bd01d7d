// SPDX-License-Identifier: MIT OR Apache-2.0

//! SIGPIPE, which a write to an output without a reader raises (docs/kernel.md, "SIGPIPE has no flag
//! in splice(2), tee(2) and sendfile(2)").

use super::count;
use crate::errno::Result;
use core::ffi::{c_int, c_ulong};
use core::ptr;

/// The size of the kernel's sigset_t in bytes: one bit for each signal. (libc's is larger.)
const SIZE: usize = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 16 } else { 8 };

const WORDS: usize = SIZE / size_of::<c_ulong>();

/// The kernel's sigset_t.
#[derive(Clone, Copy)]
pub(crate) struct Signals([c_ulong; WORDS]);

/// SIGPIPE, as a bit of the first word.
const SIGPIPE: c_ulong = 1 << (libc::SIGPIPE - 1);

/// The set of SIGPIPE alone.
pub(crate) const fn sigpipe() -> Signals {
    let mut set = [0; WORDS];
    set[0] = SIGPIPE;
    Signals(set)
}

/// Whether SIGPIPE is in the set.
pub(crate) const fn has_sigpipe(Signals([first, ..]): &Signals) -> bool {
    *first & SIGPIPE != 0
}

/// rt_sigpending(2): the signals that are blocked and pending.
pub(crate) fn sigpending() -> Signals {
    let mut set = Signals([0; WORDS]);
    // SAFETY: the kernel writes SIZE bytes to a set of that size, a variable of our own. (Its only
    // errors are those of the arguments.)
    unsafe { libc::syscall(libc::SYS_rt_sigpending, ptr::from_mut(&mut set), SIZE) };
    set
}

/// rt_sigprocmask(2): returns the signals that were blocked before in this thread.
pub(crate) fn sigmask(how: c_int, set: &Signals) -> Result<Signals> {
    let mut before = Signals([0; WORDS]);
    let (set, old) = (ptr::from_ref(set), ptr::from_mut(&mut before));
    // SAFETY: the kernel reads SIZE bytes of one set, which `set` borrows, and writes as many to
    // another, a variable of our own.
    count(unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how, set, old, SIZE) })?;
    Ok(before)
}

/// rt_sigtimedwait(2) with a timeout of zero: accepts one of the pending signals of `set`, if there
/// is any.
pub(crate) fn rt_sigtimedwait(set: &Signals) {
    // A struct timespec of zeroes, whatever its size is.
    let no_time = [0_i64; 2];
    let no_info: *mut u8 = ptr::null_mut();
    let (set, time) = (ptr::from_ref(set), no_time.as_ptr());
    // SAFETY: the kernel reads SIZE bytes of the set, which has as many, and at most 16 bytes of the
    // time, both of which live until the call returns; the null pointer is for information about the
    // signal, which is not wanted.
    unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, set, no_info, time, SIZE) };
}
