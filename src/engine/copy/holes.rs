// SPDX-License-Identifier: MIT OR Apache-2.0

//! Holes: found by lseek(2) with SEEK_DATA and SEEK_HOLE, and left as holes in the output.

use super::eof;
use super::mechanisms;
use super::transfer::Transfer;
use crate::constants::*;
use crate::engine::shared::checks;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::{retry_on_intr, tuning};
use crate::errno::{Class, Errno, Result};
use crate::sys::{self, Stat};
use core::ffi::c_int;
use core::ops::Range;

/// What comes next in the input.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
enum Extent {
    Hole(u64),
    Data(u64),
    /// Nothing: this is the end of the file.
    End,
    /// The file system does not say.
    Unknown,
}

/// What the walk knows of the blocks of the output.
struct OutputBlocks {
    /// Whether blocks were allocated behind its end at the beginning (FALLOC_FL_KEEP_SIZE). ext4
    /// does not punch there, so each hole is punched once the file has grown beyond it.
    is_preallocated: bool,
    /// The hole that is to be punched as soon as data has been written behind it.
    unpunched: Option<Range<i64>>,
    /// The bytes that were allocated at the beginning, and those of the data copied since.
    expected: i64,
}

/// Whether the input has fewer blocks than its size needs, so that it is worth looking for holes.
pub(super) fn are_likely(transfer: &Transfer<'_>) -> bool {
    let stat = &transfer.input.stat;
    let are_files = transfer.input.kind == FdKind::File && transfer.output.kind == FdKind::File;
    are_files
        && stat.stored < stat.size
        && !transfer.has(ZS_FILL_HOLES)
        && transfer.remaining_by_size() > 0
        && !checks::is_appending(transfer.output)
}

/// Copies the data and skips the holes, which the mechanisms would fill (docs/kernel.md, "Copies
/// fill holes").
pub(super) fn walk(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    // Leaving a hole needs no read or write, so check the access modes here (EBADF).
    checks::is_readable(transfer.input)?;
    checks::is_writable(transfer.output)?;
    // A file without a usable position (procfs), or one whose flags cannot be queried, is copied as
    // a stream.
    let is_known = transfer.input.status_flags().is_ok() && transfer.output.status_flags().is_ok();
    if !is_known || transfer.input.use_offset().is_err() || transfer.output.use_offset().is_err() {
        return mechanisms::copy_with_fallbacks(transfer);
    }
    let mut blocks = OutputBlocks::new(&transfer.output.stat);
    match copy_extents(transfer, &mut blocks) {
        Err(error)
            if error.errno == Errno::SPIPE && transfer.so_far.bytes == transfer.so_far.holes =>
        {
            start_again(transfer)
        }
        end => {
            let closed = close(transfer);
            end.and(closed).and(blocks.punch_behind(transfer))
        }
    }
}

/// Copies as a stream to a file of procfs that can be written at its position only (seq_file).
/// Nothing is there yet.
fn start_again(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let holes = transfer.so_far.holes;
    transfer.uncount_hole(holes);
    transfer.remaining = transfer.remaining.saturating_add(holes);
    transfer.hole_behind = None;
    super::clone::use_position(transfer)?;
    mechanisms::copy_with_fallbacks(transfer)
}

/// Copies one extent after the other. Each round advances, however the file changes meanwhile.
fn copy_extents(transfer: &mut Transfer<'_>, blocks: &mut OutputBlocks) -> Result<(), Error> {
    let mut finder = HoleFinder::new(transfer);
    while transfer.remaining > 0 {
        match finder.next(transfer)? {
            Extent::Hole(len) => leave_all(transfer, blocks, len.min(transfer.remaining))?,
            Extent::Data(len) if blocks.copy(transfer, len)? => {}
            Extent::Data(_) => return Ok(()),
            Extent::End if eof::after_zero(transfer)? == Eof::Yes => return Ok(()),
            Extent::End | Extent::Unknown => return mechanisms::copy_with_fallbacks(transfer),
        }
    }
    Ok(())
}

/// Asks for the extents of the input. That moves its file position (docs/kernel.md, "SEEK_DATA and
/// SEEK_HOLE move the position"), which is put back where the caller has passed an offset (and set
/// by Cursor::store_position where not). Nothing is opened: a second descriptor would break leases
/// and drop the record locks of the process (docs/kernel.md, "close(2) releases record locks").
struct HoleFinder {
    fd: c_int,
    /// The file position to put back.
    position: Option<i64>,
    /// Where data is known to begin: the end of the hole before it.
    data: Option<i64>,
}

