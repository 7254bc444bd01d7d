// SPDX-License-Identifier: MIT OR Apache-2.0

//! Small messages, one after another: what most connections carry most of the time.

use super::deliver::put;
use super::state::{Path, Relay};
use crate::constants::*;
use crate::engine::shared::outcome::Error;
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use core::ffi::c_int;

impl Relay {
    /// Whether small messages are all that is to be expected.
    pub(super) fn expects_small_messages(&self) -> bool {
        let through_buffer = match self.path {
            Path::BufferOnly => true,
            Path::Small => !self.is_beside_pipe(),
            Path::Bulk | Path::SpliceOnly | Path::Closed => false,
        };
        through_buffer && self.is_open() && self.remaining > 0 && !self.may_cut_packet()
    }

    /// Passes messages on until the input is empty or `budget` bytes are delivered, and returns what to
    /// wait for; None: `pump` has to go on. `moved` counts the bytes delivered.
    pub(super) fn pass_small_messages(
        &mut self,
        budget: u64,
        moved: &mut u64,
    ) -> Result<Option<c_int>, Error> {
        let Some(mut buffer) = self.in_flight.lend() else { return Ok(None) };
        let read = loop {
            if self.remaining == 0 || self.path == Path::Bulk {
                break Ok(());
            }
            if self.was_drained() {
                break Err(Errno::AGAIN);
            }
            if *moved >= budget {
                self.in_flight.put_back(buffer);
                return Ok(Some(ZS_WANT_RUN));
            }
            let count = match self.read_to(&mut buffer) {
                Ok(0) => {
                    self.input_ended();
                    break Ok(());
                }
                Ok(count) => count,
                Err(errno) => break Err(errno),
            };
            let sent = self.write_from(&mut buffer, count, budget.saturating_sub(*moved));
            *moved = moved.saturating_add(sent.unwrap_or(0) as u64);
            if sent != Ok(count) {
                self.in_flight.keep(buffer, sent.unwrap_or(0), count);
                return self.cut_short(sent);
            }
        };
        self.in_flight.put_back(buffer);
        match read {
            Ok(()) => Ok(None),
            Err(Errno::AGAIN) if *moved > 0 => Ok(Some(ZS_WANT_READ)),
            Err(Errno::AGAIN) => self.wait_for(ZS_WANT_READ, self.bytes()).map(Some),
            Err(errno) => {
                self.input_failed(errno);
                Ok(None)
            }
        }
    }

    /// A message was not written whole.
    fn cut_short(&mut self, sent: Result<usize>) -> Result<Option<c_int>, Error> {
        match sent {
            Ok(1..) | Err(Errno::AGAIN) => Ok(None),
            Ok(0) => Err(self.output_failed(Errno::IO)),
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    fn read_to(&mut self, buffer: &mut Buffer) -> Result<usize> {
        let len = self.piece_len();
        let count = self.input.read(buffer.bytes().get_mut(..len).unwrap_or_default())?;
        self.note_piece(count, len);
        Ok(count)
    }

    fn write_from(&mut self, buffer: &mut Buffer, count: usize, most: u64) -> Result<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(count);
        let sent = put(self.output, self.flags, buffer.bytes().get(..most).unwrap_or_default())?;
        self.delivered(ZS_VIA_READ_WRITE, sent);
        Ok(sent)
    }
}
