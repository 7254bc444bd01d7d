// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sharing blocks: FICLONERANGE (ioctl_ficlonerange(2), Linux 4.5).

use super::mechanisms;
use super::transfer::Transfer;
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning;
use crate::errno::{Errno, Result};
use crate::sys;
use core::ops::Range;

/// The blocks to share: those that are completely in both ranges (docs/kernel.md, "What
/// FICLONERANGE wants").
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
struct Blocks {
    /// The offset in the input; the bytes before it are copied.
    start: i64,
    len: i64,
}

/// Shares every block that is completely in both ranges, and copies the bytes before the first one;
/// those behind the last one remain. If the file system cannot share, it does nothing, or with
/// ZS_CLONE fails before anything has been written.
pub(super) fn share(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let must = transfer.has(ZS_CLONE);
    if transfer.avoids(ZS_VIA_CLONE) {
        return if must { Err(Error::call(Errno::OPNOTSUPP)) } else { Ok(()) };
    }
    if transfer.input.kind != FdKind::File || transfer.output.kind != FdKind::File {
        return if must { Err(unlike_files(transfer)) } else { Ok(()) };
    }
    let Blocks { start, len } = match whole_blocks(transfer) {
        Ok(Some(blocks)) => blocks,
        Err(errno) if must => return Err(refused(transfer, errno)),
        Ok(None) | Err(_) => return use_position(transfer),
    };
    let head =
        start.saturating_sub(transfer.input.use_offset().map_err(|errno| transfer.failed(errno))?);
    if must {
        return share_first(transfer, start, head, len);
    }
    if !copy(transfer, head)? {
        return use_position(transfer);
    }
    let target = transfer.output.use_offset().map_err(|errno| transfer.failed(errno))?;
    match ficlone(transfer, start, len, target) {
        Ok(()) => shared(transfer, len),
        Err(errno) if fails_the_copy(errno) => Err(transfer.failed(errno)),
        Err(errno) => {
            transfer.refused(ZS_VIA_CLONE, errno);
            use_position(transfer)
        }
    }
}

/// Whether a clone that was only an attempt has failed for a reason that a copy would meet too: the
/// device, the room, the memory. Network file systems return many other errors (ioctl_ficlone(2)).
fn fails_the_copy(errno: Errno) -> bool {
    const ROOM: [Errno; 2] = [Errno::NOSPC, Errno::DQUOT];
    ROOM.contains(&errno) || errno == Errno::IO || errno == Errno::NOMEM
}

/// Shares first and then copies the bytes before the blocks: a refusal must come before anything is
/// written. Both are one step, which nothing interrupts.
fn share_first(transfer: &mut Transfer<'_>, start: i64, head: i64, len: i64) -> Result<(), Error> {
    const OTHERS: u32 = ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE | ZS_VIA_SPLICE | ZS_VIA_READ_WRITE;
    let end = transfer.input.stat.size.min(
        start
            .saturating_sub(head)
            .saturating_add(i64::try_from(transfer.remaining).unwrap_or(i64::MAX)),
    );
    let has_edges = head > 0 || start.saturating_add(len) < end;
    if has_edges && transfer.avoids_all(OTHERS) {
        return Err(Error::call(Errno::OPNOTSUPP));
    }
    let target = transfer.output.use_offset().map_err(|errno| transfer.failed(errno))?;
    ficlone(transfer, start, len, target.saturating_add(head))
        .map_err(|errno| refused(transfer, errno))?;
    if transfer.without_interruption(|transfer| copy(transfer, head))? {
        shared(transfer, len)
    } else {
        use_position(transfer)
    }
}

/// Switches back to the file positions, which the other mechanisms can use too, and which an output
/// with O_APPEND requires.
pub(super) fn use_position(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    transfer.input.use_position().map_err(|errno| transfer.failed(errno))?;
    transfer.output.use_position().map_err(|errno| transfer.failed(errno))
}

fn shared(transfer: &mut Transfer<'_>, len: i64) -> Result<(), Error> {
    transfer.hole_behind = None;
    transfer.skip(ZS_VIA_CLONE, len as u64)
}

/// ZS_CLONE: the refusal is the error.
fn refused(transfer: &mut Transfer<'_>, errno: Errno) -> Error {
    if !fails_the_copy(errno) {
        transfer.refused(ZS_VIA_CLONE, errno);
    }
    transfer.failed(errno)
}

/// ZS_CLONE, and not two regular files: asks the kernel anyway, for its errno.
fn unlike_files(transfer: &mut Transfer<'_>) -> Error {
    let errno = ficlone(transfer, 0, 0, 0).err().unwrap_or(Errno::OPNOTSUPP);
    refused(transfer, errno)
}

