// SPDX-License-Identifier: MIT OR Apache-2.0

//! One system call, repeated until it moves bytes or fails.

use super::shared::eof::{self, Eof};
use super::shared::readiness::Wait;
use super::shared::tuning;
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt};
use core::ffi::{c_int, c_uint};

/// Every flag that splice(2) and tee(2) know.
pub(super) const SPLICE_FLAGS: c_uint =
    libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MORE | libc::SPLICE_F_GIFT;
/// copy_file_range(2) knows none so far.
pub(super) const COPY_RANGE_FLAGS: c_uint = 0;
/// sendfile(2) has no flags. The library accepts this one: do not wait.
pub(super) const SENDFILE_FLAGS: c_uint = libc::SPLICE_F_NONBLOCK;

pub(crate) fn splice(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Result<usize> {
    check_flags(SPLICE_FLAGS, flags)?;
    let mut len = len.min(tuning::CALL_MAX);
    let mut wait = Wait::new(from.fd, to.fd, flags);
    let mut stalled = || wait.after_would_block(from, has_ended);
    loop {
        match until_answered(|| sys::splice(from, to, len, flags).count(), &mut stalled) {
            Err(Errno::INVAL) => len = up_to_max_offset(from, to, len)?,
            answer => return answer,
        }
    }
}

pub(crate) fn tee(from: c_int, to: c_int, len: usize, flags: c_uint) -> Result<usize> {
    check_flags(SPLICE_FLAGS, flags)?;
    let len = len.min(tuning::CALL_MAX);
    let mut wait = Wait::new(from, to, flags);
    let call = || sys::tee(from, to, len, flags).count();
    until_answered(call, || wait.after_would_block(FdAt::own(from), goes_on))
}

pub(crate) fn copy_range(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Result<usize> {
    check_flags(COPY_RANGE_FLAGS, flags)?;
    let len = len.min(tuning::CALL_MAX);
    let mut wait = Wait::new(from.fd, to.fd, flags);
    let call = || sys::copy_file_range(from, to, len, flags).count();
    until_answered(call, || wait.after_would_block(from, goes_on))
}

pub(crate) fn sendfile(to: c_int, from: FdAt<'_>, len: usize, flags: c_uint) -> Result<usize> {
    check_flags(SENDFILE_FLAGS, flags)?;
    let mut len = len.min(tuning::CALL_MAX);
    let mut wait = Wait::new(from.fd, to, flags);
    let mut stalled = || wait.after_would_block(from, has_ended);
    loop {
        match until_answered(|| sys::sendfile(to, from, len).count(), &mut stalled) {
            Err(Errno::INVAL) => len = up_to_max_offset(from, FdAt::own(to), len)?,
            answer => return answer,
        }
    }
}

/// Whether an input that poll(2) calls ready has ended, which a full output may hide.
#[cold]
fn has_ended(from: FdAt<'_>) -> Result<bool> {
    // Let the next call report the reset; this one has not looked at the input.
    eof::after_would_block(from).map(|eof| eof == Eof::Yes)
}

/// For calls of which a full output hides no end.
fn goes_on(_: FdAt<'_>) -> Result<bool> {
    Ok(false)
}

/// Refuses flags that are not `known`.
pub(super) fn check_flags(known: c_uint, flags: c_uint) -> Result<()> {
    match flags & !known {
        0 => Ok(()),
        _ => Err(Errno::INVAL),
    }
}

/// After EINVAL: the length that ends at the largest offset, if it was too large for that; else EINVAL it is.
/// (copy_file_range(2) clamps by itself; docs/kernel.md, "EFBIG instead of 0 at the largest offset".)
#[cold]
#[inline(never)]
fn up_to_max_offset(from: FdAt, to: FdAt, len: usize) -> Result<usize> {
    let room = |side: FdAt| usize::try_from(i64::MAX.checked_sub(place(side)?)?).ok();
    match (room(from), room(to)) {
        (Some(room @ 1..), _) | (_, Some(room @ 1..)) if room < len => Ok(room),
        _ => Err(Errno::INVAL),
    }
}

/// The offset or the position of one side; None: it has none, or the pointer is invalid.
#[cold]
pub(super) fn place(side: FdAt) -> Option<i64> {
    // EINVAL may come before the kernel has looked at the pointer: before Linux 5.11, or from a
    // seccomp filter (docs/kernel.md, "A seccomp filter may answer for a bad pointer").
    let offset = side.checked_offset().ok()?;
    offset.or_else(|| sys::lseek(side.fd, 0, libc::SEEK_CUR).ok())
}

/// Makes `call` again as long as it is interrupted, or would block and `stalled` says that it is worth
/// making again. If `stalled` returns false the answer is 0: the input has ended.
fn until_answered(
    mut call: impl FnMut() -> Result<usize>,
    mut stalled: impl FnMut() -> Result<bool>,
) -> Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if !stalled()? => return Ok(0),
            Err(Errno::AGAIN) => {}
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shared::script::Script;
    use super::*;

    /// What the kernel's answers to the call, and ours to each stall, come to.
    fn play(calls: &[Result<usize>], stalls: &[Result<bool>]) -> Result<usize> {
        let (mut calls, mut stalls) = (Script::new(calls), Script::new(stalls));
        let answer = until_answered(|| calls.next(), || stalls.next());
        calls.assert_over();
        stalls.assert_over();
        answer
    }

    #[test]
    fn hands_on_any_count() {
        assert_eq!(play(&[Ok(7)], &[]), Ok(7));
        assert_eq!(play(&[Ok(0)], &[]), Ok(0));
    }

    #[test]
    fn asks_again_after_every_signal() {
        assert_eq!(play(&[Err(Errno::INTR), Err(Errno::INTR), Ok(3)], &[]), Ok(3));
    }

    #[test]
    fn asks_again_after_each_wait() {
        let calls = [Err(Errno::AGAIN), Err(Errno::INTR), Err(Errno::AGAIN), Ok(1)];
        assert_eq!(play(&calls, &[Ok(true), Ok(true)]), Ok(1));
    }

    #[test]
    fn an_input_that_has_ended_meanwhile_is_a_zero() {
        assert_eq!(play(&[Err(Errno::AGAIN)], &[Ok(false)]), Ok(0));
    }

    #[test]
    fn passes_on_what_the_wait_says() {
        assert_eq!(play(&[Err(Errno::AGAIN)], &[Err(Errno::AGAIN)]), Err(Errno::AGAIN));
    }

    #[test]
    fn passes_on_any_other_error_at_once() {
        assert_eq!(play(&[Err(Errno::IO)], &[]), Err(Errno::IO));
        assert_eq!(play(&[Err(Errno::INTR), Err(Errno::INVAL)], &[]), Err(Errno::INVAL));
    }

    #[test]
    fn refuses_flags_that_nobody_knows() {
        for bit in 0..32 {
            let flag = 1 << bit;
            assert_eq!(check_flags(SPLICE_FLAGS, flag).is_ok(), bit < 4);
            assert_eq!(check_flags(SENDFILE_FLAGS, flag).is_ok(), bit == 1);
            assert!(check_flags(COPY_RANGE_FLAGS, flag).is_err());
        }
    }
}