impl HoleFinder {
    fn new(transfer: &mut Transfer<'_>) -> HoleFinder {
        let fd = transfer.input.fd;
        let mut position = None;
        // The output may be a duplicate of the same descriptor.
        transfer.output.forget_position();
        if transfer.input.has_caller_offset() {
            position = sys::lseek(fd, 0, libc::SEEK_CUR).ok();
        } else {
            transfer.input.forget_position();
        }
        HoleFinder { fd, position, data: None }
    }

    /// The extent at the offset of the input.
    fn next(&mut self, transfer: &Transfer<'_>) -> Result<Extent, Error> {
        let position = transfer.input.offset.unwrap_or_default();
        let fd = self.fd;
        let mut ask = |whence| match whence {
            libc::SEEK_END => sys::fstat(fd).map(|stat| stat.size),
            _ => sys::lseek(fd, position, whence),
        };
        let is_data = self.data.take() == Some(position);
        let size = transfer.input.stat.size;
        let extent = extent(position, is_data, size, &mut ask).map_err(Error::input)?;
        if let Extent::Hole(len) = extent {
            self.data = i64::try_from(len).ok().map(|len| position.saturating_add(len));
        }
        Ok(extent)
    }
}

impl Drop for HoleFinder {
    fn drop(&mut self) {
        if let Some(position) = self.position {
            // It cannot fail: the descriptor has been there.
            let _ = sys::lseek(self.fd, position, libc::SEEK_SET);
        }
    }
}

/// tmpfs finds no data at all in a file that ends in the page before the largest offset (docs/kernel.md, "SEEK_DATA
/// finds nothing in the largest files"). No page is larger than 64 KiB.
const LARGEST_SEARCHED: i64 = i64::MAX & !0xffff;

/// The extent at `position` of a file that had `size` bytes. `ask` is lseek(2) with SEEK_DATA and
/// SEEK_HOLE at that position, and with SEEK_END the size that the file has now; `is_data` says
/// that the first answer is known.
fn extent(
    position: i64,
    is_data: bool,
    size: i64,
    ask: &mut dyn FnMut(c_int) -> Result<i64>,
) -> Result<Extent> {
    let mut data = if is_data { Ok(position) } else { ask(libc::SEEK_DATA) };
    // Twice, since the file may change between two calls (docs/kernel.md, "SEEK_DATA and SEEK_HOLE
    // race with writers").
    for _ in 0..2 {
        if let Some(extent) = extent_by(data, position, size, ask)? {
            return Ok(extent);
        }
        data = ask(libc::SEEK_DATA);
    }
    Ok(Extent::Unknown)
}

/// The extent at `position` by the answer to SEEK_DATA; None: the file has changed since.
///
/// An answer that cannot be (data behind the end, neither data nor a hole at one place) comes from
/// a file system that does not know: FUSE passes on what its server says (docs/kernel.md,
/// "SEEK_DATA may answer what cannot be").
fn extent_by(
    data: Result<i64>,
    position: i64,
    size: i64,
    ask: &mut dyn FnMut(c_int) -> Result<i64>,
) -> Result<Option<Extent>> {
    let until = |end: i64| end.saturating_sub(position).max(0) as u64;
    let extent = match data {
        Ok(start) if start > position && (start < size || start < ask(libc::SEEK_END)?) => {
            Extent::Hole(until(start))
        }
        Ok(start) if start == position => match ask(libc::SEEK_HOLE) {
            Ok(hole) if hole == position => return Ok(None),
            Ok(hole) if hole > position => Extent::Data(until(hole)),
            _ => Extent::Unknown,
        },
        // No data up to the end. Data that is appended meanwhile makes the file larger first.
        Err(Errno::NXIO) => match until(ask(libc::SEEK_END)?) {
            0 => Extent::End,
            len if position.saturating_add_unsigned(len) > LARGEST_SEARCHED => Extent::Unknown,
            len if ask(libc::SEEK_DATA) == Err(Errno::NXIO) => Extent::Hole(len),
            _ => return Ok(None),
        },
        _ => Extent::Unknown,
    };
    Ok(Some(extent))
}

