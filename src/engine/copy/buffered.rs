// SPDX-License-Identifier: MIT OR Apache-2.0

//! read(2) and write(2).

use super::transfer::{Transfer, Tried};
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning;
use crate::errno::{Errno, Result};
use crate::mem::buffer::Buffer;
use crate::sys;
use core::ffi::c_int;

/// Copies until the input has filled a small buffer at once, which shows that there is much of it.
pub(super) fn small_reads(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    let Some(mut buffer) = Buffer::new(tuning::SMALL_PIECE.min(transfer.step())) else {
        return Ok(Tried::NotWorthIt);
    };
    while transfer.remaining > 0 {
        let moved = step(transfer, buffer.bytes())?;
        if moved == 0 {
            return Ok(Tried::Done);
        }
        if moved == tuning::SMALL_PIECE {
            return Ok(Tried::NotWorthIt);
        }
    }
    Ok(Tried::Done)
}

/// Copies all.
pub(super) fn run(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    let Ok(mut buffer) = take(transfer) else { return Ok(Tried::Unsupported(Errno::NOMEM)) };
    while transfer.remaining > 0 {
        let moved = step(transfer, buffer.bytes())?;
        if moved == 0 {
            break;
        }
        // There is more than the size said.
        if moved == buffer.len() && moved < tuning::BUFFER && transfer.remaining_by_size() == 0 {
            buffer = Buffer::new(tuning::BUFFER.min(transfer.step()).max(1)).unwrap_or(buffer);
        }
    }
    transfer.buffer = Some(buffer);
    Ok(Tried::Done)
}

/// The buffer of the copy, or a new one: as large as what is remaining, or smaller where memory is short.
pub(super) fn take(transfer: &mut Transfer<'_>) -> Result<Buffer, Error> {
    let wanted = match usize::try_from(transfer.remaining_by_size()).unwrap_or(tuning::BUFFER) {
        // The size says nothing, or has been outgrown.
        0 => tuning::BUFFER_UNSIZED,
        // More than a file has, so that one read shows both all of it and its end; whole blocks, since
        // O_DIRECT takes nothing else.
        rest => tuning::BUFFER
            .min(rest.saturating_add(tuning::DIRECT_BLOCK) & !tuning::DIRECT_BLOCK.wrapping_sub(1)),
    };
    let wanted = wanted.min(transfer.step()).max(1);
    if let Some(buffer) = transfer.buffer.take().filter(|buffer| buffer.len() >= wanted) {
        return Ok(buffer);
    }
    Buffer::up_to(wanted).ok_or(Error::call(Errno::NOMEM))
}

/// One read and the writes that it takes; 0: the input has ended.
pub(super) fn step(transfer: &mut Transfer<'_>, buffer: &mut [u8]) -> Result<usize, Error> {
    let len = buffer.len().min(transfer.step());
    loop {
        transfer.watch.check()?;
        let Some(into) = buffer.get_mut(..len) else { return Ok(0) };
        let taken = read(transfer, into)?;
        if taken > 0 {
            write(transfer, buffer.get(..taken).unwrap_or_default())?;
            return Ok(taken);
        }
        // read(2) is believed, but for a FIFO that has had no writer yet.
        if transfer.input.kind != FdKind::Pipe
            || !matches!(transfer.probe_input()?, Eof::No | Eof::NotYet)
        {
            return Ok(0);
        }
    }
}

fn read(transfer: &mut Transfer<'_>, into: &mut [u8]) -> Result<usize, Error> {
    transfer.await_input(false)?;
    let mut declined = 0;
    let (fd, offset) = (transfer.input.fd, transfer.input.offset);
    // Beyond the largest offset there is nothing, and the kernel refuses to look there.
    let most = transfer.input.remaining_by_offset();
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(into.len());
    let Some(into) = into.get_mut(..most).filter(|into| !into.is_empty()) else { return Ok(0) };
    loop {
        match get(transfer, fd, into, offset) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => transfer.watch.interrupted()?,
            Err(Errno::AGAIN) => {
                transfer.watch.wait_to_retry(transfer.input.readable(), &mut declined)?
            }
            Err(errno) => return Err(Error::input(errno)),
        }
    }
}