/// FICLONERANGE, repeated if a signal interrupts it: a large clone can be interrupted.
fn ficlone(transfer: &Transfer<'_>, off_in: i64, len: i64, off_out: i64) -> Result<()> {
    loop {
        let (from, to) = (transfer.input.fd, transfer.output.fd);
        match sys::ficlonerange(to, off_out as u64, from, off_in as u64, len as u64) {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}

/// Copies the next `len` bytes; returns whether there were as many (the file may have shrunk).
fn copy(transfer: &mut Transfer<'_>, len: i64) -> Result<bool, Error> {
    if len == 0 {
        return Ok(true);
    }
    transfer.limited_to(len as u64, mechanisms::copy_with_fallbacks)
}

/// The blocks to share; None: no block is completely in both ranges. EINVAL: the ranges are not
/// aligned alike.
fn whole_blocks(transfer: &mut Transfer<'_>) -> Result<Option<Blocks>> {
    let (from, to) = (transfer.input.use_offset()?, transfer.output.use_offset()?);
    let len = i64::try_from(transfer.remaining).unwrap_or(i64::MAX);
    let end = from.saturating_add(len).min(transfer.input.stat.size);
    let rest = if end < transfer.input.stat.size { i64::MAX } else { transfer.output.stat.size };
    let known = blocks(from..end, to, rest, tuning::CLONE_BLOCK_MAX);
    // Both offsets are aligned to the largest block there is and the range ends at the end of the
    // file: the real block size makes no difference.
    if let (Ok(Some(Blocks { start, len })), true) =
        (&known, (from | to) & (tuning::CLONE_BLOCK_MAX - 1) == 0)
    {
        if *start == from && len.saturating_add(from) == end {
            return known;
        }
    }
    let block = sys::fstatfs(transfer.output.fd).map_or(0, |stat| stat.block);
    blocks(from..end, to, rest, block_size(block))
}

/// The blocks of the range `from` that are completely in both ranges. The last block of a file,
/// which its end cuts short, counts as whole unless the output is longer: `rest` is the size of the
/// output (i64::MAX for a range that ends before its file does).
fn blocks(from: Range<i64>, to: i64, rest: i64, block: i64) -> Result<Option<Blocks>> {
    let down = |offset: i64| offset & block.saturating_neg();
    let start = down(from.start.saturating_add(block.saturating_sub(1)));
    if down(from.end) <= start {
        return Ok(None);
    }
    if down(from.start ^ to) != from.start ^ to {
        return Err(Errno::INVAL);
    }
    let is_last = to.saturating_add(from.end.saturating_sub(from.start)) >= rest;
    let end = if is_last { from.end } else { down(from.end) };
    Ok(Some(Blocks { start, len: end.saturating_sub(start) }))
}

/// The block size of a file system, from f_bsize of statfs(2) (st_blksize is the preferred size of
/// a transfer, and so is f_bsize on network file systems): docs/kernel.md, "The block size is that
/// of statfs(2)".
fn block_size(named: i64) -> i64 {
    const PAGE: i64 = 4096;
    match named {
        512..=tuning::CLONE_BLOCK_MAX if named & named.saturating_sub(1) == 0 => named,
        _ => PAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOR_EVER: i64 = i64::MAX;

    fn some(start: i64, len: i64) -> Result<Option<Blocks>> {
        Ok(Some(Blocks { start, len }))
    }

    #[test]
    fn whole_blocks_are_those_between_the_edges() {
        assert_eq!(blocks(0..8192, 0, FOR_EVER, 4096), some(0, 8192));
        assert_eq!(blocks(100..20000, 4096 + 100, FOR_EVER, 4096), some(4096, 12288));
        assert_eq!(blocks(4096..9000, 0, FOR_EVER, 4096), some(4096, 4096));
    }

    #[test]
    fn the_last_block_of_a_file_is_whole_unless_the_output_goes_on() {
        assert_eq!(blocks(0..9000, 0, 0, 4096), some(0, 9000));
        assert_eq!(blocks(0..9000, 0, 9000, 4096), some(0, 9000));
        assert_eq!(blocks(0..9000, 0, 9001, 4096), some(0, 8192));
    }

    #[test]
    fn nothing_whole_is_nothing_to_share() {
        assert_eq!(blocks(1..8191, 1, FOR_EVER, 4096), Ok(None));
        assert_eq!(blocks(0..10, 0, 0, 4096), Ok(None));
        assert_eq!(blocks(8192..8192, 0, 0, 4096), Ok(None));
        assert_eq!(blocks(Range { start: 9000, end: 5000 }, 0, 0, 4096), Ok(None));
    }

    #[test]
    fn ranges_that_are_not_aligned_alike_cannot_be_shared() {
        assert_eq!(blocks(0..8192, 1, FOR_EVER, 4096), Err(Errno::INVAL));
        assert_eq!(blocks(100..20000, 101, FOR_EVER, 4096), Err(Errno::INVAL));
    }

    #[test]
    fn a_block_size_that_is_none_is_a_page() {
        assert_eq!([512, 4096, 65536].map(block_size), [512, 4096, 65536]);
        assert_eq!([0, -1, 4095, 1 << 20].map(block_size), [4096; 4]);
    }
}
