// SPDX-License-Identifier: MIT OR Apache-2.0

//! Both directions of a connection: when each is run, what the end or the failure of one means for the
//! other, and when both are over.

#[cfg(test)]
mod model;

use super::relay::{Known, Pool, Relay};
use super::shared::endpoint::{Endpoint, FdKind};
use super::shared::outcome::{Error, Progress};
use super::shared::pace::Throttle;
use super::shared::tuning;
use crate::constants::*;
use crate::errno::{Errno, Result};
use crate::mem::alloc::Rc;
use core::ffi::{c_int, c_short};

/// Events that tell more than that bytes have come: the input has ended or failed, or holds TCP urgent data.
const MORE_THAN_BYTES: u32 = bits(libc::POLLRDHUP | libc::POLLPRI) | DEAD;
const READABLE: u32 = bits(libc::POLLIN) | MORE_THAN_BYTES;
const WRITABLE: u32 = bits(libc::POLLOUT) | DEAD;
/// What a direction waits for, beside ZS_WANT_*: its pace.
const PAUSED: c_int = 8;
const DEAD: u32 = bits(libc::POLLERR | libc::POLLHUP | libc::POLLNVAL);

const fn bits(events: c_short) -> u32 {
    events as u32
}

/// The two directions between a and b. Each ends and fails by itself: an error of a shared
/// connection ends both (`Relay::pair`), any other failure leaves the other direction alone.
pub(crate) struct Duplex {
    directions: [Direction; 2],
    /// The end of one direction is the end of both.
    ends_with_either: bool,
    /// One direction has ended, and that is the end of both.
    has_ended: bool,
    /// The error of the direction that failed first.
    first_error: Option<Error>,
}

/// One of the two.
pub(super) struct Direction {
    relay: Relay,
    /// What it waits for (ZS_WANT_*); 0: it is over.
    wants: c_int,
    /// The most that one run delivers; 0: what the caller says.
    budget: u64,
    /// The poller reports each change of the input (MORE_THAN_BYTES), so that a short read needs no other
    /// one to see that nothing is left (docs/kernel.md, "A short recv(2) has drained a TCP socket").
    may_trust: bool,
    /// MORE_THAN_BYTES was reported of the input, and it has not been drained since.
    is_suspect: bool,
}

impl Duplex {
    /// Between two descriptors, in the caller's event loop.
    pub(crate) fn new(
        fd_a: c_int,
        fd_b: c_int,
        pool: Option<Rc<Pool>>,
        flags: u32,
    ) -> Result<Duplex> {
        if flags & !(ZS_NOSIGPIPE | ZS_STABLE) != 0 {
            return Err(Errno::INVAL);
        }
        let (a, b) = (Endpoint::both_ways(fd_a)?, Endpoint::both_ways(fd_b)?);
        Relay::check(&[a, b])?;
        let mut duplex = Duplex::between([[a, b], [b, a]], pool, flags, 0, false)?;
        let [there, back] = &mut duplex.directions;
        there.may_trust = a.is_plain_tcp();
        back.may_trust = b.is_plain_tcp();
        if fd_a == fd_b {
            // What comes from it goes back to it. Two directions would each take a part, and mix them.
            back.wants = 0;
        }
        Ok(duplex)
    }

    /// From a to b and from b to a, each between an input and an output of any kind.
    pub(super) fn between(
        ends: [[Endpoint; 2]; 2],
        pool: Option<Rc<Pool>>,
        flags: u32,
        avoid: u32,
        ends_with_either: bool,
    ) -> Result<Duplex> {
        let share = || pool.as_ref().map(Rc::share);
        let mut directions = ends.map(|ends| Direction::new(ends, share(), flags, avoid));
        let [a, b] = &mut directions;
        b.relay.set_back();
        if !Relay::pair(&mut a.relay, &mut b.relay) {
            return Err(Errno::NOMEM);
        }
        Ok(Duplex { directions, ends_with_either, has_ended: false, first_error: None })
    }

