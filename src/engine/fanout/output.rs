// SPDX-License-Identifier: MIT OR Apache-2.0

//! One of the outputs, in one round.

use super::staging;
use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::outcome::{Error, Progress, Side};
use crate::engine::shared::retry_on_intr;
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use crate::sys;
use core::ffi::{c_int, c_short};

/// Whether an output takes part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may take more.
    Ready,
    /// It has taken less than it was offered: poll(2) has to report it writable.
    Full,
    /// It has failed, and gets nothing more.
    Dropped,
}

pub(super) struct Output {
    pub(super) endpoint: Endpoint,
    pub(super) so_far: Progress,
    state: State,
    /// Bytes of the round that it has received.
    pub(super) done: usize,
    /// Its own pipe, if it is no pipe itself and is not the consumer.
    pub(super) pipe: Option<Pipe>,
    /// How many bytes that pipe holds: the next ones that the output needs.
    pub(super) piped: usize,
    /// Whether splice(2) and tee(2) can write to it.
    pub(super) takes_pipe: bool,
    /// How often in a row it has taken nothing although poll(2) reported it writable.
    declined: u32,
    /// Whether it has been found to be something that poll(2) can wait for.
    is_waitable: bool,
    /// Whether poll(2) is asked about it now: it is its turn.
    pub(super) is_awaited: bool,
    /// Whether write(2) has to wait for it, since poll(2) is refused.
    pub(super) waits: bool,
}

impl Output {
    pub(super) fn new(fd: c_int, index: usize) -> Output {
        Output {
            endpoint: Endpoint::new(fd, FdKind::Other, false),
            so_far: Progress::NONE.of(index),
            state: State::Ready,
            done: 0,
            pipe: None,
            piped: 0,
            takes_pipe: true,
            declined: 0,
            is_waitable: false,
            is_awaited: false,
            waits: false,
        }
    }

    /// Stores what is known of the descriptor.
    pub(super) fn open(&mut self, cursor: &Cursor) {
        self.endpoint = **cursor;
        // docs/kernel.md, "Packets in pipes"
        self.takes_pipe = !cursor.is_packet_pipe();
    }

    /// Whether it may die, and poll(2) reports that.
    pub(super) fn may_die(&self) -> bool {
        self.is_live() && matches!(self.endpoint.kind, FdKind::Pipe | FdKind::Socket | FdKind::Char)
    }

    pub(super) fn is_live(&self) -> bool {
        self.state != State::Dropped
    }

    pub(super) fn is_full(&self) -> bool {
        self.state == State::Full
    }

    /// It has failed: it gets nothing more.
    pub(super) fn drop_out(&mut self, round: usize, error: Error) {
        self.state = State::Dropped;
        self.so_far.in_flight = self.remaining(round) as u64;
        self.so_far.end = Err(error);
    }

    /// Whether tee(2) reaches it without a pipe in between.
    pub(super) fn tees(&self) -> bool {
        self.endpoint.kind == FdKind::Pipe && self.takes_pipe
    }

    /// Bytes of the round that it has not received yet.
    pub(super) const fn remaining(&self, round: usize) -> usize {
        round.saturating_sub(self.done)
    }

    pub(super) fn begin_round(&mut self) {
        (self.done, self.piped) = (0, 0);
    }

    /// Counts `count` of the `offered` bytes as delivered.
    pub(super) fn moved(&mut self, by: u32, count: usize, offered: usize) {
        self.done = self.done.saturating_add(count);
        self.so_far.bytes = self.so_far.bytes.saturating_add(count as u64);
        self.so_far.via |= by;
        if by == ZS_VIA_READ_WRITE {
            self.so_far.copied = self.so_far.copied.saturating_add(count as u64);
        }
        // A blocking output is offered no more than it can take, so a short count says nothing.
        if count < offered && (!self.endpoint.blocks || self.tees()) {
            self.state = State::Full;
        }
        self.declined = 0;
    }

    /// It would block. Returns how often in a row poll(2) was wrong about it.
    pub(super) fn would_block(&mut self) -> u32 {
        self.state = State::Full;
        self.declined = self.declined.saturating_add(1);
        self.declined
    }

    /// Takes in what poll(2) has reported. After POLLERR alone a write need not succeed (docs/kernel.md,
    /// "POLLERR may come from the error queue").
    pub(super) fn on_revents(&mut self, revents: c_short) {
        if revents != 0 && self.state == State::Full {
            self.state = State::Ready;
        }
        if revents == libc::POLLERR {
            self.declined = 0;
        }
    }

    /// Endpoint::can_be_written, asked once. If it cannot be waited for, it is ready to be tried again.
    pub(super) fn can_be_written(&mut self) -> Result<bool> {
        if core::mem::replace(&mut self.is_waitable, true) {
            return Ok(true);
        }
        let answer = self.endpoint.can_be_written();
        if answer != Ok(true) {
            self.state = State::Ready;
        }
        answer
    }

    /// What to poll(2) so that its death is noticed while it has nothing to take.
    pub(super) const fn death_watch(&self) -> sys::Poll {
        sys::interest(self.endpoint.fd, 0)
    }

    /// Its progress when the fan-out has ended with `end`. The error of one output is not reported for
    /// the others; any other error is reported for all.
    pub(super) fn outcome(&self, round: usize, end: Result<(), Error>) -> Progress {
        let Err(error) = end else { return self.so_far };
        if !self.is_live() {
            return self.so_far;
        }
        let in_flight = self.remaining(round) as u64;
        match error.side {
            Some(Side::Out) => Progress { in_flight, ..self.so_far },
            _ => Progress { in_flight, end: Err(error), ..self.so_far },
        }
    }

    /// splice(2) from its own pipe.
    pub(super) fn splice_own_pipe(&mut self, more: bool) -> Result<usize> {
        let pipe = self.pipe.as_ref().ok_or(Errno::INVAL)?;
        let count =
            self.endpoint.splice_from(pipe.reader.0, self.piped, staging::splice_more(more))?;
        self.piped = self.piped.saturating_sub(count);
        Ok(count)
    }

    /// Writes from the buffer.
    pub(super) fn write_buffered(
        &mut self,
        buffer: Option<&mut Buffer>,
        round: usize,
        more: bool,
    ) -> Result<usize> {
        let flags = if more { libc::MSG_MORE } else { 0 };
        let bytes = buffer.and_then(|buffer| buffer.bytes().get(self.done..round));
        let bytes = bytes.unwrap_or_default();
        let written = match self.waits {
            true => retry_on_intr(|| sys::write(self.endpoint.fd, bytes, None)),
            false => self.endpoint.write(bytes, flags),
        };
        match written? {
            0 => Err(Errno::IO),
            count => Ok(count),
        }
    }

    /// Moves what its own pipe holds to its place in the buffer.
    pub(super) fn spill_to_buffer(
        &mut self,
        buffer: &mut Option<Buffer>,
        round: usize,
    ) -> Result<(), Error> {
        let end = self.done.saturating_add(self.piped);
        if let Some(pipe) = &self.pipe {
            staging::spill_to_buffer(pipe, buffer, self.done..end, round)?;
        }
        self.piped = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_queue_is_no_promise_that_it_takes_something() {
        let mut output = Output::new(-1, 0);
        assert_eq!((output.would_block(), output.would_block()), (1, 2));
        output.on_revents(libc::POLLOUT);
        assert_eq!((output.is_full(), output.would_block()), (false, 3));
        output.on_revents(libc::POLLERR);
        assert_eq!((output.is_full(), output.would_block()), (false, 1));
    }
}