/// Leaves a hole in the output, in steps that are short where the transfer is watched. The first step is
/// not preceded by a check: data has one before each of its steps, and files may have tens of thousands of
/// small holes.
fn leave_all(
    transfer: &mut Transfer<'_>,
    blocks: &mut OutputBlocks,
    mut len: u64,
) -> Result<(), Error> {
    if len > transfer.output.remaining_by_offset() {
        // For the kernel to refuse.
        return transfer.limited_to(len, mechanisms::copy_with_fallbacks).map(drop);
    }
    loop {
        let step =
            if transfer.watch.is_watched() { len.min(tuning::HOLE_STEP_WATCHED) } else { len };
        leave(transfer, blocks, step)?;
        len = len.saturating_sub(step);
        if len == 0 {
            return Ok(());
        }
        transfer.watch.check()?;
    }
}

/// Leaves a hole in the output: blocks that are there are punched, or overwritten with zeroes if
/// the file system cannot punch. Behind the end nothing has to be there.
fn leave(transfer: &mut Transfer<'_>, blocks: &mut OutputBlocks, len: u64) -> Result<(), Error> {
    blocks.punch_behind(transfer)?;
    let offset = transfer.output.offset.unwrap_or_default();
    let length = i64::try_from(len).unwrap_or(i64::MAX);
    let hole = offset..offset.saturating_add(length);
    let stat = sys::fstat(transfer.output.fd).map_err(Error::output)?;
    let there = stat.size.saturating_sub(offset).clamp(0, length);
    let is_punched = (there > 0 || blocks.are_behind_end(&stat, length)) && punch(transfer, &hole)?;
    if there > 0 && !is_punched {
        return super::buffered::zeroes(transfer, there as u64);
    }
    if blocks.is_preallocated {
        blocks.unpunched = Some(hole.clone());
    }
    transfer.hole_behind = (stat.size <= hole.end).then_some(stat.size);
    transfer.so_far.holes = transfer.so_far.holes.saturating_add(len);
    transfer.skip(0, len)
}

/// Punches a hole into the output; whether the file system can.
fn punch(transfer: &mut Transfer<'_>, hole: &Range<i64>) -> Result<bool, Error> {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    let len = hole.end.saturating_sub(hole.start);
    loop {
        match sys::fallocate(transfer.output.fd, mode, hole.start, len) {
            Ok(()) => return Ok(true),
            Err(errno) => match errno.class() {
                Class::Interrupted => transfer.watch.interrupted()?,
                Class::Failed => return Err(Error::output(errno)),
                _ => return Ok(false),
            },
        }
    }
}

impl OutputBlocks {
    fn new(stat: &Stat) -> OutputBlocks {
        let most = stat.size.saturating_add(tuning::HOLE_WORTH_PUNCHING);
        let is_preallocated = stat.stored > most;
        OutputBlocks { is_preallocated, unpunched: None, expected: stat.stored }
    }

    /// Copies `len` bytes of data; returns whether there were as many.
    fn copy(&mut self, transfer: &mut Transfer<'_>, len: u64) -> Result<bool, Error> {
        let data = i64::try_from(len).unwrap_or(i64::MAX);
        self.expected = self.expected.saturating_add(data);
        transfer.limited_to(len, mechanisms::copy_with_fallbacks)
    }

    /// Whether it pays to punch a hole of `len` bytes behind the end of the output: xfs allocates
    /// blocks there for what may be appended, and writing behind them would keep them
    /// (docs/kernel.md, "xfs preallocates behind the end").
    fn are_behind_end(&self, stat: &Stat, len: i64) -> bool {
        // Data that fills no whole block, and the tree of the extents.
        let most = self.expected.saturating_add(self.expected / 64);
        let most = most.saturating_add(tuning::HOLE_WORTH_PUNCHING / 2);
        len >= tuning::HOLE_WORTH_PUNCHING && stat.stored > most
    }

    /// Punches the hole that was behind the end of the output when it was left. It reads as zeroes
    /// in any case, so it does not matter if that fails.
    fn punch_behind(&mut self, transfer: &mut Transfer<'_>) -> Result<(), Error> {
        match self.unpunched.take() {
            Some(hole) => punch(transfer, &hole).map(drop),
            None => Ok(()),
        }
    }
}

