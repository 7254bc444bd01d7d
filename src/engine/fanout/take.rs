//! Taking the bytes of the next round.

use super::{Fan, Output, BUFFER, PIPE};
use crate::buffer::Buffer;
use crate::engine::doubt::{self, Zero};
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome, NOBODY};
use crate::engine::port::{again, Kind, Port};
use crate::engine::progress::Side;
use crate::errno::Errno;
use crate::pipe::Pipe;
use crate::sys::{self, End};

/// An input that gives this much at once has more: tee(2) pays.
pub(super) const BULK: usize = 64 << 10;
/// Likewise, where all outputs are pipes and get it without one of ours between.
pub(super) const BULK_OF_PIPES: usize = 16 << 10;

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
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_add(count));
    }

    fn take_by_read(&mut self) -> Outcome<usize> {
        let (input, offset) = (self.input, self.offset);
        let most = if self.no_tee { BUFFER } else { self.bulk };
        let len = usize::try_from(self.left).unwrap_or(BUFFER).min(most);
        let buffer = match self.buffer.take().filter(|buffer| buffer.len() >= len) {
            Some(buffer) => self.buffer.insert(buffer),
            None => self.buffer.insert(Buffer::new(len).ok_or(Halt::call(Errno::NOMEM))?),
        };
        loop {
            let into = buffer.bytes().get_mut(..len).unwrap_or_default();
            let read = match offset {
                Some(_) => again(|| sys::read(input.fd, into, offset)),
                None => input.read(into),
            };
            match read {
                Ok(0) if is_early(input) => {
                    self.pace.wait(input.readable(), NOBODY)?;
                }
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN) => {
                    self.pace.wait(input.readable(), NOBODY)?;
                }
                Err(errno) => return Err(Halt::new(Side::In, errno)),
            }
        }
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
            self.is_bulk = count >= self.bulk || self.input.kind.is_file();
            self.taken(count);
            self.source.held = count;
            self.duplicate()?;
        }
        Ok(count)
    }

    /// Whether there are the pipes that it takes, and large ones: the source, and one for each output
    /// that is none itself, but for the heir.
    fn have_pipes(&mut self) -> bool {
        let size = self.pipe_size;
        self.heir = self.outputs.iter().position(Output::is_in).unwrap_or(0);
        let heir = self.heir;
        let mut outputs = self.outputs.iter_mut().enumerate();
        self.source.open(size, BUFFER)
            && outputs.all(|(index, output)| {
                if !output.is_in() || output.is_pipe() || index == heir {
                    return output.is_out || !output.no_pipe;
                }
                if output.pipe.is_none() {
                    output.pipe = Pipe::new(size).ok().filter(|pipe| pipe.size() >= BUFFER);
                }
                output.pipe.is_some() && !output.no_pipe
            })
    }

    /// Splices from the input; None: that does not do it, now or ever.
    fn fill(&mut self) -> Outcome<Option<usize>> {
        let into = self.source.writer();
        let len = usize::try_from(self.left).unwrap_or(PIPE).min(self.pipe_size);
        let mut has_waited = false;
        loop {
            let mut offset = self.offset;
            let from = End::at(self.input.fd, offset.as_mut());
            let splice = || sys::splice(from, End::own(into), len, libc::SPLICE_F_NONBLOCK).count();
            match self.input.ready_to_give().and_then(|()| splice()) {
                Ok(0) if !self.no_buffer => return Ok(None),
                Ok(0) => match doubt::zero(End::at(self.input.fd, self.offset.as_mut())) {
                    Ok(Zero::End | Zero::Unknown) => return Ok(Some(0)),
                    Ok(Zero::Early) => {
                        self.pace.wait(self.input.readable(), NOBODY)?;
                    }
                    _ => return Ok(None),
                },
                Ok(count) => return Ok(Some(count)),
                Err(errno) => match Fate::of(errno) {
                    Fate::Interrupted => self.pace.interrupted()?,
                    Fate::Blocked if !has_waited => {
                        has_waited = true;
                        self.pace.wait(self.input.readable(), NOBODY)?;
                    }
                    // TCP urgent data: past that only a read gets.
                    Fate::Blocked => return Ok(None),
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
        let (source, heir) = (&self.source, self.heir);
        let mut is_whole = true;
        for (index, output) in self.outputs.iter_mut().enumerate() {
            let pipe = output.pipe.as_ref().filter(|_| output.is_in() && index != heir);
            if let Some(pipe) = pipe {
                output.piped = source.tee(pipe.writer.0).unwrap_or(0);
                is_whole &= output.piped == source.held;
            }
        }
        if is_whole {
            return Ok(());
        }
        self.no_tee = true;
        if self.no_buffer {
            return Ok(());
        }
        self.pour_source()
    }
}

/// Whether a 0 came from a FIFO that nobody has opened for writing yet.
fn is_early(input: Port) -> bool {
    input.kind == Kind::Pipe && doubt::zero(End::own(input.fd)) == Ok(Zero::Early)
}
