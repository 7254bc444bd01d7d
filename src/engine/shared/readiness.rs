// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which side to wait for after "would block", and when not to wait at all.

use super::outcome::{is_socket, Side};
use super::retry_on_intr;
use super::tuning::{DECLINES, DECLINES_OF_A_SOCKET};
use crate::errno::{Errno, Result};
use crate::sys::{self, Poll};
use core::ffi::{c_int, c_short, c_uint};

/// Which of the two sides poll(2) calls ready.
#[derive(Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) input: bool,
    pub(crate) output: bool,
}

/// What is asked of the kernel to find out who stands in the way.
pub(crate) trait Sides {
    /// What can end the wait.
    type Stop: From<Errno>;
    /// Looks, without waiting.
    fn ready(&mut self) -> core::result::Result<Ready, Self::Stop>;
    /// Waits until one of the two is ready.
    fn either(&mut self) -> core::result::Result<(), Self::Stop>;
    /// Waits until that one is, for so many nanoseconds at the most.
    fn one(&mut self, side: Side, limit: Option<i64>) -> core::result::Result<(), Self::Stop>;
    /// For how long it may still be waited for; Some(0): its "would block" means that the time for which
    /// it blocks has run out.
    fn limit(&mut self, side: Side) -> Option<i64>;
    /// How many refusals by two ready sides in a row to put up with.
    fn declines(&mut self) -> u32;
}

/// The two descriptors of a transfer.
pub(crate) struct Descriptors {
    input: c_int,
    output: c_int,
}

/// What a transfer does about "would block".
pub(crate) struct Wait {
    sides: Descriptors,
    /// Whether it is to wait at all.
    patient: bool,
    declined: u32,
}

impl Wait {
    pub(crate) fn new(input: c_int, output: c_int, flags: c_uint) -> Wait {
        let patient = flags & libc::SPLICE_F_NONBLOCK == 0;
        Wait { sides: Descriptors { input, output }, patient, declined: 0 }
    }

    pub(crate) fn stalled(&mut self) -> Result<()> {
        if !self.patient {
            return Err(Errno::AGAIN);
        }
        after_would_block(&mut self.sides, &mut self.declined)
    }
}

/// Returns once the call that would have blocked is worth making again, or passes "would block" on
/// where waiting would spin or hang. `declined` counts the refusals by two ready sides so far.
///
/// One side is waited for only while the other is ready: where neither is, the first to become so
/// may be all that the call needs. poll(2) is no oracle: it holds back what SO_RCVLOWAT does, and
/// calls a socket full that still takes a little.
pub(crate) fn after_would_block<S: Sides>(
    sides: &mut S,
    declined: &mut u32,
) -> core::result::Result<(), S::Stop> {
    let side = match sides.ready()? {
        Ready { input: true, output: true } => return decline(sides, declined),
        Ready { input: false, output: true } => Side::In,
        Ready { input: true, output: false } => Side::Out,
        Ready { input: false, output: false } => return sides.either(),
    };
    *declined = 0;
    match sides.limit(side) {
        Some(0) => Err(Errno::AGAIN.into()),
        limit => sides.one(side, limit),
    }
}

/// Both sides are ready, and the call declines all the same.
fn decline<S: Sides>(sides: &mut S, declined: &mut u32) -> core::result::Result<(), S::Stop> {
    if *declined >= DECLINES_OF_A_SOCKET && *declined >= sides.declines() {
        return Err(Errno::AGAIN.into());
    }
    *declined = declined.saturating_add(1);
    Ok(())
}

impl Sides for Descriptors {
    type Stop = Errno;

    fn ready(&mut self) -> Result<Ready> {
        let mut fds = [readable(self.input), writable(self.output)];
        wait(&mut fds, Some(0))?;
        let [input, output] = fds;
        Ok(Ready { input: input.revents != 0, output: output.revents != 0 })
    }

    fn either(&mut self) -> Result<()> {
        forever(&mut [readable(self.input), writable(self.output)])
    }

    fn one(&mut self, side: Side, limit: Option<i64>) -> Result<()> {
        let mut fds = match side {
            Side::In => [readable(self.input)],
            _ => [writable(self.output)],
        };
        wait(&mut fds, limit)?;
        match fds {
            [poll] if poll.revents == 0 => Err(Errno::AGAIN),
            _ => Ok(()),
        }
    }

