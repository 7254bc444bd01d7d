// SPDX-License-Identifier: MIT OR Apache-2.0

//! A small file to another file: one read and one write with memory on the stack, since a small copy costs
//! less than what the mechanisms prepare for a large one.
//!
//! What is not that simple (a signal, O_DIRECT) is left to them, and they continue at the exact byte.

use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::options::Options;
use crate::engine::shared::outcome::{Error, Progress};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Piece;
use crate::sys;
use core::ffi::c_int;

/// Whether there is no more to copy than a piece, no hole in it, and nothing to be noticed meanwhile. (Within one
/// file the cursors have offsets of their own.)
pub(super) fn is_enough(from: &Cursor, to: &Cursor, len: u64, options: &Options<'_>) -> bool {
    let flags = ZS_CLONE | ZS_INTERRUPT | ZS_CANCEL_FD;
    from.kind == FdKind::File
        && to.kind == FdKind::File
        && (1..=Piece::SIZE).contains(&len.min(from.remaining_by_size().unwrap_or(0)))
        && from.stat.stored >= from.stat.size
        && !from.has_own_offset()
        && !to.has_own_offset()
        && to.remaining_by_offset() >= 2 * Piece::SIZE
        && options.flags & flags == 0
        && options.avoid & ZS_VIA_READ_WRITE == 0
        && options.timeout | options.idle == 0
        && options.rate == 0
        && options.progress.is_none()
}

/// Copies up to `remaining` bytes; returns whether that is done: they are copied, or the input has ended.
#[inline(never)] // its frame is large
pub(super) fn copy(
    from: &mut Cursor,
    to: &mut Cursor,
    remaining: &mut u64,
    so_far: &mut Progress,
) -> Result<bool, Error> {
    let mut piece = Piece::new();
    // The second read finds the end, unless the file has grown.
    for _ in 0..2 {
        let bytes = match piece.read(from.fd, (*remaining).min(Piece::SIZE) as usize, from.offset) {
            Ok([]) => return Ok(true),
            Ok(bytes) => bytes,
            Err(errno) if is_for_others(errno) => return Ok(false),
            Err(errno) => return Err(Error::input(errno)),
        };
        let (rest, end) = write_all(to.fd, bytes, to.offset);
        let count = bytes.len().saturating_sub(rest) as u64;
        so_far.count(ZS_VIA_READ_WRITE, count);
        *remaining = remaining.saturating_sub(count);
        from.advance(count);
        to.advance(count);
        if let Err(errno) = end {
            let is_back = from.put_back(rest as u64, so_far);
            return if is_back && is_for_others(errno) {
                Ok(false)
            } else {
                Err(Error::output(errno))
            };
        }
        if *remaining == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes `bytes`; returns how many are left, and why.
fn write_all(fd: c_int, mut bytes: &[u8], mut offset: Option<i64>) -> (usize, Result<()>) {
    loop {
        match sys::write(fd, bytes, offset) {
            Ok(count) if count >= bytes.len() => return (0, Ok(())),
            Ok(0) => return (bytes.len(), Err(Errno::IO)),
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or_default();
                offset = offset.map(|offset| offset.saturating_add(count as i64));
            }
            Err(Errno::INTR) => {}
            Err(errno) => return (bytes.len(), Err(errno)),
        }
    }
}

/// Whether the mechanisms do better: they make the call again after a signal, or with memory that begins on a
/// page.
const fn is_for_others(errno: Errno) -> bool {
    matches!(errno, Errno::INTR | Errno::AGAIN) || errno.is_unavailable()
}
