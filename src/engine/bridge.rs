// SPDX-License-Identifier: MIT OR Apache-2.0

//! Both directions at once, in the calling thread.

use super::relay::Relay;
use super::shared::endpoint::{Endpoint, FdKind};
use super::shared::options::{avoided_by_environment, Options, BRIDGE_FLAGS};
use super::shared::outcome::Error;
use super::shared::tuning;
use super::shared::watch::{Watch, NO_FD};
use crate::constants::*;
use crate::engine::shared::outcome::Progress;
use crate::errno::Errno;
use crate::mem::pipe;
use crate::sys::{self, Poll};
use core::ffi::c_int;

/// One of the two directions.
struct Direction {
    relay: Relay,
    /// What it waits for; 0: it is over.
    wants: c_int,
    /// How much a run delivers at the most; 0: what is best.
    budget: u64,
    /// An output that has hung up, or has something in its error queue, tells so for ever: not to be
    /// asked any more.
    hup_seen: bool,
}

/// Moves what comes from `in_a` to `out_b`, and from `in_b` to `out_a`, until both have ended.
pub(crate) fn bridge(
    (in_a, out_a): (c_int, c_int),
    (in_b, out_b): (c_int, c_int),
    mut options: Options<'_>,
) -> [Progress; 2] {
    if !options.are_valid(BRIDGE_FLAGS) {
        return [Progress::refused(Errno::INVAL); 2];
    }
    let mut directions = match directions(in_a, out_b, in_b, out_a, &options) {
        Ok(directions) => directions,
        Err(error) => return [Progress::failed(error); 2],
    };
    let either = options.has(ZS_EITHER_END);
    let mut watch = Watch::new(&mut options);
    let end = run(&mut directions, &mut watch, either);
    directions.map(|direction| Progress { end, ..direction.relay.result() })
}

fn directions(
    in_a: c_int,
    out_b: c_int,
    in_b: c_int,
    out_a: c_int,
    options: &Options<'_>,
) -> Result<[Direction; 2], Error> {
    let avoid = options.avoid | avoided_by_environment();
    let port = |fd| Endpoint::new(fd).map_err(Error::call);
    let (ports, back) = ((port(in_a)?, port(out_b)?), (port(in_b)?, port(out_a)?));
    if options.has(ZS_GROW_PIPE) {
        for port in [ports.0, ports.1, back.0, back.1] {
            pipe::grow(port.fd, tuning::PIPE);
        }
    }
    let flags = options.flags & (ZS_NOSIGPIPE | ZS_STABLE) | ZS_RELAY_SHUTDOWN;
    let direction = |(input, output): (Endpoint, Endpoint)| {
        // To a terminal that blocks every few bytes are a call of their own.
        let is_slow = output.kind == FdKind::Char && output.blocks;
        Direction {
            relay: Relay::of_bridge([input, output], flags, avoid),
            wants: ZS_WANT_RUN,
            budget: if is_slow { tuning::TERMINAL_BUDGET } else { 0 },
            hup_seen: false,
        }
    };
    let (mut a, mut b) = (direction(ports), direction(back));
    Relay::pair(&mut a.relay, &mut b.relay);
    Ok([a, b])
}

fn run(directions: &mut [Direction; 2], watch: &mut Watch<'_>, either: bool) -> Result<(), Error> {
    loop {
        watch.check()?;
        let mut failed = None;
        for direction in directions.iter_mut().filter(|direction| direction.wants != 0) {
            match direction.run(watch)? {
                Ok(()) if either && direction.wants == 0 => return Ok(()),
                // Whichever comes first: the other may have ended.
                Err(error) if either => failed = failed.or(Some(error)),
                outcome => outcome?,
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let [a, b] = &*directions;
        if a.wants | b.wants == 0 {
            return Ok(());
        }
        if (a.wants | b.wants) & ZS_WANT_RUN == 0 {
            wait(directions, watch)?;
        }
    }
}

/// Waits for whatever lets one of the two go on, or is the death of an output.
fn wait(directions: &mut [Direction; 2], watch: &mut Watch<'_>) -> Result<(), Error> {
    let [a, b] = &*directions;
    let mut asked = [a.output(), b.output(), a.input(), b.input()];
    watch.wait(&mut asked)?;
    for (direction, output) in directions.iter_mut().zip(asked) {
        // If the run that follows survives that, it is nothing to be told of again.
        let tells = output.revents & (libc::POLLHUP | libc::POLLERR) != 0;
        direction.hup_seen |= tells && direction.wants & ZS_WANT_WRITE == 0;
    }
    Ok(())
}

impl Direction {
    /// Moves what can be moved. What ends both directions is told outside, what has become of this one
    /// within.
    fn run(&mut self, watch: &mut Watch<'_>) -> Result<Result<(), Error>, Error> {
        let before = self.relay.result().bytes;
        let wants = self.relay.run(self.budget);
        let so_far = self.relay.result();
        if so_far.bytes > before {
            watch.moved(&so_far)?;
        }
        Ok(wants.map(|wants| self.wants = wants))
    }

    fn input(&self) -> Poll {
        let (input, _) = self.relay.endpoints();
        if self.wants & ZS_WANT_READ == 0 {
            return NO_FD;
        }
        input.readable()
    }

    fn output(&self) -> Poll {
        let (_, output) = self.relay.endpoints();
        if self.wants & ZS_WANT_WRITE != 0 {
            return output.writable();
        }
        if self.wants == 0 || self.hup_seen {
            return NO_FD;
        }
        sys::interest(output.fd, 0)
    }
}
