//! Every byte of one input to every output, the slowest setting the pace.
//!
//! In rounds: what one step takes from the input goes to all outputs, each as fast as it can, before
//! the next is taken. Large steps are taken into a pipe and duplicated into one for each output by
//! tee(2); small ones, and what cannot be spliced, go through one buffer.

use super::copy::check;
use super::doubt::{self, Zero};
use super::fate::Fate;
use super::options::{flag, Options};
use super::pace::{Halt, Outcome, Pace, NOBODY};
use super::port::{again, Kind, Port};
use super::progress::{via, Progress, Side};
use super::spot::Spot;
use super::{avoid, sigpipe};
use crate::buffer::Buffer;
use crate::errno::{Errno, Result};
use crate::heap::List;
use crate::pipe::{self, Pipe};
use crate::sys::{self, End, Poll};
use core::ffi::c_int;

/// One buffer for all.
const BUFFER: usize = 256 << 10;
/// An input that gives this much at once has more: tee(2) pays.
const BULK: usize = 64 << 10;
/// What a pipe is to hold; where it cannot hold as much as a buffer, tee(2) does not pay.
const PIPE: usize = 1 << 20;
/// What all of them are to hold together, unless that would make them too small: a quarter of what an
/// ordinary user may have (pipe(7)).
const PIPES: usize = 16 << 20;

/// One of the outputs, in one round.
struct Output {
    port: Port,
    so_far: Progress,
    /// Whether it has failed, and is left out.
    is_out: bool,
    pipe: Option<Pipe>,
    /// It takes nothing from pipes.
    no_pipe: bool,
    /// What the pipe holds for it: the bytes of the round before `cursor`.
    piped: usize,
    /// How they came there.
    via: u32,
    /// Which byte of the round it gets next from the buffer.
    cursor: usize,
}

/// The whole.
struct Fan<'a> {
    input: Port,
    /// None: at the descriptor's own position.
    offset: Option<i64>,
    left: u64,
    taken: u64,
    outputs: List<Output>,
    /// What poll(2) is asked: the cancel descriptor, then a place for each output.
    polls: List<Poll>,
    buffer: Option<Buffer>,
    /// How many bytes the round has.
    round: usize,
    is_bulk: bool,
    pipe_size: usize,
    /// No tee(2) in this transfer, or no more.
    no_tee: bool,
    no_buffer: bool,
    drops: bool,
    /// The error of the output that failed last.
    last: Errno,
    more: c_int,
    pace: Pace<'a>,
}

/// Copies up to `len` bytes to every one of `fds`; moves the offset on by what was taken. Returns
/// what every remaining output got, and tells of each what has become of it.
pub(crate) fn fanout(
    input: End<'_>,
    fds: &[c_int],
    len: u64,
    mut options: Options<'_>,
    mut report: impl FnMut(usize, Progress),
) -> Result<u64> {
    let refuse = |halt: Halt, report: &mut dyn FnMut(usize, Progress)| {
        let refused = Progress { side: halt.side, ..Progress::refused(halt.errno) };
        (0..fds.len()).for_each(|index| report(index, refused));
        Err(halt.errno)
    };
    if fds.is_empty() || !options.make_sense(flag::OF_FANOUT) {
        return refuse(Halt::call(Errno::INVAL), &mut report);
    }
    let mut fan = match Fan::new(input, fds, len, &mut options) {
        Ok(fan) => fan,
        Err(halt) => return refuse(halt, &mut report),
    };
    let end = if options.has(flag::NOSIGPIPE) {
        // A splice(2) that came to less than all may have raised one, too.
        let work = || {
            let end = fan.run(input, fds);
            (end, end.is_err() || !fan.outputs.iter().all(Output::is_in))
        };
        sigpipe::without(work, |(_, has_failed)| *has_failed).0
    } else {
        fan.run(input, fds)
    };
    if let Some(offset) = fan.offset {
        input.set_offset(offset);
    }
    fan.conclude(end, report)
}