    /// A blocking socket would have blocked, were it not for SO_RCVTIMEO or SO_SNDTIMEO. Of AF_UNIX it may
    /// also have been the O_NONBLOCK of the pipe at the other side, which that honours: it has not
    /// waited at all then.
    fn limit(&mut self, side: Side) -> Option<i64> {
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

    fn declines(&mut self) -> u32 {
        declines(self.input)
    }
}

pub(crate) fn declines(input: c_int) -> u32 {
    if is_socket(input) {
        DECLINES_OF_A_SOCKET
    } else {
        DECLINES
    }
}

pub(crate) const fn readable(fd: c_int) -> Poll {
    sys::interest(fd, libc::POLLIN)
}

pub(crate) const fn writable(fd: c_int) -> Poll {
    sys::interest(fd, libc::POLLOUT)
}

/// Waits until one of `fds` is ready.
pub(crate) fn forever(fds: &mut [Poll]) -> Result<()> {
    wait(fds, None)
}

/// What poll(2) reports of `fd` now: of `events`, and of errors.
pub(crate) fn revents(fd: c_int, events: c_short) -> Result<c_short> {
    let mut fds = [sys::interest(fd, events)];
    retry_on_intr(|| sys::poll(&mut fds, Some(0)))?;
    let [poll] = fds;
    Ok(poll.revents)
}

/// Where poll(2) itself is refused nothing can be waited for, and "would block" stands.
fn wait(fds: &mut [Poll], nanoseconds: Option<i64>) -> Result<()> {
    loop {
        match sys::poll(fds, nanoseconds) {
            Err(Errno::INTR) => {}
            Err(_) => return Err(Errno::AGAIN),
            Ok(_) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shared::script::Script;
    use std::vec::Vec;

    /// Two sides that are as ready as a test says, and write down what they are asked.
    struct Told {
        ready: Script<Ready>,
        limit: Option<i64>,
        declines: u32,
        waited_for: Vec<Side>,
    }

    impl Sides for Told {
        type Stop = Errno;

        fn ready(&mut self) -> Result<Ready> {
            Ok(self.ready.next())
        }
        fn either(&mut self) -> Result<()> {
            self.waited_for.extend([Side::In, Side::Out]);
            Ok(())
        }
        fn one(&mut self, side: Side, _: Option<i64>) -> Result<()> {
            self.waited_for.push(side);
            Ok(())
        }
        fn limit(&mut self, _: Side) -> Option<i64> {
            self.limit
        }
        fn declines(&mut self) -> u32 {
            self.declines
        }
    }

    const BOTH: Ready = Ready { input: true, output: true };
    const INPUT: Ready = Ready { input: true, output: false };
    const OUTPUT: Ready = Ready { input: false, output: true };
    const NEITHER: Ready = Ready { input: false, output: false };

    struct Stalls {
        sides: Told,
        declined: u32,
    }

    impl Stalls {
        fn stalled(&mut self) -> Result<()> {
            after_would_block(&mut self.sides, &mut self.declined)
        }
    }

    fn wait(ready: &[Ready]) -> Stalls {
        let (ready, waited_for) = (Script::new(ready), Vec::new());
        let sides = Told { ready, limit: None, declines: DECLINES_OF_A_SOCKET, waited_for };
        Stalls { sides, declined: 0 }
    }

    #[test]
    fn waits_for_the_side_that_is_not_ready() {
        let mut wait = wait(&[INPUT, OUTPUT]);
        assert_eq!((wait.stalled(), wait.stalled()), (Ok(()), Ok(())));
        assert_eq!(wait.sides.waited_for, [Side::Out, Side::In]);
    }

    #[test]
    fn asks_again_when_the_first_of_two_gets_ready() {
        let mut wait = wait(&[NEITHER]);
        assert_eq!(wait.stalled(), Ok(()));
        assert_eq!(wait.sides.waited_for, [Side::In, Side::Out]);
    }

    #[test]
    fn gives_up_on_two_ready_sides_that_decline() {
        let mut wait = wait(&[BOTH; 3]);
        assert_eq!([(); 3].map(|()| wait.stalled()), [Ok(()), Ok(()), Err(Errno::AGAIN)]);
    }

    #[test]
    fn puts_up_with_competitors_for_a_pipe() {
        let mut wait = wait(&[BOTH; 1001]);
        wait.sides.declines = DECLINES;
        assert!((0..1000).all(|_| wait.stalled().is_ok()));
        assert_eq!(wait.stalled(), Err(Errno::AGAIN));
    }

    #[test]
    fn a_wait_in_between_makes_the_count_start_again() {
        let mut wait = wait(&[BOTH, BOTH, OUTPUT, BOTH, BOTH, BOTH]);
        assert!((0..5).all(|_| wait.stalled().is_ok()));
        assert_eq!(wait.stalled(), Err(Errno::AGAIN));
    }

    #[test]
    fn passes_on_what_a_timed_out_socket_says() {
        let mut wait = wait(&[OUTPUT]);
        wait.sides.limit = Some(0);
        assert_eq!(wait.stalled(), Err(Errno::AGAIN));
        assert_eq!(wait.sides.waited_for, []);
    }

    #[test]
    fn asks_nothing_when_it_must_not_wait() {
        let mut wait = Wait::new(-1, -1, libc::SPLICE_F_NONBLOCK);
        assert_eq!(wait.stalled(), Err(Errno::AGAIN));
    }
}
