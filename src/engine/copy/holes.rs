//! Holes: found by lseek(2), SEEK_DATA and SEEK_HOLE, and remaining as such in the output.

use super::eof;
use super::mechanisms;
use super::transfer::Transfer;
use crate::constants::*;
use crate::engine::shared::checks::is_appending;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning;
use crate::errno::{Class, Errno};
use crate::sys::{self, Owned};
use core::ffi::{c_int, CStr};

/// What comes next in the input.
enum Extent {
    Hole(u64),
    Data(u64),
    /// Nothing: this is end of file.
    End,
    /// The file system does not tell.
    Unknown,
}

/// Whether the input stores less than its size, so that a walk is worth it.
pub(super) fn are_likely(transfer: &Transfer<'_>) -> bool {
    let stat = &transfer.input.stat;
    let are_files = transfer.input.kind == FdKind::File && transfer.output.kind == FdKind::File;
    are_files
        && stat.stored < stat.size
        && !transfer.has(ZS_FILL_HOLES)
        && transfer.remaining_by_size() > 0
        && !is_appending(&transfer.output)
}

/// Copies the data and skips the holes. Every round advances, whatever happens to the file.
pub(super) fn walk(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    // What only looks like a file is copied as a stream.
    let (Ok(_), Ok(_)) = (transfer.input.use_offset(), transfer.output.use_offset()) else {
        return mechanisms::copy_with_fallbacks(transfer);
    };
    let finder = HoleFinder::new(transfer);
    while transfer.remaining > 0 {
        transfer.watch.check()?;
        match finder.look(transfer)? {
            Extent::Hole(len) => leave_all(transfer, len.min(transfer.remaining))?,
            Extent::Data(len) => {
                if !transfer.limited_to(len, mechanisms::copy_with_fallbacks)? {
                    return Ok(());
                }
            }
            Extent::End if eof::after_zero(transfer)? == Eof::Yes => return Ok(()),
            Extent::End | Extent::Unknown => return mechanisms::copy_with_fallbacks(transfer),
        }
    }
    Ok(())
}

/// What is asked for holes: that moves its position.
struct HoleFinder {
    fd: c_int,
    /// Opened anew, where the position of the caller's descriptor has to stay.
    _ours: Option<Owned>,
    /// Where that position was, if there is no other way than to move it.
    was: Option<i64>,
}

impl HoleFinder {
    fn new(transfer: &mut Transfer<'_>) -> HoleFinder {
        let fd = transfer.input.fd;
        if !transfer.input.has_caller_offset() {
            transfer.input.forget_position();
            return HoleFinder { fd, _ours: None, was: None };
        }
        // Closing a file gives up every lock of fcntl(2) that the process has on it.
        let ours = if is_locked(fd) { None } else { reopen(&transfer.input) };
        let was = match ours {
            Some(_) => None,
            None => sys::lseek(fd, 0, libc::SEEK_CUR).ok(),
        };
        HoleFinder { fd: ours.as_ref().map_or(fd, |ours| ours.0), _ours: ours, was }
    }

    fn look(&self, transfer: &Transfer<'_>) -> Result<Extent, Error> {
        let position = transfer.input.offset.unwrap_or_default();
        let until = |end: i64| end.saturating_sub(position).max(0) as u64;
        match sys::lseek(self.fd, position, libc::SEEK_DATA) {
            Ok(data) if data > position => Ok(Extent::Hole(until(data))),
            Ok(_) => {
                let hole = sys::lseek(self.fd, position, libc::SEEK_HOLE);
                // A file that changes meanwhile may have a hole here by now.
                Ok(Extent::Data(hole.map_or(u64::MAX, until).max(1)))
            }
            Err(Errno::NXIO) => {
                let stat = sys::fstat(transfer.input.fd).map_err(Error::input)?;
                // Data that has been appended meanwhile counts into the size: is there still none?
                let data = sys::lseek(self.fd, position, libc::SEEK_DATA);
                match (until(stat.size), data) {
                    (0, _) => Ok(Extent::End),
                    (len, Err(Errno::NXIO)) => Ok(Extent::Hole(len)),
                    (_, Ok(data)) if data > position => Ok(Extent::Hole(until(data))),
                    _ => Ok(Extent::Data(1)),
                }
            }
            Err(_) => Ok(Extent::Unknown),
        }
    }
}