    /// Runs each direction that is not over and that these `events` of a and b concern; it delivers
    /// `budget` bytes at most, and no more than its pace allows. `moved` is called with the progress of one
    /// that has delivered something; its error stops both.
    pub(super) fn run(
        &mut self,
        [of_a, of_b]: [u32; 2],
        budget: u64,
        mut paces: Option<&mut [Throttle; 2]>,
        moved: &mut dyn FnMut(&Progress) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let had_failed = self.first_error.is_some();
        let events = [(of_a, of_b), (of_b, of_a)];
        let directions = self.directions.iter_mut().zip(events).enumerate();
        for (index, (direction, (of_input, of_output))) in directions {
            let Some(known) = direction.judge(of_input, of_output) else { continue };
            let pace = paces.as_mut().and_then(|paces| paces.get_mut(index));
            let before = direction.relay.bytes();
            if let Err(error) = direction.run(known, budget, pace) {
                self.first_error.get_or_insert(error);
            }
            if direction.relay.bytes() > before {
                moved(&direction.relay.result())?;
            }
        }
        if self.ends_with_either && self.directions.iter().any(Direction::has_ended) {
            self.has_ended = true;
            // It cannot be told which came first. The side that ended reads no more, so a failed
            // write to it is no error.
            self.first_error = self.first_error.filter(|_| had_failed);
        } else if self.first_error.is_some() && !had_failed {
            // The connection may have died. The other direction learns of that in a run, not from poll(2).
            let others = self.directions.iter_mut().filter(|direction| !direction.is_over());
            others.for_each(|direction| direction.wants |= ZS_WANT_RUN);
        }
        Ok(())
    }

    /// The same for the caller's event loop. Returns 1: wait for `wanted`; ZS_WANT_RUN: run again; 0: both
    /// are over.
    pub(crate) fn run_in_loop(&mut self, events: [u32; 2], budget: u64) -> Result<c_int> {
        let _ = self.run(events, budget, None, &mut |_| Ok(()));
        if self.is_over() {
            return self.outcome().map(|()| 0).map_err(|error| error.errno);
        }
        Ok(if self.wants_run() { ZS_WANT_RUN } else { 1 })
    }

    /// The events of a and b to wait for.
    pub(crate) fn wanted(&self) -> [u32; 2] {
        let [there, back] = &self.directions;
        [
            there.event_for(ZS_WANT_READ, libc::POLLIN)
                | back.event_for(ZS_WANT_WRITE, libc::POLLOUT),
            back.event_for(ZS_WANT_READ, libc::POLLIN)
                | there.event_for(ZS_WANT_WRITE, libc::POLLOUT),
        ]
    }

    /// Queues bytes that were read from a (0) or b (1). No event follows, so that direction can be run at
    /// once.
    pub(crate) fn feed(&mut self, side: c_int, bytes: &[u8]) -> Result<()> {
        let [there, back] = &mut self.directions;
        let direction = match side {
            0 => there,
            1 => back,
            _ => return Err(Errno::INVAL),
        };
        direction.relay.feed(bytes)?;
        if !bytes.is_empty() {
            direction.wants |= ZS_WANT_RUN;
        }
        Ok(())
    }

    pub(super) fn is_over(&self) -> bool {
        self.has_ended || self.directions.iter().all(Direction::is_over)
    }

    pub(super) fn is_half_over(&self) -> bool {
        self.directions.iter().any(Direction::is_over)
    }

    /// Whether a direction can go on at once.
    pub(super) fn wants_run(&self) -> bool {
        self.directions.iter().any(|direction| direction.wants & ZS_WANT_RUN != 0)
    }

    pub(super) const fn directions(&self) -> &[Direction; 2] {
        &self.directions
    }

    /// The progress of each direction. `stopped` is why those that are not over have stopped.
    pub(crate) fn results(&self, stopped: Result<(), Error>) -> [Progress; 2] {
        self.directions.each_ref().map(|direction| {
            let progress = direction.relay.result();
            let end = match progress.end {
                _ if !direction.is_over() => stopped,
                Err(_) if self.first_error.is_none() => Ok(()),
                end => end,
            };
            Progress { end, ..progress }
        })
    }

