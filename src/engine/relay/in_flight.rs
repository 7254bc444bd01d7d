// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes in flight of a relay: first those in a pipe, then those in a buffer.

use super::pool::{PipeFactory, Pool};
use crate::engine::shared::tuning::SMALL_PIECE;
use crate::engine::shared::{read, readiness, retry_on_intr};
use crate::errno::{Errno, Result};
use crate::mem::alloc::Rc;
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use core::ffi::c_int;

/// Bytes taken and not delivered. Those in the pipe come first: while there are bytes in the buffer,
/// none are added to the pipe.
#[repr(C)]
pub(super) struct InFlight {
    // These four share a cache line, since every run asks whether anything is in flight.
    pool: Option<Rc<Pool>>,
    piped: usize,
    /// The part of the buffer that is in flight.
    start: usize,
    end: usize,
    pipe: Option<Pipe>,
    buffer: Option<Buffer>,
    /// Makes the pipe if there is no pool.
    pipe_factory: PipeFactory,
}

impl InFlight {
    pub(super) fn new(pool: Option<Rc<Pool>>) -> InFlight {
        let pipe_factory = PipeFactory::new(0);
        InFlight { pool, piped: 0, start: 0, end: 0, pipe: None, buffer: None, pipe_factory }
    }

    pub(super) const fn len(&self) -> u64 {
        (self.piped as u64).saturating_add(self.buffered() as u64)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) const fn piped(&self) -> usize {
        self.piped
    }

    pub(super) const fn buffered(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Bytes that may be added to those taken from the input. A pipe packs up to 32 KiB into a
    /// slot, so it would hold several times its size (docs/kernel.md, "A slot of a pipe holds up to
    /// 32 KiB of a socket's bytes").
    pub(super) fn room(&self) -> usize {
        let capacity = match &self.pool {
            Some(pool) => pool.capacity(),
            None => self.pipe_factory.capacity(),
        };
        capacity.saturating_sub(self.piped)
    }

    /// Whether there is a pipe, or one can be made.
    pub(super) fn has_pipe(&mut self) -> bool {
        if self.pipe.is_none() {
            self.pipe =
                self.pool.as_ref().map_or_else(|| self.pipe_factory.make(), |pool| pool.take());
        }
        self.pipe.is_some()
    }

    /// Whether poll(2) calls the pipe full: it counts slots, not bytes (docs/kernel.md, "A pipe is
    /// full by slots").
    pub(super) fn is_pipe_full(&self) -> bool {
        let Some(pipe) = self.pipe.as_ref().filter(|_| self.piped > 0) else { return false };
        readiness::revents(pipe.writer.0, libc::POLLOUT) == Ok(0)
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

    /// Ensures that there is a buffer to read a small piece into, and returns its length, which is less where
    /// memory is short. ENOMEM: there is none.
    pub(super) fn get_buffer(&mut self) -> Result<usize> {
        // `append` and `spill_to_buffer` may have made a longer one; it is kept for what they hold.
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() != SMALL_PIECE) {
            let buffer = match &self.pool {
                Some(pool) => pool.take_buffer(SMALL_PIECE),
                None => Buffer::new(SMALL_PIECE),
            };
            self.buffer = buffer.or_else(smallest_buffer);
        }
        self.buffer.as_ref().map(Buffer::len).ok_or(Errno::NOMEM)
    }

    /// Reads into the buffer, which has to be empty.
    pub(super) fn fill_buffer(
        &mut self,
        len: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let buffer = self.buffer.as_mut().ok_or(Errno::NOMEM)?;
        let count = read(buffer.bytes().get_mut(..len).unwrap_or_default())?;
        (self.start, self.end) = (0, count);
        Ok(count)
    }

    /// Lends a buffer for messages that are passed on at once. None: there is no pool to borrow it from.
    pub(super) fn lend(&self) -> Option<Buffer> {
        self.pool.as_ref()?.take_buffer(SMALL_PIECE)
    }

    /// Takes a lent buffer back.
    pub(super) fn put_back(&self, buffer: Buffer) {
        if let Some(pool) = &self.pool {
            pool.put_buffer(buffer);
        }
    }

    /// Keeps this part of a lent buffer in flight; nothing else is.
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

    /// Adds bytes behind all others. ENOMEM: there is no memory, and nothing was added.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (held, end) = (self.buffered(), self.end.saturating_add(bytes.len()));
        if let Some(free) = self.buffer.as_mut().and_then(|b| b.bytes().get_mut(self.end..end)) {
            copy(free, bytes);
            self.end = end;
            return Ok(());
        }
        self.rebuild(0, held.saturating_add(bytes.len()), |buffer| {
            copy(buffer.get_mut(held..).unwrap_or_default(), bytes);
            Ok(())
        })
    }

