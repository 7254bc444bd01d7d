// SPDX-License-Identifier: MIT OR Apache-2.0

//! What holds after each run.

use super::{bits, Socket, State, A, B, CAPACITY};
use crate::constants::*;
use crate::engine::shared::outcome::Side;
use crate::errno::Errno;
use std::format;
use std::string::{String, ToString};

impl State<'_> {
    pub(super) fn check_bytes(&self) -> Result<(), String> {
        if let Some(fault) = self.world.fault {
            return Err(fault.to_string());
        }
        let results = self.duplex.results(Ok(()));
        for (end, (result, flow)) in results.iter().zip(&self.world.flows).enumerate() {
            if result.in_flight != flow.expected.len() as u64 || result.bytes != flow.delivered {
                let told = (result.bytes, result.in_flight);
                let held = flow.expected.bytes();
                return Err(format!("told {told:?} of {} and {held:?}", flow.delivered));
            }
            if flow.expected.len() - self.world.fed_in_flight(end) > CAPACITY {
                return Err("it holds more than a pipe".to_string());
            }
        }
        let is_idle = self.world.flows.iter().all(|flow| flow.expected.is_empty());
        if is_idle && self.world.open_pipes() > self.pool.idle() {
            return Err("an idle duplex holds a pipe".to_string());
        }
        for end in [A, B] {
            let (input, output) = (self.socket(end), self.socket(1 - end));
            if output.is_shut && !(input.has_ended && input.arrived.is_empty()) {
                return Err("an end is passed on that was none".to_string());
            }
        }
        Ok(())
    }

    pub(super) fn check_direction(&self, end: usize) -> Result<(), &'static str> {
        let direction = &self.duplex.directions[end];
        match direction.is_over() {
            true => self.check_end(end),
            false => self.check_wants(end),
        }
    }

    fn check_end(&self, end: usize) -> Result<(), &'static str> {
        let (input, output) = (self.socket(end), self.socket(1 - end));
        let flow = &self.world.flows[end];
        let Err(error) = self.duplex.directions[end].relay.result().end else {
            return match () {
                () if input.is_reset && !input.ended_first => Err("a reset taken for an end"),
                () if !input.has_ended || !input.arrived.is_empty() => Err("an end that is none"),
                () if !flow.expected.is_empty() => Err("it is over with bytes in flight"),
                () if !output.is_shut => Err("the end is not passed on"),
                () => Ok(()),
            };
        };
        let (side, died) = match error.side {
            Some(Side::In) if !input.arrived.is_empty() || !flow.expected.is_empty() => {
                return Err("an error before the bytes that came before it");
            }
            Some(Side::In) => (input, !input.ended_first),
            Some(Side::Out) => (output, true),
            _ => return Err("an error of nobody"),
        };
        let errno = if side.ended_first { Errno::PIPE } else { Errno::CONNRESET };
        match side.is_reset && died && error.errno == errno {
            true => Ok(()),
            false => Err("another error than that of the connection"),
        }
    }

    fn check_wants(&self, end: usize) -> Result<(), &'static str> {
        let (input, output) = (self.socket(end), self.socket(1 - end));
        let wants = self.wants(end);
        if wants & ZS_WANT_RUN != 0 {
            return Ok(());
        }
        let (reads, writes) = (wants & ZS_WANT_READ != 0, wants & ZS_WANT_WRITE != 0);
        let holds = !self.world.flows[end].expected.is_empty();
        let is_readable = self.revents(end) & bits(libc::POLLIN) != 0;
        let will_report = |socket: Socket| self.scene.is_level || socket.has_event;
        let wanted = self.duplex.wanted();
        match () {
            () if !reads && !writes => Err("it waits for nothing"),
            () if holds && !writes => Err("it holds bytes and does not wait for the output"),
            () if writes && !holds => Err("it waits for the output with nothing to deliver"),
            () if reads && is_readable && !will_report(input) => Err("no event will come: input"),
            () if writes && (output.has_room() || !output.wants_room) && !will_report(output) => {
                Err("no event will come: output")
            }
            () if output.is_reset && !will_report(output) => Err("a dead output is not noticed"),
            () if output.is_reset && self.has_failed_input(1 - end) => {
                Err("the other direction knows that the output is dead")
            }
            () if reads && wanted[end] & bits(libc::POLLIN) == 0 => Err("it does not say so"),
            () if writes && wanted[1 - end] & bits(libc::POLLOUT) == 0 => Err("it does not say so"),
            () => Ok(()),
        }
    }

    /// Whether the direction from `end` has failed there.
    fn has_failed_input(&self, end: usize) -> bool {
        let error = self.duplex.directions[end].relay.result().end.err();
        error.is_some_and(|error| error.side == Some(Side::In))
    }
}
