//! read(2) and write(2).

use super::job::{Job, Next};
use crate::buffer::Buffer;
use crate::constants::*;
use crate::engine::doubt::Zero;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::Kind;
use crate::engine::progress::Side;
use crate::errno::{Errno, Result};
use crate::sys;
use core::ffi::c_int;

/// What a small piece is: below this a copy beats what needs a pipe.
const SMALL: usize = 16 << 10;
/// What is fastest, and the most that we take.
const LARGE: usize = 256 << 10;
/// For what must not take long to make: larger than any file of procfs, mostly.
const MIDDLE: usize = 64 << 10;
/// The largest block that O_DIRECT asks for, as a rule.
const BLOCK: usize = 4 << 10;

/// Copies until the input has filled a small buffer at once, which shows that there is much of it.
pub(super) fn taste(job: &mut Job<'_>) -> Outcome<Next> {
    let Some(mut buffer) = Buffer::new(SMALL.min(job.step())) else {
        return Ok(Next::Unfit);
    };
    while job.left > 0 {
        let moved = step(job, buffer.bytes())?;
        if moved == 0 {
            return Ok(Next::Done);
        }
        if moved == SMALL {
            return Ok(Next::Unfit);
        }
    }
    Ok(Next::Done)
}

/// Copies all.
pub(super) fn run(job: &mut Job<'_>) -> Outcome<Next> {
    let mut buffer = take(job)?;
    while job.left > 0 {
        let moved = step(job, buffer.bytes())?;
        if moved == 0 {
            break;
        }
        // There is more than the size said.
        if moved == buffer.len() && moved < LARGE && job.rest() == 0 {
            buffer = Buffer::new(LARGE.min(job.step()).max(1)).unwrap_or(buffer);
        }
    }
    job.buffer = Some(buffer);
    Ok(Next::Done)
}

/// The buffer of the copy, or a new one: as large as what is left, or smaller where memory is short.
pub(super) fn take(job: &mut Job<'_>) -> Outcome<Buffer> {
    let wanted = match usize::try_from(job.rest()).unwrap_or(LARGE) {
        // The size says nothing, or has been outgrown.
        0 => MIDDLE,
        // More than a file has, so that one read shows both all of it and its end; whole blocks, since
        // O_DIRECT takes nothing else.
        rest => LARGE.min(rest.saturating_add(BLOCK) & !BLOCK.wrapping_sub(1)),
    };
    let wanted = wanted.min(job.step()).max(1);
    if let Some(buffer) = job.buffer.take().filter(|buffer| buffer.len() >= wanted) {
        return Ok(buffer);
    }
    Buffer::up_to(wanted).ok_or(Halt::call(Errno::NOMEM))
}

/// One read and the writes that it takes; 0: the input has ended.
pub(super) fn step(job: &mut Job<'_>, buffer: &mut [u8]) -> Outcome<usize> {
    let len = buffer.len().min(job.step());
    loop {
        job.pace.check()?;
        let Some(into) = buffer.get_mut(..len) else { return Ok(0) };
        let taken = read(job, into)?;
        if taken > 0 {
            write(job, buffer.get(..taken).unwrap_or_default())?;
            return Ok(taken);
        }
        // read(2) is believed, but for a FIFO that has had no writer yet.
        if job.input.kind != Kind::Pipe || !matches!(job.zero()?, Zero::More | Zero::Early) {
            return Ok(0);
        }
    }
}

fn read(job: &mut Job<'_>, into: &mut [u8]) -> Outcome<usize> {
    job.await_input(false)?;
    let mut declined = 0;
    let (fd, offset) = (job.input.fd, job.input.offset);
    // Beyond the largest offset there is nothing, and the kernel refuses to look there.
    let most = offset.map_or(i64::MAX, |offset| i64::MAX.saturating_sub(offset));
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(into.len());
    let Some(into) = into.get_mut(..most).filter(|into| !into.is_empty()) else { return Ok(0) };
    loop {
        match get(job, fd, into, offset) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => job.pace.interrupted()?,
            Err(Errno::AGAIN) => job.pace.await_again(job.input.readable(), &mut declined)?,
            Err(errno) => return Err(Halt::new(Side::In, errno)),
        }
    }
}

