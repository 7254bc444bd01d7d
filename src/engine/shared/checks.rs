// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is checked before the first byte moves.

use crate::constants::ZS_TO_END;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::outcome::Error;
use crate::errno::Errno;
use crate::sys;
use core::ffi::c_int;

/// Looks at both sides of a transfer and checks them; returns how much of `len` can be moved from one to the
/// other.
pub(crate) fn sides(from: &mut Cursor, to: &mut Cursor, len: u64) -> Result<u64, Error> {
    input(from)?;
    output_beside(from, to, len)
}

/// Looks at an input and checks it.
pub(crate) fn input(from: &mut Cursor) -> Result<(), Error> {
    side(from)?;
    match from.kind.is_file() {
        true => Ok(()),
        // poll(2) waits for ever for the write end of a pipe to become readable.
        false => is_readable(from),
    }
}

/// Looks at one side and checks it by itself.
fn side(cursor: &mut Cursor) -> Result<(), Error> {
    cursor.look().map_err(Error::call)?;
    if let Some(offset) = cursor.offset {
        is_valid(offset, cursor)?;
    }
    match cursor.kind {
        FdKind::Socket => cursor.stream().map(drop).map_err(Error::call),
        _ => Ok(()),
    }
}

/// Looks at an output and checks it, by itself and beside an input that is valid. Returns how much of `len` can be
/// moved: within one file, only up to its present end.
pub(crate) fn output_beside(from: &mut Cursor, to: &mut Cursor, len: u64) -> Result<u64, Error> {
    side(to)?;
    if to.has_caller_offset() && is_appending(to) {
        return Err(Error::call(Errno::INVAL));
    }
    if !from.kind.is_file() {
        is_writable(to)?;
    }
    if is_same(from, to) {
        // A descriptor that is not open for this is EBADF first.
        is_writable(to)?;
        return within_one(from, to, len);
    }
    Ok(len)
}

/// Whether both are the same file, or the same disk.
fn is_same(from: &Cursor, to: &Cursor) -> bool {
    let (a, b) = (&from.stat, &to.stat);
    match (from.kind, to.kind) {
        (FdKind::File, FdKind::File) => a.device == b.device && a.inode == b.inode,
        (FdKind::Block, FdKind::Block) => a.special == b.special,
        _ => false,
    }
}

/// An offset must not be negative, and needs a descriptor that can seek.
fn is_valid(offset: i64, cursor: &Cursor) -> Result<(), Error> {
    if !cursor.kind.is_file() {
        sys::lseek(cursor.fd, 0, libc::SEEK_CUR).map_err(|_| Error::call(Errno::SPIPE))?;
    }
    match offset {
        ..0 => Err(Error::call(Errno::INVAL)),
        _ => Ok(()),
    }
}

/// Checks that the output is open for writing, before bytes of a stream are consumed.
pub(crate) fn is_writable(to: &Cursor) -> Result<(), Error> {
    is_open_for(to, libc::O_WRONLY)
}

/// Checks that the input is open for reading, before the output is changed without a read.
pub(crate) fn is_readable(from: &Cursor) -> Result<(), Error> {
    is_open_for(from, libc::O_RDONLY)
}

/// EBADF unless the descriptor has the access `mode`, or O_RDWR. If the flags cannot be read (a
/// sandbox), the first read or write fails instead.
fn is_open_for(cursor: &Cursor, mode: c_int) -> Result<(), Error> {
    let is_open = |flags: c_int| {
        flags & libc::O_PATH == 0 && [mode, libc::O_RDWR].contains(&(flags & libc::O_ACCMODE))
    };
    match cursor.status_flags() {
        Ok(flags) if !is_open(flags) => Err(Error::call(Errno::BADF)),
        _ => Ok(()),
    }
}

pub(crate) fn is_appending(cursor: &Cursor) -> bool {
    cursor.status_flags().is_ok_and(|flags| flags & libc::O_APPEND != 0)
}

/// Within one file the ranges must not overlap, and the output must not extend the input
/// (docs/kernel.md, "Within one file a copy can feed itself"). Returns how much of `len` there is
/// before the end that the file has now: a write beyond it leaves a gap, and the copy would read
/// that gap as data.
fn within_one(from: &mut Cursor, to: &mut Cursor, len: u64) -> Result<u64, Error> {
    if len == 0 {
        return Ok(0);
    }
    // A disk does not grow, and fstat(2) does not report its size.
    let size = if from.kind == FdKind::File { from.stat.size } else { i64::MAX };
    let start = from.use_offset().map_err(Error::from)?;
    let target = if is_appending(to) {
        // Both descriptors may share one file position, which each write moves to the end.
        from.keep_offset();
        size
    } else {
        to.use_offset().map_err(Error::from)?
    };
    let is_to_end = len == ZS_TO_END;
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let there = len.min(size.saturating_sub(start).max(0));
    // An output within the file does not extend it before the input has reached its end.
    let len = if target < size { there } else { len };
    let apart = start.saturating_add(len) <= target || target.saturating_add(len) <= start;
    if len > 0 && !apart {
        return Err(Error::call(Errno::INVAL));
    }
    Ok(if is_to_end { ZS_TO_END } else { there as u64 })
}
