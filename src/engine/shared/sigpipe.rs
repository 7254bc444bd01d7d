// SPDX-License-Identifier: MIT OR Apache-2.0

//! EPIPE without the signal.

use crate::sys::{self, Signals};

/// Runs `work` with SIGPIPE blocked in this thread and afterwards discards the SIGPIPE it raised, if
/// `has_caused` says that it may have raised one. A SIGPIPE that was pending before stays.
pub(crate) fn without<T>(work: impl FnOnce() -> T, has_caused: impl FnOnce(&T) -> bool) -> T {
    let blocked = block();
    let outcome = work();
    if let Some(blocked) = blocked {
        blocked.end(has_caused(&outcome));
    }
    outcome
}

/// `without`, if the caller wants it `quiet` (docs/kernel.md, "SIGPIPE has no flag in splice(2),
/// tee(2) and sendfile(2)").
pub(crate) fn without_if<T>(quiet: bool, work: impl FnOnce() -> T) -> T {
    if quiet {
        without(work, |_| true)
    } else {
        work()
    }
}

/// The state before SIGPIPE was blocked.
struct Blocked {
    before: Signals,
    was_pending: bool,
}

/// Blocks SIGPIPE in this thread. None: that was refused, so there is nothing to undo.
#[inline(never)]
fn block() -> Option<Blocked> {
    let was_pending = sys::has_sigpipe(&sys::sigpending());
    let before = sys::sigmask(libc::SIG_BLOCK, &sys::sigpipe()).ok()?;
    Some(Blocked { before, was_pending })
}

impl Blocked {
    #[inline(never)]
    fn end(self, has_caused: bool) {
        let sigpipe = sys::sigpipe();
        if has_caused && !self.was_pending {
            sys::rt_sigtimedwait(&sigpipe);
        }
        if !sys::has_sigpipe(&self.before) {
            // Cannot fail: the arguments are valid.
            let _ = sys::sigmask(libc::SIG_UNBLOCK, &sigpipe);
        }
    }
}
