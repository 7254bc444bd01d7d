// SPDX-License-Identifier: MIT OR Apache-2.0

//! read(2) and write(2).

use super::transfer::{Transfer, Tried};
use crate::constants::*;
use crate::engine::shared;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning;
use crate::errno::{Errno, Result};
use crate::mem::buffer::{Buffer, Room};
use crate::sys;

/// Copies small pieces until one read fills the buffer: then the input is bulk, and splicing pays off.
pub(super) fn small_reads(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    let Some(mut buffer) =
        Buffer::for_reads(tuning::SMALL_PIECE.min(transfer.step_within(usize::MAX)))
    else {
        return Ok(Tried::NotForThis);
    };
    while transfer.remaining > 0 {
        let moved = step(transfer, &mut buffer)?;
        if moved == 0 {
            return Ok(Tried::Done);
        }
        if moved == tuning::SMALL_PIECE {
            return Ok(Tried::NotForThis);
        }
    }
    Ok(Tried::Done)
}

/// Copies everything that remains.
pub(super) fn run(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    let Ok(mut buffer) = take(transfer) else { return Ok(Tried::NoMemory) };
    while transfer.remaining > 0 {
        let moved = step(transfer, &mut buffer)?;
        if moved == 0 {
            break;
        }
        // There is more than fstat(2) reported.
        if moved == buffer.len() && moved < tuning::BUFFER && transfer.is_at_size() {
            buffer = Buffer::for_reads(tuning::BUFFER.min(transfer.step_within(usize::MAX)).max(1))
                .unwrap_or(buffer);
        }
    }
    transfer.buffer = Some(buffer);
    Ok(Tried::Done)
}

/// The buffer of the copy, or a new one: as large as what remains, or smaller if memory is short.
pub(super) fn take(transfer: &mut Transfer<'_>) -> Result<Buffer, Error> {
    let most = if transfer.is_flushed() { tuning::BUFFER_FLUSHED } else { tuning::BUFFER };
    let wanted = match usize::try_from(transfer.remaining_by_size()).unwrap_or(most) {
        // The size is unknown, or the file has grown beyond it.
        0 => tuning::BUFFER_UNSIZED,
        // More than the file has, so that one read shows both its last byte and its end; whole
        // blocks, since O_DIRECT takes nothing else (docs/kernel.md, "O_DIRECT takes whole blocks
        // only").
        rest => most
            .min(rest.saturating_add(tuning::DIRECT_BLOCK) & !tuning::DIRECT_BLOCK.wrapping_sub(1)),
    };
    let wanted = wanted.min(transfer.step_within(usize::MAX)).max(1);
    if let Some(buffer) = transfer.buffer.take().filter(|buffer| buffer.len() >= wanted) {
        return Ok(buffer);
    }
    Buffer::for_reads_up_to(wanted).ok_or(Error::call(Errno::NOMEM))
}

/// One read and the writes that it takes; 0: the input has ended.
pub(super) fn step(transfer: &mut Transfer<'_>, buffer: &mut dyn Room) -> Result<usize, Error> {
    loop {
        transfer.begin_step()?;
        cannot_be_delivered(transfer)?;
        let len = buffer.len().min(transfer.read_step());
        let taken = read(transfer, buffer, len)?;
        if taken > 0 {
            write(transfer, buffer.filled(taken))?;
            return Ok(taken);
        }
        // A 0 from read(2) is the end, except from a FIFO before its first writer (docs/kernel.md,
        // "A FIFO before its first writer returns 0").
        if transfer.input.kind != FdKind::Pipe
            || !matches!(transfer.probe_input()?, Eof::No | Eof::NotYet)
        {
            return Ok(0);
        }
    }
}

/// Fails if a stream has bytes that could not be written: beyond the largest offset every write fails.
fn cannot_be_delivered(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    if transfer.output.remaining_by_offset() > 0 || transfer.input.kind.is_file() {
        return Ok(());
    }
    transfer.wait_for_input()?;
    if transfer.probe()? != Eof::No {
        return Ok(());
    }
    let output = &transfer.output;
    sys::write(output.fd, &[0], output.offset)
        .map_or_else(|errno| Err(Error::output(errno)), |_| Ok(()))
}

