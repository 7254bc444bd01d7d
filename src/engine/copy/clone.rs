//! Sharing blocks: FICLONERANGE (ioctl_ficlonerange(2), Linux 4.5).

use super::job::Job;
use super::ladder;
use crate::constants::*;
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::Kind;
use crate::errno::{Errno, Result};
use crate::sys;
use core::ops::Range;

/// The largest block that a file system has.
const LARGEST: i64 = 64 << 10;

/// What is to be shared: the blocks that lie whole in both ranges.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
struct Blocks {
    /// In the input; what lies before is copied.
    start: i64,
    len: i64,
}

/// Shares every block that lies whole in both ranges, after copying what lies before the first; what
/// lies behind the last is left. Does nothing where the file system cannot, unless it must: then
/// that is an error, and nothing has been written.
pub(super) fn share(job: &mut Job<'_>) -> Outcome<()> {
    let must = job.options.must_clone;
    if job.avoids(ZS_VIA_CLONE) {
        return if must { Err(Halt::call(Errno::OPNOTSUPP)) } else { Ok(()) };
    }
    if job.input.kind != Kind::File || job.output.kind != Kind::File {
        // What is no file has no blocks: the kernel says how it calls that.
        return if must { refused(job, ficlone(job, 0, 0, 0)) } else { Ok(()) };
    }
    let Blocks { start, len } = match whole_blocks(job) {
        Ok(Some(blocks)) => blocks,
        Err(errno) if must => return Err(job.failed(errno)),
        Ok(None) | Err(_) => return unpin(job),
    };
    let head = start.saturating_sub(job.input.pin().map_err(|errno| job.failed(errno))?);
    if must {
        return share_first(job, start, head, len);
    }
    if !copy(job, head)? {
        return unpin(job);
    }
    let target = job.output.pin().map_err(|errno| job.failed(errno))?;
    match ficlone(job, start, len, target) {
        Ok(()) => shared(job, len),
        Err(errno) if Fate::of(errno) == Fate::Failed => Err(job.failed(errno)),
        Err(_) => {
            job.give_up(ZS_VIA_CLONE);
            unpin(job)
        }
    }
}

/// Shares, and only then copies what lies before: a refusal has to come before the first byte. The
/// two count as one step, which nothing interrupts.
fn share_first(job: &mut Job<'_>, start: i64, head: i64, len: i64) -> Outcome<()> {
    const OTHERS: u32 = ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE | ZS_VIA_SPLICE | ZS_VIA_READ_WRITE;
    let end = job.input.stat.size.min(
        start.saturating_sub(head).saturating_add(i64::try_from(job.left).unwrap_or(i64::MAX)),
    );
    let has_edges = head > 0 || start.saturating_add(len) < end;
    if has_edges && job.avoids_all(OTHERS) {
        return Err(Halt::call(Errno::OPNOTSUPP));
    }
    let target = job.output.pin().map_err(|errno| job.failed(errno))?;
    ficlone(job, start, len, target.saturating_add(head)).map_err(|errno| job.failed(errno))?;
    job.pace.mute(true);
    let copied = copy(job, head);
    job.pace.mute(false);
    if copied? {
        shared(job, len)
    } else {
        unpin(job)
    }
}

/// Other mechanisms go on just as well at the descriptors' own positions, and an output with
/// O_APPEND has no other.
fn unpin(job: &mut Job<'_>) -> Outcome<()> {
    job.input.unpin().map_err(|errno| job.failed(errno))?;
    job.output.unpin().map_err(|errno| job.failed(errno))
}

fn shared(job: &mut Job<'_>, len: i64) -> Outcome<()> {
    job.so_far.via |= ZS_VIA_CLONE;
    job.hole_behind = None;
    job.skip(len as u64)
}

/// An error that must be one.
fn refused(job: &Job<'_>, outcome: Result<()>) -> Outcome<()> {
    Err(job.failed(outcome.err().unwrap_or(Errno::OPNOTSUPP)))
}

/// Made again after a signal, which a large one may be interrupted by.
fn ficlone(job: &Job<'_>, off_in: i64, len: i64, off_out: i64) -> Result<()> {
    loop {
        let (from, to) = (job.input.fd, job.output.fd);
        match sys::ficlonerange(to, off_out as u64, from, off_in as u64, len as u64) {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}

/// Copies the `len` bytes that come next; whether there were so many, in a file that may shrink.
fn copy(job: &mut Job<'_>, len: i64) -> Outcome<bool> {
    if len == 0 {
        return Ok(true);
    }
    job.stretch(len as u64, ladder::climb)
}

/// The blocks to share; None: there is no whole one. EINVAL: the ranges are not aligned alike.
fn whole_blocks(job: &mut Job<'_>) -> Result<Option<Blocks>> {
    let (from, to) = (job.input.pin()?, job.output.pin()?);
    let len = i64::try_from(job.left).unwrap_or(i64::MAX);
    let end = from.saturating_add(len).min(job.input.stat.size);
    let rest = if end < job.input.stat.size { i64::MAX } else { job.output.stat.size };
    let known = blocks(from..end, to, rest, LARGEST);
    // All of a file that begins with a block of any size: which size that is makes no difference.
    if let (Ok(Some(Blocks { start, len })), true) = (&known, (from | to) & (LARGEST - 1) == 0) {
        if *start == from && len.saturating_add(from) == end {
            return known;
        }
    }
    let block = sys::fstatfs(job.output.fd).map_or(0, |stat| stat.block);
    blocks(from..end, to, rest, block_size(block))
}

/// Those of `from` whole in both ranges. A last block that is cut short by the end of its file counts
/// as whole, unless the output goes on behind it: `rest` says how far (of a range that ends before
/// its file does, for ever).
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

/// A file system's block, as statfs(2) names it (st_blksize is what is best for input and output);
/// network file systems name the size of a transfer.
fn block_size(named: i64) -> i64 {
    const PAGE: i64 = 4096;
    match named {
        512..=LARGEST if named & named.saturating_sub(1) == 0 => named,
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