/// Leaves a hole in the output, in steps that are not too long where there is something to notice.
fn leave_all(transfer: &mut Transfer<'_>, mut len: u64) -> Result<(), Error> {
    while len > 0 {
        transfer.watch.check()?;
        let step =
            if transfer.watch.is_watched() { len.min(tuning::HOLE_STEP_WATCHED) } else { len };
        leave(transfer, step)?;
        len = len.saturating_sub(step);
    }
    Ok(())
}

/// Leaves a hole in the output: what is there already is punched, and what is not yet stays away
/// until something is written behind it.
fn leave(transfer: &mut Transfer<'_>, len: u64) -> Result<(), Error> {
    let offset = transfer.output.offset.unwrap_or_default();
    let stat = sys::fstat(transfer.output.fd).map_err(Error::output)?;
    let there = stat.size.saturating_sub(offset).clamp(0, i64::try_from(len).unwrap_or(i64::MAX));
    // Behind the end, too: xfs has allocated there for what it thinks will be appended.
    if !punch(transfer, offset, i64::try_from(len).unwrap_or(i64::MAX))? && there > 0 {
        return super::buffered::zeroes(transfer, there as u64);
    }
    let is_behind = stat.size <= offset.saturating_add(len as i64);
    transfer.hole_behind = is_behind.then_some(stat.size);
    transfer.so_far.holes = transfer.so_far.holes.saturating_add(len);
    transfer.skip(len)
}

/// Whether the file system could.
fn punch(transfer: &mut Transfer<'_>, offset: i64, len: i64) -> Result<bool, Error> {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    loop {
        match sys::fallocate(transfer.output.fd, mode, offset, len) {
            Ok(()) => return Ok(true),
            Err(errno) => match errno.class() {
                Class::Interrupted => transfer.watch.interrupted()?,
                Class::Failed => return Err(Error::output(errno)),
                _ => return Ok(false),
            },
        }
    }
}

/// Lets a hole at the end reach its length, where nobody else has extended the file.
pub(super) fn close(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let (Some(end), Some(before)) = (transfer.output.offset, transfer.hole_behind) else {
        return Ok(());
    };
    let stat = sys::fstat(transfer.output.fd);
    let size = stat.map_or(before, |stat| stat.size);
    if size >= end {
        return Ok(());
    }
    stat.and_then(|_| sys::ftruncate(transfer.output.fd, end)).map_err(|errno| {
        transfer.uncount_hole(end.saturating_sub(size) as u64);
        Error::output(errno)
    })
}

impl Drop for HoleFinder {
    fn drop(&mut self) {
        if let Some(position) = self.was {
            // It cannot fail: the descriptor has been there.
            let _ = sys::lseek(self.fd, position, libc::SEEK_SET);
        }
    }
}

/// The same file with a position of its own. (Somebody may have put another in its place.)
fn reopen(input: &Cursor) -> Option<Owned> {
    let ours = open_numbered(b"/proc/thread-self/fd/", input.fd)?;
    let (stat, theirs) = (sys::fstat(ours.0).ok()?, &input.stat);
    (stat.device == theirs.device && stat.inode == theirs.inode).then_some(ours)
}

/// Whether this process has a lock of fcntl(2) on the file, by whatever descriptor (proc(5), Linux
/// 4.1). Where that is not to be learned it has.
fn is_locked(fd: c_int) -> bool {
    const LOCK: &[u8] = b"POSIX";
    let mut text = [0; 1024];
    let read = open_numbered(b"/proc/thread-self/fdinfo/", fd)
        .and_then(|info| sys::read(info.0, &mut text, None).ok())
        .and_then(|count| text.get(..count))
        .filter(|text| text.len() < 1024);
    read.is_none_or(|text| text.windows(LOCK.len()).any(|word| word == LOCK))
}

/// What is at `folder` under the number.
fn open_numbered(folder: &[u8], number: c_int) -> Option<Owned> {
    let mut path = [0_u8; 48];
    path.get_mut(..folder.len())?.copy_from_slice(folder);
    let digits = core::iter::successors(Some(number), |&remaining| {
        (remaining >= 10).then_some(remaining / 10)
    });
    let mut remaining = number;
    for digit in path.get_mut(folder.len()..)?.get_mut(..digits.count())?.iter_mut().rev() {
        *digit = b'0'.wrapping_add((remaining % 10) as u8);
        remaining /= 10;
    }
    let path = CStr::from_bytes_until_nul(&path).ok()?;
    sys::open(path, libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK).ok()
}
