// SPDX-License-Identifier: MIT OR Apache-2.0

//! What holds after each run, and in each state.

use super::{Said, State, ALL, CAPACITY, IN, OUT};
use crate::constants::*;
use crate::engine::shared::outcome::{Error, Side};
use crate::errno::Errno;
use crate::sys::model::{self, End, Hiccup};
use core::ffi::c_int;
use std::format;
use std::string::{String, ToString};

impl State<'_> {
    /// Every byte is accounted for, whatever has happened.
    pub(super) fn check_bytes(&self) -> Result<(), String> {
        let (result, flow) = (self.relay.result(), &self.world.flows[IN]);
        if let Some(fault) = self.world.fault {
            return Err(fault.to_string());
        }
        if result.in_flight != flow.expected.len() as u64 || result.bytes != flow.delivered {
            let told = (result.bytes, result.in_flight);
            return Err(format!(
                "told {told:?} of {} and {:?}",
                flow.delivered,
                flow.expected.bytes()
            ));
        }
        if flow.expected.len() - self.world.fed_in_flight(IN) > CAPACITY {
            return Err("it holds more than a pipe".to_string());
        }
        if self.limit != ZS_TO_END && flow.taken + self.relay.remaining != self.limit {
            return Err("it has taken more than it may".to_string());
        }
        if flow.expected.is_empty() && self.world.open_pipes() > self.pool.idle() {
            return Err("an idle relay holds a pipe".to_string());
        }
        match self.world.ends[OUT] {
            End::Socket(socket) if socket.is_shut && !self.has_ended_input() => {
                Err("an end is passed on that was none".to_string())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_error(&self, error: Error) -> Result<(), &'static str> {
        match (error.side, self.world.ends) {
            (Some(Side::In), [End::Socket(socket), _]) => match error.errno {
                _ if !socket.is_reset => Err("an error of a live input"),
                _ if !socket.arrived.is_empty() => Err("an error before the bytes before it"),
                _ if !self.world.flows[IN].expected.is_empty() => Err("an error before its bytes"),
                Errno::CONNRESET if !socket.ended_first => Ok(()),
                _ => Err("another error than that of the input"),
            },
            (Some(Side::Out), [_, End::Socket(socket)]) => match error.errno {
                _ if !socket.is_reset => Err("an error of a live output"),
                Errno::CONNRESET if !socket.ended_first => Ok(()),
                Errno::PIPE if socket.ended_first => Ok(()),
                _ => Err("another error than that of the output"),
            },
            (Some(Side::Out), [_, End::Pipe(pipe)]) => match error.errno {
                _ if pipe.has_reader => Err("an error of a live output"),
                Errno::PIPE => Ok(()),
                _ => Err("another error than that of the output"),
            },
            _ => Err("an error of nobody"),
        }
    }

    /// It is over, and well.
    pub(super) fn check_end(&self) -> Result<(), &'static str> {
        if !self.world.flows[IN].expected.is_empty() {
            return Err("it is over with bytes in flight");
        }
        let is_full = self.world.flows[IN].taken == self.limit;
        if self.relay.has_ended() != (self.has_ended_input() && !is_full) && !is_full {
            return Err("an end that is not known");
        }
        if self.relay.has_ended() && (self.is_cut_off() || !self.has_ended_input()) {
            return Err("an end that is none");
        }
        if !self.relay.has_ended() && !is_full {
            return Err("it is over without an end");
        }
        match self.world.ends[OUT] {
            End::Socket(socket) if self.relay.has_ended() => {
                let is_wanted = self.scene.flags & ZS_RELAY_SHUTDOWN != 0;
                match socket.is_shut == is_wanted {
                    true => Ok(()),
                    false => Err("the end is not passed on as it should be"),
                }
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_wants(&self, wants: c_int, delivered: u64) -> Result<(), &'static str> {
        let (reads, writes) = (wants & ZS_WANT_READ != 0, wants & ZS_WANT_WRITE != 0);
        let is_level = self.scene.flags & ZS_RELAY_LEVEL != 0;
        let holds = !self.world.flows[IN].expected.is_empty();
        if wants & !(ZS_WANT_READ | ZS_WANT_WRITE) != 0 {
            return Err("it wants what there is not");
        }
        if reads && self.is_readable() && !is_level {
            return Err("it waits for what is readable");
        }
        if reads && self.relay.remaining == 0 {
            return Err("it waits for what it may not take");
        }
        if writes && self.is_writable() {
            return Err("it waits for what is writable");
        }
        if holds && !writes {
            return Err("it holds bytes and does not wait for the output");
        }
        let has_pipe = self.world.ends.iter().any(|end| matches!(end, End::Pipe(_)));
        let is_blocked = has_pipe && self.is_readable();
        if writes && !holds && !is_blocked {
            return Err("it waits for the output with nothing to deliver");
        }
        match self.world.ends[OUT] {
            _ if delivered == 0 && self.has_dead_output() => Err("a dead output is not noticed"),
            End::Socket(socket) if writes && !socket.wants_room => Err("no event will come"),
            _ => Ok(()),
        }
    }

    /// Unless what it waits for has come true, another run changes nothing: it is never needed.
    pub(super) fn check_again(&self) -> Result<(), String> {
        let is_settled = match self.said {
            Said::Nothing | Said::Wants(ZS_WANT_RUN) => false,
            Said::Wants(_) => !self.is_due() && !self.has_dead_output(),
            Said::Over | Said::Failed(_) => true,
        };
        if !is_settled || self.world.hiccup != Hiccup::None {
            return Ok(());
        }
        let mut again = self.fork();
        let outcome = again.run(ALL);
        match again.moved() == self.moved() && again.said == self.said {
            true => Ok(()),
            false => Err(format!("{:?}, but another run changes that: {outcome:?}", self.said)),
        }
    }

    /// A relay and its pool leave nothing open.
    pub(super) fn check_free(&self) -> Result<(), String> {
        let State { mut world, relay, pool, .. } = self.fork();
        model::within(&mut world, || drop((relay, pool)));
        match world.open_pipes() {
            0 => Ok(()),
            _ => Err("a pipe stays open".to_string()),
        }
    }
}
