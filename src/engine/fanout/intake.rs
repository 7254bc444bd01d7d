//! Taking the bytes of the next round.

use super::{Fanout, Output};
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::outcome::Error;
use crate::engine::shared::retry_on_intr;
use crate::engine::shared::tuning;
use crate::errno::{Class, Errno};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use crate::sys::{self, FdAt};

impl Fanout<'_> {
    /// Takes the bytes of the next round; 0: the input has ended.
    pub(super) fn intake(&mut self) -> Result<usize, Error> {
        self.round = 0;
        self.outputs.iter_mut().for_each(Output::begin);
        if (self.is_bulk || self.no_buffer) && !self.no_tee {
            if let Some(count) = self.intake_by_tee()? {
                return Ok(count);
            }
        }
        if self.no_buffer {
            return Err(Error::call(Errno::OPNOTSUPP));
        }
        let count = self.intake_by_read()?;
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

    fn intake_by_read(&mut self) -> Result<usize, Error> {
        let (input, offset) = (*self.input, self.input.offset);
        let most = if self.no_tee {
            tuning::BUFFER
        } else if self.is_bulk {
            // It may only have ended.
            tuning::FANOUT_PROBE
        } else {
            self.bulk
        };
        let len = usize::try_from(self.most()).unwrap_or(most).min(most);
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() < len) {
            self.buffer = Some(Buffer::up_to(len).ok_or(Error::call(Errno::NOMEM))?);
        }
        let Some(buffer) = &mut self.buffer else { return Ok(0) };
        let mut declined = 0;
        loop {
            let room = buffer.len().min(len);
            let into = buffer.bytes().get_mut(..room).unwrap_or_default();
            let read = match offset {
                // Beyond the largest offset there is nothing, and the kernel refuses to look there.
                Some(_) if into.is_empty() => return Ok(0),
                Some(_) => retry_on_intr(|| sys::read(input.fd, into, offset)),
                None => input.read(into),
            };
            match read {
                Ok(0) if is_early(input) => {
                    self.watch.wait(&mut [input.readable()])?;
                }
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN) => self.watch.wait_to_retry(input.readable(), &mut declined)?,
                Err(errno) => return Err(Error::input(errno)),
            }
        }
    }

    /// How much there is to be taken, up to the largest offset.
    fn most(&self) -> u64 {
        let most = self.input.offset.map_or(i64::MAX, |offset| i64::MAX.saturating_sub(offset));
        self.left.min(most as u64)
    }

    /// Takes into the staging, and duplicates from there for whoever needs a pipe of its own. None: a
    /// read has to do.
    fn intake_by_tee(&mut self) -> Result<Option<usize>, Error> {
        if !self.get_pipes() {
            self.no_tee = true;
            self.staging.close();
            self.outputs.iter_mut().for_each(|output| output.pipe = None);
            return Ok(None);
        }
        let count = self.fill()?;
        if let Some(count @ 1..) = count {
            self.is_bulk = count >= self.bulk || self.input.kind.is_file();
            self.taken(count);
            self.staging.held = count;
            self.duplicate()?;
        }
        Ok(count)
    }

    /// Whether there are the pipes that it takes, and large ones, unless there is nothing but pipes: the
    /// staging, and one for each output that is none itself, but for the consumer. Of those that take nothing
    /// from pipes one has a pipe, from which all get it through the buffer.
    fn get_pipes(&mut self) -> bool {
        let (size, least) = (self.pipe_size, if self.no_buffer { 1 } else { tuning::BUFFER });
        let takes = |output: &Output| output.is_live() && !output.no_pipe;
        let Some(consumer) = self.outputs.iter().position(takes) else { return false };
        self.consumer = consumer;
        if !self.staging.open(size, least) {
            return false;
        }
        let mut is_poured = false;
        for (index, output) in self.outputs.iter_mut().enumerate() {
            if !output.is_live()
                || output.is_pipe()
                || index == consumer
                || output.no_pipe && is_poured
            {
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
                self.staging.shrink(holds);
                output.pipe = Some(pipe);
            }
        }
        true
    }

    /// Splices from the input; None: that does not do it, now or ever.
    fn fill(&mut self) -> Result<Option<usize>, Error> {
        let (into, input) = (self.staging.writer(), *self.input);
        let len = usize::try_from(self.most()).unwrap_or(tuning::PIPE as usize).min(self.pipe_size);
        let (mut declined, mut contradicted) = (0, false);
        loop {
            let mut offset = self.input.offset;
            let from = self.input.at(&mut offset);
            let splice =
                || sys::splice(from, FdAt::own(into), len, libc::SPLICE_F_NONBLOCK).count();
            match input.ready_to_give().and_then(|()| splice()) {
                Ok(0) if !self.no_buffer || contradicted => return Ok(None),
                Ok(0) => match eof::after_zero(self.input.at(&mut offset)) {
                    Ok(Eof::Yes | Eof::Unknown) => return Ok(Some(0)),
                    Ok(Eof::NotYet) => self.watch.wait(&mut [input.readable()])?,
                    Ok(Eof::No) => contradicted = true,
                    Err(Errno::AGAIN) => return Ok(None),
                    Err(errno) => return Err(Error::input(errno)),
                },
                Ok(count) => return Ok(Some(count)),
                Err(errno) => match errno.class() {
                    Class::Interrupted => self.watch.interrupted()?,
                    // TCP urgent data: past that only a read gets.
                    Class::WouldBlock if declined > 0 && input.kind == FdKind::Socket => {
                        return Ok(None)
                    }
                    Class::WouldBlock => {
                        self.watch.wait_to_retry(input.readable(), &mut declined)?
                    }
                    Class::Failed => return Err(Error::input(errno)),
                    Class::Unsupported => {
                        self.no_tee = true;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Fills the outputs' own pipes from the staging; where tee(2) does not do it, all find the bytes
    /// in the buffer.
    fn duplicate(&mut self) -> Result<(), Error> {
        let (staging, round) = (&self.staging, self.round);
        let mut is_whole = true;
        for output in self.outputs.iter_mut().filter(|output| output.is_live()) {
            if let Some(pipe) = &output.pipe {
                output.piped = staging.tee(pipe.writer.0).unwrap_or(0);
                is_whole &= output.piped == staging.held;
            }
        }
        if !is_whole {
            self.no_tee = true;
            return if self.no_buffer { Ok(()) } else { self.spill_staging() };
        }
        let poured = |output: &&mut Output| output.no_pipe && output.piped > 0;
        match self.outputs.iter_mut().find(poured) {
            Some(output) if !self.no_buffer => output.spill_to_buffer(&mut self.buffer, round),
            _ => Ok(()),
        }
    }
}

/// Whether a 0 came from a FIFO that nobody has opened for writing yet.
fn is_early(input: Endpoint) -> bool {
    input.kind == FdKind::Pipe && eof::after_zero(FdAt::own(input.fd)) == Ok(Eof::NotYet)
}
