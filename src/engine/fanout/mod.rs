//! Every byte of one input to every output, the slowest setting the watch.
//!
//! In rounds: what one step takes from the input goes to all outputs, each as fast as it can, before
//! the next is taken. Large steps are taken into a pipe, the staging. Outputs that are pipes get their
//! bytes from there by tee(2), others by supply of a pipe of their own, and one, the consumer, by splice(2),
//! which empties the staging: tee(2) begins at its head, so nobody else gets on before the consumer has got
//! there too. Small steps, and what cannot be spliced, go through one buffer.

mod deliver;
mod intake;
mod output;
mod staging;

use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::options::{avoided_by_environment, Options, FANOUT_FLAGS};
use crate::engine::shared::outcome::{Error, Progress, Side};
use crate::engine::shared::tuning;
use crate::engine::shared::watch::{Watch, NO_FD};
use crate::engine::shared::{checks, sigpipe};
use crate::errno::{Errno, Result};
use crate::mem::alloc::FixedVec;
use crate::mem::buffer::Buffer;
use crate::mem::pipe;
use crate::sys::{FdAt, Poll};
use core::ffi::c_int;
use output::Output;
use staging::Staging;

/// The whole.
struct Fanout<'a> {
    input: Cursor,
    left: u64,
    taken: u64,
    outputs: FixedVec<Output>,
    /// What poll(2) is asked: the cancel descriptor, then those that are waited for.
    polls: FixedVec<Poll>,
    buffer: Option<Buffer>,
    staging: Staging,
    /// Who gets its bytes from the staging by splice(2).
    consumer: usize,
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
    watch: Watch<'a>,
}

/// Copies up to `len` bytes to every one of `fds`; moves the offset on by what was taken. Returns
/// what every remaining output got, and tells of each what has become of it.
pub(crate) fn fanout(
    input: FdAt<'_>,
    fds: &[c_int],
    len: u64,
    mut options: Options<'_>,
    mut report: impl FnMut(usize, Progress),
) -> Result<u64> {
    let refuse = |error: Error, report: &mut dyn FnMut(usize, Progress)| {
        let refused = Progress::failed(error);
        (0..fds.len()).for_each(|index| report(index, refused));
        Err(error.errno)
    };
    if fds.is_empty() || !options.are_valid(FANOUT_FLAGS) {
        return refuse(Error::call(Errno::INVAL), &mut report);
    }
    let mut fanout = match Fanout::new(input, fds, len, &mut options) {
        Ok(fanout) => fanout,
        Err(error) => return refuse(error, &mut report),
    };
    let end = if options.has(ZS_NOSIGPIPE) {
        // A splice(2) that came to less than all may have raised one, too.
        let work = || {
            let end = fanout.run(fds);
            (end, end.is_err() || !fanout.outputs.iter().all(Output::is_live))
        };
        sigpipe::without(work, |(_, has_failed)| *has_failed).0
    } else {
        fanout.run(fds)
    };
    let settled = fanout.input.store_position().map_err(Error::input);
    if let Some(offset) = fanout.input.offset {
        input.set_offset(offset);
    }
    fanout.conclude(end.and(settled), report)
}

