//! Taking the bytes of the next round.

use super::{Fan, Output, BUFFER, PIPE};
use crate::buffer::Buffer;
use crate::engine::doubt::{self, Zero};
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::{again, Kind, Port};
use crate::engine::progress::Side;
use crate::errno::Errno;
use crate::pipe::Pipe;
use crate::sys::{self, End};

/// An input that gives this much at once has more: tee(2) pays.
pub(super) const BULK: usize = 64 << 10;
/// Likewise, where all outputs are pipes and get it without one of ours between.
pub(super) const BULK_OF_PIPES: usize = 16 << 10;
/// What is enough to find out whether an input has ended.
const SMALL: usize = 4 << 10;

impl Fan<'_> {
    /// Takes the bytes of the next round; 0: the input has ended.
    pub(super) fn take(&mut self) -> Outcome<usize> {
        self.round = 0;
        self.outputs.iter_mut().for_each(Output::begin);
        if (self.is_bulk || self.no_buffer) && !self.no_tee {
            if let Some(count) = self.take_by_tee()? {
                return Ok(count);
            }
        }
        if self.no_buffer {
            return Err(Halt::call(Errno::OPNOTSUPP));
        }
        let count = self.take_by_read()?;
        self.is_bulk |= count >= self.bulk;
        self.taken(count);
        Ok(count)
    }

    fn taken(&mut self, count: usize) {
        self.round = count;
        self.taken = self.taken.saturating_add(count as u64);
        self.left = self.left.saturating_sub(count as u64);
        self.input.advance(count as u64);
    }

    fn take_by_read(&mut self) -> Outcome<usize> {
        let (input, offset) = (self.input.port(), self.input.offset);
        let most = if self.no_tee {
            BUFFER
        } else if self.is_bulk {
            // It may only have ended.
            SMALL
        } else {
            self.bulk
        };
        let len = usize::try_from(self.most()).unwrap_or(most).min(most);
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() < len) {
            self.buffer = Some(Buffer::up_to(len).ok_or(Halt::call(Errno::NOMEM))?);
        }
        let Some(buffer) = &mut self.buffer else { return Ok(0) };
        let mut declined = 0;
        loop {
            let room = buffer.len().min(len);
            let into = buffer.bytes().get_mut(..room).unwrap_or_default();
            let read = match offset {
                // Beyond the largest offset there is nothing, and the kernel refuses to look there.
                Some(_) if into.is_empty() => return Ok(0),
                Some(_) => again(|| sys::read(input.fd, into, offset)),
                None => input.read(into),
            };
            match read {
                Ok(0) if is_early(input) => {
                    self.pace.wait(&mut [input.readable()])?;
                }
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN) => self.pace.await_again(input.readable(), &mut declined)?,
                Err(errno) => return Err(Halt::new(Side::In, errno)),
            }
        }
    }

    /// How much there is to be taken, up to the largest offset.
    fn most(&self) -> u64 {
        let most = self.input.offset.map_or(i64::MAX, |offset| i64::MAX.saturating_sub(offset));
        self.left.min(most as u64)
    }

    /// Takes into the source, and duplicates from there for whoever needs a pipe of its own. None: a
    /// read has to do.
    fn take_by_tee(&mut self) -> Outcome<Option<usize>> {
        if !self.have_pipes() {
            self.no_tee = true;
            self.source.close();
            self.outputs.iter_mut().for_each(|output| output.pipe = None);
            return Ok(None);
        }
        let count = self.fill()?;
        if let Some(count @ 1..) = count {
            self.is_bulk = count >= self.bulk || self.input.is_file();
            self.taken(count);
            self.source.held = count;
            self.duplicate()?;
        }
        Ok(count)
    }

    /// Whether there are the pipes that it takes, and large ones, unless there is nothing but pipes: the
    /// source, and one for each output that is none itself, but for the heir. Of those that take nothing
    /// from pipes one has a pipe, from which all get it through the buffer.
    fn have_pipes(&mut self) -> bool {
        let (size, least) = (self.pipe_size, if self.no_buffer { 1 } else { BUFFER });
        let takes = |output: &Output| output.is_in() && !output.no_pipe;
        let Some(heir) = self.outputs.iter().position(takes) else { return false };
        self.heir = heir;
        if !self.source.open(size, least) {
            return false;
        }
        let mut is_poured = false;
        for (index, output) in self.outputs.iter_mut().enumerate() {
            if !output.is_in() || output.is_pipe() || index == heir || output.no_pipe && is_poured {
                output.pipe = None;
                continue;
            }
            is_poured |= output.no_pipe;
            if output.pipe.is_none() {
                let Ok(pipe) = Pipe::new(size) else { return false };
                let holds = pipe.size();
                if holds < least {
                    return false;
                }
                self.source.shrink(holds);
                output.pipe = Some(pipe);
            }
        }
        true
    }

    /// Splices from the input; None: that does not do it, now or ever.
    fn fill(&mut self) -> Outcome<Option<usize>> {
        let (into, input) = (self.source.writer(), self.input.port());
        let len = usize::try_from(self.most()).unwrap_or(PIPE).min(self.pipe_size);
        let (mut declined, mut doubted) = (0, false);
        loop {
            let mut offset = self.input.offset;
            let from = self.input.end(&mut offset);
            let splice = || sys::splice(from, End::own(into), len, libc::SPLICE_F_NONBLOCK).count();
            match input.ready_to_give().and_then(|()| splice()) {
                Ok(0) if !self.no_buffer || doubted => return Ok(None),
                Ok(0) => match doubt::zero(self.input.end(&mut offset)) {
                    Ok(Zero::End | Zero::Unknown) => return Ok(Some(0)),
                    Ok(Zero::Early) => self.pace.wait(&mut [input.readable()])?,
                    Ok(Zero::More) => doubted = true,
                    Err(Errno::AGAIN) => return Ok(None),
                    Err(errno) => return Err(Halt::new(Side::In, errno)),
                },
                Ok(count) => return Ok(Some(count)),
                Err(errno) => match Fate::of(errno) {
                    Fate::Interrupted => self.pace.interrupted()?,
                    // TCP urgent data: past that only a read gets.
                    Fate::Blocked if declined > 0 && input.kind == Kind::Socket => return Ok(None),
                    Fate::Blocked => self.pace.await_again(input.readable(), &mut declined)?,
                    Fate::Failed => return Err(Halt::new(Side::In, errno)),
                    Fate::Refused => {
                        self.no_tee = true;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Fills the outputs' own pipes from the source; where tee(2) does not do it, all find the bytes
    /// in the buffer.
    fn duplicate(&mut self) -> Outcome<()> {
        let (source, round) = (&self.source, self.round);
        let mut is_whole = true;
        for output in self.outputs.iter_mut().filter(|output| output.is_in()) {
            if let Some(pipe) = &output.pipe {
                output.piped = source.tee(pipe.writer.0).unwrap_or(0);
                is_whole &= output.piped == source.held;
            }
        }
        if !is_whole {
            self.no_tee = true;
            return if self.no_buffer { Ok(()) } else { self.pour_source() };
        }
        let poured = |output: &&mut Output| output.no_pipe && output.piped > 0;
        match self.outputs.iter_mut().find(poured) {
            Some(output) if !self.no_buffer => output.pour(&mut self.buffer, round),
            _ => Ok(()),
        }
    }
}

/// Whether a 0 came from a FIFO that nobody has opened for writing yet.
fn is_early(input: Port) -> bool {
    input.kind == Kind::Pipe && doubt::zero(End::own(input.fd)) == Ok(Zero::Early)
}
