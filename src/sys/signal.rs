//! The signal that a dead output sends.

use super::done;
use crate::errno::Result;
use core::ffi::{c_int, c_long};
use core::mem::MaybeUninit;
use core::ptr;

/// A set of signals that may be blocked or pending: sigset_t.
#[derive(Clone, Copy)]
pub(crate) struct Signals(libc::sigset_t);

/// sigaddset(3) of SIGPIPE to an empty set.
pub(crate) fn sigpipe() -> Signals {
    let mut set = empty();
    // SAFETY: the set is ours, and SIGPIPE is a signal.
    unsafe { libc::sigaddset(&mut set.0, libc::SIGPIPE) };
    set
}

/// sigismember(3).
pub(crate) fn has_sigpipe(set: &Signals) -> bool {
    // SAFETY: the set is read only, and SIGPIPE is a signal.
    unsafe { libc::sigismember(&set.0, libc::SIGPIPE) == 1 }
}

/// sigpending(2).
pub(crate) fn sigpending() -> Signals {
    let mut set = empty();
    // SAFETY: the set is ours. It cannot fail: there is no bad address here.
    unsafe { libc::sigpending(&mut set.0) };
    set
}

/// pthread_sigmask(3): returns the signals blocked before.
pub(crate) fn sigmask(how: c_int, set: &Signals) -> Result<Signals> {
    let mut before = empty();
    // SAFETY: one set is read, the other written, and both live until the call returns.
    done(unsafe { libc::pthread_sigmask(how, &set.0, &mut before.0) })?;
    Ok(before)
}

/// rt_sigtimedwait(2) without waiting: takes one of the pending signals of `set`, if there is any.
/// libc's own is a cancellation point.
pub(crate) fn take_pending(set: &Signals) {
    // The kernel's struct timespec, of either size.
    let at_once = [0_i64; 2];
    let nowhere: *mut u8 = ptr::null_mut();
    // What the kernel calls a sigset: a bit for each of its signals.
    const SIZE: c_long =
        if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 16 } else { 8 };
    let (set, time) = (ptr::from_ref(&set.0), at_once.as_ptr());
    // SAFETY: the kernel reads the set's first bytes and the time, both of which live until the
    // call returns, and tells nobody about the signal.
    unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, set, nowhere, time, SIZE) };
}

fn empty() -> Signals {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the set is ours to write.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it is plain numbers, of which zero is one, and sigemptyset has written them.
    Signals(unsafe { set.assume_init() })
}