impl<'a> Fanout<'a> {
    fn new(
        input: FdAt<'_>,
        fds: &[c_int],
        len: u64,
        options: &mut Options<'a>,
    ) -> Result<Fanout<'a>, Error> {
        let avoid = options.avoid | avoided_by_environment();
        let input = Cursor::new(input).map_err(Error::call)?;
        checks::side(&input)?;
        let no_memory = Error::call(Errno::NOMEM);
        // One output alone has nobody to share with.
        let without_tee = if fds.len() > 1 { ZS_VIA_TEE | ZS_VIA_SPLICE } else { ZS_VIA_SPLICE };
        let output = |index| Output::new(fds.get(index).copied().unwrap_or(-1));
        Ok(Fanout {
            input,
            left: len,
            taken: 0,
            outputs: FixedVec::new(fds.len(), output).ok_or(no_memory)?,
            polls: FixedVec::new(fds.len().saturating_add(1), |_| NO_FD).ok_or(no_memory)?,
            buffer: None,
            staging: Staging::default(),
            consumer: 0,
            round: 0,
            is_bulk: false,
            bulk: tuning::FANOUT_BULK,
            pipe_size: tuning::PIPE as usize,
            no_tee: options.has(ZS_STABLE) || avoid & without_tee != 0,
            no_buffer: avoid & ZS_VIA_READ_WRITE != 0,
            drops: options.has(ZS_DROP_FAILED),
            last: Errno::INVAL,
            more: options.has(ZS_MORE),
            grow: options.has(ZS_GROW_PIPE),
            watch: Watch::new(options),
        })
    }

    /// Round after round.
    fn run(&mut self, fds: &[c_int]) -> Result<(), Error> {
        self.check(fds)?;
        self.prepare(fds);
        while self.left > 0 && self.outputs.iter().any(Output::is_live) {
            self.watch.check()?;
            if self.intake()? == 0 {
                break;
            }
            self.deliver()?;
        }
        Ok(())
    }

    /// Every output has to make sense beside the input, as in zs_copy.
    fn check(&mut self, fds: &[c_int]) -> Result<(), Error> {
        for (index, &fd) in fds.iter().enumerate() {
            let checked = Cursor::new(FdAt::own(fd)).map_err(Error::call).and_then(|mut spot| {
                checks::output_beside(&mut self.input, &mut spot, self.left)?;
                checks::is_writable(&spot)?;
                Ok(spot)
            });
            match (checked, self.outputs.get_mut(index)) {
                (Ok(spot), Some(output)) => {
                    output.port = *spot;
                    output.no_pipe = spot.is_packet_pipe();
                }
                (Err(error), _) => self.fail(index, error)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Finds out how much there is to be taken at once, and into what.
    fn prepare(&mut self, fds: &[c_int]) {
        let own =
            self.outputs.iter().filter(|output| output.is_live() && !output.is_pipe()).count();
        if own == 0 {
            self.bulk = tuning::FANOUT_BULK_TO_PIPES;
        }
        // For whoever wants more, the descriptors are worth more than the copies.
        self.no_tee |= own > tuning::FANOUT_PIPES && !self.no_buffer;
        self.pipe_size = tuning::FANOUT_CAPACITY
            .checked_div(own.max(1))
            .unwrap_or(tuning::PIPE as usize)
            .clamp(tuning::BUFFER, tuning::PIPE as usize);
        // Files take no larger pieces well; and what all get in turn is still in the processor's cache.
        if self.outputs.iter().any(|output| output.is_live() && output.port.kind.is_file()) {
            self.pipe_size = tuning::BUFFER;
        }
        self.is_bulk = self.input.kind.is_file() && self.size() >= self.bulk as u64;
        if self.grow && self.left > tuning::WORTH_A_PIPE as u64 {
            fds.iter().chain([&self.input.fd]).for_each(|&fd| pipe::grow(fd, tuning::PIPE));
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
    fn fail(&mut self, index: usize, error: Error) -> Result<(), Error> {
        if let Some(output) = self.outputs.get_mut(index) {
            output.dropped = true;
            output.so_far.in_flight = output.remaining(self.round) as u64;
            output.so_far.end = Err(error);
        }
        self.last = error.errno;
        if !self.drops {
            return Err(Error::output(error.errno));
        }
        if index == self.consumer && self.staging.held > 0 {
            self.replace_consumer()?;
        }
        Ok(())
    }

    /// The consumer has failed; the staging may hold bytes that others are still to get.
    fn replace_consumer(&mut self) -> Result<(), Error> {
        let round = self.round;
        let outputs = self.outputs.iter().enumerate();
        let next = outputs
            .filter(|(_, output)| {
                output.is_live() && output.is_pipe() && output.remaining(round) > 0
            })
            .min_by_key(|(_, output)| output.done);
        let Some((index, next)) = next else {
            self.staging.close();
            return Ok(());
        };
        if !self.no_buffer {
            return self.spill_staging();
        }
        self.consumer = index;
        self.staging.skip(self.staging.held.saturating_sub(next.remaining(round)))
    }

    /// From now on everybody finds in the buffer what the staging held.
    fn spill_staging(&mut self) -> Result<(), Error> {
        self.staging.spill_to_buffer(&mut self.buffer, self.round)
    }

    /// What has become of all.
    fn conclude(
        &self,
        end: Result<(), Error>,
        mut report: impl FnMut(usize, Progress),
    ) -> Result<u64> {
        for (index, output) in self.outputs.iter().enumerate() {
            let mut so_far = output.so_far;
            if let (Err(error), true) = (end, output.is_live()) {
                so_far.in_flight = output.remaining(self.round) as u64;
                // An output's error is its own; others end all.
                if error.side != Some(Side::Out) {
                    so_far.end = Err(error);
                }
            }
            report(index, so_far);
        }
        match end {
            Err(error) => Err(error.errno),
            Ok(()) if self.outputs.iter().any(Output::is_live) => Ok(self.taken),
            Ok(()) => Err(self.last),
        }
    }
}
