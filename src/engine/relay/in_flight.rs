//! What a relay holds: bytes in a pipe, then bytes in a buffer.

use super::pool::{PipeFactory, Pool};
use crate::engine::shared::retry_on_intr;
use crate::engine::shared::tuning::SMALL_PIECE;
use crate::errno::{Errno, Result};
use crate::mem::alloc::Rc;
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use crate::sys;
use core::ffi::c_int;

/// Bytes taken and not delivered. Those in the pipe come first: while there are any in the buffer,
/// none are added to the pipe.
#[repr(C)]
pub(super) struct InFlight {
    /// First, since every run needs it.
    pool: Option<Rc<Pool>>,
    pipe_factory: PipeFactory,
    pipe: Option<Pipe>,
    piped: usize,
    buffer: Option<Buffer>,
    /// Which part of the buffer.
    start: usize,
    end: usize,
}

impl InFlight {
    pub(super) fn new(pool: Option<Rc<Pool>>) -> InFlight {
        InFlight {
            pool,
            pipe_factory: PipeFactory::new(0),
            pipe: None,
            piped: 0,
            buffer: None,
            start: 0,
            end: 0,
        }
    }

    pub(super) const fn len(&self) -> u64 {
        (self.piped as u64).saturating_add(self.buffered() as u64)
    }

    pub(super) const fn piped(&self) -> usize {
        self.piped
    }

    pub(super) const fn buffered(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether there is a pipe, or one is to be had.
    pub(super) fn has_pipe(&mut self) -> bool {
        if self.pipe.is_none() {
            self.pipe =
                self.pool.as_ref().map_or_else(|| self.pipe_factory.make(), |pool| pool.take());
        }
        self.pipe.is_some()
    }

    /// Whether poll(2) calls the pipe full: it is so by slots, not by bytes.
    pub(super) fn is_pipe_full(&self) -> bool {
        let Some(pipe) = self.pipe.as_ref().filter(|_| self.piped > 0) else { return false };
        let mut fds = [sys::interest(pipe.writer.0, libc::POLLOUT)];
        retry_on_intr(|| sys::poll(&mut fds, Some(0))) == Ok(0)
    }

    pub(super) fn fill_pipe(
        &mut self,
        len: usize,
        splice: impl FnOnce(c_int, usize) -> Result<usize>,
    ) -> Result<usize> {
        let pipe = self.pipe.as_ref().ok_or(Errno::AGAIN)?;
        let count = splice(pipe.writer.0, len)?;
        self.piped = self.piped.saturating_add(count);
        Ok(count)
    }

    pub(super) fn drain_pipe(
        &mut self,
        most: usize,
        splice: impl FnOnce(c_int, usize) -> Result<usize>,
    ) -> Result<usize> {
        let pipe = self.pipe.as_ref().ok_or(Errno::IO)?;
        let count = splice(pipe.reader.0, self.piped.min(most))?;
        self.piped = self.piped.saturating_sub(count);
        Ok(count)
    }

    /// Reads into the buffer, which is empty; None: there is no memory for one.
    pub(super) fn fill_buffer(
        &mut self,
        len: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize>,
    ) -> Option<Result<usize>> {
        // One that feed or spill_to_buffer has made longer is left to them.
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() != SMALL_PIECE) {
            self.buffer = match &self.pool {
                Some(pool) => pool.take_buffer(SMALL_PIECE),
                None => Buffer::new(SMALL_PIECE),
            };
        }
        let count = read(self.buffer.as_mut()?.bytes().get_mut(..len)?);
        (self.start, self.end) = (0, count.unwrap_or(0));
        Some(count)
    }

    /// A buffer to read a small piece into that need not be held; None: there is no pool to lend one.
    pub(super) fn lend(&self) -> Option<Buffer> {
        self.pool.as_ref()?.take_buffer(SMALL_PIECE)
    }

    /// Takes one back that was lent.
    pub(super) fn put_back(&self, buffer: Buffer) {
        if let Some(pool) = &self.pool {
            pool.put_buffer(buffer);
        }
    }

    /// Holds this part of one that was lent, while nothing else is held.
    pub(super) fn keep(&mut self, buffer: Buffer, start: usize, end: usize) {
        self.buffer = Some(buffer);
        (self.start, self.end) = (start, end);
    }

    pub(super) fn drain_buffer(
        &mut self,
        most: usize,
        write: impl FnOnce(&[u8]) -> Result<usize>,
    ) -> Result<usize> {
        let held = self.held().ok_or(Errno::IO)?;
        let count = write(held.get(..most).unwrap_or(held))?;
        self.start = self.start.saturating_add(count);
        Ok(count)
    }

    fn held(&mut self) -> Option<&[u8]> {
        let (start, end) = (self.start, self.end);
        self.buffer.as_mut()?.bytes().get(start..end)
    }

    /// Adds bytes behind all others. False: there is no memory, and nothing has been added.
    pub(super) fn append(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let (held, end) = (self.buffered(), self.end.saturating_add(bytes.len()));
        if let Some(room) = self.buffer.as_mut().and_then(|b| b.bytes().get_mut(self.end..end)) {
            copy(room, bytes);
            self.end = end;
            return true;
        }
        self.rebuild(0, held.saturating_add(bytes.len()), |buffer| {
            let Some(room) = buffer.get_mut(held..) else { return false };
            copy(room, bytes);
            true
        })
    }

