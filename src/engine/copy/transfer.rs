// SPDX-License-Identifier: MIT OR Apache-2.0

//! A copy in progress.

use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::options::Options;
use crate::engine::shared::outcome::{side_of, Error, Progress};
use crate::engine::shared::tuning;
use crate::engine::shared::watch::{Watch, NO_FD};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::{self, Pipe};
use crate::sys::{self, FdAt};
use core::ffi::c_int;

/// What a mechanism comes to that has not ended the whole copy.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Tried {
    /// Everything remaining has been copied, or the input has ended.
    Done,
    /// It cannot do this: the next mechanism has to, for the rest of the transfer.
    Unsupported(Errno),
    /// It could, but another one is faster for this extent.
    NotWorthIt,
}

pub(super) struct Transfer<'a> {
    pub(super) input: Cursor,
    pub(super) output: Cursor,
    /// How much is to be copied still; of ZS_TO_END there is no end.
    pub(super) remaining: u64,
    pub(super) so_far: Progress,
    /// Of the options: ZS_CLONE, ZS_MORE and the like.
    flags: u32,
    pub(super) watch: Watch<'a>,
    /// Mechanisms not to be used: the caller's wish, and those that have refused.
    avoid: u32,
    /// The size of the output, where holes have been remaining behind its end.
    pub(super) hole_behind: Option<i64>,
    /// Kept from one limited_to of data to the next.
    pub(super) pipe: Option<Pipe>,
    pub(super) buffer: Option<Buffer>,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        input: Cursor,
        output: Cursor,
        remaining: u64,
        options: &mut Options<'a>,
    ) -> Transfer<'a> {
        Transfer {
            input,
            output,
            remaining,
            so_far: Progress::NONE,
            flags: options.flags,
            watch: Watch::new(options),
            avoid: options.avoid,
            hole_behind: None,
            pipe: None,
            buffer: None,
        }
    }

    pub(super) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Runs `work` without anything ending it between its steps: no deadline, cancel or progress.
    pub(super) fn without_interruption<T>(
        &mut self,
        work: impl FnOnce(&mut Transfer<'a>) -> T,
    ) -> T {
        self.watch.mute(true);
        let outcome = work(self);
        self.watch.mute(false);
        outcome
    }

    pub(super) const fn avoids(&self, via: u32) -> bool {
        self.avoid & via != 0
    }

    pub(super) const fn avoids_all(&self, via: u32) -> bool {
        self.avoid & via == via
    }

    /// No second try of what has refused.
    pub(super) fn give_up(&mut self, via: u32) {
        self.avoid |= via;
    }

    /// Whether the copy may share blocks without being seen, as copy_file_range(2) does.
    pub(super) const fn may_share(&self) -> bool {
        !self.has(ZS_NO_CLONE | ZS_FILL_HOLES)
    }

    /// Whether it is worth asking for a clone of what nobody said must be one. A small file is shared
    /// by copy_file_range(2) just as well, which does not have to know its position, if the ranges
    /// begin with a whole block.
    pub(super) fn may_clone(&self) -> bool {
        let (from, to) = (&self.input, &self.output);
        let are_files = from.kind == FdKind::File && to.kind == FdKind::File;
        let cuts = |offset: i64| offset & from.stat.block.saturating_sub(1) != 0;
        let is_cut = from.offset.is_some_and(cuts) && to.offset.is_some_and(cuts);
        let least = if is_cut { from.stat.block as u64 } else { tuning::CLONE_FILE };
        are_files
            && self.may_share()
            && from.stat.device == to.stat.device
            && self.remaining_by_size() >= least
    }

    /// What may be remaining at the most, by the size that the input had.
    pub(super) fn remaining_by_size(&self) -> u64 {
        self.remaining.min(self.input.remaining_by_size().unwrap_or(u64::MAX))
    }

    /// Whether a file is at the end that it had, so that it is to be proved.
    pub(super) fn is_at_size(&self) -> bool {
        self.remaining > 0 && self.input.remaining_by_size() == Some(0)
    }

    /// How much the next step may move. Beyond the largest offset the kernel refuses all of a write.
    pub(super) fn step(&self) -> usize {
        let room = self.output.remaining_by_offset().max(1);
        self.remaining.min(self.watch.step() as u64).min(room) as usize
    }

    /// Lets `work` copy the next `len` bytes only; whether it came that far.
    pub(super) fn limited_to(
        &mut self,
        len: u64,
        work: impl FnOnce(&mut Transfer<'a>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let len = len.min(self.remaining);
        let behind = self.remaining.saturating_sub(len);
        self.remaining = len;
        let end = work(self);
        let is_whole = self.remaining == 0;
        self.remaining = self.remaining.saturating_add(behind);
        end.map(|()| is_whole)
    }

    /// The last `count` bytes, a hole, are not in the output after all.
    pub(super) fn uncount_hole(&mut self, count: u64) {
        let count = count.min(self.so_far.holes);
        self.so_far.bytes = self.so_far.bytes.saturating_sub(count);
        self.so_far.holes = self.so_far.holes.saturating_sub(count);
        self.input.go_back(count);
        self.output.go_back(count);
    }

    /// After `count` bytes by the mechanism `via`.
    #[inline(never)]
    pub(super) fn moved(&mut self, via: u32, count: usize) -> Result<(), Error> {
        self.so_far.via |= via;
        self.hole_behind = None;
        self.skip(count as u64)
    }

    /// After `count` bytes, however they came to be in the output.
    #[inline(never)]
    pub(super) fn skip(&mut self, count: u64) -> Result<(), Error> {
        self.so_far.bytes = self.so_far.bytes.saturating_add(count);
        self.remaining = self.remaining.saturating_sub(count);
        self.input.advance(count);
        self.output.advance(count);
        self.watch.moved(&self.so_far)
    }

    /// `count` bytes were taken and could not be delivered. A file gives them again.
    #[inline(never)]
    pub(super) fn count_undelivered(&mut self, count: u64) {
        let again = match self.input.offset {
            _ if !self.input.kind.is_file() => false,
            Some(_) => true,
            None => {
                let back = i64::try_from(count).unwrap_or(0).saturating_neg();
                sys::lseek(self.input.fd, back, libc::SEEK_CUR).is_ok()
            }
        };
        if !again {
            self.so_far.in_flight = self.so_far.in_flight.saturating_add(count);
        }
    }

    /// Probes the input, of which a call has just returned 0; waits for a FIFO's first writer.
    #[inline(never)]
    pub(super) fn probe_input(&mut self) -> Result<Eof, Error> {
        let mut offset = self.input.offset;
        match eof::after_zero(self.input.at(&mut offset)) {
            Ok(Eof::NotYet) => {
                self.watch.wait(&mut [self.input.readable()])?;
                Ok(Eof::NotYet)
            }
            Ok(eof) => Ok(eof),
            // Only recv(2) gets past TCP urgent data.
            Err(Errno::AGAIN) => Ok(Eof::Unknown),
            Err(errno) => Err(Error::input(errno)),
        }
    }

    /// After "would block" of a call from `input` to `output`: Ok(true) once it is worth making
    /// again, Ok(false) where it never will be.
    #[inline(never)]
    pub(super) fn stalled(
        &mut self,
        input: c_int,
        output: c_int,
        declined: &mut u32,
    ) -> Result<bool, Error> {
        match self.watch.after_would_block(input, output, declined) {
            Ok(()) => Ok(true),
            Err(Error { errno: Errno::AGAIN, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether an input that is a pipe has nothing and nobody remaining.
    #[inline(never)]
    pub(super) fn has_hung_up(&self) -> bool {
        let events = self.input.poll(libc::POLLIN);
        events & (libc::POLLIN | libc::POLLHUP) == libc::POLLHUP
    }

    /// An error of a call that touches both sides.
    #[inline(never)]
    pub(super) fn failed(&self, errno: Errno) -> Error {
        Error { errno, side: side_of(errno, self.input.fd, self.output.fd) }
    }

    pub(super) fn grow_pipes(&mut self) {
        for spot in [&self.input, &self.output] {
            if spot.kind == FdKind::Pipe && self.remaining > tuning::WORTH_A_PIPE as u64 {
                pipe::grow(spot.fd, tuning::PIPE);
            }
        }
    }

    /// Waits for an input that would otherwise block in the kernel, where that matters: when there is
    /// something to notice meanwhile, or (`locks`) the lock of somebody else's pipe would be held.
    #[inline(never)]
    pub(super) fn await_input(&mut self, locks: bool) -> Result<(), Error> {
        if !self.input.blocks || (!locks && self.watch.may_block()) {
            return Ok(());
        }
        let (is_ready, _) = self.watch.look(self.input.readable(), NO_FD)?;
        while !is_ready && !self.has_a_little()? {
            let mut input = [self.input.readable()];
            self.watch.wait(&mut input)?;
            // Of an error alone a socket may tell for ever (MSG_ERRQUEUE).
            if self.input.kind != FdKind::Socket
                || input.iter().any(|poll| poll.revents != libc::POLLERR)
            {
                break;
            }
        }
        Ok(())
    }

    /// Whether a socket or a terminal has bytes of which poll(2) does not tell, since they are fewer than
    /// SO_RCVLOWAT or VMIN.
    fn has_a_little(&self) -> Result<bool, Error> {
        match self.input.holds() {
            Ok(held) => Ok(held > 0),
            Err(Errno::AGAIN | Errno::PERM | Errno::NOSYS | Errno::NOTCONN) => Ok(false),
            // A socket tells of a reset once.
            Err(errno) => Err(Error::input(errno)),
        }
    }

    /// Waits for the output likewise; returns how much it then takes without blocking.
    #[inline(never)]
    pub(super) fn await_output(&mut self, locks: bool) -> Result<usize, Error> {
        if !self.output.blocks || (!locks && self.watch.may_block()) {
            return Ok(usize::MAX);
        }
        let mut asked = [self.output.writable(), if locks { self.input.readable() } else { NO_FD }];
        loop {
            self.watch.wait(&mut asked)?;
            let [output, input] = &mut asked;
            match self.output.takes(output.revents) {
                Err(Errno::AGAIN) => {}
                Err(errno) => return Err(Error::output(errno)),
                Ok(()) => return Ok(self.room()),
            }
            match input.revents & (libc::POLLIN | libc::POLLHUP) {
                0 => {}
                // A pipe that has ended needs no room.
                libc::POLLHUP => return Ok(1),
                _ => *input = NO_FD,
            }
        }
    }

    /// What a blocking output takes without blocking, or, where there is nothing else to try, at all.
    fn room(&self) -> usize {
        match self.output.room() {
            0 if self.avoids(ZS_VIA_READ_WRITE) => 1,
            room => room,
        }
    }

    /// Moves the caller's offsets on.
    pub(super) fn store_offsets(&self, input: FdAt<'_>, output: FdAt<'_>) {
        for (theirs, spot) in [(input, &self.input), (output, &self.output)] {
            if let Some(offset) = spot.offset {
                theirs.set_offset(offset);
            }
        }
    }
}
