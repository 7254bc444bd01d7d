//! Every byte of one input to every output, the slowest setting the pace.
//!
//! In rounds: what one step takes from the input goes to all outputs, each as fast as it can, before
//! the next is taken. Large steps are taken into a pipe, the source. Outputs that are pipes get their
//! bytes from there by tee(2), others by way of a pipe of their own, and one, the heir, by splice(2),
//! which empties the source: tee(2) begins at its head, so nobody else gets on before the heir has got
//! there too. Small steps, and what cannot be spliced, go through one buffer.

mod give;
mod output;
mod source;
mod take;

use super::copy::check;
use super::options::{Options, FANOUT_FLAGS};
use super::pace::{Halt, Outcome, Pace, NOBODY};
use super::progress::{Progress, Side};
use super::spot::Spot;
use super::{avoid, sigpipe};
use crate::buffer::Buffer;
use crate::constants::*;
use crate::errno::{Errno, Result};
use crate::heap::List;
use crate::pipe;
use crate::sys::{End, Poll};
use core::ffi::c_int;
use output::Output;
use source::Source;

/// One buffer for all.
const BUFFER: usize = 256 << 10;
/// What a pipe is to hold; where it cannot hold as much as a buffer, tee(2) does not pay.
const PIPE: usize = 1 << 20;
/// How many outputs are given one, at the most.
const MOST: usize = 64;
/// Less than this is no reason to let a pipe grow.
const WORTH_IT: u64 = 64 << 10;
/// What all of them are to hold together, unless that would make them too small: a quarter of what an
/// ordinary user may have (pipe(7)).
const PIPES: usize = 16 << 20;

/// The whole.
struct Fan<'a> {
    input: Spot,
    left: u64,
    taken: u64,
    outputs: List<Output>,
    /// What poll(2) is asked: the cancel descriptor, then those that are waited for.
    polls: List<Poll>,
    buffer: Option<Buffer>,
    source: Source,
    /// Who gets its bytes from the source by splice(2).
    heir: usize,
    /// How many bytes the round has.
    round: usize,
    is_bulk: bool,
    /// What an input gives at once that is bulk.
    bulk: usize,
    pipe_size: usize,
    /// No tee(2) in this transfer, or no more.
    no_tee: bool,
    no_buffer: bool,
    drops: bool,
    /// The error of the output that failed last.
    last: Errno,
    /// More will follow the last byte at once.
    more: bool,
    grow: bool,
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
    if fds.is_empty() || !options.make_sense(FANOUT_FLAGS) {
        return refuse(Halt::call(Errno::INVAL), &mut report);
    }
    let mut fan = match Fan::new(input, fds, len, &mut options) {
        Ok(fan) => fan,
        Err(halt) => return refuse(halt, &mut report),
    };
    let end = if options.has(ZS_NOSIGPIPE) {
        // A splice(2) that came to less than all may have raised one, too.
        let work = || {
            let end = fan.run(fds);
            (end, end.is_err() || !fan.outputs.iter().all(Output::is_in))
        };
        sigpipe::without(work, |(_, has_failed)| *has_failed).0
    } else {
        fan.run(fds)
    };
    let settled = fan.input.settle().map_err(|errno| Halt::new(Side::In, errno));
    if let Some(offset) = fan.input.offset {
        input.set_offset(offset);
    }
    fan.conclude(end.and(settled), report)
}