/// What blocks is not to block here, where there is something to notice meanwhile: between poll(2) and
/// the call somebody else may be faster.
fn get(job: &Job<'_>, fd: c_int, into: &mut [u8], offset: Option<i64>) -> Result<usize> {
    let is_at_once = !job.pace.may_sleep() && job.input.blocks();
    match job.input.kind {
        Kind::Socket | Kind::Pipe if is_at_once => job.input.port().read(into),
        _ => sys::read(fd, into, offset),
    }
}

/// Delivers all of `bytes`, or accounts for the rest.
pub(super) fn write(job: &mut Job<'_>, bytes: &[u8]) -> Outcome<()> {
    let before = job.so_far.bytes;
    let end = deliver(job, bytes);
    let delivered = job.so_far.bytes.saturating_sub(before);
    let rest = (bytes.len() as u64).saturating_sub(delivered);
    if rest > 0 {
        job.lost(rest);
    }
    end
}

/// Writes `len` zeroes where the input has a hole.
pub(super) fn zeroes(job: &mut Job<'_>, len: u64) -> Outcome<()> {
    if job.avoids(ZS_VIA_READ_WRITE) {
        return Err(Halt::call(Errno::OPNOTSUPP));
    }
    let size = usize::try_from(len).unwrap_or(LARGE).min(LARGE);
    let mut buffer = Buffer::up_to(size).ok_or(Halt::call(Errno::NOMEM))?;
    let end = job.so_far.bytes.saturating_add(len);
    while job.so_far.bytes < end {
        job.pace.check()?;
        let left = usize::try_from(end.saturating_sub(job.so_far.bytes)).unwrap_or(LARGE);
        let zeroes = buffer.bytes();
        deliver(job, zeroes.get(..left.min(zeroes.len())).unwrap_or_default())?;
    }
    Ok(())
}

fn deliver(job: &mut Job<'_>, mut bytes: &[u8]) -> Outcome<()> {
    let mut declined = 0;
    while !bytes.is_empty() {
        let room = if sends(job) { usize::MAX } else { job.await_output(false)? };
        let piece = bytes.get(..bytes.len().min(room)).unwrap_or(bytes);
        match put(job, piece) {
            Ok(0) => return Err(Halt::new(Side::Out, Errno::IO)),
            Ok(count) => {
                declined = 0;
                bytes = bytes.get(count..).unwrap_or_default();
                job.so_far.copied = job.so_far.copied.saturating_add(count as u64);
                job.moved(ZS_VIA_READ_WRITE, count)?;
            }
            Err(Errno::INTR) => job.pace.interrupted()?,
            Err(Errno::AGAIN) => job.pace.await_again(job.output.writable(), &mut declined)?,
            Err(errno) => return Err(Halt::new(Side::Out, errno)),
        }
    }
    Ok(())
}

fn put(job: &Job<'_>, bytes: &[u8]) -> Result<usize> {
    let fd = job.output.fd;
    if sends(job) {
        let more = if job.options.more { libc::MSG_MORE } else { 0 };
        let wait = if job.pace.may_sleep() { 0 } else { libc::MSG_DONTWAIT };
        return sys::send(fd, bytes, wait | more);
    }
    if job.output.kind == Kind::Pipe && job.output.blocks() && !job.pace.may_sleep() {
        return job.output.port().write(bytes, 0);
    }
    sys::write(fd, bytes, job.output.offset)
}

/// Whether send(2) writes the output: it need not block, and can say that more will follow.
fn sends(job: &Job<'_>) -> bool {
    job.output.kind == Kind::Socket
}