/// What blocks is not to block here, where there is something to notice meanwhile: between poll(2) and
/// the call somebody else may be faster.
fn get(transfer: &Transfer<'_>, fd: c_int, into: &mut [u8], offset: Option<i64>) -> Result<usize> {
    let is_at_once = !transfer.watch.may_block() && transfer.input.blocks;
    match transfer.input.kind {
        FdKind::Socket | FdKind::Pipe if is_at_once => transfer.input.read(into),
        _ => sys::read(fd, into, offset),
    }
}

/// Delivers all of `bytes`, or accounts for the rest.
pub(super) fn write(transfer: &mut Transfer<'_>, bytes: &[u8]) -> Result<(), Error> {
    let before = transfer.so_far.bytes;
    let end = deliver(transfer, bytes);
    let delivered = transfer.so_far.bytes.saturating_sub(before);
    let rest = (bytes.len() as u64).saturating_sub(delivered);
    if rest > 0 {
        transfer.count_undelivered(rest);
    }
    end
}

/// Writes `len` zeroes where the input has a hole.
pub(super) fn zeroes(transfer: &mut Transfer<'_>, len: u64) -> Result<(), Error> {
    if transfer.avoids(ZS_VIA_READ_WRITE) {
        return Err(Error::call(Errno::OPNOTSUPP));
    }
    let size = usize::try_from(len).unwrap_or(tuning::BUFFER).min(tuning::BUFFER);
    let mut buffer = Buffer::up_to(size).ok_or(Error::call(Errno::NOMEM))?;
    let end = transfer.so_far.bytes.saturating_add(len);
    while transfer.so_far.bytes < end {
        transfer.watch.check()?;
        let remaining =
            usize::try_from(end.saturating_sub(transfer.so_far.bytes)).unwrap_or(tuning::BUFFER);
        let zeroes = buffer.bytes();
        deliver(transfer, zeroes.get(..remaining.min(zeroes.len())).unwrap_or_default())?;
    }
    Ok(())
}

fn deliver(transfer: &mut Transfer<'_>, mut bytes: &[u8]) -> Result<(), Error> {
    let mut declined = 0;
    while !bytes.is_empty() {
        let room = if sends(transfer) { usize::MAX } else { transfer.await_output(false)? };
        let piece = bytes.get(..bytes.len().min(room)).unwrap_or(bytes);
        match put(transfer, piece) {
            Ok(0) => return Err(Error::output(Errno::IO)),
            Ok(count) => {
                declined = 0;
                bytes = bytes.get(count..).unwrap_or_default();
                transfer.so_far.copied = transfer.so_far.copied.saturating_add(count as u64);
                transfer.moved(ZS_VIA_READ_WRITE, count)?;
            }
            Err(Errno::INTR) => transfer.watch.interrupted()?,
            Err(Errno::AGAIN) => {
                transfer.watch.wait_to_retry(transfer.output.writable(), &mut declined)?
            }
            Err(errno) => return Err(Error::output(errno)),
        }
    }
    Ok(())
}

fn put(transfer: &Transfer<'_>, bytes: &[u8]) -> Result<usize> {
    let fd = transfer.output.fd;
    if sends(transfer) {
        let more = if transfer.has(ZS_MORE) { libc::MSG_MORE } else { 0 };
        let wait = if transfer.watch.may_block() { 0 } else { libc::MSG_DONTWAIT };
        return sys::send(fd, bytes, wait | more);
    }
    if transfer.output.kind == FdKind::Pipe && transfer.output.blocks && !transfer.watch.may_block()
    {
        return transfer.output.write(bytes, 0);
    }
    sys::write(fd, bytes, transfer.output.offset)
}

/// Whether send(2) writes the output: it need not block, and can say that more will follow.
fn sends(transfer: &Transfer<'_>) -> bool {
    transfer.output.kind == FdKind::Socket
}