/// Extends the output over a hole at its end. ftruncate(2) would cut off what somebody else appends
/// after our fstat(2); a last byte that is allocated or written never shortens.
fn close(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let (Some(end), Some(before)) = (transfer.output.offset, transfer.hole_behind.take()) else {
        return Ok(());
    };
    let (fd, last) = (transfer.output.fd, end.saturating_sub(1));
    let stat = sys::fstat(fd);
    let size = stat.map_or(before, |stat| stat.size);
    if size >= end {
        return Ok(());
    }
    let extended = extend(transfer, last);
    if extended.is_ok() {
        // The block of that byte is part of the hole. If it stays, it is a block of zeroes.
        let block = size.max(last & tuning::CLONE_BLOCK_MAX.saturating_neg());
        let _ = punch(transfer, &(block..end));
    }
    stat.map(drop).and(extended).map_err(|errno| {
        let there = if errno == Errno::FBIG { extend_by_halves(transfer, size..end) } else { size };
        transfer.uncount_hole(end.saturating_sub(there) as u64);
        Error::output(errno)
    })
}

/// Extends the output over the part of the `hole` that RLIMIT_FSIZE and the file system allow, as writes of zeroes
/// would. Returns where it ends then.
#[cold]
fn extend_by_halves(transfer: &mut Transfer<'_>, hole: Range<i64>) -> i64 {
    let (mut size, mut end) = (hole.start, hole.end);
    loop {
        let half = end.wrapping_sub(size) / 2;
        if half == 0 {
            break;
        }
        let middle = size.wrapping_add(half);
        match extend(transfer, middle.wrapping_sub(1)) {
            Ok(()) => size = middle,
            Err(_) => end = middle,
        }
    }
    let _ = punch(transfer, &(hole.start..size));
    size
}

/// Makes the output so long that `last` is its last byte: by fallocate(2) of that byte, or by writing a zero
/// if much has been copied (docs/kernel.md, "xfs flushes a file that is made longer"). If the one is refused,
/// by the other.
fn extend(transfer: &Transfer<'_>, last: i64) -> Result<()> {
    let fd = transfer.output.fd;
    let allocate = || retry_on_intr(|| sys::fallocate(fd, 0, last, 1));
    let write = || retry_on_intr(|| sys::write(fd, &[0], Some(last)).map(drop));
    let data = transfer.so_far.bytes.saturating_sub(transfer.so_far.holes);
    let writes = data > tuning::HOLE_FLUSHED && !transfer.avoids(ZS_VIA_READ_WRITE);
    match if writes { write() } else { allocate() } {
        Err(errno) if errno.class() != Class::Failed && writes => allocate(),
        Err(errno) if errno.class() != Class::Failed => write(),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shared::script::Script;

    /// The extent at offset 100 of a file of 1000 bytes, by what lseek(2) answers.
    fn at_100(is_data: bool, answers: &[Result<usize>]) -> Result<Extent> {
        let mut script = Script::new(answers);
        let mut ask = |whence| match whence {
            libc::SEEK_END => Ok(1000),
            _ => script.next().map(|offset| offset as i64),
        };
        let found = extent(100, is_data, 1000, &mut ask);
        script.assert_over();
        found
    }

    #[test]
    fn data_and_holes_end_where_the_other_begins() {
        assert_eq!(at_100(false, &[Ok(300)]), Ok(Extent::Hole(200)));
        assert_eq!(at_100(false, &[Ok(100), Ok(400)]), Ok(Extent::Data(300)));
        assert_eq!(at_100(true, &[Ok(400)]), Ok(Extent::Data(300)));
        let none = Err(Errno::NXIO);
        assert_eq!(at_100(false, &[none, none]), Ok(Extent::Hole(900)));
    }

    #[test]
    fn an_answer_that_cannot_be_does_not_tell() {
        assert_eq!(at_100(false, &[Ok(1 << 40)]), Ok(Extent::Unknown));
        assert_eq!(at_100(false, &[Ok(1000)]), Ok(Extent::Unknown));
        assert_eq!(at_100(false, &[Ok(99)]), Ok(Extent::Unknown));
        assert_eq!(at_100(false, &[Ok(100), Ok(50)]), Ok(Extent::Unknown));
        assert_eq!(at_100(false, &[Err(Errno::INVAL)]), Ok(Extent::Unknown));
        assert_eq!(at_100(false, &[Ok(100); 5]), Ok(Extent::Unknown));
    }

    #[test]
    fn a_file_that_changes_between_two_calls_is_asked_again() {
        assert_eq!(at_100(false, &[Ok(100), Ok(100), Ok(200)]), Ok(Extent::Hole(100)));
        assert_eq!(
            at_100(false, &[Err(Errno::NXIO), Ok(100), Ok(100), Ok(200)]),
            Ok(Extent::Data(100))
        );
    }
}
