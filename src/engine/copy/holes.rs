//! Holes: found by lseek(2), SEEK_DATA and SEEK_HOLE, and left as such in the output.

use super::check::is_appending;
use super::job::Job;
use super::ladder;
use crate::engine::doubt::Zero;
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::Kind;
use crate::engine::progress::Side;
use crate::engine::spot::Spot;
use crate::errno::Errno;
use crate::sys::{self, Owned};
use core::ffi::{c_int, CStr};

/// What comes next in the input.
enum Stretch {
    Hole(u64),
    Data(u64),
    /// Nothing: this is its size.
    End,
    /// The file system does not tell.
    Unknown,
}

/// Whether the input stores less than its size, so that a walk is worth it.
pub(super) fn are_likely(job: &Job<'_>) -> bool {
    let stat = &job.input.stat;
    let are_files = job.input.kind == Kind::File && job.output.kind == Kind::File;
    are_files
        && stat.stored < stat.size
        && !job.options.fill_holes
        && job.rest() > 0
        && !is_appending(&job.output)
}

/// Copies the data and skips the holes. Every round advances, whatever happens to the file.
pub(super) fn walk(job: &mut Job<'_>) -> Outcome<()> {
    // What only looks like a file is copied as a stream.
    let (Ok(_), Ok(_)) = (job.input.pin(), job.output.pin()) else { return ladder::climb(job) };
    let scout = Scout::new(job);
    while job.left > 0 {
        job.pace.check()?;
        match scout.look(job)? {
            Stretch::Hole(len) => leave_all(job, len.min(job.left))?,
            Stretch::Data(len) => {
                if !job.stretch(len, ladder::climb)? {
                    return Ok(());
                }
            }
            Stretch::End if job.zero()? == Zero::End => return Ok(()),
            Stretch::End | Stretch::Unknown => return ladder::climb(job),
        }
    }
    Ok(())
}

/// What is asked for holes: that moves its position.
struct Scout {
    fd: c_int,
    /// Opened anew, where the position of the caller's descriptor has to stay.
    _ours: Option<Owned>,
    /// Where that position was, if there is no other way than to move it.
    was: Option<i64>,
}

impl Scout {
    fn new(job: &mut Job<'_>) -> Scout {
        let fd = job.input.fd;
        if !job.input.is_given() {
            job.input.disturb();
            return Scout { fd, _ours: None, was: None };
        }
        // Closing a file gives up every lock of fcntl(2) that the process has on it.
        let ours = if is_locked(fd) { None } else { reopen(&job.input) };
        let was = match ours {
            Some(_) => None,
            None => sys::lseek(fd, 0, libc::SEEK_CUR).ok(),
        };
        Scout { fd: ours.as_ref().map_or(fd, |ours| ours.0), _ours: ours, was }
    }

    fn look(&self, job: &Job<'_>) -> Outcome<Stretch> {
        let position = job.input.offset.unwrap_or_default();
        let until = |end: i64| end.saturating_sub(position).max(0) as u64;
        match sys::lseek(self.fd, position, libc::SEEK_DATA) {
            Ok(data) if data > position => Ok(Stretch::Hole(until(data))),
            Ok(_) => {
                let hole = sys::lseek(self.fd, position, libc::SEEK_HOLE);
                // A file that changes meanwhile may have a hole here by now.
                Ok(Stretch::Data(hole.map_or(u64::MAX, until).max(1)))
            }
            Err(Errno::NXIO) => {
                let stat = sys::fstat(job.input.fd).map_err(|errno| Halt::new(Side::In, errno))?;
                // Data that has been appended meanwhile counts into the size: is there still none?
                let data = sys::lseek(self.fd, position, libc::SEEK_DATA);
                match (until(stat.size), data) {
                    (0, _) => Ok(Stretch::End),
                    (len, Err(Errno::NXIO)) => Ok(Stretch::Hole(len)),
                    (_, Ok(data)) if data > position => Ok(Stretch::Hole(until(data))),
                    _ => Ok(Stretch::Data(1)),
                }
            }
            Err(_) => Ok(Stretch::Unknown),
        }
    }
}

/// Leaves a hole in the output, in steps that are not too long where there is something to notice.
fn leave_all(job: &mut Job<'_>, mut len: u64) -> Outcome<()> {
    const STEP: u64 = 16 << 20;
    while len > 0 {
        job.pace.check()?;
        let step = if job.pace.is_watched() { len.min(STEP) } else { len };
        leave(job, step)?;
        len = len.saturating_sub(step);
    }
    Ok(())
}

/// Leaves a hole in the output: what is there already is punched, and what is not yet stays away
/// until something is written behind it.
fn leave(job: &mut Job<'_>, len: u64) -> Outcome<()> {
    let offset = job.output.offset.unwrap_or_default();
    let stat = sys::fstat(job.output.fd).map_err(|errno| Halt::new(Side::Out, errno))?;
    let there = stat.size.saturating_sub(offset).clamp(0, i64::try_from(len).unwrap_or(i64::MAX));
    // Behind the end, too: xfs has allocated there for what it thinks will be appended.
    if !punch(job, offset, i64::try_from(len).unwrap_or(i64::MAX))? && there > 0 {
        return super::buffered::zeroes(job, there as u64);
    }
    let is_behind = stat.size <= offset.saturating_add(len as i64);
    job.hole_behind = is_behind.then_some(stat.size);
    job.so_far.holes = job.so_far.holes.saturating_add(len);
    job.skip(len)
}

/// Whether the file system could.
fn punch(job: &mut Job<'_>, offset: i64, len: i64) -> Outcome<bool> {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    loop {
        match sys::fallocate(job.output.fd, mode, offset, len) {
            Ok(()) => return Ok(true),
            Err(errno) => match Fate::of(errno) {
                Fate::Interrupted => job.pace.interrupted()?,
                Fate::Failed => return Err(Halt::new(Side::Out, errno)),
                _ => return Ok(false),
            },
        }
    }
}

/// Lets a hole at the end reach its length, where nobody else has extended the file.
pub(super) fn close(job: &mut Job<'_>) -> Outcome<()> {
    let (Some(end), Some(before)) = (job.output.offset, job.hole_behind) else { return Ok(()) };
    let stat = sys::fstat(job.output.fd);
    let size = stat.map_or(before, |stat| stat.size);
    if size >= end {
        return Ok(());
    }
    stat.and_then(|_| sys::ftruncate(job.output.fd, end)).map_err(|errno| {
        job.take_back(end.saturating_sub(size) as u64);
        Halt::new(Side::Out, errno)
    })
}

impl Drop for Scout {
    fn drop(&mut self) {
        if let Some(position) = self.was {
            // It cannot fail: the descriptor has been there.
            let _ = sys::lseek(self.fd, position, libc::SEEK_SET);
        }
    }
}

/// The same file with a position of its own. (Somebody may have put another in its place.)
fn reopen(input: &Spot) -> Option<Owned> {
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
    let digits = core::iter::successors(Some(number), |&left| (left >= 10).then_some(left / 10));
    let mut left = number;
    for digit in path.get_mut(folder.len()..)?.get_mut(..digits.count())?.iter_mut().rev() {
        *digit = b'0'.wrapping_add((left % 10) as u8);
        left /= 10;
    }
    let path = CStr::from_bytes_until_nul(&path).ok()?;
    sys::open(path, libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK).ok()
}