impl<'a> Fan<'a> {
    fn new(input: End<'_>, fds: &[c_int], len: u64, options: &mut Options<'a>) -> Outcome<Fan<'a>> {
        let avoid = options.avoid | avoid::by_environment();
        let port = Port::new(input.fd).map_err(Halt::call)?;
        let spot = Spot::new(input).map_err(Halt::call)?;
        check::offset(&spot)?;
        let size = u64::try_from(spot.stat.size).unwrap_or(0);
        let offset = input.offset();
        let no_memory = Halt::call(Errno::NOMEM);
        let places = fds.len().saturating_add(1);
        // One output alone has nobody to share with.
        let without_tee = if fds.len() > 1 { via::TEE | via::SPLICE } else { via::SPLICE };
        let output = |index| Output::new(fds.get(index).copied().unwrap_or(-1));
        if options.has(flag::GROW_PIPE) {
            for &fd in fds.iter().chain([&input.fd]) {
                pipe::grow(fd);
            }
        }
        Ok(Fan {
            input: port,
            offset,
            left: len,
            taken: 0,
            outputs: List::new(fds.len(), output).ok_or(no_memory)?,
            polls: List::new(places, |_| NOBODY).ok_or(no_memory)?,
            buffer: None,
            round: 0,
            is_bulk: port.kind.is_file() && len.min(size) >= BULK as u64,
            pipe_size: PIPES.checked_div(fds.len()).unwrap_or(PIPE).clamp(BUFFER, PIPE),
            no_tee: options.has(flag::STABLE) || avoid & without_tee != 0,
            no_buffer: avoid & via::READ_WRITE != 0,
            drops: options.has(flag::DROP_FAILED),
            last: Errno::INVAL,
            more: if options.has(flag::MORE) { libc::MSG_MORE } else { 0 },
            pace: Pace::new(options),
        })
    }

    /// Round after round.
    fn run(&mut self, input: End<'_>, fds: &[c_int]) -> Outcome<()> {
        self.check(input, fds)?;
        while self.left > 0 && self.outputs.iter().any(Output::is_in) {
            self.pace.check()?;
            if self.take()? == 0 {
                break;
            }
            self.deliver()?;
        }
        Ok(())
    }

    /// Every output has to make sense beside the input, as in zs_copy.
    fn check(&mut self, input: End<'_>, fds: &[c_int]) -> Outcome<()> {
        let len = self.left;
        for (index, &fd) in fds.iter().enumerate() {
            let mut offset = self.offset;
            let input = End::at(input.fd, offset.as_mut());
            let checked = check::spots(input, End::own(fd), len);
            if let Err(halt) = checked.and_then(|(_, output)| check::access(&output)) {
                self.fail(index, halt)?;
            }
        }
        Ok(())
    }

    /// An output has failed: the end of all, unless it is to be left out.
    fn fail(&mut self, index: usize, halt: Halt) -> Outcome<()> {
        if let Some(output) = self.outputs.get_mut(index) {
            output.is_out = true;
            output.so_far.in_flight = output.rest(self.round) as u64;
            (output.so_far.side, output.so_far.end) = (halt.side, Err(halt.errno));
        }
        self.last = halt.errno;
        if self.drops {
            Ok(())
        } else {
            Err(Halt::new(Side::Out, halt.errno))
        }
    }

    /// Takes the bytes of the next round; 0: the input has ended.
    fn take(&mut self) -> Outcome<usize> {
        self.round = 0;
        if (self.is_bulk || self.no_buffer) && !self.no_tee {
            if let Some(count) = self.take_by_tee()? {
                return Ok(count);
            }
        }
        if self.no_buffer {
            return Err(Halt::call(Errno::OPNOTSUPP));
        }
        let count = self.take_by_read()?;
        self.is_bulk |= count >= BULK;
        Ok(self.taken(count))
    }

    fn taken(&mut self, count: usize) -> usize {
        self.round = count;
        self.taken = self.taken.saturating_add(count as u64);
        self.left = self.left.saturating_sub(count as u64);
        let count_signed = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_add(count_signed));
        count
    }

    fn take_by_read(&mut self) -> Outcome<usize> {
        let (input, offset) = (self.input, self.offset);
        let len = usize::try_from(self.left).unwrap_or(BUFFER).min(BUFFER);
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
                Ok(count) => {
                    for output in self.outputs.iter_mut() {
                        (output.piped, output.cursor) = (0, 0);
                    }
                    return Ok(count);
                }
                Err(Errno::AGAIN) => {
                    self.pace.wait(input.readable(), NOBODY)?;
                }
                Err(errno) => return Err(Halt::new(Side::In, errno)),
            }
        }
    }

    /// Takes into the pipe of one output, and duplicates from there. None: a read has to do.
    fn take_by_tee(&mut self) -> Outcome<Option<usize>> {
        if !self.have_pipes() {
            self.no_tee = true;
            self.outputs.iter_mut().for_each(|output| output.pipe = None);
            return Ok(None);
        }
        let count = self.fill()?;
        if let Some(count @ 1..) = count {
            self.taken(count);
            self.duplicate(count)?;
        }
        Ok(count)
    }

    /// Whether every output has a pipe of its own, and a large one.
    fn have_pipes(&mut self) -> bool {
        let size = self.pipe_size;
        self.outputs.iter_mut().filter(|output| output.is_in()).all(|output| {
            if output.pipe.is_none() {
                output.pipe = Pipe::new(size).ok().filter(|pipe| pipe.size() >= BUFFER);
            }
            output.pipe.is_some() && !output.no_pipe
        })
    }

    /// The pipe that is filled from the input: that of the first output.
    fn first_pipe(&self) -> Option<&Pipe> {
        self.outputs.iter().find(|output| output.is_in())?.pipe.as_ref()
    }

    /// Splices from the input; None: that does not do it, now or ever.
    fn fill(&mut self) -> Outcome<Option<usize>> {
        let Some(into) = self.first_pipe().map(|pipe| pipe.writer.0) else { return Ok(None) };
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

    /// Gives each output the `count` bytes that the first pipe holds; where tee(2) does not do it, all
    /// find the rest in the buffer.
    fn duplicate(&mut self, count: usize) -> Outcome<()> {
        let Some(from) = self.first_pipe().map(|pipe| pipe.reader.0) else { return Ok(()) };
        let mut is_first = true;
        let mut is_whole = true;
        for output in self.outputs.iter_mut().filter(|output| output.is_in()) {
            let copied = match output.pipe.as_ref() {
                _ if is_first => count,
                Some(pipe) => {
                    let flags = libc::SPLICE_F_NONBLOCK;
                    again(|| sys::tee(from, pipe.writer.0, count, flags).count()).unwrap_or(0)
                }
                None => 0,
            };
            is_whole &= copied == count;
            (output.piped, output.cursor) = (copied, copied);
            output.via = if is_first { via::SPLICE } else { via::SPLICE | via::TEE };
            is_first = false;
        }
        if is_whole {
            return Ok(());
        }
        self.no_tee = true;
        match self.outputs.iter_mut().find(|output| output.is_in()) {
            Some(first) if !self.no_buffer => first.pour(&mut self.buffer, count),
            _ => Ok(()),
        }
    }

    /// Lets all outputs have the round.
    fn deliver(&mut self) -> Outcome<()> {
        loop {
            let mut waits = false;
            let mut moves = false;
            for index in 0..self.outputs.len() {
                match self.push(index)? {
                    Push::Moved => moves = true,
                    Push::Blocked => waits = true,
                    Push::Nothing => {}
                }
            }
            if !waits && !moves {
                return Ok(());
            }
            if moves {
                self.pace.check()?;
            } else {
                self.wait()?;
            }
        }
    }

    /// Gives one output something of what it has not had yet.
    fn push(&mut self, index: usize) -> Outcome<Push> {
        let (round, more) = (self.round, self.more);
        let Some(output) = self.outputs.get_mut(index) else { return Ok(Push::Nothing) };
        if !output.is_in() || output.rest(round) == 0 {
            return Ok(Push::Nothing);
        }
        let buffer = if self.no_buffer { None } else { Some(&mut self.buffer) };
        match output.give(buffer, round, more) {
            Ok(count) => {
                output.so_far.bytes = output.so_far.bytes.saturating_add(count as u64);
                let so_far = output.so_far;
                self.pace.moved(&so_far)?;
                Ok(Push::Moved)
            }
            Err(Halt { errno: Errno::AGAIN, .. }) => Ok(Push::Blocked),
            Err(halt) => self.fail(index, halt).map(|()| Push::Nothing),
        }
    }

    /// Waits until one of those that have something to get can take it.
    fn wait(&mut self) -> Outcome<()> {
        let round = self.round;
        for (poll, output) in self.polls.iter_mut().skip(1).zip(self.outputs.iter()) {
            let waits = output.is_in() && output.rest(round) > 0;
            *poll = if waits { output.port.writable() } else { NOBODY };
        }
        self.pace.wait_for_any(&mut self.polls)
    }

    /// What has become of all.
    fn conclude(&self, end: Outcome<()>, mut report: impl FnMut(usize, Progress)) -> Result<u64> {
        for (index, output) in self.outputs.iter().enumerate() {
            let mut so_far = output.so_far;
            if let (Err(halt), true) = (end, output.is_in()) {
                so_far.in_flight = output.rest(self.round) as u64;
                // An output's error is its own; others end all.
                if halt.side != Some(Side::Out) {
                    (so_far.side, so_far.end) = (halt.side, Err(halt.errno));
                }
            }
            report(index, so_far);
        }
        match end {
            Err(halt) => Err(halt.errno),
            Ok(()) if self.outputs.iter().any(Output::is_in) => Ok(self.taken),
            Ok(()) => Err(self.last),
        }
    }
}

