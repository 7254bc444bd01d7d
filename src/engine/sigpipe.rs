//! EPIPE without the signal.

use crate::sys;

/// Runs `work` with SIGPIPE blocked in this thread, and takes the one away that it has caused, if
/// what it came to says so. One that was pending before stays.
pub(super) fn without<T>(work: impl FnOnce() -> T, has_caused: impl FnOnce(&T) -> bool) -> T {
    let sigpipe = sys::sigpipe();
    let was_pending = sys::has_sigpipe(&sys::sigpending());
    let Ok(before) = sys::sigmask(libc::SIG_BLOCK, &sigpipe) else { return work() };
    let outcome = work();
    if has_caused(&outcome) && !was_pending && sys::has_sigpipe(&sys::sigpending()) {
        sys::take_pending(&sigpipe);
    }
    if !sys::has_sigpipe(&before) {
        // It cannot fail: the set is one that was in force.
        let _ = sys::sigmask(libc::SIG_UNBLOCK, &sigpipe);
    }
    outcome
}
