//! The pipe that a large round is taken into.

use crate::engine::shared::endpoint::Endpoint;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::retry_on_intr;
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use crate::sys;
use core::ffi::c_int;
use core::ops::Range;

/// It holds the last bytes of the round.
#[derive(Default)]
pub(super) struct Staging {
    pipe: Option<Pipe>,
    pub(super) held: usize,
}

impl Staging {
    /// Whether there is a pipe, or one that is worth it is to be had.
    pub(super) fn open(&mut self, size: usize, least: usize) -> bool {
        if self.pipe.is_none() {
            self.pipe = Pipe::new(size).ok().filter(|pipe| pipe.size() >= least);
        }
        self.pipe.is_some()
    }

    /// Nobody needs what it holds.
    pub(super) fn close(&mut self) {
        *self = Staging::default();
    }

    /// Lets it hold no more than a pipe that all of it is to be duplicated into.
    pub(super) fn shrink(&self, size: usize) {
        let size = c_int::try_from(size).unwrap_or(c_int::MAX);
        if self.pipe.as_ref().is_some_and(|pipe| pipe.size() > size as usize) {
            let _ = sys::set_pipe_size(self.writer(), size);
        }
    }

    pub(super) fn writer(&self) -> c_int {
        self.pipe.as_ref().map_or(-1, |pipe| pipe.writer.0)
    }

    fn reader(&self) -> c_int {
        self.pipe.as_ref().map_or(-1, |pipe| pipe.reader.0)
    }

    /// Which bytes of the round it holds.
    pub(super) const fn bytes(&self, round: usize) -> Range<usize> {
        round.saturating_sub(self.held)..round
    }

    /// tee(2): duplicates all that it holds, from the first on.
    pub(super) fn tee(&self, to: c_int) -> Result<usize> {
        let flags = libc::SPLICE_F_NONBLOCK;
        retry_on_intr(|| sys::tee(self.reader(), to, self.held, flags).count())
    }

    /// splice(2): the first `most` bytes leave.
    pub(super) fn splice(&mut self, to: Endpoint, most: usize, more: bool) -> Result<usize> {
        let flags = if more { libc::SPLICE_F_MORE } else { 0 };
        let count = to.splice_from(self.reader(), most, flags)?;
        self.held = self.held.saturating_sub(count);
        Ok(count)
    }

    /// Throws the first `count` bytes away.
    pub(super) fn skip(&mut self, mut count: usize) -> Result<(), Error> {
        while count > 0 {
            // Small pieces fill a pipe before bytes do: then another one has room.
            let away = Pipe::new(count).map_err(Error::call)?;
            let to = Endpoint::new(away.writer.0).map_err(Error::call)?;
            match self.splice(to, count, false).map_err(Error::call)? {
                0 => return Err(Error::call(Errno::IO)),
                gone => count = count.saturating_sub(gone),
            }
        }
        Ok(())
    }

    /// Moves what it holds to where it belongs in the buffer.
    pub(super) fn spill_to_buffer(
        &mut self,
        buffer: &mut Option<Buffer>,
        round: usize,
    ) -> Result<(), Error> {
        if let Some(pipe) = &self.pipe {
            spill_to_buffer(pipe, buffer, self.bytes(round), round)?;
        }
        self.held = 0;
        Ok(())
    }
}

/// Moves what a pipe holds, the bytes `range` of the round, to where they belong in the buffer.
pub(super) fn spill_to_buffer(
    pipe: &Pipe,
    buffer: &mut Option<Buffer>,
    range: Range<usize>,
    round: usize,
) -> Result<(), Error> {
    if buffer.as_ref().is_none_or(|buffer| buffer.len() < round) {
        *buffer = Buffer::new(round);
    }
    let buffer = buffer.as_mut().ok_or(Error::call(Errno::NOMEM))?;
    let mut rest = buffer.bytes().get_mut(range).unwrap_or_default();
    while !rest.is_empty() {
        match retry_on_intr(|| sys::read(pipe.reader.0, rest, None)).map_err(Error::call)? {
            // Nobody else reads there: it cannot be empty.
            0 => return Err(Error::call(Errno::IO)),
            count => rest = rest.get_mut(count..).unwrap_or_default(),
        }
    }
    Ok(())
}
