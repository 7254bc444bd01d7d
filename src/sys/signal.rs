// SPDX-License-Identifier: MIT OR Apache-2.0

//! SIGPIPE, which a write to an output without a reader raises (docs/kernel.md, "SIGPIPE has no flag
//! in splice(2), tee(2) and sendfile(2)").

use super::done;
use crate::errno::Result;
use core::ffi::{c_int, c_long};
use core::mem::MaybeUninit;
use core::ptr;

/// sigset_t.
#[derive(Clone, Copy)]
pub(crate) struct Signals(libc::sigset_t);

/// sigaddset(3): the set of SIGPIPE alone.
pub(crate) fn sigpipe() -> Signals {
    let mut set = empty();
    // SAFETY: sigaddset writes to one sigset_t, a variable of our own that sigemptyset has
    // initialized.
    unsafe { libc::sigaddset(&mut set.0, libc::SIGPIPE) };
    set
}

/// sigismember(3): whether SIGPIPE is in the set.
pub(crate) fn has_sigpipe(set: &Signals) -> bool {
    // SAFETY: sigismember reads one sigset_t, which `set` borrows.
    unsafe { libc::sigismember(&set.0, libc::SIGPIPE) == 1 }
}

/// sigpending(2): the signals that are blocked and pending.
pub(crate) fn sigpending() -> Signals {
    let mut set = empty();
    // SAFETY: sigpending writes one sigset_t, a variable of our own. (Its only error is EFAULT.)
    unsafe { libc::sigpending(&mut set.0) };
    set
}

/// pthread_sigmask(3): returns the signals that were blocked before.
pub(crate) fn sigmask(how: c_int, set: &Signals) -> Result<Signals> {
    let mut before = empty();
    // SAFETY: pthread_sigmask reads one sigset_t, which `set` borrows, and writes another, a
    // variable of our own.
    done(unsafe { libc::pthread_sigmask(how, &set.0, &mut before.0) })?;
    Ok(before)
}

/// rt_sigtimedwait(2) with a timeout of zero: accepts one of the pending signals of `set`, if there
/// is any.
pub(crate) fn rt_sigtimedwait(set: &Signals) {
    // A struct timespec of zeroes, whatever its size is.
    let no_time = [0_i64; 2];
    let no_info: *mut u8 = ptr::null_mut();
    // The size of the kernel's sigset_t in bytes: one bit for each signal.
    const SIZE: c_long =
        if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 16 } else { 8 };
    let (set, time) = (ptr::from_ref(&set.0), no_time.as_ptr());
    // SAFETY: the kernel reads SIZE bytes of the set, which is no smaller, and at most 16 bytes of
    // the time, both of which live until the call returns; the null pointer is for information
    // about the signal, which is not wanted.
    unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, set, no_info, time, SIZE) };
}

fn empty() -> Signals {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset writes one sigset_t, and `set` has room for one.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: a sigset_t is made of integers, for which the zeroes it began with are valid too.
    Signals(unsafe { set.assume_init() })
}
