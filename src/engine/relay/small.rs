//! Small pieces, one after another: what most connections do most of the time.

use super::deliver::put;
use super::Relay;
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning::SMALL_PIECE;
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use core::ffi::c_int;

impl Relay {
    /// Whether small pieces are all that there is to be expected.
    pub(super) fn expects_small_messages(&self) -> bool {
        let splices = self.input.kind == FdKind::Pipe || self.output.kind == FdKind::Pipe;
        let needs_buffer = self.ways.no_splice || !(splices || self.ways.is_bulk);
        needs_buffer && !self.ways.no_buffer && !self.ways.has_ended && self.left > 0
    }

    /// Passes on what comes until the input is empty, or `budget` bytes are delivered, and returns what
    /// is wanted then; None: there is more to be thought about. `moved` is how much was delivered.
    pub(super) fn pass_small_messages(
        &mut self,
        budget: u64,
        moved: &mut u64,
    ) -> Result<Option<c_int>, Error> {
        let Some(mut buffer) = self.in_flight.lend() else { return Ok(None) };
        let read = loop {
            if self.left == 0 || self.ways.is_bulk && !self.ways.no_splice {
                break Ok(());
            }
            if *moved > 0 && core::mem::take(&mut self.ways.is_drained) {
                break Err(Errno::AGAIN);
            }
            if *moved >= budget {
                self.in_flight.put_back(buffer);
                return Ok(Some(ZS_WANT_RUN));
            }
            let count = match self.take_to(&mut buffer) {
                Ok(0) => {
                    self.input_ended();
                    break Ok(());
                }
                Ok(count) => count,
                Err(errno) => break Err(errno),
            };
            let sent = self.pass_on(&mut buffer, count, budget.saturating_sub(*moved));
            *moved = moved.saturating_add(sent.unwrap_or(0) as u64);
            if sent != Ok(count) {
                self.in_flight.keep(buffer, sent.unwrap_or(0), count);
                return match sent {
                    Ok(1..) | Err(Errno::AGAIN) => Ok(None),
                    failed => Err(self.output_failed(failed.err().unwrap_or(Errno::IO))),
                };
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

    fn take_to(&mut self, buffer: &mut Buffer) -> Result<usize> {
        let len = usize::try_from(self.left).unwrap_or(SMALL_PIECE).min(SMALL_PIECE);
        let count = self.input.read(buffer.bytes().get_mut(..len).unwrap_or_default())?;
        self.taken(count);
        self.ways.is_bulk = count == SMALL_PIECE;
        self.ways.is_drained = count < len && self.trusts_short_reads();
        Ok(count)
    }

    fn pass_on(&mut self, buffer: &mut Buffer, count: usize, most: u64) -> Result<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(count);
        let sent = put(self.output, self.flags, buffer.bytes().get(..most).unwrap_or_default())?;
        self.account(ZS_VIA_READ_WRITE, sent);
        Ok(sent)
    }
}
