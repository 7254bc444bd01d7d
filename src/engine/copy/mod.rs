//! Anything to anything, by the best mechanism there is.
//!
//! A ladder of mechanisms: one that refuses leads to the next, before the first byte or in the
//! middle, at the exact byte; a failure of the data path ends the transfer.

mod buffered;
pub(super) mod check;
mod clone;
mod direct;
mod holes;
mod job;
mod ladder;
mod piped;

use super::doubt::Zero;
use super::options::{Options, COPY_FLAGS};
use super::pace::Outcome;
use super::{avoid, sigpipe, Progress};
use crate::constants::*;
use crate::errno::Errno;
use crate::sys::End;
use job::Job;

/// Copies up to `len` bytes, and moves the two offsets on by exactly those.
pub(crate) fn copy(
    input: End<'_>,
    output: End<'_>,
    len: u64,
    mut options: Options<'_>,
) -> Progress {
    if !options.make_sense(COPY_FLAGS) {
        return Progress::refused(Errno::INVAL);
    }
    options.avoid |= avoid::by_environment();
    let (from, to) = match check::spots(input, output, len) {
        Ok(spots) => spots,
        Err(halt) => return Progress { side: halt.side, ..Progress::refused(halt.errno) },
    };
    let mut job = Job::new(from, to, len, &mut options);
    let quiet = options.has(ZS_NOSIGPIPE) && job.output.is_stream();
    let end = if quiet {
        // A splice(2) that came to less than all may have raised one, too, whatever has come next.
        sigpipe::without(|| run(&mut job), Outcome::is_err)
    } else {
        run(&mut job)
    };
    let settled = job.settle();
    let end = end.and(settled);
    job.give_back(input, output);
    let (side, end) = end.map_or_else(|halt| (halt.side, Err(halt.errno)), |()| (None, Ok(())));
    Progress { side, end, ..job.so_far }
}

fn run(job: &mut Job<'_>) -> Outcome<()> {
    if job.left == 0 {
        return Ok(());
    }
    job.pace.check()?;
    if job.options.grow {
        job.grow_pipes();
    }
    if job.options.must_clone || job.may_clone() {
        clone::share(job)?;
        if job.left == 0 || job.so_far.bytes > 0 && job.is_at_size() && has_ended(job)? {
            return Ok(());
        }
    }
    if holes::are_likely(job) {
        return holes::walk(job);
    }
    ladder::climb(job)
}

/// Whether the input ends where the clone did. A file system that shares blocks knows the sizes of its
/// files; and the position is to be there in the end.
fn has_ended(job: &mut Job<'_>) -> Outcome<bool> {
    match job.input.seek_to_end() {
        Some(is_there) => Ok(is_there),
        None => Ok(job.zero()? == Zero::End),
    }
}
