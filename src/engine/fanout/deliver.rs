// SPDX-License-Identifier: MIT OR Apache-2.0

//! Delivers the bytes of a round to all outputs.

use super::{Fanout, Output};
use crate::constants::*;
use crate::engine::shared::outcome::{Answer, Error};
use crate::engine::shared::refusal;
use crate::engine::shared::tuning::{DECLINES, FANOUT_LATE};
use crate::errno::{Errno, Result};

/// Where an output finds the next bytes that it has not got, and how many.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// In the staging pipe; splice(2) takes them out.
    Consume(usize),
    /// In the staging pipe; tee(2) leaves them there for others.
    Tee(usize),
    /// In a pipe of its own.
    OwnPipe(usize),
    Buffer(usize),
}

impl Supply {
    /// The mechanisms that bring the bytes to the output; splice(2) took them into the staging pipe.
    const fn via(self) -> u32 {
        match self {
            Supply::Consume(_) => ZS_VIA_SPLICE,
            Supply::Tee(_) | Supply::OwnPipe(_) => ZS_VIA_SPLICE | ZS_VIA_TEE,
            Supply::Buffer(_) => ZS_VIA_READ_WRITE,
        }
    }

    /// The mechanism that has refused if the output cannot be served so.
    const fn last_step(self) -> u32 {
        match self {
            Supply::Consume(_) | Supply::OwnPipe(_) => ZS_VIA_SPLICE,
            Supply::Tee(_) => ZS_VIA_TEE,
            Supply::Buffer(_) => ZS_VIA_READ_WRITE,
        }
    }

    const fn offered(self) -> usize {
        match self {
            Supply::Consume(len) | Supply::Tee(len) => len,
            Supply::OwnPipe(len) | Supply::Buffer(len) => len,
        }
    }
}

