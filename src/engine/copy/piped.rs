// SPDX-License-Identifier: MIT OR Apache-2.0

//! splice(2) through a pipe of ours, where neither side is a pipe.

use super::buffered;
use super::eof;
use super::transfer::{Transfer, Tried};
use crate::constants::*;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning;
use crate::errno::{Class, Errno};
use crate::mem::pipe::Pipe;
use crate::sys::{self, FdAt};

pub(super) fn run(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    if transfer.remaining_by_size() < tuning::WORTH_A_PIPE as u64
        && !transfer.avoids(ZS_VIA_READ_WRITE)
    {
        return Ok(Tried::NotWorthIt);
    }
    let Some(pipe) = transfer.pipe.take().or_else(|| make(transfer)) else {
        return Ok(Tried::Unsupported(Errno::OPNOTSUPP));
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

/// A pipe that is worth it: of an ordinary user who has spent the quota it holds two pages (pipe(7)).
fn make(transfer: &Transfer<'_>) -> Option<Pipe> {
    let is_worth_it = |pipe: &Pipe| pipe.size() as u64 >= tuning::WORTH_A_PIPE as u64;
    let must = transfer.avoids(ZS_VIA_READ_WRITE);
    Pipe::new(tuning::PIPE_TO_FILE).ok().filter(|pipe| must || is_worth_it(pipe))
}

enum Fill {
    Held(u64),
    Ended,
    Refused(Errno),
}

/// Takes what one step takes.
fn fill(transfer: &mut Transfer<'_>, pipe: &Pipe) -> Result<Fill, Error> {
    let (mut declined, mut contradicted) = (0, false);
    loop {
        transfer.watch.check()?;
        transfer.await_input(false)?;
        let mut offset = transfer.input.offset;
        let (from, to) = (transfer.input.at(&mut offset), FdAt::own(pipe.writer.0));
        match sys::splice(
            from,
            to,
            transfer.step().min(tuning::PIPE_TO_FILE),
            libc::SPLICE_F_NONBLOCK,
        )
        .count()
        {
            Ok(0) if contradicted => return Ok(Fill::Refused(Errno::OPNOTSUPP)),
            Ok(0) => match eof::after_zero(transfer)? {
                Eof::Yes => return Ok(Fill::Ended),
                Eof::Unknown => return Ok(Fill::Refused(Errno::OPNOTSUPP)),
                Eof::No if transfer.remaining == 0 => return Ok(Fill::Ended),
                Eof::No => contradicted = true,
                Eof::NotYet => {}
            },
            Ok(count) => return Ok(Fill::Held(count as u64)),
            Err(errno) => match errno.class() {
                Class::Interrupted => transfer.watch.interrupted()?,
                Class::WouldBlock
                    if transfer.stalled(transfer.input.fd, pipe.writer.0, &mut declined)? => {}
                Class::Failed => return Err(Error::input(errno)),
                Class::WouldBlock | Class::Unsupported => return Ok(Fill::Refused(errno)),
            },
        }
    }
}

/// Delivers what the pipe holds.
fn drain(transfer: &mut Transfer<'_>, pipe: &Pipe, mut held: u64) -> Result<Tried, Error> {
    let more = if transfer.has(ZS_MORE) { libc::SPLICE_F_MORE } else { 0 };
    let mut declined = 0;
    while held > 0 {
        let room = transfer.await_output(false)? as u64;
        if room == 0 {
            return Ok(Tried::Unsupported(Errno::INVAL));
        }
        let mut offset = transfer.output.offset;
        let (from, to) = (FdAt::own(pipe.reader.0), transfer.output.at(&mut offset));
        // Of a piece that has been cut to the room there is none is to be held back.
        let flags = libc::SPLICE_F_NONBLOCK | if room < held { 0 } else { more };
        match sys::splice(from, to, held.min(room) as usize, flags).count() {
            // The pipe holds bytes, and nobody else reads it.
            Ok(0) => return Ok(Tried::Unsupported(Errno::OPNOTSUPP)),
            Ok(count) => {
                declined = 0;
                held = held.saturating_sub(count as u64);
                transfer.moved(ZS_VIA_SPLICE, count)?;
            }
            Err(errno) => match errno.class() {
                Class::Interrupted => transfer.watch.interrupted()?,
                Class::WouldBlock
                    if transfer.stalled(pipe.reader.0, transfer.output.fd, &mut declined)? => {}
                Class::Failed => return Err(Error::output(errno)),
                Class::WouldBlock | Class::Unsupported => return Ok(Tried::Unsupported(errno)),
            },
        }
    }
    Ok(Tried::Done)
}

/// The output does not take it from the pipe: reads it out of there.
fn spill_to_buffer(transfer: &mut Transfer<'_>, pipe: &Pipe, mut held: u64) -> Result<(), Error> {
    if transfer.avoids(ZS_VIA_READ_WRITE) {
        transfer.count_undelivered(held);
        return Err(Error::call(Errno::OPNOTSUPP));
    }
    let mut buffer = match buffered::take(transfer) {
        Ok(buffer) => buffer,
        Err(error) => {
            transfer.count_undelivered(held);
            return Err(error);
        }
    };
    while held > 0 {
        let count = match sys::read(pipe.reader.0, buffer.bytes(), None) {
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
