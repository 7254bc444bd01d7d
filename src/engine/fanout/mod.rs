// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every byte of one input to every output; the slowest output sets the pace.
//!
//! It works in rounds: what one step takes from the input goes to all outputs, each as fast as it can,
//! before the next step. A large step is spliced into a private pipe, the staging pipe. Outputs that are
//! pipes get their bytes from there by tee(2), others through a pipe of their own. One output, the
//! consumer, takes the bytes out of the staging pipe by splice(2). tee(2) always starts at the head of
//! that pipe (docs/kernel.md, "tee(2) begins at the head every time"), so the consumer never gets ahead of
//! an output that still has to duplicate. Small steps, and bytes for an output that cannot be spliced to,
//! go through one buffer that all outputs share.

mod deliver;
mod intake;
mod output;
mod staging;

use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::options::{avoided_by_environment, Options, FANOUT_FLAGS};
use crate::engine::shared::outcome::{Error, Progress};
use crate::engine::shared::pace::Throttle;
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

/// A fan-out in progress.
struct Fanout<'a> {
    input: Cursor,
    flags: u32,
    avoid: u32,
    /// Bytes still to take; u64::MAX for ZS_TO_END.
    remaining: u64,
    taken: u64,
    outputs: FixedVec<Output>,
    /// For poll(2): the cancel descriptor, the input, then the outputs that are waited for.
    polls: FixedVec<Poll>,
    buffer: Option<Buffer>,
    staging: Staging,
    /// The output that takes its bytes out of the staging pipe.
    consumer: usize,
    /// Bytes in this round.
    round: usize,
    is_bulk: bool,
    /// An input that gives this much at once is bulk.
    bulk: usize,
    pipe_size: usize,
    /// tee(2) is not possible, or not allowed: everything goes through the buffer.
    no_tee: bool,
    /// The error of the output that failed last.
    last_error: Errno,
    watch: Watch<'a>,
    pace: Throttle,
}

/// Copies up to `len` bytes to every one of `fds`, and advances the offset by the bytes taken. Returns
/// what every live output got, and reports the outcome of each.
pub(crate) fn fanout(
    input: FdAt<'_>,
    fds: &[c_int],
    len: u64,
    mut options: Options<'_>,
    mut report: impl FnMut(usize, Progress),
) -> Result<u64> {
    let made = if fds.is_empty() || !options.are_valid(FANOUT_FLAGS) {
        Err(Error::call(Errno::INVAL))
    } else {
        Fanout::new(input, fds, len, &mut options)
    };
    let mut fanout = match made {
        Ok(fanout) => fanout,
        Err(error) => {
            (0..fds.len()).for_each(|index| report(index, Progress::failed(error).of(index)));
            return Err(error.errno);
        }
    };
    let end = fanout.run_quietly(fds);
    let stored = fanout.input.store_position().map_err(Error::input);
    if let Some(offset) = fanout.input.offset {
        input.set_offset(offset);
    }
    fanout.conclude(end.and(stored), report)
}

