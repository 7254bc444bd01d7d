// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which side to wait for after "would block", and when not to wait at all (docs/kernel.md, "EAGAIN
//! does not tell which side would block").

use super::outcome::{is_pipe, is_socket, Side};
use super::retry_on_intr;
use super::tuning::{DECLINES, DECLINES_OF_A_SOCKET, POLLERR_BACKOFF_MAX};
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt, Poll};
use core::ffi::{c_int, c_short, c_uint};

/// What to do after "would block".
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Next {
    /// Make the call again: somebody else may have been faster.
    Retry,
    Await(Side),
    AwaitEither,
    /// The input is a pipe without a byte and without a writer, which a full output hides.
    Ended,
    /// Both sides are ready, and the call will go on refusing.
    Declined,
}

/// Decides by what poll(2) has just reported of both sides. `declined` counts the refusals by two
/// ready sides in a row.
///
/// One side is waited for only while the other is ready: if neither is, the first to become ready
/// may be all that the call needs. poll(2) may be wrong: it does not report fewer bytes than
/// SO_RCVLOWAT, and calls a socket full that still takes a little.
pub(crate) fn after_would_block(input: Poll, output: Poll, declined: &mut u32) -> Next {
    match (input.revents, output.revents) {
        (libc::POLLHUP, _) if is_pipe(input.fd) => return Next::Ended,
        (0, 0) => return Next::AwaitEither,
        (0, _) => *declined = 0,
        (_, 0) => *declined = 0,
        _ if *declined >= DECLINES_OF_A_SOCKET && *declined >= declines(input.fd) => {
            return Next::Declined
        }
        _ => *declined = declined.saturating_add(1),
    }
    match (input.revents, output.revents) {
        (0, _) => Next::Await(Side::In),
        (_, 0) => Next::Await(Side::Out),
        _ => Next::Retry,
    }
}

/// How many refusals by two ready sides in a row to accept.
fn declines(input: c_int) -> u32 {
    if is_socket(input) {
        DECLINES_OF_A_SOCKET
    } else {
        DECLINES
    }
}

/// How the _retry and _full functions wait: no deadline, no cancel.
pub(crate) struct Wait {
    input: c_int,
    output: c_int,
    /// SPLICE_F_NONBLOCK: do not wait.
    nonblock: bool,
    declined: u32,
}

impl Wait {
    pub(crate) fn new(input: c_int, output: c_int, flags: c_uint) -> Wait {
        let nonblock = flags & libc::SPLICE_F_NONBLOCK != 0;
        Wait { input, output, nonblock, declined: 0 }
    }

