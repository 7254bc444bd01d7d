// SPDX-License-Identifier: MIT OR Apache-2.0

//! Delivering to the output, and noticing that it has died.

use super::state::Relay;
use crate::constants::*;
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::outcome::{Answer, Error};
use crate::engine::shared::refusal;
use crate::engine::shared::sigpipe;
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_short};

/// How far everything in flight got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// All of it is delivered.
    Done,
    /// The output would block.
    Blocked,
    /// The budget of the run is used up.
    OverBudget,
}

impl Relay {
    /// Delivers what is in flight, unless the output `is_blocked` already.
    pub(super) fn deliver_all(&mut self, until: u64, is_blocked: bool) -> Result<Delivery, Error> {
        while !self.in_flight.is_empty() {
            if is_blocked {
                return Ok(Delivery::Blocked);
            }
            let budget = until.saturating_sub(self.bytes());
            if budget == 0 {
                return Ok(Delivery::OverBudget);
            }
            let most = usize::try_from(budget).unwrap_or(usize::MAX);
            let has_room = match self.in_flight.piped() {
                0 => self.deliver_buffered(most)?,
                piped => self.deliver_piped(piped.min(most))?,
            };
            if !has_room {
                return Ok(Delivery::Blocked);
            }
        }
        Ok(Delivery::Done)
    }

    /// Writes from the buffer; false if the output would block.
    fn deliver_buffered(&mut self, most: usize) -> Result<bool, Error> {
        let (output, flags) = (self.output, self.flags);
        match self.in_flight.drain_buffer(most, |bytes| put(output, flags, bytes)) {
            Ok(0) => Err(self.output_failed(Errno::IO)),
            Ok(count) => {
                self.delivered(ZS_VIA_READ_WRITE, count);
                Ok(true)
            }
            Err(Errno::AGAIN) => Ok(false),
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    /// Splices from the pipe; false if the output would block.
    fn deliver_piped(&mut self, most: usize) -> Result<bool, Error> {
        self.output.learn_family();
        let (output, flags) = (self.output, self.flags);
        let before = self.revents_before();
        let mut give =
            || self.in_flight.drain_pipe(most, |pipe, len| output.splice_from(pipe, len, 0));
        let spliced = sigpipe::without_if(flags & ZS_NOSIGPIPE != 0, || {
            refusal::answer(output.socket(), &mut give)
        });
        match spliced {
            Answer::Moved(count) => {
                self.delivered(ZS_VIA_SPLICE, count);
                self.check_spliced(count < most, before)
            }
            Answer::WouldBlock | Answer::Interrupted => Ok(false),
            Answer::Failed(errno) => Err(self.output_failed(errno)),
            Answer::Unsupported(errno) => self.deliver_without_splice(errno),
            // The pipe holds bytes, and nobody else reads it.
            Answer::Zero => self.deliver_without_splice(Errno::OPNOTSUPP),
        }
    }

    /// splice(2) to the output refuses: the buffer has to do.
    #[cold]
    fn deliver_without_splice(&mut self, errno: Errno) -> Result<bool, Error> {
        self.note_refusal(errno);
        if !self.path.may_copy() {
            return Err(Error::call(Errno::OPNOTSUPP));
        }
        self.path = self.path.without_splice();
        self.in_flight.spill_to_buffer().map_err(Error::call)?;
        Ok(true)
    }

    /// What poll(2) reports of a socket before splice(2) to it, for `check_spliced`.
    pub(super) fn revents_before(&self) -> c_short {
        match self.output.kind {
            FdKind::Socket => self.output.poll(libc::POLLRDHUP) & !libc::POLLERR,
            _ => 0,
        }
    }

    /// After splice(2) has moved bytes to the output; false if it would block. splice(2) sends to a
    /// socket in several pieces. The error of a later one, which the kernel reports once, is lost
    /// behind the count of those before: only a short count and POLLHUP show that the connection is
    /// dead. It died of a reset, unless it had been half-closed by the peer `before`: then of
    /// EPIPE, which the next call reports (docs/kernel.md, "A short splice(2) to a socket may hide
    /// an error").
    pub(super) fn check_spliced(&self, is_short: bool, before: c_short) -> Result<bool, Error> {
        if before & libc::POLLHUP != 0 {
            // Nobody receives what a dead socket takes (kTLS).
            return Err(self.output_failed(Errno::PIPE));
        }
        if !is_short || self.output.kind != FdKind::Socket {
            return Ok(true);
        }
        let revents = self.output.poll(libc::POLLOUT);
        if revents & libc::POLLHUP == 0 {
            return Ok(revents & libc::POLLOUT != 0);
        }
        match self.output.spent_reset() {
            Some(errno) if before & libc::POLLRDHUP == 0 => Err(self.output_failed(errno)),
            _ => Ok(true),
        }
    }

    /// Returns `wanted`, unless the output has died, which is an error even if nothing is in flight.
    pub(super) fn wait_for(&mut self, wanted: c_int, before: u64) -> Result<c_int, Error> {
        self.check_output(libc::POLLERR | libc::POLLNVAL | libc::POLLHUP, before)?;
        Ok(wanted)
    }

    /// Fails if the output has died. After a run that has moved bytes that is known already.
    #[inline(never)]
    pub(super) fn check_output(&self, fatal: c_short, before: u64) -> Result<(), Error> {
        if self.bytes() > before || self.output.kind.is_file() {
            return Ok(());
        }
        if let Some(errno) = self.shared_errors.output_error() {
            return Err(Error::output(errno));
        }
        match self.output.death(self.output.poll(0) & fatal) {
            None => Ok(()),
            Some(errno) => Err(self.output_failed(errno)),
        }
    }
}

/// Writes without blocking.
pub(super) fn put(output: Endpoint, flags: u32, bytes: &[u8]) -> Result<usize> {
    let quiet = flags & ZS_NOSIGPIPE != 0;
    if output.kind == FdKind::Socket {
        return output.write(bytes, if quiet { libc::MSG_NOSIGNAL } else { 0 });
    }
    sigpipe::without_if(quiet, || output.write(bytes, 0))
}