/// What came of giving an output something.
enum Push {
    Moved,
    Blocked,
    Nothing,
}

impl Output {
    fn new(fd: c_int) -> Output {
        let port = Port::new(fd).unwrap_or(Port { fd, kind: Kind::Other, blocks: false });
        let (so_far, pipe) = (Progress::NONE, None);
        Output { port, so_far, is_out: false, pipe, no_pipe: false, piped: 0, via: 0, cursor: 0 }
    }

    const fn is_in(&self) -> bool {
        !self.is_out
    }

    /// What it has not had of the round.
    const fn rest(&self, round: usize) -> usize {
        round.saturating_sub(self.cursor).saturating_add(self.piped)
    }

    /// Gives it something of the round, from its pipe or from the buffer, unless that is not to be
    /// used; returns how much.
    fn give(
        &mut self,
        buffer: Option<&mut Option<Buffer>>,
        round: usize,
        more: c_int,
    ) -> Outcome<usize> {
        if self.piped > 0 {
            match self.give_piped() {
                Err(errno) if Fate::of(errno) == Fate::Refused => self.no_pipe = true,
                answer => return answer.map_err(|errno| Halt::new(Side::Out, errno)),
            }
        }
        let buffer = buffer.ok_or(Halt::call(Errno::OPNOTSUPP))?;
        if self.piped > 0 {
            self.pour(buffer, round)?;
        }
        let bytes = buffer.as_mut().and_then(|buffer| buffer.bytes().get(self.cursor..round));
        let count = match self.port.write(bytes.ok_or(Halt::call(Errno::NOMEM))?, more) {
            Ok(0) => Err(Halt::new(Side::Out, Errno::IO)),
            answer => answer.map_err(|errno| Halt::new(Side::Out, errno)),
        }?;
        self.cursor = self.cursor.saturating_add(count);
        self.so_far.copied = self.so_far.copied.saturating_add(count as u64);
        self.so_far.via |= via::READ_WRITE;
        Ok(count)
    }

