// SPDX-License-Identifier: MIT OR Apache-2.0

//! A small file to another file: one read and one write with memory on the stack, since a small copy costs
//! less than what the mechanisms prepare for a large one.
//!
//! What is not that simple (a signal, a short write, O_DIRECT) is left to them, and they continue at the exact byte.

use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::options::Options;
use crate::engine::shared::outcome::{Error, Progress};
use crate::errno::{Errno, Result};
use crate::mem::buffer::Piece;
use crate::sys;

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
        let written = sys::write(to.fd, bytes, to.offset);
        let count = written.unwrap_or(0).min(bytes.len());
        let rest = bytes.len().saturating_sub(count) as u64;
        so_far.count(ZS_VIA_READ_WRITE, count as u64);
        *remaining = remaining.saturating_sub(count as u64);
        from.advance(count as u64);
        to.advance(count as u64);
        if rest > 0 {
            let errno = match written {
                Ok(0) => Errno::IO,
                Ok(_) => Errno::INTR,
                Err(errno) => errno,
            };
            let is_back = from.put_back(rest, so_far);
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

/// Whether the mechanisms do better: they make the call again after a signal (or a short write), or with memory
/// that begins on a page.
const fn is_for_others(errno: Errno) -> bool {
    matches!(errno, Errno::INTR | Errno::AGAIN) || errno.is_unavailable()
}
