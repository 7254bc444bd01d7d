// SPDX-License-Identifier: MIT OR Apache-2.0

//! The staging pipe: a large round is taken into it.

use crate::engine::shared::endpoint::Endpoint;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::{read, retry_on_intr};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use crate::sys;
use core::ffi::c_int;
use core::ops::Range;

#[derive(Default)]
pub(super) struct Staging {
    pipe: Option<Pipe>,
    /// Bytes in the pipe: the last ones of the round.
    pub(super) held: usize,
}

impl Staging {
    /// Makes the pipe, with `capacity` if the user's quota allows. Returns whether there is one that
    /// holds at least `least` bytes.
    pub(super) fn open(&mut self, capacity: usize, least: usize) -> bool {
        if self.pipe.is_none() {
            self.pipe = Pipe::of_at_least(least, capacity);
        }
        self.pipe.is_some()
    }

    /// Closes the pipe, with what it holds.
    pub(super) fn close(&mut self) {
        *self = Staging::default();
    }

    /// Shrinks the pipe to `capacity`, that of a pipe into which all of it has to be duplicated.
    pub(super) fn shrink(&self, capacity: usize) {
        let size = c_int::try_from(capacity).unwrap_or(c_int::MAX);
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

    /// Duplicates all that the pipe holds into the pipe `to`, as far as that has capacity.
    pub(super) fn tee(&self, to: c_int) -> Result<usize> {
        let flags = libc::SPLICE_F_NONBLOCK;
        retry_on_intr(|| sys::tee(self.reader(), to, self.held, flags).count())
    }

    /// Moves the first `most` bytes to an output.
    pub(super) fn splice(&mut self, to: Endpoint, most: usize, more: bool) -> Result<usize> {
        let count = to.splice_from(self.reader(), most, splice_more(more))?;
        self.held = self.held.saturating_sub(count);
        Ok(count)
    }

    /// Drops the first `count` bytes.
    pub(super) fn skip(&mut self, mut count: usize) -> Result<(), Error> {
        while count > 0 {
            // docs/kernel.md, "A pipe is full by slots": a fresh pipe has free slots again.
            let away = Pipe::new(count).map_err(Error::call)?;
            let to = Endpoint::output(away.writer.0).map_err(Error::call)?;
            match self.splice(to, count, false).map_err(Error::call)? {
                0 => return Err(Error::call(Errno::IO)),
                gone => count = count.saturating_sub(gone),
            }
        }
        Ok(())
    }

    /// Moves what the pipe holds to its place in the buffer.
    pub(super) fn spill_to_buffer(
        &mut self,
        buffer: &mut Option<Buffer>,
        round: usize,
    ) -> Result<(), Error> {
        if let Some(pipe) = &self.pipe {
            spill_to_buffer(pipe, buffer, round.saturating_sub(self.held)..round, round)?;
        }
        self.held = 0;
        Ok(())
    }
}

/// Moves what a pipe holds, the bytes `range` of the round, to their place in the buffer.
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
    let mut into = buffer.bytes().get_mut(range).unwrap_or_default();
    while !into.is_empty() {
        match retry_on_intr(|| read(pipe.reader.0, into)).map_err(Error::call)? {
            // The pipe holds these bytes, and nobody else reads it.
            0 => return Err(Error::call(Errno::IO)),
            count => into = into.get_mut(count..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// ZS_MORE as splice(2) knows it.
pub(super) const fn splice_more(more: bool) -> u32 {
    if more {
        libc::SPLICE_F_MORE
    } else {
        0
    }
}