fn read(transfer: &mut Transfer<'_>, into: &mut dyn Room, len: usize) -> Result<usize, Error> {
    // A socket is read first and waited for only if it is empty.
    if transfer.input.kind != FdKind::Socket {
        transfer.await_input(false)?;
    }
    let mut declined = 0;
    // Beyond the largest offset there is nothing, and the kernel refuses to read there.
    let most = transfer.input.remaining_by_offset();
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(len);
    if most == 0 {
        return Ok(0);
    }
    loop {
        match get(transfer, into, most) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => transfer.watch.interrupted()?,
            Err(Errno::AGAIN) => transfer.wait_to_read(&mut declined)?,
            Err(errno) => return Err(Error::input(errno)),
        }
    }
}

/// Never blocks if anything has to be noticed meanwhile (a deadline, a cancel, an output that dies):
/// another reader may have emptied the descriptor since poll(2).
fn get(transfer: &mut Transfer<'_>, into: &mut dyn Room, len: usize) -> Result<usize> {
    let nothing_dies = transfer.output.kind.is_file() || transfer.watch.is_blind();
    let may_block = transfer.watch.may_block() && nothing_dies;
    match transfer.input.kind {
        FdKind::Socket | FdKind::Pipe if transfer.input.blocks && !may_block => {
            transfer.input.read(into.bytes().get_mut(..len).unwrap_or_default())
        }
        _ => match into.read(transfer.input.fd, len, transfer.input.offset) {
            // Without pread(2): read(2) at the file position.
            Err(Errno::PERM | Errno::NOSYS) if transfer.input.seek_to_offset() => {
                into.read(transfer.input.fd, len, None)
            }
            Err(Errno::PERM | Errno::NOSYS) if transfer.input.offset.is_none() => {
                shared::read(transfer.input.fd, into.bytes().get_mut(..len).unwrap_or_default())
            }
            answer => answer,
        },
    }
}

/// Writes all of `bytes`, or accounts for the rest.
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

/// Writes `len` zeroes for a hole of the input.
pub(super) fn zeroes(transfer: &mut Transfer<'_>, len: u64) -> Result<(), Error> {
    if transfer.avoids(ZS_VIA_READ_WRITE) {
        return Err(transfer.nothing_left());
    }
    let size = usize::try_from(len).unwrap_or(tuning::BUFFER).min(tuning::BUFFER);
    let mut buffer = Buffer::up_to(size).ok_or(Error::call(Errno::NOMEM))?;
    let end = transfer.so_far.bytes.saturating_add(len);
    while transfer.so_far.bytes < end {
        transfer.begin_step()?;
        let remaining =
            usize::try_from(end.saturating_sub(transfer.so_far.bytes)).unwrap_or(tuning::BUFFER);
        let remaining = remaining.min(transfer.step());
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

fn put(transfer: &mut Transfer<'_>, bytes: &[u8]) -> Result<usize> {
    let may_block = transfer.watch.may_block();
    if !sends(transfer) {
        let output = &mut transfer.output;
        return match output.kind {
            FdKind::Pipe if output.blocks && !may_block => output.write(bytes, 0),
            _ => match sys::write(output.fd, bytes, output.offset) {
                // Without pwrite(2): write(2) at the file position.
                Err(Errno::PERM | Errno::NOSYS) if output.seek_to_offset() => {
                    sys::write(output.fd, bytes, None)
                }
                answer => answer,
            },
        };
    }
    let output = **transfer.output;
    let more = if transfer.has(ZS_MORE) { libc::MSG_MORE } else { 0 };
    let wait = if may_block { 0 } else { libc::MSG_DONTWAIT };
    match output.send(bytes, wait | more) {
        // A sandbox.
        Err(errno) if output.refuses_to_send(errno) => match may_block {
            true => sys::write(output.fd, bytes, None),
            false => output.write(bytes, more),
        },
        answer => answer,
    }
}

/// Whether the output is written by send(2), which need not block and has MSG_MORE.
fn sends(transfer: &Transfer<'_>) -> bool {
    transfer.output.kind == FdKind::Socket
}