    /// Moves the bytes in the pipe to the front of the buffer. ENOMEM: there is no memory.
    pub(super) fn spill_to_buffer(&mut self) -> Result<()> {
        let Some(pipe) = self.pipe.take() else { return Ok(()) };
        let (piped, held) = (self.piped, self.buffered());
        let spilled = self
            .rebuild(piped, piped.saturating_add(held), |buffer| read_all(&pipe, piped, buffer));
        if spilled.is_ok() {
            self.piped = 0;
        }
        self.pipe = Some(pipe);
        spilled
    }

    /// Makes a new buffer of `len` bytes, with what the old one holds at `at` and the rest from `fill`.
    fn rebuild(
        &mut self,
        at: usize,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<()> {
        // Larger than needed, so that adding small pieces does not copy the buffer each time.
        let ample = len.checked_next_power_of_two().map_or(len, |size| size.max(SMALL_PIECE));
        let new = Buffer::new(ample).or_else(|| Buffer::new(len));
        let mut new = new.ok_or(Errno::NOMEM)?;
        let all = new.bytes().get_mut(..len).unwrap_or_default();
        let held = self.held().unwrap_or_default();
        let held_end = at.saturating_add(held.len());
        copy(all.get_mut(at..held_end).unwrap_or_default(), held);
        fill(all)?;
        self.buffer = Some(new);
        (self.start, self.end) = (0, len);
        Ok(())
    }

    /// Moves bytes out, oldest first.
    pub(super) fn drain_to(&mut self, into: &mut [u8]) -> Result<usize> {
        let mut count = 0_usize;
        while let Some(free) = into.get_mut(count..).filter(|free| !free.is_empty()) {
            match self.drain_some(free) {
                Ok(0) => break,
                Ok(some) => count = count.saturating_add(some),
                Err(errno) if count == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(count)
    }

    /// Moves out bytes of the pipe or, if that is empty, of the buffer.
    fn drain_some(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.piped > 0 {
            let len = into.len().min(self.piped);
            let into = into.get_mut(..len).unwrap_or_default();
            return self.drain_pipe(len, |pipe, _| retry_on_intr(|| read(pipe, into)));
        }
        if self.buffered() == 0 {
            return Ok(0);
        }
        self.drain_buffer(into.len(), |held| {
            copy(into, held);
            Ok(held.len())
        })
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

/// A page, where there is no memory for more.
#[cold]
#[inline(never)]
fn smallest_buffer() -> Option<Buffer> {
    Buffer::up_to(libc::PIPE_BUF)
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let (Some(pool), Some(pipe)) = (&self.pool, self.pipe.take()) {
            pool.put_used(pipe);
        }
    }
}

/// Reads the first `len` bytes of `pipe` to the front of `into`.
fn read_all(pipe: &Pipe, len: usize, into: &mut [u8]) -> Result<()> {
    let mut at = 0;
    while at < len {
        let free = into.get_mut(at..len).unwrap_or_default();
        match retry_on_intr(|| read(pipe.reader.0, free))? {
            0 => return Err(Errno::IO),
            count => at = at.saturating_add(count),
        }
    }
    Ok(())
}

/// Copies as much as both have. (copy_from_slice panics if the lengths differ.)
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::buffer::Room;
    use crate::sys;

    impl InFlight {
        /// The same state, for the model.
        pub(in crate::engine::relay) fn fork(&self, pool: Option<Rc<Pool>>) -> InFlight {
            let InFlight { piped, start, end, .. } = *self;
            let pipe = self.pipe.as_ref().map(Pipe::fork);
            let buffer = self.buffer.as_ref().map(|buffer| {
                let mut new = Buffer::for_reads(buffer.len()).unwrap();
                copy(new.bytes(), buffer.filled(buffer.len()));
                new
            });
            let pipe_factory = self.pipe_factory.fork();
            InFlight { pool, piped, start, end, pipe, buffer, pipe_factory }
        }

        /// What tells this state from others.
        pub(in crate::engine::relay) fn key(
            &self,
            key: &mut std::vec::Vec<u8>,
            byte: impl Fn(u8) -> u8,
        ) {
            let len = self.buffer.as_ref().map_or(0, Buffer::len);
            key.extend([self.piped, self.start, self.end, len].map(|number| number as u8));
            key.push(self.pipe.as_ref().map_or(0, |pipe| pipe.reader.0 as u8));
            if let Some(buffer) = &self.buffer {
                key.extend(buffer.filled(self.end)[self.start..].iter().map(|&held| byte(held)));
            }
        }
    }

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
        for bytes in [&b"buf"[..], b"", b"fer"] {
            assert_eq!(in_flight.append(bytes), Ok(()));
        }
        assert_eq!((in_flight.len(), in_flight.piped(), in_flight.buffered()), (10, 4, 6));
        assert_eq!(taken(&mut in_flight, 6), b"pipebu");
        assert_eq!(taken(&mut in_flight, 9), b"ffer");
        assert_eq!((in_flight.len(), taken(&mut in_flight, 1)), (0, std::vec![]));
    }

    #[test]
    fn a_pipe_is_spilled_in_front_of_the_buffer() {
        let mut in_flight = InFlight::new(None);
        piped(&mut in_flight, b"first");
        assert_eq!((in_flight.append(b"second"), in_flight.spill_to_buffer()), (Ok(()), Ok(())));
        assert_eq!((in_flight.piped(), in_flight.buffered()), (0, 11));
        assert_eq!(taken(&mut in_flight, 20), b"firstsecond");
    }

    #[test]
    fn a_buffer_that_has_grown_makes_way_for_one_to_read_into() {
        let mut in_flight = InFlight::new(None);
        assert_eq!(in_flight.append(&[1; SMALL_PIECE + 1]), Ok(()));
        assert_eq!(taken(&mut in_flight, SMALL_PIECE + 1).len(), SMALL_PIECE + 1);
        assert_eq!(in_flight.get_buffer(), Ok(SMALL_PIECE));
        assert_eq!(in_flight.fill_buffer(SMALL_PIECE, |into| Ok(into.len())), Ok(SMALL_PIECE));
        assert_eq!(in_flight.buffered(), SMALL_PIECE);
    }

    #[test]
    fn an_idle_one_holds_no_pipe_of_its_pool() {
        let pool = Pool::new(1, 4096).unwrap();
        let mut in_flight = InFlight::new(Some(pool.share()));
        piped(&mut in_flight, b"x");
        in_flight.release_idle();
        assert!(in_flight.pipe.is_some());
        assert_eq!(taken(&mut in_flight, 1), b"x");
        in_flight.release_idle();
        assert!(in_flight.pipe.is_none() && pool.take().is_some());
    }

    #[test]
    fn an_idle_one_returns_its_buffer_unless_that_has_grown() {
        let pool = Pool::new(1, 0).unwrap();
        let kept = || pool.take_buffer(1).map(|buffer| buffer.len());
        let mut in_flight = InFlight::new(Some(pool.share()));
        assert_eq!(in_flight.get_buffer(), Ok(SMALL_PIECE));
        in_flight.release_idle();
        assert_eq!((kept(), kept()), (Some(SMALL_PIECE), Some(1)));
        assert_eq!(in_flight.append(&[1; SMALL_PIECE + 1]), Ok(()));
        assert_eq!(taken(&mut in_flight, SMALL_PIECE + 1).len(), SMALL_PIECE + 1);
        in_flight.release_idle();
        assert_eq!((in_flight.buffer.is_none(), kept()), (true, Some(1)));
    }

    #[test]
    fn a_lent_buffer_goes_back_to_its_pool() {
        let pool = Pool::new(1, 0).unwrap();
        let in_flight = InFlight::new(Some(pool.share()));
        let buffer = in_flight.lend().unwrap();
        in_flight.put_back(buffer);
        assert_eq!(pool.take_buffer(1).map(|buffer| buffer.len()), Some(SMALL_PIECE));
    }
}
