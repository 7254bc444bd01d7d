//! A copy in progress.

use super::buffered;
use crate::buffer::Buffer;
use crate::constants::*;
use crate::engine::doubt::{self, Zero};
use crate::engine::options::Options;
use crate::engine::pace::{Halt, Outcome, Pace, NOBODY};
use crate::engine::port::Kind;
use crate::engine::progress::{side_of, Side};
use crate::engine::spot::Spot;
use crate::engine::wait::{self, Ready, Sides};
use crate::engine::Progress;
use crate::errno::{Errno, Result};
use crate::pipe::{self, Pipe};
use crate::sys::{self, End, Poll};
use core::ffi::c_int;

/// What a mechanism comes to that has not ended the whole copy.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Next {
    /// What was left has been copied, or the input has ended.
    Done,
    /// The next mechanism is to take over.
    Refused(Errno),
    /// Likewise, but for this stretch only: it can, and is not the best.
    Unfit,
}

/// The options that mechanisms look at.
pub(super) struct Wishes {
    pub(super) must_clone: bool,
    no_clone: bool,
    pub(super) stable: bool,
    pub(super) fill_holes: bool,
    pub(super) more: bool,
    pub(super) grow: bool,
}

pub(super) struct Job<'a> {
    pub(super) input: Spot,
    pub(super) output: Spot,
    /// How much is to be copied still; of ZS_TO_END there is no end.
    pub(super) left: u64,
    pub(super) so_far: Progress,
    pub(super) options: Wishes,
    pub(super) pace: Pace<'a>,
    /// Mechanisms not to be used: the caller's wish, and those that have refused.
    avoid: u32,
    /// The size of the output, where holes have been left behind its end.
    pub(super) hole_behind: Option<i64>,
    /// Kept from one stretch of data to the next.
    pub(super) pipe: Option<Pipe>,
    pub(super) buffer: Option<Buffer>,
}

