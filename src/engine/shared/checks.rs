//! What has to be right before the first byte.

use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::outcome::Error;
use crate::errno::Errno;
use crate::sys::{self, FdAt};
use core::ffi::c_int;

/// The two sides, if they make sense together.
pub(crate) fn spots(
    input: FdAt<'_>,
    output: FdAt<'_>,
    len: u64,
) -> Result<(Cursor, Cursor), Error> {
    let mut from = Cursor::new(input).map_err(Error::call)?;
    let mut to = Cursor::new(output).map_err(Error::call)?;
    side(&from)?;
    both(&mut from, &mut to, len)?;
    Ok((from, to))
}

/// One side by itself.
pub(crate) fn side(spot: &Cursor) -> Result<(), Error> {
    offset(spot)?;
    spot.port().stream().map(drop).map_err(Error::call)
}

/// An output, beside an input that is right by itself.
pub(crate) fn both(from: &mut Cursor, to: &mut Cursor, len: u64) -> Result<(), Error> {
    side(to)?;
    if to.has_caller_offset() && is_appending(to) {
        return Err(Error::call(Errno::INVAL));
    }
    if from.is_stream() {
        access(to)?;
    }
    if is_same(from, to) {
        within_one(from, to, len)?;
    }
    Ok(())
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

/// An offset is not negative, and given only for what can seek.
fn offset(spot: &Cursor) -> Result<(), Error> {
    let Some(offset) = spot.offset else { return Ok(()) };
    if spot.is_stream() {
        sys::lseek(spot.fd, 0, libc::SEEK_CUR).map_err(|_| Error::call(Errno::SPIPE))?;
    }
    match offset {
        ..0 => Err(Error::call(Errno::INVAL)),
        _ => Ok(()),
    }
}

/// Bytes that could not be read again are not taken for an output that cannot be written.
pub(crate) fn access(to: &Cursor) -> Result<(), Error> {
    let can_be_written =
        |flags: c_int| flags & libc::O_PATH == 0 && flags & libc::O_ACCMODE != libc::O_RDONLY;
    match to.status_flags() {
        Ok(flags) if !can_be_written(flags) => Err(Error::call(Errno::BADF)),
        // Where that is not to be learned, it is tried.
        _ => Ok(()),
    }
}

pub(crate) fn is_appending(spot: &Cursor) -> bool {
    spot.status_flags().is_ok_and(|flags| flags & libc::O_APPEND != 0)
}

/// Within one file no byte may be read after it was written: the ranges must not overlap, nor may
/// the output be what makes the input go on.
fn within_one(from: &mut Cursor, to: &mut Cursor, len: u64) -> Result<(), Error> {
    if len == 0 {
        return Ok(());
    }
    // A disk has no size here, and does not grow.
    let size = if from.kind == FdKind::File { from.stat.size } else { i64::MAX };
    let start = from.use_offset().map_err(Error::from)?;
    let target = if is_appending(to) {
        // The two may share one position, which every write moves to the end.
        from.keep();
        size
    } else {
        to.use_offset().map_err(Error::from)?
    };
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    // An output within the file does not make it longer before the input has reached its end.
    let len = if target < size { len.min(size.saturating_sub(start).max(0)) } else { len };
    let apart = start.saturating_add(len) <= target || target.saturating_add(len) <= start;
    if len == 0 || apart {
        Ok(())
    } else {
        Err(Error::call(Errno::INVAL))
    }
}