    /// Moves what is in the pipe to the front of the buffer. False: there is no memory.
    pub(super) fn spill_to_buffer(&mut self) -> bool {
        let Some(pipe) = self.pipe.take() else { return false };
        let (piped, held) = (self.piped, self.buffered());
        let spilled = self.rebuild(piped, piped.saturating_add(held), |buffer| {
            let mut at = 0;
            while at < piped {
                let Some(into) = buffer.get_mut(at..piped) else { return false };
                match retry_on_intr(|| sys::read(pipe.reader.0, into, None)) {
                    Ok(count) if count > 0 => at = at.saturating_add(count),
                    _ => return false,
                }
            }
            true
        });
        if spilled {
            self.piped = 0;
        }
        self.pipe = Some(pipe);
        spilled
    }

    /// A new buffer with `len` bytes that has what is held at `at`, and the rest by `fill`.
    fn rebuild(&mut self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> bool) -> bool {
        // With room for more, so that many small pieces are not copied over and over.
        let size = len.checked_next_power_of_two().map_or(len, |size| size.max(SMALL_PIECE));
        let Some(mut new) = Buffer::new(size) else { return false };
        let Some(all) = new.bytes().get_mut(..len) else { return false };
        if let Some(held) = self.held() {
            let end = at.saturating_add(held.len());
            if let Some(place) = all.get_mut(at..end) {
                copy(place, held);
            }
        }
        if !fill(all) {
            return false;
        }
        self.buffer = Some(new);
        (self.start, self.end) = (0, len);
        true
    }

    /// Oldest first.
    pub(super) fn drain_to(&mut self, into: &mut [u8]) -> Result<usize> {
        let mut count = 0_usize;
        while let Some(room) = into.get_mut(count..).filter(|room| !room.is_empty()) {
            let (piped, buffered) = (self.piped, self.buffered());
            let got = if piped > 0 {
                let len = room.len().min(piped);
                let room = room.get_mut(..len).unwrap_or_default();
                self.drain_pipe(len, |pipe, _| retry_on_intr(|| sys::read(pipe, room, None)))
            } else if buffered > 0 {
                self.drain_buffer(room.len(), |held| {
                    room.iter_mut().zip(held).for_each(|(to, from)| *to = *from);
                    Ok(held.len().min(room.len()))
                })
            } else {
                break;
            };
            match got {
                Ok(0) => break,
                Ok(got) => count = count.saturating_add(got),
                Err(errno) if count == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(count)
    }

    /// Gives back what an idle relay does not need.
    pub(super) fn release_idle(&mut self) {
        let buffer = if self.buffered() == 0 { self.buffer.take() } else { None };
        let Some(pool) = &self.pool else { return };
        if self.piped == 0 {
            if let Some(pipe) = self.pipe.take() {
                pool.put(pipe);
            }
        }
        if let Some(buffer) = buffer.filter(|buffer| buffer.len() == SMALL_PIECE) {
            pool.put_buffer(buffer);
        }
    }
}

/// Copies what both have room for. (copy_from_slice panics where lengths differ.)
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piped(in_flight: &mut InFlight, bytes: &[u8]) {
        assert!(in_flight.has_pipe());
        let put = |pipe, _| sys::write(pipe, bytes, None);
        assert_eq!(in_flight.fill_pipe(bytes.len(), put), Ok(bytes.len()));
    }

    fn taken(in_flight: &mut InFlight, most: usize) -> std::vec::Vec<u8> {
        let mut into = std::vec![0; most];
        let count = in_flight.drain_to(&mut into).unwrap();
        into.truncate(count);
        into
    }

    #[test]
    fn what_is_appended_comes_after_what_is_in_the_pipe() {
        let mut in_flight = InFlight::new(None);
        piped(&mut in_flight, b"pipe");
        assert!(in_flight.append(b"buf") && in_flight.append(b"") && in_flight.append(b"fer"));
        assert_eq!((in_flight.len(), in_flight.piped(), in_flight.buffered()), (10, 4, 6));
        assert_eq!(taken(&mut in_flight, 6), b"pipebu");
        assert_eq!(taken(&mut in_flight, 9), b"ffer");
        assert_eq!((in_flight.len(), taken(&mut in_flight, 1)), (0, std::vec![]));
    }

    #[test]
    fn a_pipe_is_poured_in_front_of_the_buffer() {
        let mut in_flight = InFlight::new(None);
        piped(&mut in_flight, b"first");
        assert!(in_flight.append(b"second") && in_flight.spill_to_buffer());
        assert_eq!((in_flight.piped(), in_flight.buffered()), (0, 11));
        assert_eq!(taken(&mut in_flight, 20), b"firstsecond");
    }

    #[test]
    fn a_buffer_that_has_grown_makes_way_for_one_to_read_into() {
        let mut in_flight = InFlight::new(None);
        assert!(in_flight.append(&[1; SMALL_PIECE + 1]));
        assert_eq!(taken(&mut in_flight, SMALL_PIECE + 1).len(), SMALL_PIECE + 1);
        assert_eq!(
            in_flight.fill_buffer(SMALL_PIECE, |into| Ok(into.len())),
            Some(Ok(SMALL_PIECE))
        );
        assert_eq!(in_flight.buffered(), SMALL_PIECE);
    }

    #[test]
    fn what_rests_holds_no_pipe_that_belongs_to_a_pool() {
        let pool = Pool::new(1, 4096).unwrap();
        let mut in_flight = InFlight::new(Some(pool.share()));
        piped(&mut in_flight, b"x");
        in_flight.release_idle();
        assert!(in_flight.pipe.is_some());
        assert_eq!(taken(&mut in_flight, 1), b"x");
        in_flight.release_idle();
        assert!(in_flight.pipe.is_none() && pool.take().is_some());
    }
}
