//! Giving the bytes of a round to all outputs.

use super::{Fan, Output};
use crate::constants::*;
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::progress::Side;
use crate::engine::wait::DECLINES;
use crate::errno::{Errno, Result};

/// Where an output finds the next of what it has not had, and how much of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the source, which that leaves.
    Inherit(usize),
    /// In the source, where it stays for others.
    Tee(usize),
    /// In a pipe of its own.
    Own(usize),
    Buffer,
}

impl Way {
    /// It was splice(2) that brought it into the source.
    const fn via(self) -> u32 {
        match self {
            Way::Inherit(_) => ZS_VIA_SPLICE,
            Way::Tee(_) | Way::Own(_) => ZS_VIA_SPLICE | ZS_VIA_TEE,
            Way::Buffer => ZS_VIA_READ_WRITE,
        }
    }
}

impl Fan<'_> {
    /// Lets all outputs have the round.
    pub(super) fn deliver(&mut self) -> Outcome<()> {
        while self.outputs.iter().any(|output| output.is_in() && output.rest(self.round) > 0) {
            let mut moves = false;
            for index in 0..self.outputs.len() {
                // As much as it takes at once: its reader is then woken once.
                while self.push(index)? {
                    moves = true;
                    self.pace.check()?;
                }
            }
            if !moves {
                self.wait()?;
            }
        }
        Ok(())
    }

    /// Where the output finds the next of what it has not had, if it is its turn.
    fn way_to(&self, index: usize) -> Option<Way> {
        let round = self.round;
        let output =
            self.outputs.get(index).filter(|output| output.is_in() && output.rest(round) > 0)?;
        let held = self.source.held;
        if output.no_pipe && output.piped == 0 {
            return Some(Way::Buffer);
        }
        if held > 0 && index == self.heir {
            let most = held.saturating_sub(self.behind());
            return (most > 0).then_some(Way::Inherit(most));
        }
        if held > 0 && output.is_pipe() {
            return (output.rest(round) == held).then_some(Way::Tee(held));
        }
        Some(if output.piped > 0 { Way::Own(output.piped) } else { Way::Buffer })
    }

    /// How much of what the source holds somebody is still to get by tee(2).
    fn behind(&self) -> usize {
        let outputs = self.outputs.iter().enumerate();
        let shares = |(index, output): &(usize, &Output)| {
            output.is_in() && output.is_pipe() && *index != self.heir
        };
        outputs.filter(shares).map(|(_, output)| output.rest(self.round)).max().unwrap_or(0)
    }

    /// Gives one output something of what it has not had; whether anything has changed.
    fn push(&mut self, index: usize) -> Outcome<bool> {
        let Some(way) = self.way_to(index) else { return Ok(false) };
        if self.outputs.get(index).is_none_or(|output| output.is_full) {
            return Ok(false);
        }
        match self.give(index, way) {
            Ok(count @ 1..) => self.given(index, way, count).map(|()| true),
            Err(Errno::AGAIN) => self.declined(index).map(|()| false),
            Err(errno)
                if way == Way::Buffer && !self.no_buffer || Fate::of(errno) != Fate::Refused =>
            {
                self.fail(index, Halt::new(Side::Out, errno)).map(|()| true)
            }
            _ => self.refused(index).map(|()| true),
        }
    }

    fn give(&mut self, index: usize, way: Way) -> Result<usize> {
        let (round, more) = (self.round, self.more);
        let output = self.outputs.get_mut(index).ok_or(Errno::INVAL)?;
        match way {
            Way::Inherit(most) => self.source.splice(output.port, most, more),
            Way::Tee(_) => self.source.tee(output.port.fd),
            Way::Own(_) => output.give_own(more),
            Way::Buffer if self.no_buffer => Err(Errno::OPNOTSUPP),
            Way::Buffer => output.give_buffered(self.buffer.as_mut(), round, more),
        }
    }

    fn given(&mut self, index: usize, way: Way, count: usize) -> Outcome<()> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        let offered = match way {
            Way::Inherit(most) | Way::Tee(most) | Way::Own(most) => most,
            Way::Buffer => output.rest(self.round),
        };
        output.moved(way.via(), count, offered);
        let so_far = output.so_far;
        self.pace.moved(&so_far)
    }

    /// It would block: poll(2) is to tell when it is worth another try. One that declines although poll
    /// says so all the time has failed.
    fn declined(&mut self, index: usize) -> Outcome<()> {
        let Some(output) = self.outputs.get_mut(index) else { return Ok(()) };
        output.is_full = true;
        output.declined = output.declined.saturating_add(1);
        if output.declined > DECLINES {
            return self.fail(index, Halt::new(Side::Out, Errno::AGAIN));
        }
        Ok(())
    }

    /// An output takes nothing that way: it finds it in the buffer, if there may be one.
    fn refused(&mut self, index: usize) -> Outcome<()> {
        let round = self.round;
        if self.no_buffer {
            return self.fail(index, Halt::call(Errno::OPNOTSUPP));
        }
        match self.outputs.get_mut(index) {
            Some(output) if output.piped > 0 => {
                output.no_pipe = true;
                output.pour(&mut self.buffer, round)
            }
            Some(output) => {
                output.no_pipe = true;
                self.pour_source()
            }
            None => Ok(()),
        }
    }

    /// Waits until one of those whose turn it is can take something.
    fn wait(&mut self) -> Outcome<()> {
        // Only they have a place: poll(2) refuses more than there may be descriptors (RLIMIT_NOFILE).
        let mut used = 1_usize;
        for index in 0..self.outputs.len() {
            let turn = self.way_to(index).and(self.outputs.get(index));
            if let (Some(output), Some(place)) = (turn, self.polls.get_mut(used)) {
                *place = output.port.writable();
                used = used.saturating_add(1);
            }
        }
        self.pace.wait_for_any(self.polls.get_mut(..used).unwrap_or_default())?;
        let mut at = 1_usize;
        for index in 0..self.outputs.len() {
            let is_awaited = self.way_to(index).is_some();
            let Some(output) = self.outputs.get_mut(index).filter(|_| is_awaited) else { continue };
            output.heard(self.polls.get(at).map_or(0, |poll| poll.revents));
            at = at.saturating_add(1);
        }
        Ok(())
    }
}
