// SPDX-License-Identifier: MIT OR Apache-2.0

//! splice(2) through a pipe of our own, if neither side is a pipe.

use super::buffered;
use super::eof::{self, Attempts};
use super::transfer::{Transfer, Tried};
use crate::constants::*;
use crate::engine::shared::outcome::{Answer, Error};
use crate::engine::shared::tuning;
use crate::engine::shared::{read, refusal};
use crate::errno::Errno;
use crate::mem::pipe::Pipe;
use crate::sys::{self, FdAt};

pub(super) fn run(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    if transfer.remaining_by_size() < tuning::WORTH_A_PIPE as u64
        && !transfer.avoids(ZS_VIA_READ_WRITE)
    {
        return Ok(Tried::NotForThis);
    }
    let Some(pipe) = transfer.pipe.take().or_else(|| make(transfer)) else {
        transfer.give_up(ZS_VIA_SPLICE);
        return Ok(Tried::NotForThis);
    };
    while transfer.remaining > 0 {
        let held = match fill(transfer, &pipe)? {
            Fill::Held(held) => held,
            Fill::Ended => break,
            Fill::Refused(errno) => return Ok(Tried::Unsupported(errno)),
        };
        let before = transfer.so_far.bytes;
        let end = drain(transfer, &pipe, held);
        let rest = held.saturating_sub(transfer.so_far.bytes.saturating_sub(before));
        match end {
            Ok(Tried::Done) => {}
            Ok(refused) => return spill_to_buffer(transfer, &pipe, rest).map(|()| refused),
            Err(error) => {
                transfer.count_undelivered(rest);
                return Err(error);
            }
        }
    }
    transfer.pipe = Some(pipe);
    Ok(Tried::Done)
}

/// Makes a pipe. Past the per-user quota a new one holds only two pages (docs/kernel.md, "The quota
/// for pipes"): not worth using.
fn make(transfer: &Transfer<'_>) -> Option<Pipe> {
    let least = if transfer.avoids(ZS_VIA_READ_WRITE) { 0 } else { tuning::WORTH_A_PIPE };
    Pipe::of_at_least(least, tuning::PIPE_TO_FILE)
}

enum Fill {
    Held(u64),
    Ended,
    Refused(Errno),
}

/// Splices one step from the input into the pipe.
fn fill(transfer: &mut Transfer<'_>, pipe: &Pipe) -> Result<Fill, Error> {
    let mut attempts = Attempts::default();
    while transfer.remaining > 0 {
        transfer.begin_step()?;
        transfer.await_input(false)?;
        let len = transfer.step().min(tuning::PIPE_TO_FILE);
        let mut call = || splice_in(transfer, pipe, len);
        let tried = match refusal::answer(transfer.input.socket(), &mut call) {
            Answer::Moved(count) => return Ok(Fill::Held(count as u64)),
            Answer::Zero => eof::verdict(transfer, &mut attempts)?,
            Answer::Interrupted => transfer.watch.interrupted().map(|()| None)?,
            Answer::WouldBlock => would_block(transfer, &mut attempts)?,
            Answer::Unsupported(errno) => Some(Tried::Unsupported(errno)),
            Answer::Failed(errno) => return Err(Error::input(errno)),
        };
        match tried {
            None => {}
            Some(Tried::Unsupported(errno)) => return Ok(Fill::Refused(errno)),
            Some(_) => break,
        }
    }
    Ok(Fill::Ended)
}

fn splice_in(transfer: &Transfer<'_>, pipe: &Pipe, len: usize) -> Result<usize, Errno> {
    let mut offset = transfer.input.offset;
    let (from, to) = (transfer.input.at(&mut offset), FdAt::own(pipe.writer.0));
    sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK).count()
}

/// After "would block" of the input: the pipe is empty.
fn would_block(
    transfer: &mut Transfer<'_>,
    attempts: &mut Attempts,
) -> Result<Option<Tried>, Error> {
    // TCP urgent data: ready, and splice(2) never gets past it.
    if attempts.declined >= tuning::DECLINES_OF_A_SOCKET {
        return Ok(Some(Tried::Unsupported(Errno::AGAIN)));
    }
    transfer.wait_to_read(&mut attempts.declined).map(|()| None)
}

/// Splices what the pipe holds to the output.
fn drain(transfer: &mut Transfer<'_>, pipe: &Pipe, mut held: u64) -> Result<Tried, Error> {
    let mut declined = 0;
    while held > 0 {
        let len = held.min(transfer.await_output(false)? as u64) as usize;
        if len == 0 {
            return Ok(Tried::Unsupported(Errno::INVAL));
        }
        // Cut to what the output can take now: no SPLICE_F_MORE, or the socket would hold these
        // bytes back (docs/kernel.md, "SPLICE_F_MORE and MSG_MORE hold the last packet back").
        let holds_back = transfer.has(ZS_MORE) && len as u64 == held;
        let mut call = || splice_out(transfer, pipe, len, holds_back);
        match refusal::answer(transfer.output.socket(), &mut call) {
            Answer::Moved(count) => {
                declined = 0;
                held = held.saturating_sub(count as u64);
                transfer.moved(ZS_VIA_SPLICE, count)?;
                transfer.check_short_count(count, len)?;
            }
            // The pipe holds bytes, and nobody else reads it.
            Answer::Zero => return Ok(Tried::Unsupported(Errno::OPNOTSUPP)),
            Answer::Interrupted => transfer.watch.interrupted()?,
            Answer::WouldBlock if declined >= tuning::DECLINES => {
                return Ok(Tried::Unsupported(Errno::AGAIN))
            }
            Answer::WouldBlock => {
                transfer.watch.wait_to_retry(transfer.output.writable(), &mut declined)?
            }
            Answer::Failed(errno) => return Err(Error::output(errno)),
            Answer::Unsupported(errno) => return Ok(Tried::Unsupported(errno)),
        }
    }
    Ok(Tried::Done)
}

fn splice_out(
    transfer: &Transfer<'_>,
    pipe: &Pipe,
    len: usize,
    holds_back: bool,
) -> Result<usize, Errno> {
    let more = if holds_back { libc::SPLICE_F_MORE } else { 0 };
    let mut offset = transfer.output.offset;
    let (from, to) = (FdAt::own(pipe.reader.0), transfer.output.at(&mut offset));
    sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK | more).count()
}

/// The output takes nothing from the pipe: reads the rest out of it and writes that.
fn spill_to_buffer(transfer: &mut Transfer<'_>, pipe: &Pipe, mut held: u64) -> Result<(), Error> {
    if transfer.avoids(ZS_VIA_READ_WRITE) {
        transfer.count_undelivered(held);
        return Err(transfer.nothing_left());
    }
    let mut buffer = match buffered::take(transfer) {
        Ok(buffer) => buffer,
        Err(error) => {
            transfer.count_undelivered(held);
            return Err(error);
        }
    };
    while held > 0 {
        let count = match read(pipe.reader.0, buffer.bytes()) {
            Ok(count) if count > 0 => count,
            Err(Errno::INTR) => continue,
            answer => {
                transfer.count_undelivered(held);
                return Err(Error::call(answer.err().unwrap_or(Errno::IO)));
            }
        };
        held = held.saturating_sub(count as u64);
        if let Err(error) =
            buffered::write(transfer, buffer.bytes().get(..count).unwrap_or_default())
        {
            transfer.count_undelivered(held);
            return Err(error);
        }
    }
    transfer.buffer = Some(buffer);
    Ok(())
}
