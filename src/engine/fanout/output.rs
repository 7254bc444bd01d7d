//! One of the outputs, in one round.

use super::staging;
use crate::constants::*;
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::outcome::{Error, Progress};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use core::ffi::{c_int, c_short};

pub(super) struct Output {
    pub(super) port: Endpoint,
    pub(super) so_far: Progress,
    /// Whether it has failed, and is left out.
    pub(super) dropped: bool,
    /// How many bytes of the round it has had.
    pub(super) done: usize,
    /// A pipe of its own, where it is none itself and is not the consumer.
    pub(super) pipe: Option<Pipe>,
    /// How many of the bytes that come next are in there.
    pub(super) piped: usize,
    /// It takes nothing from pipes.
    pub(super) no_pipe: bool,
    /// It has taken less than it was offered: poll(2) is to tell when it takes more.
    pub(super) is_full: bool,
    /// How often it has taken nothing although poll(2) said that it would.
    pub(super) declined: u32,
}

impl Output {
    pub(super) fn new(fd: c_int) -> Output {
        Output {
            port: Endpoint { fd, kind: FdKind::Other, blocks: false },
            so_far: Progress::NONE,
            dropped: false,
            done: 0,
            pipe: None,
            piped: 0,
            no_pipe: false,
            is_full: false,
            declined: 0,
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        !self.dropped
    }

    /// Whether tee(2) reaches it without a pipe between.
    pub(super) fn is_pipe(&self) -> bool {
        self.port.kind == FdKind::Pipe && !self.no_pipe
    }

    /// What it has not had of the round.
    pub(super) const fn remaining(&self, round: usize) -> usize {
        round.saturating_sub(self.done)
    }

    /// A new round begins.
    pub(super) fn begin(&mut self) {
        (self.done, self.piped) = (0, 0);
    }

    /// After `count` bytes out of `offered`.
    pub(super) fn moved(&mut self, by: u32, count: usize, offered: usize) {
        self.done = self.done.saturating_add(count);
        self.so_far.bytes = self.so_far.bytes.saturating_add(count as u64);
        self.so_far.via |= by;
        if by == ZS_VIA_READ_WRITE {
            self.so_far.copied = self.so_far.copied.saturating_add(count as u64);
        }
        // Of a blocking one only so much was asked for as it was sure to take.
        self.is_full = count < offered && (!self.port.blocks || self.is_pipe());
        self.declined = 0;
    }

    /// poll(2) has said so much of it. Of an error alone a socket may tell for ever (MSG_ERRQUEUE).
    pub(super) fn on_revents(&mut self, events: c_short) {
        self.is_full &= events == 0;
        if events == libc::POLLERR {
            self.declined = 0;
        }
    }

    /// splice(2) from its own pipe.
    pub(super) fn splice_own_pipe(&mut self, more: bool) -> Result<usize> {
        let pipe = self.pipe.as_ref().ok_or(Errno::INVAL)?;
        let flags = if more { libc::SPLICE_F_MORE } else { 0 };
        let count = self.port.splice_from(pipe.reader.0, self.piped, flags)?;
        self.piped = self.piped.saturating_sub(count);
        Ok(count)
    }

    /// A write from the buffer.
    pub(super) fn write_buffered(
        &mut self,
        buffer: Option<&mut Buffer>,
        round: usize,
        more: bool,
    ) -> Result<usize> {
        let flags = if more { libc::MSG_MORE } else { 0 };
        let bytes = buffer.and_then(|buffer| buffer.bytes().get(self.done..round));
        match self.port.write(bytes.ok_or(Errno::NOMEM)?, flags)? {
            0 => Err(Errno::IO),
            count => Ok(count),
        }
    }

    /// Moves what its own pipe holds to where it belongs in the buffer.
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
