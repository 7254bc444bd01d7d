//! What a relay holds: bytes in a pipe, then bytes in a buffer.

use super::pool::{Maker, Pool};
use super::SMALL;
use crate::buffer::Buffer;
use crate::engine::port::again;
use crate::errno::{Errno, Result};
use crate::heap::Shared;
use crate::pipe::Pipe;
use crate::sys;
use core::ffi::c_int;

/// Bytes taken and not delivered. Those in the pipe come first: while there are any in the buffer,
/// none are added to the pipe.
#[repr(C)]
pub(super) struct Hold {
    /// First, since every run needs it.
    pool: Option<Shared<Pool>>,
    maker: Maker,
    pipe: Option<Pipe>,
    piped: usize,
    buffer: Option<Buffer>,
    /// Which part of the buffer.
    start: usize,
    end: usize,
}

impl Hold {
    pub(super) fn new(pool: Option<Shared<Pool>>) -> Hold {
        Hold { pool, maker: Maker::new(0), pipe: None, piped: 0, buffer: None, start: 0, end: 0 }
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
            self.pipe = self.pool.as_ref().map_or_else(|| self.maker.make(), |pool| pool.take());
        }
        self.pipe.is_some()
    }

    /// Whether poll(2) calls the pipe full: it is so by slots, not by bytes.
    pub(super) fn is_pipe_full(&self) -> bool {
        let Some(pipe) = self.pipe.as_ref().filter(|_| self.piped > 0) else { return false };
        let mut fds = [sys::interest(pipe.writer.0, libc::POLLOUT)];
        again(|| sys::poll(&mut fds, Some(0))) == Ok(0)
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
        // One that feed or pour has made longer is left to them.
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() != SMALL) {
            self.buffer = match &self.pool {
                Some(pool) => pool.take_buffer(SMALL),
                None => Buffer::new(SMALL),
            };
        }
        let count = read(self.buffer.as_mut()?.bytes().get_mut(..len)?);
        (self.start, self.end) = (0, count.unwrap_or(0));
        Some(count)
    }

    /// A buffer to read a small piece into that need not be held; None: there is no pool to lend one.
    pub(super) fn lend(&self) -> Option<Buffer> {
        self.pool.as_ref()?.take_buffer(SMALL)
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
    pub(super) fn pour(&mut self) -> bool {
        let Some(pipe) = self.pipe.take() else { return false };
        let (piped, held) = (self.piped, self.buffered());
        let poured = self.rebuild(piped, piped.saturating_add(held), |buffer| {
            let mut at = 0;
            while at < piped {
                let Some(into) = buffer.get_mut(at..piped) else { return false };
                match again(|| sys::read(pipe.reader.0, into, None)) {
                    Ok(count) if count > 0 => at = at.saturating_add(count),
                    _ => return false,
                }
            }
            true
        });
        if poured {
            self.piped = 0;
        }
        self.pipe = Some(pipe);
        poured
    }

    /// A new buffer with `len` bytes that has what is held at `at`, and the rest by `fill`.
    fn rebuild(&mut self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> bool) -> bool {
        // With room for more, so that many small pieces are not copied over and over.
        let size = len.checked_next_power_of_two().map_or(len, |size| size.max(SMALL));
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
    pub(super) fn take_back(&mut self, into: &mut [u8]) -> Result<usize> {
        let mut count = 0_usize;
        while let Some(room) = into.get_mut(count..).filter(|room| !room.is_empty()) {
            let (piped, buffered) = (self.piped, self.buffered());
            let got = if piped > 0 {
                let len = room.len().min(piped);
                let room = room.get_mut(..len).unwrap_or_default();
                self.drain_pipe(len, |pipe, _| again(|| sys::read(pipe, room, None)))
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
    pub(super) fn rest(&mut self) {
        let buffer = if self.buffered() == 0 { self.buffer.take() } else { None };
        let Some(pool) = &self.pool else { return };
        if self.piped == 0 {
            if let Some(pipe) = self.pipe.take() {
                pool.put(pipe);
            }
        }
        if let Some(buffer) = buffer.filter(|buffer| buffer.len() == SMALL) {
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

    fn piped(hold: &mut Hold, bytes: &[u8]) {
        assert!(hold.has_pipe());
        let put = |pipe, _| sys::write(pipe, bytes, None);
        assert_eq!(hold.fill_pipe(bytes.len(), put), Ok(bytes.len()));
    }

    fn taken(hold: &mut Hold, most: usize) -> std::vec::Vec<u8> {
        let mut into = std::vec![0; most];
        let count = hold.take_back(&mut into).unwrap();
        into.truncate(count);
        into
    }

    #[test]
    fn what_is_appended_comes_after_what_is_in_the_pipe() {
        let mut hold = Hold::new(None);
        piped(&mut hold, b"pipe");
        assert!(hold.append(b"buf") && hold.append(b"") && hold.append(b"fer"));
        assert_eq!((hold.len(), hold.piped(), hold.buffered()), (10, 4, 6));
        assert_eq!(taken(&mut hold, 6), b"pipebu");
        assert_eq!(taken(&mut hold, 9), b"ffer");
        assert_eq!((hold.len(), taken(&mut hold, 1)), (0, std::vec![]));
    }

    #[test]
    fn a_pipe_is_poured_in_front_of_the_buffer() {
        let mut hold = Hold::new(None);
        piped(&mut hold, b"first");
        assert!(hold.append(b"second") && hold.pour());
        assert_eq!((hold.piped(), hold.buffered()), (0, 11));
        assert_eq!(taken(&mut hold, 20), b"firstsecond");
    }

    #[test]
    fn a_buffer_that_has_grown_makes_way_for_one_to_read_into() {
        let mut hold = Hold::new(None);
        assert!(hold.append(&[1; SMALL + 1]));
        assert_eq!(taken(&mut hold, SMALL + 1).len(), SMALL + 1);
        assert_eq!(hold.fill_buffer(SMALL, |into| Ok(into.len())), Some(Ok(SMALL)));
        assert_eq!(hold.buffered(), SMALL);
    }

    #[test]
    fn what_rests_holds_no_pipe_that_belongs_to_a_pool() {
        let pool = Pool::new(1, 4096).unwrap();
        let mut hold = Hold::new(Some(pool.share()));
        piped(&mut hold, b"x");
        hold.rest();
        assert!(hold.pipe.is_some());
        assert_eq!(taken(&mut hold, 1), b"x");
        hold.rest();
        assert!(hold.pipe.is_none() && pool.take().is_some());
    }
}
