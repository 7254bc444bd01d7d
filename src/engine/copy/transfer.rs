// SPDX-License-Identifier: MIT OR Apache-2.0

//! A copy in progress.

use crate::constants::*;
use crate::engine::shared::checks;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::options::Options;
use crate::engine::shared::outcome::{side_of_failure, Error, Progress, Side};
use crate::engine::shared::pace::Throttle;
use crate::engine::shared::readiness::{self, Next};
use crate::engine::shared::tuning;
use crate::engine::shared::watch::{Watch, NO_FD};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::{self, Pipe};
use crate::sys::{self, Poll};
use core::ffi::c_short;

/// Outcome of one mechanism, unless it ended the copy.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Tried {
    /// Everything is copied, or the input has ended.
    Done,
    /// It refuses: the next mechanism has to do the rest of the transfer.
    Unsupported(Errno),
    /// It has not refused, but the next one has to go on with this extent: that one is faster, or
    /// this one cannot be asked (a flag, an offset, no pipe).
    NotForThis,
    /// There is no memory for its buffer.
    NoMemory,
}

pub(super) struct Transfer<'a> {
    pub(super) input: &'a mut Cursor,
    pub(super) output: &'a mut Cursor,
    /// Bytes still to copy; u64::MAX for ZS_TO_END.
    pub(super) remaining: u64,
    pub(super) so_far: Progress,
    /// ZS_* flags of the options.
    flags: u32,
    pub(super) watch: Watch<'a>,
    pace: Throttle,
    /// Mechanisms not to be used: those the caller named, and those that have refused.
    avoid: u32,
    /// What is missing once no mechanism is left: EOPNOTSUPP, or ENOMEM.
    pub(super) lack: Errno,
    /// The size of the output, if the hole before the offset lies past it.
    pub(super) hole_behind: Option<i64>,
    /// Whether it has been asked if the input waits although it is a file.
    has_learned_readiness: bool,
    /// Whether poll(2) said before the call that the output's connection is over.
    has_hung_up: bool,
    /// Whether the last call may have dropped the error that the output died of.
    is_output_doubtful: bool,
    /// Kept from one extent of data to the next.
    pub(super) pipe: Option<Pipe>,
    pub(super) buffer: Option<Buffer>,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        input: &'a mut Cursor,
        output: &'a mut Cursor,
        remaining: u64,
        so_far: Progress,
        options: &mut Options<'a>,
    ) -> Transfer<'a> {
        let pace = Throttle::new(options.rate);
        Transfer {
            input,
            output,
            remaining,
            so_far,
            flags: options.flags,
            watch: Watch::new(options),
            pace,
            avoid: options.avoid,
            lack: Errno::OPNOTSUPP,
            hole_behind: None,
            has_learned_readiness: false,
            has_hung_up: false,
            is_output_doubtful: false,
            pipe: None,
            buffer: None,
        }
    }

    pub(super) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Runs `work` without checking deadline, cancel and progress between its steps.
    pub(super) fn without_interruption<T>(
        &mut self,
        work: impl FnOnce(&mut Transfer<'a>) -> T,
    ) -> T {
        self.watch.set_uninterruptible(true);
        let outcome = work(self);
        self.watch.set_uninterruptible(false);
        outcome
    }

    pub(super) const fn avoids(&self, via: u32) -> bool {
        self.avoid & via != 0
    }

    pub(super) const fn avoids_all(&self, via: u32) -> bool {
        self.avoid & via == via
    }

    /// A mechanism that cannot work is not tried again in this copy.
    pub(super) fn give_up(&mut self, via: u32) {
        self.avoid |= via;
    }

    /// No mechanism is left.
    pub(super) const fn nothing_left(&self) -> Error {
        Error::call(self.lack)
    }

    /// As `give_up`, after a call of this mechanism has been refused. EBADF of a descriptor that is open
    /// the right way is that of what cannot append (copy_file_range(2), ioctl_ficlonerange(2)).
    #[cold]
    pub(super) fn refused(&mut self, via: u32, errno: Errno) {
        let is_open = || self.so_far.bytes > 0 || checks::is_appending(self.output);
        if errno != Errno::BADF || is_open() {
            self.so_far.note_refusal(via, errno);
        }
        self.give_up(via);
    }

    /// Whether blocks may be shared, as copy_file_range(2) may do unseen.
    pub(super) const fn may_share(&self) -> bool {
        !self.has(ZS_NO_CLONE | ZS_FILL_HOLES)
    }

    /// Whether to try a clone although ZS_CLONE does not demand one. copy_file_range(2) shares a small
    /// file just as well, and does not need its position, if both ranges begin with a whole block.
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

    /// Bytes still to copy, at most as many as fstat(2) reported of a file.
    pub(super) fn remaining_by_size(&self) -> u64 {
        self.remaining.min(self.input.remaining_by_size().unwrap_or(u64::MAX))
    }

    /// Whether we have reached the size fstat(2) reported, so that end of file has to be verified.
    pub(super) fn is_at_size(&self) -> bool {
        self.remaining > 0 && self.input.remaining_by_size() == Some(0)
    }

    /// Whether a large file is copied to an output that flushes each write (O_DSYNC, O_SYNC): the kernel
    /// writes in pieces of 64 KiB by itself.
    pub(super) fn is_flushed(&self) -> bool {
        self.input.kind.is_file()
            && self.output.kind.is_file()
            && self.remaining_by_size() > tuning::BUFFER as u64
            && self.output.status_flags().is_ok_and(|flags| flags & libc::O_DSYNC != 0)
    }

    /// How much the next step may move. Beyond the largest offset the kernel refuses all of a write.
    pub(super) fn step(&self) -> usize {
        self.step_within(self.pace.allowance())
    }

    /// How much the next read may take: what loses the rest of a packet, or gives whole records only, is read
    /// whole.
    pub(super) fn read_step(&self) -> usize {
        self.step_within(self.pace.allowance().max(self.input.least_read()))
    }

    /// As `step`, where the rate allows `most`.
    pub(super) fn step_within(&self, most: usize) -> usize {
        let room = self.output.remaining_by_offset().max(1);
        self.remaining.min(self.watch.step().min(most) as u64).min(room) as usize
    }

    /// Before a step: fails if a limit of the caller's has been reached, and waits as the rate demands.
    pub(super) fn begin_step(&mut self) -> Result<(), Error> {
        self.watch.check()?;
        if self.pace.is_limited() {
            self.await_pace()?;
        }
        Ok(())
    }

    /// Waits until the rate allows a step. An output that has died ends the wait, and so does an input that
    /// has ended: the step meets that.
    #[cold]
    fn await_pace(&mut self) -> Result<(), Error> {
        while let Some(pause) = self.pace.pause() {
            if self.output.has_died() || self.probe()? == Eof::Yes {
                break;
            }
            self.watch.sleep(pause)?;
        }
        Ok(())
    }

    /// Runs `work` on the next `len` bytes only, and returns whether it copied all of them.
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

    /// Takes back the last `count` bytes, a hole that could not be left.
    pub(super) fn uncount_hole(&mut self, count: u64) {
        let count = count.min(self.so_far.holes);
        self.so_far.bytes = self.so_far.bytes.saturating_sub(count);
        self.so_far.holes = self.so_far.holes.saturating_sub(count);
        self.input.go_back(count);
        self.output.go_back(count);
    }

    /// Accounts for `count` bytes that the mechanism `via` moved.
    pub(super) fn moved(&mut self, via: u32, count: usize) -> Result<(), Error> {
        self.hole_behind = None;
        self.pace.spend(count as u64);
        self.skip(via, count as u64)
    }

    /// Accounts for `count` bytes of the output that `via` moved; 0: nothing has, it is a hole.
    #[inline(never)]
    pub(super) fn skip(&mut self, via: u32, count: u64) -> Result<(), Error> {
        self.so_far.count(via, count);
        self.remaining = self.remaining.saturating_sub(count);
        self.input.advance(count);
        self.output.advance(count);
        self.watch.moved(&self.so_far)
    }

    /// Accounts for `count` bytes that were read and not delivered.
    #[inline(never)]
    pub(super) fn count_undelivered(&mut self, count: u64) {
        self.input.put_back(count, &mut self.so_far);
    }

    /// Probes the input, of which a call has just returned 0; waits for a FIFO's first writer.
    #[inline(never)]
    pub(super) fn probe_input(&mut self) -> Result<Eof, Error> {
        let mut offset = self.input.offset;
        match eof::after_zero(self.input.at(&mut offset)) {
            Ok(Eof::NotYet) => self.wait_for_input().map(|_| Eof::NotYet),
            Ok(eof) => Ok(eof),
            // Only recv(2) gets past TCP urgent data.
            Err(Errno::AGAIN) => Ok(Eof::Unknown),
            Err(errno) => Err(Error::input(errno)),
        }
    }

    /// After "would block" of a call that touches both sides. None: it is worth making again.
    #[inline(never)]
    pub(super) fn after_would_block(&mut self, declined: &mut u32) -> Result<Option<Tried>, Error> {
        let mut sides = [self.input.readable(), self.output.writable()];
        self.watch.look(&mut sides)?;
        let [input, output] = sides;
        match readiness::after_would_block(input, output, declined) {
            Next::Retry => Ok(None),
            Next::Ended => Ok(Some(Tried::Done)),
            Next::Declined => Ok(Some(Tried::Unsupported(Errno::AGAIN))),
            Next::Await(Side::In) => self.wait_for_input().map(|_| None),
            Next::Await(_) => self.watch.wait(&mut [self.output.writable()]).map(|()| None),
            Next::AwaitEither => {
                let mut either = [self.input.readable(), self.output.writable()];
                self.watch.wait(&mut either).map(|()| None)
            }
        }
    }

    /// After "would block" of a read.
    #[inline(never)]
    pub(super) fn wait_to_read(&mut self, declined: &mut u32) -> Result<(), Error> {
        self.watch.check()?;
        if self.watch.is_declined(self.input.readable(), declined)? {
            return Ok(());
        }
        self.wait_for_input().map(drop)
    }

    /// An error of a call that touches both sides.
    #[inline(never)]
    pub(super) fn failed(&self, errno: Errno) -> Error {
        Error { errno, side: side_of_failure(errno, self.input.fd, self.output.fd) }
    }

    /// After a call that moved `count` of the `len` bytes it was asked for: fails if the output's
    /// connection died meanwhile, or before (kTLS takes bytes for nobody) (docs/kernel.md, "A short splice(2) to a socket may hide an
    /// error").
    pub(super) fn check_short_count(&mut self, count: usize, len: usize) -> Result<(), Error> {
        let is_pipe = self.input.kind == FdKind::Pipe;
        if count >= len && !self.has_hung_up {
            return Ok(());
        }
        // Before the next splice(2) from a pipe a blocking output is polled anyway.
        self.is_output_doubtful = is_pipe && self.output.blocks && !self.has_hung_up;
        if self.is_output_doubtful {
            return Ok(());
        }
        match self.output.dropped_error() {
            // A pipe that has ended gives no byte that could not be written.
            Some(_) if is_pipe && self.input.poll(libc::POLLIN) == libc::POLLHUP => Ok(()),
            Some(errno) => Err(Error::output(errno)),
            None => Ok(()),
        }
    }

    pub(super) fn grow_pipes(&mut self) {
        for cursor in [&self.input, &self.output] {
            if cursor.kind == FdKind::Pipe && self.remaining > tuning::WORTH_A_PIPE as u64 {
                pipe::grow(cursor.fd, tuning::PIPE);
            }
        }
    }

    /// Whether the output can die while the transfer waits for the input.
    fn output_may_die(&self) -> bool {
        !self.output.kind.is_file()
    }

    /// Waits until the input is ready, and returns its revents. An output that dies meanwhile fails the
    /// transfer at once.
    #[inline(never)]
    pub(super) fn wait_for_input(&mut self) -> Result<c_short, Error> {
        loop {
            let output = if self.output_may_die() { self.output.fd } else { NO_FD.fd };
            let mut sides = [
                sys::interest(self.input.fd, libc::POLLIN | libc::POLLRDHUP),
                sys::interest(output, 0),
            ];
            self.watch.wait(&mut sides)?;
            let [input, output] = sides.map(|poll| poll.revents);
            // POLLERR alone stays set while the error queue is unread (MSG_ERRQUEUE); it is not readiness.
            let is_ready = self.input.kind != FdKind::Socket || input != libc::POLLERR;
            if input != 0 && (is_ready || self.has_a_little()?) {
                return Ok(input);
            }
            if let Some(errno) = self.output.death(output) {
                return Err(Error::output(errno));
            }
        }
    }

    /// Waits for an input that would otherwise block in the kernel, if that matters: if anything
    /// has to be noticed meanwhile, or (`locks`) the kernel would wait with the lock of a pipe that
    /// others use (docs/kernel.md, "splice(2) waits with the pipe's lock held").
    #[inline(never)]
    pub(super) fn await_input(&mut self, locks: bool) -> Result<(), Error> {
        if self.watch.is_watched() && !self.has_learned_readiness {
            self.has_learned_readiness = true;
            self.input.learn_readiness();
        }
        let matters = locks || !self.watch.may_block() || self.output_may_die();
        if self.input.blocks && matters {
            return self.look_at_input().map(drop);
        }
        Ok(())
    }

    /// The revents of the input, once it is ready.
    fn look_at_input(&mut self) -> Result<c_short, Error> {
        let mut input = [sys::interest(self.input.fd, libc::POLLIN | libc::POLLRDHUP)];
        self.watch.look(&mut input)?;
        let [Poll { revents, .. }] = input;
        if revents != 0 || self.has_a_little()? {
            return Ok(revents);
        }
        self.input.can_be_read().map_err(Error::input)?;
        self.wait_for_input()
    }

    /// Whether a socket or a terminal has bytes that poll(2) does not report, since they are fewer
    /// than SO_RCVLOWAT or VMIN (docs/kernel.md, "poll(2) does not report fewer bytes than
    /// SO_RCVLOWAT or VMIN").
    fn has_a_little(&self) -> Result<bool, Error> {
        match self.input.holds() {
            Ok(held) => Ok(held > 0),
            Err(Errno::AGAIN | Errno::PERM | Errno::NOSYS) => Ok(false),
            // A socket reports a reset once.
            Err(errno) => Err(Error::input(errno)),
        }
    }

    /// Waits for the input before anything is spliced from it into a pipe, and finds out whether it has
    /// ended: splice(2) waits for room in the pipe, or fails because the pipe has no reader, before it
    /// finds out that there is nothing to move.
    #[inline(never)]
    pub(super) fn eof_before_pipe(&mut self) -> Result<Eof, Error> {
        const MAY_HAVE_ENDED: c_short = libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR;
        let kind = self.input.kind;
        let has_ended = match kind {
            FdKind::Pipe => self.wait_for_input()? == libc::POLLHUP,
            FdKind::Socket if self.look_at_input()? & MAY_HAVE_ENDED != 0 => return self.probe(),
            FdKind::Socket => false,
            _ => {
                self.await_input(true)?;
                self.has_file_ended()?
            }
        };
        Ok(if has_ended { Eof::Yes } else { Eof::No })
    }

    /// Whether an input that is no stream has ended: probed unless it is a file that knows its size and has
    /// not reached it.
    pub(super) fn has_file_ended(&self) -> Result<bool, Error> {
        let is_sized = self.input.kind == FdKind::Block || self.input.stat.stored > 0;
        let goes_on = is_sized && self.input.remaining_by_size().is_some_and(|left| left > 0);
        if !self.input.kind.is_file() || goes_on {
            return Ok(false);
        }
        Ok(self.probe()? == Eof::Yes)
    }

    pub(super) fn probe(&self) -> Result<Eof, Error> {
        let mut offset = self.input.offset;
        eof::probe(self.input.at(&mut offset), self.input.kind).map_err(Error::input)
    }

    /// As `await_input`, for the output; returns how much it then takes without blocking.
    #[inline(never)]
    pub(super) fn await_output(&mut self, locks: bool) -> Result<usize, Error> {
        let may_block = !self.output.blocks || (!locks && self.watch.may_block());
        // A terminal is always asked whether it has hung up.
        if may_block && self.output.kind != FdKind::Char {
            return Ok(usize::MAX);
        }
        let mut sides = [self.output.writable(), if locks { self.input.readable() } else { NO_FD }];
        self.watch.look(&mut sides)?;
        loop {
            let [output, input] = &mut sides;
            match input.revents & (libc::POLLIN | libc::POLLHUP) {
                0 => {}
                // A pipe that has ended needs no room.
                libc::POLLHUP => return Ok(1),
                _ => *input = NO_FD,
            }
            if core::mem::take(&mut self.is_output_doubtful) {
                self.output
                    .dropped_error_by(output.revents)
                    .map_or(Ok(()), |errno| Err(Error::output(errno)))?;
            }
            self.has_hung_up = output.revents & libc::POLLHUP != 0;
            match self.output.takes(output.revents) {
                Ok(()) | Err(Errno::AGAIN) if may_block => return Ok(usize::MAX),
                Ok(()) => return Ok(self.room()),
                Err(Errno::AGAIN) => {}
                Err(errno) => return Err(Error::output(errno)),
            }
            match self.hidden_room().map_err(Error::output)? {
                0 => self.watch.wait(&mut sides)?,
                room => return Ok(room),
            }
        }
    }

    /// What a blocking output takes without blocking, or at all, if nothing but splice(2) may be used.
    fn room(&mut self) -> usize {
        self.output.learn_family();
        match self.output.room() {
            0 if self.avoids(ZS_VIA_READ_WRITE) => 1,
            room => room,
        }
    }

    /// What an output takes that poll(2) does not call writable. One that cannot be waited for fails at once.
    fn hidden_room(&self) -> Result<usize> {
        match self.output.can_be_written()? {
            true => Ok(self.output.unreported_room()),
            false => Ok(1),
        }
    }
}

/// Files to copy between.
#[cfg(test)]
pub(super) mod scratch {
    use crate::engine::shared::cursor::Cursor;
    use crate::sys::FdAt;
    use std::fs::File;
    use std::io::{Seek, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    /// A file without a name.
    pub(crate) fn file(content: &[u8]) -> File {
        let mut options = File::options();
        options.read(true).write(true).custom_flags(libc::O_TMPFILE);
        let mut file = options.open(std::env::temp_dir()).unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file
    }

    pub(crate) fn cursor(file: &File) -> Cursor {
        let mut cursor = Cursor::new(FdAt::own(file.as_raw_fd()));
        cursor.look().unwrap();
        cursor
    }
}