    fn give_piped(&mut self) -> Result<usize> {
        let pipe = self.pipe.as_ref().ok_or(Errno::INVAL)?;
        match self.port.splice_from(pipe.reader.0, self.piped)? {
            0 => Err(Errno::INVAL),
            count => {
                self.piped = self.piped.saturating_sub(count);
                self.so_far.via |= self.via;
                Ok(count)
            }
        }
    }

    /// Moves what its pipe holds to where it belongs in the buffer.
    fn pour(&mut self, buffer: &mut Option<Buffer>, round: usize) -> Outcome<()> {
        if buffer.as_ref().is_none_or(|buffer| buffer.len() < round) {
            *buffer = Buffer::new(round);
        }
        let buffer = buffer.as_mut().ok_or(Halt::call(Errno::NOMEM))?;
        let pipe = self.pipe.as_ref().map_or(-1, |pipe| pipe.reader.0);
        let start = self.cursor.saturating_sub(self.piped);
        let mut at = start;
        while at < self.cursor {
            let into = buffer.bytes().get_mut(at..self.cursor).unwrap_or_default();
            match again(|| sys::read(pipe, into, None)) {
                // Nobody else reads there: it cannot be empty.
                Ok(0) | Err(Errno::AGAIN) => return Err(Halt::call(Errno::IO)),
                Ok(count) => at = at.saturating_add(count),
                Err(errno) => return Err(Halt::call(errno)),
            }
        }
        (self.cursor, self.piped) = (start, 0);
        Ok(())
    }
}

/// Whether a 0 came from a FIFO that nobody has opened for writing yet.
fn is_early(input: Port) -> bool {
    input.kind == Kind::Pipe && doubt::zero(End::own(input.fd)) == Ok(Zero::Early)
}
