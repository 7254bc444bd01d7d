//! splice(2) through a pipe of ours, where neither side is a pipe.

use super::buffered;
use super::job::{Job, Next};
use crate::constants::*;
use crate::engine::doubt::Zero;
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::progress::Side;
use crate::errno::Errno;
use crate::pipe::Pipe;
use crate::sys::{self, End};

/// Less than this is copied faster than a pipe is made.
const WORTH_A_PIPE: u64 = 64 << 10;
/// Files take no larger pieces well: into fresh ones of ext4 and xfs they are several times slower.
const STEP: usize = 256 << 10;

pub(super) fn run(job: &mut Job<'_>) -> Outcome<Next> {
    if job.rest() < WORTH_A_PIPE && !job.avoids(ZS_VIA_READ_WRITE) {
        return Ok(Next::Unfit);
    }
    let Some(pipe) = job.pipe.take().or_else(|| make(job)) else {
        return Ok(Next::Refused(Errno::OPNOTSUPP));
    };
    while job.left > 0 {
        let held = match fill(job, &pipe)? {
            Fill::Held(held) => held,
            Fill::Ended => break,
            Fill::Refused(errno) => return Ok(Next::Refused(errno)),
        };
        let before = job.so_far.bytes;
        let end = drain(job, &pipe, held);
        let rest = held.saturating_sub(job.so_far.bytes.saturating_sub(before));
        match end {
            Ok(Next::Done) => {}
            Ok(refused) => return pour(job, &pipe, rest).map(|()| refused),
            Err(halt) => {
                job.lost(rest);
                return Err(halt);
            }
        }
    }
    job.pipe = Some(pipe);
    Ok(Next::Done)
}

/// A pipe that is worth it: of an ordinary user who has spent the quota it holds two pages (pipe(7)).
fn make(job: &Job<'_>) -> Option<Pipe> {
    let is_worth_it = |pipe: &Pipe| pipe.size() as u64 >= WORTH_A_PIPE;
    let must = job.avoids(ZS_VIA_READ_WRITE);
    Pipe::new(STEP).ok().filter(|pipe| must || is_worth_it(pipe))
}

enum Fill {
    Held(u64),
    Ended,
    Refused(Errno),
}

/// Takes what one step takes.
fn fill(job: &mut Job<'_>, pipe: &Pipe) -> Outcome<Fill> {
    let (mut declined, mut doubted) = (0, false);
    loop {
        job.pace.check()?;
        job.await_input(false)?;
        let mut offset = job.input.offset;
        let (from, to) = (job.input.end(&mut offset), End::own(pipe.writer.0));
        match sys::splice(from, to, job.step().min(STEP), libc::SPLICE_F_NONBLOCK).count() {
            Ok(0) if doubted => return Ok(Fill::Refused(Errno::OPNOTSUPP)),
            Ok(0) => match job.zero()? {
                Zero::End => return Ok(Fill::Ended),
                Zero::Unknown => return Ok(Fill::Refused(Errno::OPNOTSUPP)),
                Zero::More if job.left == 0 => return Ok(Fill::Ended),
                Zero::More => doubted = true,
                Zero::Early => {}
            },
            Ok(count) => return Ok(Fill::Held(count as u64)),
            Err(errno) => match Fate::of(errno) {
                Fate::Interrupted => job.pace.interrupted()?,
                Fate::Blocked if job.stalled(job.input.fd, pipe.writer.0, &mut declined)? => {}
                Fate::Failed => return Err(Halt::new(Side::In, errno)),
                Fate::Blocked | Fate::Refused => return Ok(Fill::Refused(errno)),
            },
        }
    }
}

/// Delivers what the pipe holds.
fn drain(job: &mut Job<'_>, pipe: &Pipe, mut held: u64) -> Outcome<Next> {
    let more = if job.options.more { libc::SPLICE_F_MORE } else { 0 };
    let mut declined = 0;
    while held > 0 {
        let room = job.await_output(false)? as u64;
        if room == 0 {
            return Ok(Next::Refused(Errno::INVAL));
        }
        let mut offset = job.output.offset;
        let (from, to) = (End::own(pipe.reader.0), job.output.end(&mut offset));
        // Of a piece that has been cut to the room there is none is to be held back.
        let flags = libc::SPLICE_F_NONBLOCK | if room < held { 0 } else { more };
        match sys::splice(from, to, held.min(room) as usize, flags).count() {
            // The pipe holds bytes, and nobody else reads it.
            Ok(0) => return Ok(Next::Refused(Errno::OPNOTSUPP)),
            Ok(count) => {
                declined = 0;
                held = held.saturating_sub(count as u64);
                job.moved(ZS_VIA_SPLICE, count)?;
            }
            Err(errno) => match Fate::of(errno) {
                Fate::Interrupted => job.pace.interrupted()?,
                Fate::Blocked if job.stalled(pipe.reader.0, job.output.fd, &mut declined)? => {}
                Fate::Failed => return Err(Halt::new(Side::Out, errno)),
                Fate::Blocked | Fate::Refused => return Ok(Next::Refused(errno)),
            },
        }
    }
    Ok(Next::Done)
}

/// The output does not take it from the pipe: reads it out of there.
fn pour(job: &mut Job<'_>, pipe: &Pipe, mut held: u64) -> Outcome<()> {
    if job.avoids(ZS_VIA_READ_WRITE) {
        job.lost(held);
        return Err(Halt::call(Errno::OPNOTSUPP));
    }
    let mut buffer = match buffered::take(job) {
        Ok(buffer) => buffer,
        Err(halt) => {
            job.lost(held);
            return Err(halt);
        }
    };
    while held > 0 {
        let count = match sys::read(pipe.reader.0, buffer.bytes(), None) {
            Ok(count) if count > 0 => count,
            Err(Errno::INTR) => continue,
            answer => {
                job.lost(held);
                return Err(Halt::call(answer.err().unwrap_or(Errno::IO)));
            }
        };
        held = held.saturating_sub(count as u64);
        if let Err(halt) = buffered::write(job, buffer.bytes().get(..count).unwrap_or_default()) {
            job.lost(held);
            return Err(halt);
        }
    }
    job.buffer = Some(buffer);
    Ok(())
}