impl<'a> Fan<'a> {
    fn new(input: End<'_>, fds: &[c_int], len: u64, options: &mut Options<'a>) -> Outcome<Fan<'a>> {
        let avoid = options.avoid | avoid::by_environment();
        let input = Spot::new(input).map_err(Halt::call)?;
        check::side(&input)?;
        let no_memory = Halt::call(Errno::NOMEM);
        // One output alone has nobody to share with.
        let without_tee = if fds.len() > 1 { ZS_VIA_TEE | ZS_VIA_SPLICE } else { ZS_VIA_SPLICE };
        let output = |index| Output::new(fds.get(index).copied().unwrap_or(-1));
        Ok(Fan {
            input,
            left: len,
            taken: 0,
            outputs: List::new(fds.len(), output).ok_or(no_memory)?,
            polls: List::new(fds.len().saturating_add(1), |_| NOBODY).ok_or(no_memory)?,
            buffer: None,
            source: Source::default(),
            heir: 0,
            round: 0,
            is_bulk: false,
            bulk: take::BULK,
            pipe_size: PIPE,
            no_tee: options.has(ZS_STABLE) || avoid & without_tee != 0,
            no_buffer: avoid & ZS_VIA_READ_WRITE != 0,
            drops: options.has(ZS_DROP_FAILED),
            last: Errno::INVAL,
            more: options.has(ZS_MORE),
            grow: options.has(ZS_GROW_PIPE),
            pace: Pace::new(options),
        })
    }

    /// Round after round.
    fn run(&mut self, fds: &[c_int]) -> Outcome<()> {
        self.check(fds)?;
        self.prepare(fds);
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
    fn check(&mut self, fds: &[c_int]) -> Outcome<()> {
        for (index, &fd) in fds.iter().enumerate() {
            let checked = Spot::new(End::own(fd)).map_err(Halt::call).and_then(|mut spot| {
                check::both(&mut self.input, &mut spot, self.left)?;
                check::access(&spot)?;
                Ok(spot)
            });
            match (checked, self.outputs.get_mut(index)) {
                (Ok(spot), Some(output)) => {
                    output.port = spot.port();
                    output.no_pipe = spot.is_packet_pipe();
                }
                (Err(halt), _) => self.fail(index, halt)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Finds out how much there is to be taken at once, and into what.
    fn prepare(&mut self, fds: &[c_int]) {
        let own = self.outputs.iter().filter(|output| output.is_in() && !output.is_pipe()).count();
        if own == 0 {
            self.bulk = take::BULK_OF_PIPES;
        }
        // For whoever wants more, the descriptors are worth more than the copies.
        self.no_tee |= own > MOST && !self.no_buffer;
        self.pipe_size = PIPES.checked_div(own.max(1)).unwrap_or(PIPE).clamp(BUFFER, PIPE);
        // Files take no larger pieces well; and what all get in turn is still in the processor's cache.
        if self.outputs.iter().any(|output| output.is_in() && output.port.kind.is_file()) {
            self.pipe_size = BUFFER;
        }
        self.is_bulk = self.input.is_file() && self.size() >= self.bulk as u64;
        if self.grow && self.left > WORTH_IT {
            fds.iter().chain([&self.input.fd]).for_each(|&fd| pipe::grow(fd));
        }
    }

    /// What is to be taken at the most, by the size that the input has; of a small one it is not worth
    /// asking where in it.
    fn size(&self) -> u64 {
        let size = self.input.stat.size;
        let at = if size < self.bulk as i64 { 0 } else { self.input.position() };
        self.left.min(u64::try_from(size.saturating_sub(at)).unwrap_or(0))
    }

    /// An output has failed: the end of all, unless it is to be left out.
    fn fail(&mut self, index: usize, halt: Halt) -> Outcome<()> {
        if let Some(output) = self.outputs.get_mut(index) {
            output.is_out = true;
            output.so_far.in_flight = output.rest(self.round) as u64;
            (output.so_far.side, output.so_far.end) = (halt.side, Err(halt.errno));
        }
        self.last = halt.errno;
        if !self.drops {
            return Err(Halt::new(Side::Out, halt.errno));
        }
        if index == self.heir && self.source.held > 0 {
            self.replace_heir()?;
        }
        Ok(())
    }

    /// The heir has failed; the source may hold bytes that others are still to get.
    fn replace_heir(&mut self) -> Outcome<()> {
        let round = self.round;
        let outputs = self.outputs.iter().enumerate();
        let next = outputs
            .filter(|(_, output)| output.is_in() && output.is_pipe() && output.rest(round) > 0)
            .min_by_key(|(_, output)| output.done);
        let Some((index, next)) = next else {
            self.source.close();
            return Ok(());
        };
        if !self.no_buffer {
            return self.pour_source();
        }
        self.heir = index;
        self.source.skip(self.source.held.saturating_sub(next.rest(round)))
    }

    /// From now on everybody finds in the buffer what the source held.
    fn pour_source(&mut self) -> Outcome<()> {
        self.source.pour(&mut self.buffer, self.round)
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