    /// After "would block": Ok(true) once the call is worth making again, Ok(false) if the input has
    /// ended (`has_ended` is asked of `from` where a full output may hide it); "would block" where waiting
    /// would spin or hang.
    #[inline(never)]
    pub(crate) fn after_would_block(
        &mut self,
        from: FdAt<'_>,
        has_ended: fn(FdAt<'_>) -> Result<bool>,
    ) -> Result<bool> {
        if self.nonblock {
            return Err(Errno::AGAIN);
        }
        let mut fds = [readable(self.input), writable(self.output)];
        wait(&mut fds, Some(0))?;
        let [input, output] = fds;
        match after_would_block(input, output, &mut self.declined) {
            Next::Retry => Ok(true),
            Next::Ended => Ok(false),
            Next::Declined => Err(Errno::AGAIN),
            Next::AwaitEither => forever(&mut [readable(self.input), writable(self.output)]),
            Next::Await(Side::Out) if has_ended(from)? => Ok(false),
            Next::Await(side) => self.one(side),
        }
    }

    /// Waits for one side, for as long as its socket allows.
    fn one(&self, side: Side) -> Result<bool> {
        let limit = self.limit(side);
        if limit == Some(0) {
            return Err(Errno::AGAIN);
        }
        let mut fds = match side {
            Side::In => [readable(self.input)],
            _ => [writable(self.output)],
        };
        wait(&mut fds, limit)?;
        match fds {
            [poll] if poll.revents == 0 => Err(Errno::AGAIN),
            _ => Ok(true),
        }
    }

    /// Time left to wait; Some(0): EAGAIN meant that SO_RCVTIMEO or SO_SNDTIMEO has expired. An
    /// AF_UNIX socket also returns EAGAIN at once if the pipe on the other side is O_NONBLOCK; then
    /// it has not waited yet (docs/kernel.md, "SPLICE_F_NONBLOCK is about pipes").
    fn limit(&self, side: Side) -> Option<i64> {
        let (fd, option, other) = match side {
            Side::In => (self.input, libc::SO_RCVTIMEO, self.output),
            _ => (self.output, libc::SO_SNDTIMEO, self.input),
        };
        let is_nonblocking =
            |fd| sys::status_flags(fd).is_ok_and(|flags| flags & libc::O_NONBLOCK != 0);
        let limit = sys::getsockopt_time(fd, option).ok().filter(|&limit| limit > 0)?;
        let is_local = || sys::getsockopt_int(fd, libc::SO_DOMAIN) == Ok(libc::AF_UNIX);
        match is_nonblocking(fd) {
            true => None,
            false if side == Side::In && is_local() && is_nonblocking(other) => Some(limit),
            false => Some(0),
        }
    }
}

pub(crate) const fn readable(fd: c_int) -> Poll {
    sys::interest(fd, libc::POLLIN)
}

pub(crate) const fn writable(fd: c_int) -> Poll {
    sys::interest(fd, libc::POLLOUT)
}

/// Waits until one of `fds` is ready.
pub(crate) fn forever(fds: &mut [Poll]) -> Result<bool> {
    wait(fds, None).map(|()| true)
}

/// What poll(2) reports of `fd` now: of `events`, and of errors.
pub(crate) fn revents(fd: c_int, events: c_short) -> Result<c_short> {
    let mut fds = [sys::interest(fd, events)];
    retry_on_intr(|| sys::poll(&mut fds, Some(0)))?;
    let [poll] = fds;
    Ok(poll.revents)
}

/// If poll(2) itself is refused nothing can be waited for, and "would block" stands.
fn wait(fds: &mut [Poll], nanoseconds: Option<i64>) -> Result<()> {
    loop {
        match (sys::poll(fds, nanoseconds), &mut *fds) {
            (Err(Errno::INTR), _) => {}
            // More places than RLIMIT_NOFILE: one after the other. The first is waited for briefly, then
            // the call is made again.
            (Err(Errno::INVAL), [first, second]) => {
                let moment = nanoseconds.unwrap_or(POLLERR_BACKOFF_MAX);
                wait(core::slice::from_mut(first), Some(moment))?;
                return wait(core::slice::from_mut(second), Some(0));
            }
            (Err(_), _) => return Err(Errno::AGAIN),
            (Ok(_), _) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is decided of two descriptors that are `ready`, one time after the other.
    fn decide(input: c_int, ready: &[(bool, bool)]) -> std::vec::Vec<Next> {
        let mut declined = 0;
        let said = |fd, is_ready| Poll { revents: c_short::from(is_ready), ..readable(fd) };
        ready
            .iter()
            .map(|&(from, to)| after_would_block(said(input, from), said(-1, to), &mut declined))
            .collect()
    }

    const BOTH: (bool, bool) = (true, true);

    fn socket() -> std::os::unix::net::UnixStream {
        std::os::unix::net::UnixStream::pair().unwrap().0
    }

    #[test]
    fn waits_for_the_side_that_is_not_ready() {
        let decided = decide(-1, &[(true, false), (false, true)]);
        assert_eq!(decided, [Next::Await(Side::Out), Next::Await(Side::In)]);
    }

    #[test]
    fn asks_again_when_the_first_of_two_gets_ready() {
        assert_eq!(decide(-1, &[(false, false)]), [Next::AwaitEither]);
    }

    #[test]
    fn gives_up_on_two_ready_sides_that_decline() {
        use std::os::fd::AsRawFd;
        let socket = socket();
        let decided = decide(socket.as_raw_fd(), &[BOTH; 3]);
        assert_eq!(decided, [Next::Retry, Next::Retry, Next::Declined]);
    }

    #[test]
    fn accepts_competitors_for_a_pipe() {
        let decided = decide(-1, &[BOTH; 1001]);
        assert!(decided.iter().take(1000).all(|next| *next == Next::Retry));
        assert_eq!(decided.last(), Some(&Next::Declined));
    }

    #[test]
    fn a_wait_in_between_makes_the_count_start_again() {
        use std::os::fd::AsRawFd;
        let socket = socket();
        let decided = decide(socket.as_raw_fd(), &[BOTH, BOTH, (false, true), BOTH, BOTH, BOTH]);
        assert!(decided.iter().take(5).all(|next| *next != Next::Declined));
        assert_eq!(decided.last(), Some(&Next::Declined));
    }

    #[test]
    fn an_ended_pipe_needs_no_room() {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC).unwrap();
        drop(writer);
        let input = Poll { revents: libc::POLLHUP, ..readable(reader.0) };
        assert_eq!(after_would_block(input, writable(-1), &mut 0), Next::Ended);
    }

    #[test]
    fn asks_nothing_when_it_must_not_wait() {
        let mut wait = Wait::new(-1, -1, libc::SPLICE_F_NONBLOCK);
        assert_eq!(wait.after_would_block(FdAt::own(-1), |_| Ok(false)), Err(Errno::AGAIN));
    }
}
