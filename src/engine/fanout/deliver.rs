//! Giving the bytes of a round to all outputs.

use super::{Fanout, Output};
use crate::constants::*;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning::DECLINES;
use crate::errno::{Class, Errno, Result};

/// Where an output finds the next of what it has not had, and how much of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// In the staging, which that leaves.
    Consume(usize),
    /// In the staging, where it stays for others.
    Tee(usize),
    /// In a pipe of its own.
    OwnPipe(usize),
    Buffer,
}

impl Supply {
    /// It was splice(2) that brought it into the staging.
    const fn via(self) -> u32 {
        match self {
            Supply::Consume(_) => ZS_VIA_SPLICE,
            Supply::Tee(_) | Supply::OwnPipe(_) => ZS_VIA_SPLICE | ZS_VIA_TEE,
            Supply::Buffer => ZS_VIA_READ_WRITE,
        }
    }
}

impl Fanout<'_> {
    /// Lets all outputs have the round.
    pub(super) fn deliver(&mut self) -> Result<(), Error> {
        while self.outputs.iter().any(|output| output.is_live() && output.remaining(self.round) > 0)
        {
            let mut moves = false;
            for index in 0..self.outputs.len() {
                // As much as it takes at once: its reader is then woken once.
                while self.offer(index)? {
                    moves = true;
                    self.watch.check()?;
                }
            }
            if !moves {
                self.wait()?;
            }
        }
        Ok(())
    }

    /// Where the output finds the next of what it has not had, if it is its turn.
    fn supply_for(&self, index: usize) -> Option<Supply> {
        let round = self.round;
        let output = self
            .outputs
            .get(index)
            .filter(|output| output.is_live() && output.remaining(round) > 0)?;
        let held = self.staging.held;
        if output.no_pipe && output.piped == 0 {
            return Some(Supply::Buffer);
        }
        if held > 0 && index == self.consumer {
            let most = held.saturating_sub(self.unshared());
            return (most > 0).then_some(Supply::Consume(most));
        }
        if held > 0 && output.is_pipe() {
            return (output.remaining(round) == held).then_some(Supply::Tee(held));
        }
        Some(if output.piped > 0 { Supply::OwnPipe(output.piped) } else { Supply::Buffer })
    }

    /// How much of what the staging holds somebody is still to get by tee(2).
    fn unshared(&self) -> usize {
        let outputs = self.outputs.iter().enumerate();
        let shares = |(index, output): &(usize, &Output)| {
            output.is_live() && output.is_pipe() && *index != self.consumer
        };
        outputs.filter(shares).map(|(_, output)| output.remaining(self.round)).max().unwrap_or(0)
    }

    /// Gives one output something of what it has not had; whether anything has changed.
    fn offer(&mut self, index: usize) -> Result<bool, Error> {
        let Some(supply) = self.supply_for(index) else { return Ok(false) };
        if self.outputs.get(index).is_none_or(|output| output.is_full) {
            return Ok(false);
        }
        match self.deliver_by(index, supply) {
            Ok(count @ 1..) => self.delivered(index, supply, count).map(|()| true),
            Err(Errno::AGAIN) => self.declined(index).map(|()| false),
            Err(errno)
                if supply == Supply::Buffer && !self.no_buffer
                    || errno.class() != Class::Unsupported =>
            {
                self.fail(index, Error::output(errno)).map(|()| true)
            }
            _ => self.refused(index).map(|()| true),
        }
    }

    fn deliver_by(&mut self, index: usize, supply: Supply) -> Result<usize> {
        let (round, more) = (self.round, self.more);
        let output = self.outputs.get_mut(index).ok_or(Errno::INVAL)?;
        match supply {
            Supply::Consume(most) => self.staging.splice(output.port, most, more),
            Supply::Tee(_) => self.staging.tee(output.port.fd),
            Supply::OwnPipe(_) => output.splice_own_pipe(more),
            Supply::Buffer if self.no_buffer => Err(Errno::OPNOTSUPP),
            Supply::Buffer => output.write_buffered(self.buffer.as_mut(), round, more),
        }
    }

    fn delivered(&mut self, index: usize, supply: Supply, count: usize) -> Result<(), Error> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        let offered = match supply {
            Supply::Consume(most) | Supply::Tee(most) | Supply::OwnPipe(most) => most,
            Supply::Buffer => output.remaining(self.round),
        };
        output.moved(supply.via(), count, offered);
        let so_far = output.so_far;
        self.watch.moved(&so_far)
    }

    /// It would block: poll(2) is to tell when it is worth another try. One that declines although poll
    /// says so all the time has failed.
    fn declined(&mut self, index: usize) -> Result<(), Error> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        output.is_full = true;
        output.declined = output.declined.saturating_add(1);
        if output.declined > DECLINES {
            return self.fail(index, Error::output(Errno::AGAIN));
        }
        Ok(())
    }

    /// An output takes nothing that supply: it finds it in the buffer, if there may be one.
    fn refused(&mut self, index: usize) -> Result<(), Error> {
        let round = self.round;
        if self.no_buffer {
            return self.fail(index, Error::call(Errno::OPNOTSUPP));
        }
        match self.outputs.get_mut(index) {
            Some(output) if output.piped > 0 => {
                output.no_pipe = true;
                output.spill_to_buffer(&mut self.buffer, round)
            }
            Some(output) => {
                output.no_pipe = true;
                self.spill_staging()
            }
            None => Ok(()),
        }
    }

    /// Waits until one of those whose turn it is can take something.
    fn wait(&mut self) -> Result<(), Error> {
        // Only they have a place: poll(2) refuses more than there may be descriptors (RLIMIT_NOFILE).
        let mut used = 1_usize;
        for index in 0..self.outputs.len() {
            let turn = self.supply_for(index).and(self.outputs.get(index));
            if let (Some(output), Some(place)) = (turn, self.polls.get_mut(used)) {
                *place = output.port.writable();
                used = used.saturating_add(1);
            }
        }
        self.watch.wait_for_any(self.polls.get_mut(..used).unwrap_or_default())?;
        let mut at = 1_usize;
        for index in 0..self.outputs.len() {
            let is_awaited = self.supply_for(index).is_some();
            let Some(output) = self.outputs.get_mut(index).filter(|_| is_awaited) else { continue };
            output.on_revents(self.polls.get(at).map_or(0, |poll| poll.revents));
            at = at.saturating_add(1);
        }
        Ok(())
    }
}
