// SPDX-License-Identifier: MIT OR Apache-2.0

//! Both directions at once, in the calling thread: a loop of poll(2) around a duplex.

use super::duplex::{Direction, Duplex};
use super::shared::endpoint::{Endpoint, FdKind};
use super::shared::options::{avoided_by_environment, Options, BRIDGE_FLAGS};
use super::shared::outcome::{Error, Progress};
use super::shared::pace::Throttle;
use super::shared::tuning;
use super::shared::watch::{Watch, NO_FD};
use crate::constants::*;
use crate::errno::{Errno, Result};
use crate::mem::pipe;
use crate::sys::{self, Poll};
use core::ffi::c_int;

/// The outcome of a bridge.
pub(crate) struct Bridged {
    /// From a to b, and from b to a.
    pub(crate) results: [Progress; 2],
    /// The error of the direction that failed first.
    pub(crate) end: Result<(), Error>,
}

impl Bridged {
    /// Nothing has moved, because of `error`.
    #[cold]
    fn failed(error: Error) -> Bridged {
        Bridged { results: Progress::failed(error).of_both(), end: Err(error) }
    }

    /// Nothing has moved, because the arguments are invalid.
    pub(crate) fn refused(errno: Errno) -> Bridged {
        Bridged::failed(Error::call(errno))
    }
}

/// Moves bytes from `in_a` to `out_b` and from `in_b` to `out_a` until both directions are over.
pub(crate) fn bridge(
    (in_a, out_a): (c_int, c_int),
    (in_b, out_b): (c_int, c_int),
    mut options: Options<'_>,
) -> Bridged {
    if !options.are_valid(BRIDGE_FLAGS) {
        return Bridged::refused(Errno::INVAL);
    }
    let mut duplex = match duplex([in_a, out_b], [in_b, out_a], &options) {
        Ok(duplex) => duplex,
        Err(errno) => return Bridged::refused(errno),
    };
    let rate = options.rate;
    let mut paces = [Throttle::new(rate), Throttle::new(rate)];
    let stopped = run(&mut duplex, &mut paces, &mut Watch::of_two(&mut options));
    Bridged { results: duplex.results(stopped), end: duplex.outcome().and(stopped) }
}

fn duplex(there: [c_int; 2], back: [c_int; 2], options: &Options<'_>) -> Result<Duplex> {
    let avoid = options.avoid | avoided_by_environment();
    let flags = options.flags & (ZS_NOSIGPIPE | ZS_STABLE);
    let (there, back) = (endpoints(there)?, endpoints(back)?);
    if options.has(ZS_GROW_PIPE) {
        there.iter().chain(&back).for_each(|endpoint| pipe::grow(endpoint.fd, tuning::PIPE));
    }
    Duplex::between([there, back], None, flags, avoid, options.has(ZS_EITHER_END))
}

fn endpoints([input, output]: [c_int; 2]) -> Result<[Endpoint; 2]> {
    let (mut input, mut output) = (Endpoint::input(input)?, Endpoint::output(output)?);
    input.can_be_read()?;
    input.learn_readiness();
    // Neither an epoll set nor a listening socket is ever writable, and a call on one fails without a wait.
    input.blocks &= !is_listening(input);
    output.blocks &= output.can_be_written() == Ok(true);
    Ok([input, output])
}

fn is_listening(end: Endpoint) -> bool {
    end.kind == FdKind::Socket && end.can_be_written() == Ok(false)
}

/// Runs both directions until they are over. A timeout or a cancel stops the directions that are
/// not over.
fn run(duplex: &mut Duplex, paces: &mut [Throttle; 2], watch: &mut Watch<'_>) -> Result<(), Error> {
    watch.check()?;
    loop {
        let moved = &mut |progress: &Progress| watch.moved(progress);
        let told = duplex.run([ZS_EVENTS_ALL; 2], 0, Some(&mut *paces), moved);
        // What comes when both are over stops nothing.
        if duplex.is_over() {
            return Ok(());
        }
        told?;
        if duplex.is_half_over() {
            watch.half_over();
        }
        // Before every wait, too: at the end of the time it looks once more, and may find more for ever.
        watch.check_deadline()?;
        if duplex.wants_run() {
            watch.check_cancel()?;
        } else {
            wait(duplex.directions(), paces, watch)?;
        }
    }
}

/// Waits until a direction can go on, or an output has died.
fn wait(
    directions: &[Direction; 2],
    paces: &mut [Throttle; 2],
    watch: &mut Watch<'_>,
) -> Result<(), Error> {
    let [a, b] = directions;
    let mut moment = None;
    for (direction, pace) in directions.iter().zip(paces) {
        if direction.is_paused() {
            let pause = pace.pause().unwrap_or(0);
            moment = Some(moment.map_or(pause, |moment: i64| moment.min(pause)));
        }
    }
    watch.wait_for(moment, &mut [output(a), output(b), input(a), input(b)])
}

fn input(direction: &Direction) -> Poll {
    let (input, _) = direction.endpoints();
    if direction.wants() & ZS_WANT_READ == 0 {
        return NO_FD;
    }
    input.readable()
}

/// An output is polled for its errors even if nothing is to be written: docs/kernel.md, "EPOLLERR
/// and EPOLLHUP cannot be masked". (POLLERR that stays is the error queue of a socket, and `watch`
/// backs off.)
fn output(direction: &Direction) -> Poll {
    let (_, output) = direction.endpoints();
    if direction.wants() & ZS_WANT_WRITE != 0 {
        return output.writable();
    }
    if direction.is_over() || direction.is_paused() {
        return NO_FD;
    }
    sys::interest(output.fd, 0)
}