    /// Fails with the error of the direction that failed first.
    pub(super) fn outcome(&self) -> Result<(), Error> {
        self.first_error.map_or(Ok(()), Err)
    }
}

impl Direction {
    fn new(ends: [Endpoint; 2], pool: Option<Rc<Pool>>, flags: u32, avoid: u32) -> Direction {
        let [_, output] = ends;
        // A blocking terminal takes a system call for every few bytes.
        let is_slow = output.kind == FdKind::Char && output.blocks;
        Direction {
            relay: Relay::in_duplex(ends, pool, flags, avoid),
            wants: ZS_WANT_RUN,
            budget: if is_slow { tuning::TERMINAL_BUDGET } else { 0 },
            may_trust: false,
            is_suspect: true,
        }
    }

    /// What is known before a run, now that these events were reported of the input and of the output. None:
    /// it is over, or waits for something else.
    fn judge(&mut self, of_input: u32, of_output: u32) -> Option<Known> {
        self.is_suspect |= of_input & MORE_THAN_BYTES != 0;
        let waits_for = |want: c_int| self.wants & (want | ZS_WANT_RUN) == want;
        let known = Known {
            trusts_short_reads: self.may_trust && !self.is_suspect,
            input_is_empty: waits_for(ZS_WANT_READ) && of_input & READABLE == 0,
            output_is_full: waits_for(ZS_WANT_WRITE) && of_output & WRITABLE == 0,
        };
        // The death of an output is an error at once.
        let is_due = self.wants & (ZS_WANT_RUN | PAUSED) != 0
            || waits_for(ZS_WANT_READ) && !known.input_is_empty
            || waits_for(ZS_WANT_WRITE) && !known.output_is_full
            || of_output & DEAD != 0;
        (is_due && !self.is_over()).then_some(known)
    }

    fn run(&mut self, known: Known, budget: u64, pace: Option<&mut Throttle>) -> Result<(), Error> {
        self.relay.expect(known);
        let budget = if self.budget == 0 { budget } else { self.budget };
        let wants = match pace {
            Some(pace) if pace.is_limited() => self.run_at(pace, budget),
            _ => self.relay.run(budget),
        };
        self.wants = wants.unwrap_or(0);
        // It has been drained: all that comes now is reported anew.
        self.is_suspect &= self.wants & ZS_WANT_READ == 0;
        wants.map(drop)
    }

    /// As `Relay::run`, for what the pace allows. Nothing more is taken, so that it can wait in the input. A
    /// direction that may move nothing is not run, unless that ends it.
    #[cold]
    fn run_at(&mut self, pace: &mut Throttle, budget: u64) -> Result<c_int, Error> {
        if pace.pause().is_some() && !self.relay.is_at_end() {
            return Ok(PAUSED);
        }
        let most = pace.allowance() as u64;
        let most = if budget == 0 { most } else { most.min(budget) };
        self.relay.limit(most);
        let before = self.relay.bytes();
        let wants = self.relay.run(most);
        pace.spend(self.relay.bytes().saturating_sub(before));
        match wants {
            Ok(0) if self.relay.is_open() => Ok(ZS_WANT_RUN),
            wants => wants,
        }
    }

    /// Whether its pace lets it move nothing for now.
    pub(super) const fn is_paused(&self) -> bool {
        self.wants == PAUSED
    }

    pub(super) const fn is_over(&self) -> bool {
        self.wants == 0
    }

    fn has_ended(&self) -> bool {
        self.is_over() && self.relay.result().end.is_ok()
    }

    /// `event`, if the direction waits for `want`.
    const fn event_for(&self, want: c_int, event: c_short) -> u32 {
        if self.wants & want != 0 {
            bits(event)
        } else {
            0
        }
    }

    pub(super) const fn wants(&self) -> c_int {
        self.wants
    }

    pub(super) const fn endpoints(&self) -> (Endpoint, Endpoint) {
        self.relay.endpoints()
    }
}
