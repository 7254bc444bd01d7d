// SPDX-License-Identifier: MIT OR Apache-2.0

//! A TCP socket, as far as the engines can tell it from a real one.

use super::Queue;
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_short};

/// Beside the bytes in a queue: the place of urgent data.
pub(super) const MARK: u8 = 0xff;

/// One end of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Socket {
    /// What has arrived.
    pub(crate) arrived: Queue,
    /// What the send buffer holds.
    room: usize,
    /// How many bytes of it are in use.
    pub(crate) sent: usize,
    /// The peer has shut down.
    pub(crate) has_ended: bool,
    /// The connection is gone.
    pub(crate) is_reset: bool,
    /// It died after the peer had shut down, which is EPIPE and no reset.
    pub(crate) ended_first: bool,
    /// The pending error (SO_ERROR).
    pub(crate) error: c_int,
    /// Something is in the error queue.
    pub(crate) has_notice: bool,
    /// shutdown(2) was called for writing.
    pub(crate) is_shut: bool,
    /// A send found no room for all, or poll(2) none: the next room is an event (SOCK_NOSPACE).
    pub(crate) wants_room: bool,
    /// Something has changed since the caller's edge-triggered poller has looked.
    pub(crate) has_event: bool,
}

impl Socket {
    pub(crate) const NEW: Socket = Socket::with_room(2);

    /// A new one, with a send buffer of `room` bytes.
    pub(crate) const fn with_room(room: usize) -> Socket {
        Socket { room, ..Socket::EMPTY }
    }

    const EMPTY: Socket = Socket {
        arrived: Queue::EMPTY,
        room: 0,
        sent: 0,
        has_ended: false,
        is_reset: false,
        ended_first: false,
        error: 0,
        has_notice: false,
        is_shut: false,
        wants_room: false,
        has_event: false,
    };

    pub(crate) fn reset(&mut self) {
        self.is_reset = true;
        self.ended_first = self.has_ended;
        self.error = if self.has_ended { libc::EPIPE } else { libc::ECONNRESET };
        self.sent = 0;
        self.has_event = true;
    }

    /// Urgent data arrives.
    pub(crate) fn urge(&mut self) {
        self.arrived.push(MARK);
        self.has_event = true;
    }

    pub(crate) fn has_mark(&self) -> bool {
        self.arrived.has(MARK)
    }

    /// What poll(2) reports, all of it.
    pub(crate) fn revents(&self) -> c_short {
        let bit = |is_set: bool, bit: c_short| if is_set { bit } else { 0 };
        let has_ended = self.has_ended || self.is_reset;
        let is_over = self.is_reset || self.has_ended && self.is_shut;
        // The place of urgent data alone is nothing to read.
        let has_bytes = self.arrived.bytes().iter().any(|&byte| byte != MARK);
        bit(has_bytes || has_ended, libc::POLLIN)
            | bit(has_ended, libc::POLLRDHUP)
            | bit(is_over, libc::POLLHUP)
            | bit(self.error != 0 || self.has_notice, libc::POLLERR)
            | bit(self.has_mark(), libc::POLLPRI)
            | bit(self.has_room() || self.is_shut || self.is_reset, libc::POLLOUT)
    }

    pub(crate) fn has_room(&self) -> bool {
        self.sent < self.room
    }

    /// The pending error, which is reported once.
    pub(super) fn take_error(&mut self) -> c_int {
        core::mem::take(&mut self.error)
    }

    /// How many bytes recv(2) (or splice(2), which does not get past urgent data) finds.
    pub(super) fn readable(&mut self, may_pass: bool) -> Result<usize> {
        if may_pass && self.arrived.first() == Some(MARK) {
            self.arrived.pop();
        }
        let count = self.arrived.bytes().iter().take_while(|&&byte| byte != MARK).count();
        match (count, self.arrived.is_empty()) {
            (0, true) if self.ended_first => Ok(0),
            (0, true) => match self.take_error() {
                0 if self.has_ended || self.is_reset => Ok(0),
                0 => Err(Errno::AGAIN),
                error => Err(Errno(error)),
            },
            (0, false) => Err(Errno::AGAIN),
            (count, _) => Ok(count),
        }
    }

    /// How many of `count` bytes there is room for.
    pub(super) fn writable(&mut self, count: usize) -> Result<usize> {
        if self.is_reset || self.is_shut {
            return match self.take_error() {
                0 => Err(Errno::PIPE),
                error => Err(Errno(error)),
            };
        }
        let room = self.room.saturating_sub(self.sent);
        self.wants_room |= count > room;
        if room == 0 && count > 0 {
            return Err(Errno::AGAIN);
        }
        Ok(room.min(count))
    }
}