impl<'a> Fanout<'a> {
    fn new(
        input: FdAt<'_>,
        fds: &[c_int],
        len: u64,
        options: &mut Options<'a>,
    ) -> Result<Fanout<'a>, Error> {
        let avoid = options.avoid | avoided_by_environment();
        let mut input = Cursor::new(input);
        checks::input(&mut input)?;
        let no_memory = Error::call(Errno::NOMEM);
        // A single output shares with nobody.
        let without_tee = if fds.len() > 1 { ZS_VIA_TEE | ZS_VIA_SPLICE } else { ZS_VIA_SPLICE };
        let output = |index| Output::new(fds.get(index).copied().unwrap_or(-1), index);
        Ok(Fanout {
            input,
            flags: options.flags,
            avoid,
            remaining: len,
            taken: 0,
            outputs: FixedVec::new(fds.len(), output).ok_or(no_memory)?,
            polls: FixedVec::new(fds.len().saturating_add(2), |_| NO_FD).ok_or(no_memory)?,
            buffer: None,
            staging: Staging::default(),
            consumer: 0,
            round: 0,
            is_bulk: false,
            bulk: tuning::FANOUT_BULK,
            pipe_size: tuning::PIPE as usize,
            // docs/kernel.md, "Pages are handed on, not copied"
            no_tee: options.has(ZS_STABLE) || avoid & without_tee != 0,
            last_error: Errno::INVAL,
            watch: Watch::new(options),
            pace: Throttle::new(options.rate),
        })
    }

    const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether read(2) and write(2) are to be avoided.
    const fn no_buffer(&self) -> bool {
        self.avoid & ZS_VIA_READ_WRITE != 0
    }

    fn live(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(|output| output.is_live())
    }

    fn run_quietly(&mut self, fds: &[c_int]) -> Result<(), Error> {
        if !self.has(ZS_NOSIGPIPE) {
            return self.run(fds);
        }
        let work = || {
            let end = self.run(fds);
            let may_raise = |output: &Output| {
                output.endpoint.kind.may_have_raised_sigpipe(end.is_err() || !output.is_live())
            };
            (end, self.outputs.iter().any(may_raise))
        };
        sigpipe::without(work, |(_, has_caused)| *has_caused).0
    }

    fn run(&mut self, fds: &[c_int]) -> Result<(), Error> {
        self.check(fds)?;
        if self.watch.is_watched() {
            self.input.learn_readiness();
        }
        self.plan(fds);
        while self.remaining > 0 && self.live().next().is_some() {
            self.watch.check()?;
            self.await_pace()?;
            if self.intake()? == 0 {
                break;
            }
            self.deliver()?;
            // Only now, so that no output gets more in a second: one may have taken it late.
            self.pace.spend(self.round as u64);
        }
        Ok(())
    }

    /// Checks every output beside the input, as zs_copy does.
    fn check(&mut self, fds: &[c_int]) -> Result<(), Error> {
        for (index, &fd) in fds.iter().enumerate() {
            let mut cursor = Cursor::new(FdAt::own(fd));
            let remaining = checks::output_beside(&mut self.input, &mut cursor, self.remaining);
            let checked = remaining.and_then(|remaining| {
                self.remaining = remaining;
                checks::is_writable(&cursor)
            });
            match (checked, self.outputs.get_mut(index)) {
                (Ok(()), Some(output)) => output.open(&cursor),
                (Err(error), _) => self.fail(index, error)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Decides how much to take at once, and into what.
    fn plan(&mut self, fds: &[c_int]) {
        let own_pipes = self.live().filter(|output| !output.tees()).count();
        if own_pipes == 0 {
            self.bulk = tuning::FANOUT_BULK_TO_PIPES;
        }
        self.no_tee |= own_pipes > tuning::FANOUT_PIPES && !self.no_buffer();
        let most = tuning::PIPE as usize;
        let share = tuning::FANOUT_CAPACITY.checked_div(own_pipes).unwrap_or(most);
        self.pipe_size = share.clamp(tuning::BUFFER, most);
        // docs/kernel.md, "Large pieces into fresh files are slow"; and 256 KiB is still in the CPU cache
        // when the last output gets it.
        if self.live().any(|output| output.endpoint.kind.is_file()) {
            self.pipe_size = tuning::BUFFER;
        }
        self.is_bulk = self.input.kind.is_file() && self.remaining_by_size() >= self.bulk as u64;
        if self.has(ZS_GROW_PIPE) && self.remaining > tuning::WORTH_A_PIPE as u64 {
            fds.iter().chain([&self.input.fd]).for_each(|&fd| pipe::grow(fd, tuning::PIPE));
        }
    }

    /// Bytes still to take, as far as the size of the input tells. If it is small, asking for the
    /// position is not worth a system call.
    fn remaining_by_size(&self) -> u64 {
        let size = self.input.stat.size;
        let at = if size < self.bulk as i64 { 0 } else { self.input.position() };
        self.remaining.min(u64::try_from(size.saturating_sub(at)).unwrap_or(0))
    }

    /// An output has failed. That ends the fan-out, unless ZS_DROP_FAILED says to go on without it.
    fn fail(&mut self, index: usize, error: Error) -> Result<(), Error> {
        if let Some(output) = self.outputs.get_mut(index) {
            output.drop_out(self.round, error);
        }
        self.last_error = error.errno;
        if !self.has(ZS_DROP_FAILED) {
            return Err(Error::output(error.errno));
        }
        if index == self.consumer && self.staging.held > 0 {
            self.replace_consumer()?;
        }
        match self.outputs.get(index) {
            Some(output) => self.watch.report(&output.so_far),
            None => Ok(()),
        }
    }

    /// The consumer has failed, and the staging pipe may hold bytes for others.
    fn replace_consumer(&mut self) -> Result<(), Error> {
        let round = self.round;
        let waits = |(_, output): &(usize, &Output)| {
            output.is_live() && output.tees() && output.remaining(round) > 0
        };
        let next = self.outputs.iter().enumerate().filter(waits).min_by_key(|(_, next)| next.done);
        let Some((index, next)) = next else {
            self.staging.close();
            return Ok(());
        };
        if !self.no_buffer() {
            return self.spill_staging();
        }
        self.consumer = index;
        self.staging.skip(self.staging.held.saturating_sub(next.remaining(round)))
    }

    /// Moves what the staging pipe holds to the buffer, where every output finds it from now on.
    fn spill_staging(&mut self) -> Result<(), Error> {
        self.staging.spill_to_buffer(&mut self.buffer, self.round)
    }

    /// Reports the outcome of every output, and returns that of the whole.
    fn conclude(
        &self,
        end: Result<(), Error>,
        mut report: impl FnMut(usize, Progress),
    ) -> Result<u64> {
        for (index, output) in self.outputs.iter().enumerate() {
            report(index, output.outcome(self.round, end));
        }
        match end {
            Err(error) => Err(error.errno),
            Ok(()) if self.live().next().is_some() => Ok(self.taken),
            Ok(()) => Err(self.last_error),
        }
    }
}
