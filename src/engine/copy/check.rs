//! What has to be right before the first byte.

use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::Kind;
use crate::engine::spot::Spot;
use crate::errno::Errno;
use crate::sys::{self, End};
use core::ffi::c_int;

/// The two sides, if they make sense together.
pub(super) fn spots(input: End<'_>, output: End<'_>, len: u64) -> Outcome<(Spot, Spot)> {
    let mut from = Spot::new(input).map_err(Halt::call)?;
    let mut to = Spot::new(output).map_err(Halt::call)?;
    side(&from)?;
    both(&mut from, &mut to, len)?;
    Ok((from, to))
}

/// One side by itself.
pub(in crate::engine) fn side(spot: &Spot) -> Outcome<()> {
    offset(spot)?;
    spot.port().stream().map(drop).map_err(Halt::call)
}

/// An output, beside an input that is right by itself.
pub(in crate::engine) fn both(from: &mut Spot, to: &mut Spot, len: u64) -> Outcome<()> {
    side(to)?;
    if to.is_given() && is_appending(to) {
        return Err(Halt::call(Errno::INVAL));
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
fn is_same(from: &Spot, to: &Spot) -> bool {
    let (a, b) = (&from.stat, &to.stat);
    match (from.kind, to.kind) {
        (Kind::File, Kind::File) => a.device == b.device && a.inode == b.inode,
        (Kind::Block, Kind::Block) => a.special == b.special,
        _ => false,
    }
}

/// An offset is not negative, and given only for what can seek.
fn offset(spot: &Spot) -> Outcome<()> {
    let Some(offset) = spot.offset else { return Ok(()) };
    if spot.is_stream() {
        sys::lseek(spot.fd, 0, libc::SEEK_CUR).map_err(|_| Halt::call(Errno::SPIPE))?;
    }
    match offset {
        ..0 => Err(Halt::call(Errno::INVAL)),
        _ => Ok(()),
    }
}

/// Bytes that could not be read again are not taken for an output that cannot be written.
pub(in crate::engine) fn access(to: &Spot) -> Outcome<()> {
    let can_be_written =
        |flags: c_int| flags & libc::O_PATH == 0 && flags & libc::O_ACCMODE != libc::O_RDONLY;
    match to.status_flags() {
        Ok(flags) if !can_be_written(flags) => Err(Halt::call(Errno::BADF)),
        // Where that is not to be learned, it is tried.
        _ => Ok(()),
    }
}

pub(super) fn is_appending(spot: &Spot) -> bool {
    spot.status_flags().is_ok_and(|flags| flags & libc::O_APPEND != 0)
}

/// Within one file no byte may be read after it was written: the ranges must not overlap, nor may
/// the output be what makes the input go on.
fn within_one(from: &mut Spot, to: &mut Spot, len: u64) -> Outcome<()> {
    if len == 0 {
        return Ok(());
    }
    // A disk has no size here, and does not grow.
    let size = if from.kind == Kind::File { from.stat.size } else { i64::MAX };
    let start = from.pin().map_err(Halt::from)?;
    let target = if is_appending(to) {
        // The two may share one position, which every write moves to the end.
        from.keep();
        size
    } else {
        to.pin().map_err(Halt::from)?
    };
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    // An output within the file does not make it longer before the input has reached its end.
    let len = if target < size { len.min(size.saturating_sub(start).max(0)) } else { len };
    let apart = start.saturating_add(len) <= target || target.saturating_add(len) <= start;
    if len == 0 || apart {
        Ok(())
    } else {
        Err(Halt::call(Errno::INVAL))
    }
}
