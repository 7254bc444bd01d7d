// SPDX-License-Identifier: MIT OR Apache-2.0

//! Takes the bytes of the next round.

use super::{Fanout, Output};
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::outcome::{Answer, Error};
use crate::engine::shared::refusal;
use crate::engine::shared::tuning;
use crate::engine::shared::{read, retry_on_intr};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use crate::sys::{self, FdAt};

/// What splicing from the input came to.
enum Filled {
    Bytes(usize),
    Ended,
    /// read(2) has to do, at least for this round.
    ReadInstead,
}

impl Fanout<'_> {
    /// Takes the bytes of the next round. 0: the input has ended, or no output is left.
    pub(super) fn intake(&mut self) -> Result<usize, Error> {
        self.round = 0;
        self.outputs.iter_mut().for_each(Output::begin_round);
        let by_tee = self.is_bulk || self.no_buffer() || self.reads_more_than_allowed();
        if by_tee && !self.no_tee {
            match self.intake_by_tee()? {
                Filled::Bytes(count) => return Ok(count),
                Filled::Ended => return Ok(0),
                Filled::ReadInstead => {}
            }
        }
        if self.no_buffer() {
            return Err(Error::call(Errno::OPNOTSUPP));
        }
        let count = self.intake_by_read()?;
        self.is_bulk |= count >= self.bulk;
        self.taken(count);
        Ok(count)
    }

    /// Whether a read would take more than the rate allows; a splice takes any part of a packet.
    fn reads_more_than_allowed(&self) -> bool {
        self.pace.allowance() < self.input.least_read()
    }

    fn taken(&mut self, count: usize) {
        self.round = count;
        self.taken = self.taken.saturating_add(count as u64);
        self.remaining = self.remaining.saturating_sub(count as u64);
        self.input.advance(count as u64);
    }

    fn intake_by_read(&mut self) -> Result<usize, Error> {
        let len = self.prepare_buffer()?;
        let mut declined = 0;
        // At the largest offset nothing is left, and a read is EINVAL (docs/kernel.md, "EFBIG instead of 0
        // at the largest offset").
        while len > 0 && self.live().next().is_some() {
            match self.read(len, declined) {
                Ok(0) if self.is_fifo_before_its_writer() => self.await_input()?,
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN) => self.await_input_again(&mut declined)?,
                Err(errno) => return Err(Error::input(errno)),
            }
        }
        Ok(0)
    }

    /// Makes the buffer large enough, and returns how much to read into it.
    fn prepare_buffer(&mut self) -> Result<usize, Error> {
        let most = match (self.no_tee, self.is_bulk) {
            (true, _) => tuning::BUFFER,
            // A splice returned 0: the input may have ended.
            (false, true) => tuning::FANOUT_PROBE,
            (false, false) => self.bulk,
        };
        let most = most.min(self.pace.allowance().max(self.input.least_read()));
        let len = self.within_offsets().min(most);
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() < len) {
            self.buffer = Some(Buffer::up_to(len).ok_or(Error::call(Errno::NOMEM))?);
        }
        Ok(self.buffer.as_ref().map_or(0, |buffer| buffer.len().min(len)))
    }

    /// Reads into the buffer, without waiting. If poll(2) is refused and the read has `declined`, there is
    /// no other way than to wait in read(2).
    fn read(&mut self, len: usize, declined: u32) -> Result<usize> {
        let (input, offset) = (*self.input, self.input.offset);
        let waits = declined > 0 && input.blocks && self.watch.is_blind();
        let into = self.buffer.as_mut().and_then(|buffer| buffer.bytes().get_mut(..len));
        let into = into.unwrap_or_default();
        match offset {
            Some(_) => {
                input.ready_to_give()?;
                retry_on_intr(|| sys::read(input.fd, into, offset))
            }
            None if waits => retry_on_intr(|| read(input.fd, into)),
            None => input.read(into),
        }
    }

    /// docs/kernel.md, "A FIFO before its first writer returns 0".
    fn is_fifo_before_its_writer(&self) -> bool {
        self.input.kind == FdKind::Pipe
            && eof::after_zero(FdAt::own(self.input.fd)) == Ok(Eof::NotYet)
    }

    /// Bytes still to take, up to the largest offset.
    fn within_offsets(&self) -> usize {
        let most = self.input.offset.map_or(i64::MAX, |offset| i64::MAX.saturating_sub(offset));
        usize::try_from(self.remaining.min(most as u64)).unwrap_or(usize::MAX)
    }

    /// Takes into the staging pipe, and duplicates from there for outputs that need a pipe of their own.
    fn intake_by_tee(&mut self) -> Result<Filled, Error> {
        if !self.make_pipes() {
            self.no_tee = true;
            self.staging.close();
            self.outputs.iter_mut().for_each(|output| output.pipe = None);
            return Ok(Filled::ReadInstead);
        }
        let filled = self.fill()?;
        if let Filled::Bytes(count) = filled {
            self.is_bulk = count >= self.bulk || self.input.kind.is_file();
            self.taken(count);
            self.staging.held = count;
            // An output may have died while the input was silent.
            if self.outputs.get(self.consumer).is_some_and(Output::is_live) || self.make_pipes() {
                self.duplicate()?;
            } else {
                self.spill_staging()?;
            }
        }
        Ok(filled)
    }

    /// Makes the staging pipe, and one pipe for each output that is none itself, but for the consumer.
    /// Outputs that cannot be spliced to share one pipe, which is read into the common buffer. Returns
    /// false if pipes that are large enough to pay cannot be made (docs/kernel.md, "The quota for pipes").
    fn make_pipes(&mut self) -> bool {
        let least = if self.no_buffer() { 1 } else { tuning::BUFFER };
        let takes = |output: &Output| output.is_live() && output.takes_pipe;
        let Some(consumer) = self.outputs.iter().position(takes) else { return false };
        self.consumer = consumer;
        if !self.staging.open(self.pipe_size, least) {
            return false;
        }
        let mut has_shared = false;
        for index in 0..self.outputs.len() {
            let Some(output) = self.outputs.get_mut(index) else { return false };
            let is_sharing =
                output.is_live() && !output.takes_pipe && core::mem::replace(&mut has_shared, true);
            if !output.is_live() || output.tees() || index == consumer || is_sharing {
                output.pipe = None;
            } else if !self.make_pipe_of(index, least) {
                return false;
            }
        }
        true
    }

    /// Makes the output's own pipe, if it has none.
    fn make_pipe_of(&mut self, index: usize, least: usize) -> bool {
        let Some(output) = self.outputs.get_mut(index) else { return false };
        if output.pipe.is_some() {
            return true;
        }
        let Ok((pipe, capacity)) = Pipe::sized(self.pipe_size) else { return false };
        self.staging.shrink(capacity);
        output.pipe = Some(pipe);
        capacity >= least
    }

    /// Splices a step from the input into the staging pipe.
    fn fill(&mut self) -> Result<Filled, Error> {
        let (mut declined, mut contradicted) = (0, false);
        while self.live().next().is_some() {
            match refusal::answer(self.input.socket(), &mut || self.splice_input()) {
                Answer::Moved(count) => return Ok(Filled::Bytes(count)),
                Answer::Zero if contradicted => return Ok(Filled::ReadInstead),
                Answer::Zero => match self.after_zero()? {
                    Eof::Yes => return Ok(Filled::Ended),
                    Eof::Unknown => return Ok(Filled::ReadInstead),
                    Eof::No => contradicted = true,
                    Eof::NotYet => self.await_input()?,
                },
                Answer::Interrupted => self.watch.interrupted()?,
                Answer::WouldBlock if declined > 0 && self.only_a_read_helps() => {
                    return Ok(Filled::ReadInstead)
                }
                Answer::WouldBlock => self.await_input_again(&mut declined)?,
                Answer::Failed(errno) => return Err(Error::input(errno)),
                Answer::Unsupported(errno) => {
                    self.give_up_splicing(ZS_VIA_SPLICE, errno);
                    return Ok(Filled::ReadInstead);
                }
            }
        }
        Ok(Filled::Ended)
    }

    /// A read gets past urgent data (docs/kernel.md, "TCP urgent data stops splice(2)"). Where poll(2) is
    /// refused, a read of a blocking input waits; a splice into the staging pipe, which is O_NONBLOCK, does not.
    fn only_a_read_helps(&self) -> bool {
        let waits = self.input.blocks && self.watch.is_blind() && !self.no_buffer();
        self.input.kind == FdKind::Socket || waits
    }

    /// A mechanism that all outputs need has refused: the buffer serves them from now on. (EBADF: the
    /// input is not open for reading.)
    #[cold]
    fn give_up_splicing(&mut self, via: u32, errno: Errno) {
        self.no_tee = true;
        for output in self.outputs.iter_mut().filter(|output| output.is_live()) {
            if errno != Errno::BADF {
                output.so_far.note_refusal(via, errno);
            }
        }
    }

    fn splice_input(&self) -> Result<usize> {
        let len = self.pipe_size.min(self.pace.allowance());
        let len = self.within_offsets().min(len);
        let mut offset = self.input.offset;
        let (from, to) = (self.input.at(&mut offset), FdAt::own(self.staging.writer()));
        self.input.ready_to_give()?;
        sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK).count()
    }

    /// What the 0 of a splice means (docs/kernel.md, "A 0 is not always the end of the input"). A read finds
    /// that out as well, and takes what there is.
    fn after_zero(&self) -> Result<Eof, Error> {
        if !self.no_buffer() {
            return Ok(Eof::Unknown);
        }
        let mut offset = self.input.offset;
        match eof::after_zero(self.input.at(&mut offset)) {
            // Nothing can verify the 0, and read(2) is avoided: take it for the end.
            Ok(Eof::Unknown) => Ok(Eof::Yes),
            Ok(eof) => Ok(eof),
            // docs/kernel.md, "TCP urgent data stops splice(2)"
            Err(Errno::AGAIN) => Ok(Eof::Unknown),
            Err(errno) => Err(Error::input(errno)),
        }
    }

    /// After "would block" of a read: waits until it is worth making again. An input that would block
    /// again and again although poll(2) reports it readable has failed.
    fn await_input_again(&mut self, declined: &mut u32) -> Result<(), Error> {
        self.watch.check()?;
        if self.watch.is_declined(self.input.readable(), declined)? {
            return Ok(());
        }
        self.await_input()
    }

    /// Waits until the rate allows another round. An input that has ended and an output that has died end the
    /// wait: the round meets that.
    pub(super) fn await_pace(&mut self) -> Result<(), Error> {
        while let Some(pause) = self.pace.pause() {
            let mut offset = self.input.offset;
            let ended = eof::probe(self.input.at(&mut offset), self.input.kind);
            if ended.map_err(Error::input)? == Eof::Yes
                || self.live().any(|output| output.endpoint.has_died())
            {
                break;
            }
            self.watch.sleep(pause)?;
        }
        Ok(())
    }

    /// Waits until the input is readable, or an output dies.
    fn await_input(&mut self) -> Result<(), Error> {
        self.input.can_be_read().map_err(Error::input)?;
        let watched = |output: &&Output| output.may_die();
        let asked = self.outputs.iter().filter(watched).map(Output::death_watch);
        let asked = core::iter::once(self.input.readable()).chain(asked);
        let mut used = 1_usize;
        for (place, poll) in self.polls.iter_mut().skip(1).zip(asked) {
            *place = poll;
            used = used.saturating_add(1);
        }
        self.watch.wait_for_any(self.polls.get_mut(..used).unwrap_or_default())?;
        // The input comes first: if it has ended, nobody cares about the outputs any more.
        if self.polls.get(1).is_some_and(|input| input.revents != 0) {
            return Ok(());
        }
        let mut at = 2_usize;
        for index in 0..self.outputs.len() {
            let Some(output) = self.outputs.get(index).filter(watched) else { continue };
            let revents = self.polls.get(at).map_or(0, |poll| poll.revents);
            at = at.saturating_add(1);
            if let Some(errno) = output.endpoint.death(revents) {
                self.fail(index, Error::output(errno))?;
            }
        }
        Ok(())
    }

    /// Fills the outputs' own pipes from the staging pipe. If tee(2) cannot do that, all find the bytes
    /// in the buffer.
    fn duplicate(&mut self) -> Result<(), Error> {
        let (staging, round) = (&self.staging, self.round);
        let (mut is_whole, mut refusal) = (true, None);
        for output in self.outputs.iter_mut().filter(|output| output.is_live()) {
            if let Some(pipe) = &output.pipe {
                let copied = staging.tee(pipe.writer.0);
                refusal = refusal.or(copied.err());
                output.piped = copied.unwrap_or(0);
                is_whole &= output.piped == staging.held;
            }
        }
        let no_buffer = self.no_buffer();
        if !is_whole {
            self.no_tee = true;
            if let Some(errno) = refusal {
                self.give_up_splicing(ZS_VIA_TEE, errno);
            }
            return if no_buffer { Ok(()) } else { self.spill_staging() };
        }
        let shares = |output: &&mut Output| !output.takes_pipe && output.piped > 0;
        match self.outputs.iter_mut().find(shares) {
            Some(output) if !no_buffer => output.spill_to_buffer(&mut self.buffer, round),
            _ => Ok(()),
        }
    }
}