impl Fanout<'_> {
    /// Delivers the round to all outputs.
    pub(super) fn deliver(&mut self) -> Result<(), Error> {
        let is_long = self.outputs.len() > FANOUT_LATE;
        while self.live().any(|output| output.remaining(self.round) > 0) {
            let mut has_moved = false;
            for index in 0..self.outputs.len() {
                // As much as it takes at once, so that its reader is woken once.
                while self.offer(index)? {
                    has_moved = true;
                    self.watch.check_cancel()?;
                    // It waits until all have what they can take now of what was read for all.
                    if is_long {
                        self.watch.check_deadline()?;
                    }
                }
            }
            if !has_moved {
                self.await_outputs()?;
            }
        }
        Ok(())
    }

    /// Where the output finds its next bytes; None if it is not its turn.
    fn supply_for(&self, index: usize) -> Option<Supply> {
        let output = self.outputs.get(index).filter(|output| output.is_live())?;
        let (remaining, held) = (output.remaining(self.round), self.staging.held);
        if remaining == 0 {
            return None;
        }
        if held > 0 && index == self.consumer {
            let most = held.saturating_sub(self.still_to_tee());
            return (most > 0).then_some(Supply::Consume(most));
        }
        if held > 0 && output.tees() {
            // docs/kernel.md, "tee(2) begins at the head every time"
            return (remaining == held).then_some(Supply::Tee(held));
        }
        Some(if output.piped > 0 {
            Supply::OwnPipe(output.piped)
        } else {
            Supply::Buffer(remaining)
        })
    }

    /// How many bytes of the staging pipe some output has still to duplicate.
    fn still_to_tee(&self) -> usize {
        let tees = |(index, output): &(usize, &Output)| {
            output.is_live() && output.tees() && *index != self.consumer
        };
        let others = self.outputs.iter().enumerate().filter(tees);
        others.map(|(_, output)| output.remaining(self.round)).max().unwrap_or(0)
    }

    /// Offers an output its next bytes. Returns whether anything has changed.
    fn offer(&mut self, index: usize) -> Result<bool, Error> {
        let Some(supply) = self.supply_for(index) else { return Ok(false) };
        if self.outputs.get(index).is_none_or(Output::is_full) {
            return Ok(false);
        }
        let is_last_resort = matches!(supply, Supply::Buffer(_)) && !self.no_buffer();
        let socket = self.outputs.get(index).and_then(|output| output.endpoint.socket());
        match refusal::answer(socket, &mut || self.deliver_by(index, supply)) {
            Answer::Moved(count) => self.delivered(index, supply, count)?,
            Answer::WouldBlock => return self.would_block(index).map(|()| false),
            Answer::Failed(errno) => self.fail(index, Error::output(errno))?,
            Answer::Unsupported(errno) if is_last_resort => {
                self.fail(index, Error::output(errno))?;
            }
            Answer::Interrupted => self.use_buffer_for(index)?,
            Answer::Unsupported(errno) => self.output_refused(index, supply, errno)?,
            // The pipe holds bytes, and nobody else reads it.
            Answer::Zero => self.output_refused(index, supply, Errno::OPNOTSUPP)?,
        }
        Ok(true)
    }

    /// The output cannot be served so: the buffer has to do.
    #[cold]
    fn output_refused(&mut self, index: usize, supply: Supply, errno: Errno) -> Result<(), Error> {
        if let Some(output) = self.outputs.get_mut(index) {
            output.so_far.note_refusal(supply.last_step(), errno);
        }
        self.use_buffer_for(index)
    }

    fn deliver_by(&mut self, index: usize, supply: Supply) -> Result<usize> {
        let (round, more, no_buffer) = (self.round, self.has(ZS_MORE), self.no_buffer());
        let output = self.outputs.get_mut(index).ok_or(Errno::INVAL)?;
        if matches!(supply, Supply::Consume(_) | Supply::OwnPipe(_)) {
            output.endpoint.learn_family();
        }
        match supply {
            Supply::Consume(most) => self.staging.splice(output.endpoint, most, more),
            Supply::Tee(_) => self.staging.tee(output.endpoint.fd),
            Supply::OwnPipe(_) => output.splice_own_pipe(more),
            Supply::Buffer(_) if no_buffer => Err(Errno::OPNOTSUPP),
            Supply::Buffer(_) => output.write_buffered(self.buffer.as_mut(), round, more),
        }
    }

    fn delivered(&mut self, index: usize, supply: Supply, count: usize) -> Result<(), Error> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        output.moved(supply.via(), count, supply.offered());
        let is_short = count < supply.offered() && supply.via() != ZS_VIA_READ_WRITE;
        let dropped = if is_short { output.endpoint.dropped_error() } else { None };
        self.watch.moved(&output.so_far)?;
        dropped.map_or(Ok(()), |errno| self.fail(index, Error::output(errno)))
    }

    /// The output would block. It has failed if it does so again and again although poll(2) reports it
    /// writable.
    fn would_block(&mut self, index: usize) -> Result<(), Error> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        if self.watch.is_blind() && output.endpoint.blocks && !output.waits {
            // poll(2) is refused: write(2) has to wait.
            output.waits = true;
            return if output.takes_pipe { self.use_buffer_for(index) } else { Ok(()) };
        }
        let declined = output.would_block();
        if declined > DECLINES {
            return self.fail(index, Error::output(Errno::AGAIN));
        }
        Ok(())
    }

    /// The output takes nothing from a pipe: moves its bytes to the buffer.
    fn use_buffer_for(&mut self, index: usize) -> Result<(), Error> {
        let round = self.round;
        if self.no_buffer() {
            return self.fail(index, Error::call(Errno::OPNOTSUPP));
        }
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        output.takes_pipe = false;
        if output.piped > 0 {
            return output.spill_to_buffer(&mut self.buffer, round);
        }
        self.spill_staging()
    }

    /// Notes which outputs are to be waited for. Finds those that poll(2) never calls ready, though a write to
    /// them fails at once; asked once for each. Returns whether there was one.
    fn fails_at_once(&mut self) -> Result<bool, Error> {
        let mut found = false;
        for index in 0..self.outputs.len() {
            let is_awaited = self.supply_for(index).is_some();
            let Some(output) = self.outputs.get_mut(index) else { continue };
            output.is_awaited = is_awaited;
            match if is_awaited { output.can_be_written() } else { Ok(true) } {
                Ok(true) => continue,
                // A listening socket: send(2) tells.
                Ok(false) => self.use_buffer_for(index)?,
                Err(errno) => self.fail(index, Error::output(errno))?,
            }
            found = true;
        }
        Ok(found)
    }

    /// Waits until an output whose turn it is can take something.
    fn await_outputs(&mut self) -> Result<(), Error> {
        self.watch.check()?;
        if self.fails_at_once()? {
            return Ok(());
        }
        // Only these: docs/kernel.md, "poll(2) refuses more places than there may be descriptors".
        let mut used = 1_usize;
        let awaited = self.outputs.iter().filter(|output| output.is_awaited);
        for (place, output) in self.polls.iter_mut().skip(1).zip(awaited) {
            *place = output.endpoint.writable();
            used = used.saturating_add(1);
        }
        self.watch.wait_for_any(self.polls.get_mut(..used).unwrap_or_default())?;
        let awaited = self.outputs.iter_mut().filter(|output| output.is_awaited);
        for (place, output) in self.polls.iter().skip(1).zip(awaited) {
            output.on_revents(place.revents);
        }
        Ok(())
    }
}
