// SPDX-License-Identifier: MIT OR Apache-2.0

//! Both directions of a connection: what the end or the failure of one means for the other.

use super::relay::Relay;
use super::shared::endpoint::{Endpoint, FdKind};
use super::shared::outcome::{Error, Progress};
use super::shared::tuning;
use crate::constants::*;
use crate::errno::Result;
use core::ffi::c_int;

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
    /// The most that one run delivers; 0: the default.
    budget: u64,
}

impl Duplex {
    /// From a to b and from b to a, each between an input and an output of any kind.
    pub(super) fn new(
        ends: [[Endpoint; 2]; 2],
        flags: u32,
        avoid: u32,
        ends_with_either: bool,
    ) -> Duplex {
        let mut directions = ends.map(|ends| Direction::new(ends, flags, avoid));
        let [a, b] = &mut directions;
        b.relay.set_back();
        Relay::pair(&mut a.relay, &mut b.relay);
        Duplex { directions, ends_with_either, has_ended: false, first_error: None }
    }

    /// Runs each direction that is not over. `moved` is called with the progress of one that has
    /// delivered something; its error stops both.
    pub(super) fn run(
        &mut self,
        mut moved: impl FnMut(&Progress) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let had_failed = self.first_error.is_some();
        for direction in self.directions.iter_mut().filter(|direction| !direction.is_over()) {
            let before = direction.relay.result().bytes;
            if let Err(error) = direction.run() {
                self.first_error.get_or_insert(error);
            }
            let progress = direction.relay.result();
            if progress.bytes > before {
                moved(&progress)?;
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
    pub(super) fn results(&self, stopped: Result<(), Error>) -> [Progress; 2] {
        self.directions.each_ref().map(|direction| {
            let progress = direction.relay.result();
            match progress.end {
                _ if !direction.is_over() => Progress { end: stopped, ..progress },
                Err(_) if self.first_error.is_none() => Progress { end: Ok(()), ..progress },
                _ => progress,
            }
        })
    }

    /// Fails with the error of the direction that failed first.
    pub(super) fn outcome(&self) -> Result<(), Error> {
        self.first_error.map_or(Ok(()), Err)
    }
}

impl Direction {
    fn new(ends: [Endpoint; 2], flags: u32, avoid: u32) -> Direction {
        let [_, output] = ends;
        // A blocking terminal takes a system call for every few bytes.
        let is_slow = output.kind == FdKind::Char && output.blocks;
        Direction {
            relay: Relay::in_duplex(ends, flags, avoid),
            wants: ZS_WANT_RUN,
            budget: if is_slow { tuning::TERMINAL_BUDGET } else { 0 },
        }
    }

    fn run(&mut self) -> Result<(), Error> {
        let wants = self.relay.run(self.budget);
        self.wants = wants.unwrap_or(0);
        wants.map(drop)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.wants == 0
    }

    fn has_ended(&self) -> bool {
        self.is_over() && self.relay.result().end.is_ok()
    }

    pub(super) const fn wants(&self) -> c_int {
        self.wants
    }

    pub(super) const fn endpoints(&self) -> (Endpoint, Endpoint) {
        self.relay.endpoints()
    }
}