impl<'a> Job<'a> {
    pub(super) fn new(input: Spot, output: Spot, left: u64, options: &mut Options<'a>) -> Job<'a> {
        let wishes = Wishes {
            must_clone: options.has(ZS_CLONE),
            no_clone: options.has(ZS_NO_CLONE),
            stable: options.has(ZS_STABLE),
            fill_holes: options.has(ZS_FILL_HOLES),
            more: options.has(ZS_MORE),
            grow: options.has(ZS_GROW_PIPE),
        };
        Job {
            input,
            output,
            left,
            so_far: Progress::NONE,
            options: wishes,
            pace: Pace::new(options),
            avoid: options.avoid,
            hole_behind: None,
            pipe: None,
            buffer: None,
        }
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
        !self.options.no_clone && !self.options.fill_holes
    }

    /// Whether it is worth asking for a clone of what nobody said must be one. A small file is shared
    /// by copy_file_range(2) just as well, which does not have to know its position, if the ranges
    /// begin with a whole block.
    pub(super) fn may_clone(&self) -> bool {
        const SMALL: u64 = 128 << 10;
        let (from, to) = (&self.input, &self.output);
        let are_files = from.kind == Kind::File && to.kind == Kind::File;
        let cuts = |offset: i64| offset & from.stat.block.saturating_sub(1) != 0;
        let is_cut = from.offset.is_some_and(cuts) && to.offset.is_some_and(cuts);
        let least = if is_cut { from.stat.block as u64 } else { SMALL };
        are_files && self.may_share() && from.stat.device == to.stat.device && self.rest() >= least
    }

    /// What may be left at the most, by the size that the input had.
    pub(super) fn rest(&self) -> u64 {
        if self.input.kind != Kind::File {
            return self.left;
        }
        let gone = self.input.offset.unwrap_or(self.so_far.bytes as i64);
        self.left.min(self.input.stat.size.saturating_sub(gone).max(0) as u64)
    }

    /// Whether a file is at the end that it had, so that it is to be proved.
    pub(super) fn is_at_size(&self) -> bool {
        self.input.kind == Kind::File && self.left > 0 && self.rest() == 0
    }

    /// How much the next step may move.
    pub(super) fn step(&self) -> usize {
        self.left.min(self.pace.step() as u64) as usize
    }

    /// Lets `work` copy the next `len` bytes only; whether it came that far.
    pub(super) fn stretch(
        &mut self,
        len: u64,
        work: impl FnOnce(&mut Job<'a>) -> Outcome<()>,
    ) -> Outcome<bool> {
        let len = len.min(self.left);
        let behind = self.left.saturating_sub(len);
        self.left = len;
        let end = work(self);
        let is_whole = self.left == 0;
        self.left = self.left.saturating_add(behind);
        end.map(|()| is_whole)
    }

    /// The last `count` bytes, a hole, are not in the output after all.
    pub(super) fn take_back(&mut self, count: u64) {
        let count = count.min(self.so_far.holes);
        self.so_far.bytes = self.so_far.bytes.saturating_sub(count);
        self.so_far.holes = self.so_far.holes.saturating_sub(count);
        self.input.go_back(count);
        self.output.go_back(count);
    }

    /// After `count` bytes by the mechanism `via`.
    #[inline(never)]
    pub(super) fn moved(&mut self, via: u32, count: usize) -> Outcome<()> {
        self.so_far.via |= via;
        self.hole_behind = None;
        self.skip(count as u64)
    }

    /// After `count` bytes, however they came to be in the output.
    #[inline(never)]
    pub(super) fn skip(&mut self, count: u64) -> Outcome<()> {
        self.so_far.bytes = self.so_far.bytes.saturating_add(count);
        self.left = self.left.saturating_sub(count);
        self.input.advance(count);
        self.output.advance(count);
        self.pace.moved(&self.so_far)
    }

    /// `count` bytes were taken and could not be delivered. A file gives them again.
    #[inline(never)]
    pub(super) fn lost(&mut self, count: u64) {
        let again = match self.input.offset {
            _ if self.input.is_stream() => false,
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

    /// What the input's 0 turns out to be. A file is asked by a read, whose byte, if there is one,
    /// is delivered at once; a FIFO's first writer is waited for.
    #[inline(never)]
    pub(super) fn zero(&mut self) -> Outcome<Zero> {
        if self.input.is_file() && !self.avoids(ZS_VIA_READ_WRITE) {
            return match buffered::step(self, &mut [0]) {
                Ok(0) => Ok(Zero::End),
                Ok(_) => {
                    // sendfile(2) goes on at the position, but the byte was written at the offset.
                    self.output.settle().map_err(|errno| Halt::new(Side::Out, errno))?;
                    Ok(Zero::More)
                }
                // One byte is neither what O_DIRECT gives nor what it takes.
                Err(Halt { errno: Errno::INVAL, .. }) if self.so_far.in_flight == 0 => {
                    Ok(Zero::Unknown)
                }
                Err(halt) => Err(halt),
            };
        }
        // The end that a terminal tells of is told once.
        if self.input.kind == Kind::Char {
            return Ok(Zero::End);
        }
        let mut offset = self.input.offset;
        match doubt::zero(self.input.end(&mut offset)) {
            Ok(Zero::Early) => {
                self.pace.wait(&mut [self.input.readable()])?;
                Ok(Zero::Early)
            }
            Ok(answer) => Ok(answer),
            // Past an urgent mark only recv(2) gets.
            Err(Errno::AGAIN) => Ok(Zero::Unknown),
            Err(errno) => Err(Halt::new(Side::In, errno)),
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
    ) -> Outcome<bool> {
        let mut sides = Watched { pace: &mut self.pace, input, output };
        match wait::settle(&mut sides, declined) {
            Ok(()) => Ok(true),
            Err(Halt { errno: Errno::AGAIN, .. }) => Ok(false),
            Err(halt) => Err(halt),
        }
    }

    /// Whether an input that is a pipe has nothing and nobody left.
    #[inline(never)]
    pub(super) fn has_hung_up(&self) -> bool {
        let events = self.input.port().poll(libc::POLLIN);
        events & (libc::POLLIN | libc::POLLHUP) == libc::POLLHUP
    }

    /// An error of a call that touches both sides.
    #[inline(never)]
    pub(super) fn failed(&self, errno: Errno) -> Halt {
        Halt { errno, side: side_of(errno, self.input.fd, self.output.fd) }
    }

    pub(super) fn grow_pipes(&mut self) {
        const WORTH_IT: u64 = 64 << 10;
        for spot in [&self.input, &self.output] {
            if spot.kind == Kind::Pipe && self.left > WORTH_IT {
                pipe::grow(spot.fd);
            }
        }
    }

    /// Waits for an input that would otherwise block in the kernel, where that matters: when there is
    /// something to notice meanwhile, or (`locks`) the lock of somebody else's pipe would be held.
    #[inline(never)]
    pub(super) fn await_input(&mut self, locks: bool) -> Outcome<()> {
        if !self.input.blocks() || (!locks && self.pace.may_sleep()) {
            return Ok(());
        }
        let (is_ready, _) = self.pace.look(self.input.readable(), NOBODY)?;
        while !is_ready && !self.has_a_little()? {
            let mut input = [self.input.readable()];
            self.pace.wait(&mut input)?;
            // Of an error alone a socket may tell for ever (MSG_ERRQUEUE).
            if self.input.kind != Kind::Socket
                || input.iter().any(|poll| poll.revents != libc::POLLERR)
            {
                break;
            }
        }
        Ok(())
    }

    /// Whether a socket or a terminal has bytes of which poll(2) does not tell, since they are fewer than
    /// SO_RCVLOWAT or VMIN.
    fn has_a_little(&self) -> Outcome<bool> {
        match self.input.port().holds() {
            Ok(held) => Ok(held > 0),
            Err(Errno::AGAIN | Errno::PERM | Errno::NOSYS | Errno::NOTCONN) => Ok(false),
            // A socket tells of a reset once.
            Err(errno) => Err(Halt::new(Side::In, errno)),
        }
    }

    /// Waits for the output likewise; returns how much it then takes without blocking.
    #[inline(never)]
    pub(super) fn await_output(&mut self, locks: bool) -> Outcome<usize> {
        if !self.output.blocks() || (!locks && self.pace.may_sleep()) {
            return Ok(usize::MAX);
        }
        let mut asked =
            [self.output.writable(), if locks { self.input.readable() } else { NOBODY }];
        loop {
            self.pace.wait(&mut asked)?;
            let [output, input] = &mut asked;
            match self.output.port().takes(output.revents) {
                Err(Errno::AGAIN) => {}
                Err(errno) => return Err(Halt::new(Side::Out, errno)),
                Ok(()) => return Ok(self.room()),
            }
            match input.revents & (libc::POLLIN | libc::POLLHUP) {
                0 => {}
                // A pipe that has ended needs no room.
                libc::POLLHUP => return Ok(1),
                _ => *input = NOBODY,
            }
        }
    }

    /// What a blocking output takes without blocking, or, where there is nothing else to try, at all.
    fn room(&self) -> usize {
        match self.output.port().room() {
            0 if self.avoids(ZS_VIA_READ_WRITE) => 1,
            room => room,
        }
    }

    /// Leaves everything as the caller expects it, however the copy has ended.
    pub(super) fn settle(&mut self) -> Outcome<()> {
        let end = super::holes::close(self);
        let input = self.input.settle().map_err(|errno| Halt::new(Side::In, errno));
        let output = self.output.settle().map_err(|errno| Halt::new(Side::Out, errno));
        end.and(input).and(output)
    }

    /// Moves the caller's offsets on.
    pub(super) fn give_back(&self, input: End<'_>, output: End<'_>) {
        for (theirs, spot) in [(input, &self.input), (output, &self.output)] {
            if let Some(offset) = spot.offset {
                theirs.set_offset(offset);
            }
        }
    }
}

/// The two sides of a call that would block, waited for with everything that may end the wait.
struct Watched<'a, 'b> {
    pace: &'a mut Pace<'b>,
    input: c_int,
    output: c_int,
}

impl Sides for Watched<'_, '_> {
    type Stop = Halt;

    fn ready(&mut self) -> Outcome<Ready> {
        let (input, output) = (wait::readable(self.input), wait::writable(self.output));
        let (input, output) = self.pace.look(input, output)?;
        Ok(Ready { input, output })
    }

    fn either(&mut self) -> Outcome<()> {
        let (input, output) = (wait::readable(self.input), wait::writable(self.output));
        self.pace.wait(&mut [input, output])
    }

    fn one(&mut self, side: Side, _: Option<i64>) -> Outcome<()> {
        let fd: Poll = match side {
            Side::In => wait::readable(self.input),
            _ => wait::writable(self.output),
        };
        self.pace.wait(&mut [fd])
    }

    /// Engines wait on, whatever SO_RCVTIMEO says.
    fn limit(&mut self, _: Side) -> Option<i64> {
        None
    }

    fn declines(&mut self) -> u32 {
        wait::declines(self.input)
    }
}

/// A result of a system call that has moved bytes, or why not.
pub(super) type Moved = Result<usize>;
