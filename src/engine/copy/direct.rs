//! Mechanisms that take one system call from input to output.

use super::job::{Job, Moved, Next};
use crate::constants::*;
use crate::engine::doubt::Zero;
use crate::engine::fate::Fate;
use crate::engine::pace::Outcome;
use crate::engine::port::Kind;
use crate::errno::Errno;
use crate::pipe;
use crate::sys;

pub(super) fn copy_range(job: &mut Job<'_>) -> Outcome<Next> {
    repeat(job, ZS_VIA_COPY_RANGE, &mut |job, len| {
        let (mut off_in, mut off_out) = (job.input.offset, job.output.offset);
        let (from, to) = (job.input.end(&mut off_in), job.output.end(&mut off_out));
        sys::copy_file_range(from, to, len, 0).count()
    })
}

/// sendfile(2) writes at the output's own position only.
pub(super) fn sendfile(job: &mut Job<'_>) -> Outcome<Next> {
    if job.output.is_given() {
        return Ok(Next::Refused(Errno::SPIPE));
    }
    if job.output.is_pinned() {
        job.output.settle().map_err(|errno| job.failed(errno))?;
        job.output.disturb();
    }
    repeat(job, ZS_VIA_SENDFILE, &mut |job, len| {
        let mut off_in = job.input.offset;
        // Asked for more than there is, it lets a socket hold the last packet (before Linux 6.5).
        let len = match job.rest().min(len as u64) as usize {
            0 => len,
            rest => rest,
        };
        sys::sendfile(job.output.fd, job.input.end(&mut off_in), len).count()
    })
}

/// splice(2), with a pipe of the caller's at one side.
pub(super) fn splice(job: &mut Job<'_>) -> Outcome<Next> {
    let more = if job.options.more { libc::SPLICE_F_MORE } else { 0 };
    // For pipes alone the kernel waits with their locks let go (ipipe_prep, wait_for_space), which
    // spares a refusal and two calls of poll(2) each time.
    let may_sleep = job.pace.may_sleep() && job.output.kind == Kind::Pipe;
    let (is_file, is_pipe) = (job.input.kind.is_file(), job.input.kind == Kind::Pipe);
    repeat(job, ZS_VIA_SPLICE, &mut |job, len| {
        let (mut off_in, mut off_out) = (job.input.offset, job.output.offset);
        let (from, to) = (job.input.end(&mut off_in), job.output.end(&mut off_out));
        // From a pipe that has ended it would also wait for room in the other. More than one holds has
        // been read by somebody, who will read on.
        let sleeps = may_sleep && (is_file || is_pipe && job.so_far.bytes > pipe::LARGE as u64);
        let wait = if sleeps { 0 } else { libc::SPLICE_F_NONBLOCK };
        // Of a piece that has been cut to the room there is none is to be held back.
        let more = if len < job.step() { 0 } else { more };
        sys::splice(from, to, len, wait | more).count()
    })
}

/// Repeats `step` until it is done, and finds out what every answer means.
fn repeat(
    job: &mut Job<'_>,
    by: u32,
    step: &mut dyn FnMut(&Job<'_>, usize) -> Moved,
) -> Outcome<Next> {
    // For a blocking socket or terminal splice(2) would wait with the lock of the pipe held; for the
    // pipe itself it need not wait.
    let splices = by == ZS_VIA_SPLICE;
    let (from, to) = (job.input.kind, job.output.kind);
    let (mut declined, mut doubted) = (0, false);
    while job.left > 0 {
        job.pace.check()?;
        if !(splices && from == Kind::Pipe) {
            job.await_input(splices)?;
        }
        let room = match to {
            Kind::Pipe if splices => usize::MAX,
            _ => job.await_output(splices && from == Kind::Pipe)?,
        };
        if room == 0 {
            return Ok(Next::Refused(Errno::INVAL));
        }
        match step(job, job.step().min(room)) {
            // The end of the input has been contradicted before.
            Ok(0) if doubted => return Ok(Next::Refused(Errno::OPNOTSUPP)),
            Ok(0) => match job.zero()? {
                Zero::End => return Ok(Next::Done),
                Zero::Unknown => return Ok(Next::Refused(Errno::OPNOTSUPP)),
                Zero::More => doubted = true,
                Zero::Early => {}
            },
            Ok(moved) => {
                (declined, doubted) = (0, false);
                job.moved(by, moved)?;
                if job.is_at_size() && job.zero()? == Zero::End {
                    return Ok(Next::Done);
                }
            }
            Err(errno) => match Fate::of(errno) {
                Fate::Interrupted => job.pace.interrupted()?,
                // A full output hides the end of a pipe.
                Fate::Blocked if from == Kind::Pipe && job.has_hung_up() => return Ok(Next::Done),
                Fate::Blocked => {
                    if !job.stalled(job.input.fd, job.output.fd, &mut declined)? {
                        return Ok(Next::Refused(errno));
                    }
                }
                // copy_file_range(2) at the end of the input, to the largest offset (Linux 6.17).
                Fate::Failed
                    if errno == Errno::FBIG
                        && by == ZS_VIA_COPY_RANGE
                        && job.zero()? == Zero::End =>
                {
                    return Ok(Next::Done);
                }
                Fate::Failed => return Err(job.failed(errno)),
                Fate::Refused => return Ok(Next::Refused(errno)),
            },
        }
    }
    Ok(Next::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::options::Options;
    use crate::engine::progress::Side;
    use crate::engine::script::Script;
    use crate::engine::spot::Spot;
    use crate::engine::Progress;
    use crate::errno::Result;
    use crate::sys::End;
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    /// A file without a name.
    fn file(content: &[u8]) -> File {
        let mut options = File::options();
        options.read(true).write(true).custom_flags(libc::O_TMPFILE);
        let mut file = options.open(std::env::temp_dir()).unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file
    }

    fn spot(file: &File) -> Spot {
        Spot::new(End::own(file.as_raw_fd())).unwrap()
    }

    /// Plays the kernel's answers to a copy of `content`. A count also takes that many bytes from the
    /// input. Returns what read and write have delivered on the way, too.
    fn play(
        content: &[u8],
        answers: &[Result<usize>],
    ) -> (Outcome<Next>, Progress, std::string::String) {
        let (from, mut to) = (file(content), file(b""));
        let mut options = Options::default();
        let mut job = Job::new(spot(&from), spot(&to), u64::MAX, &mut options);
        let mut script = Script::new(answers);
        let end = repeat(&mut job, ZS_VIA_COPY_RANGE, &mut |_, _| {
            let answer = script.next();
            (&from).seek_relative(answer.unwrap_or(0) as i64).unwrap();
            answer
        });
        script.assert_over();
        let mut delivered = std::string::String::new();
        to.rewind().unwrap();
        to.read_to_string(&mut delivered).unwrap();
        (end, job.so_far, delivered)
    }

    #[test]
    fn a_file_of_known_size_is_done_when_a_read_agrees() {
        let (end, so_far, _) = play(b"0123456789", &[Ok(4), Err(Errno::INTR), Ok(6)]);
        assert_eq!((end, so_far.bytes, so_far.via), (Ok(Next::Done), 10, ZS_VIA_COPY_RANGE));
    }

    #[test]
    fn a_refusal_leads_on_at_the_exact_byte() {
        let (end, so_far, _) = play(b"0123456789", &[Ok(4), Err(Errno::OPNOTSUPP)]);
        assert_eq!((end, so_far.bytes), (Ok(Next::Refused(Errno::OPNOTSUPP)), 4));
    }

    #[test]
    fn a_failure_ends_the_copy_and_keeps_the_count() {
        let (end, so_far, _) = play(b"0123456789", &[Ok(4), Err(Errno::IO)]);
        assert_eq!(end, Err(Errno::IO.into()));
        assert_eq!(so_far.bytes, 4);
        let (end, _, _) = play(b"0123456789", &[Err(Errno::NOSPC)]);
        assert_eq!(end.map_err(|halt| halt.side), Err(Some(Side::Out)));
    }

    #[test]
    fn a_zero_that_a_read_contradicts_is_asked_again_once() {
        let (end, so_far, delivered) = play(b"0123456789", &[Ok(0), Ok(0)]);
        assert_eq!(end, Ok(Next::Refused(Errno::OPNOTSUPP)));
        assert_eq!((so_far.bytes, so_far.copied, delivered.as_str()), (1, 1, "0"));
        let (end, so_far, delivered) = play(b"0123456789", &[Ok(4), Ok(0), Ok(5)]);
        assert_eq!((end, so_far.bytes, delivered.as_str()), (Ok(Next::Done), 10, "4"));
    }

    #[test]
    fn a_zero_at_the_end_is_the_end() {
        let (end, so_far, delivered) = play(b"", &[Ok(0)]);
        assert_eq!((end, so_far, delivered.as_str()), (Ok(Next::Done), Progress::NONE, ""));
    }

    #[test]
    fn a_mechanism_that_would_block_on_two_ready_files_is_given_up() {
        let (end, _, _) = play(b"0123456789", &[Err(Errno::AGAIN); 1001]);
        assert_eq!(end, Ok(Next::Refused(Errno::AGAIN)));
    }

    #[test]
    fn the_largest_offset_is_no_failure_at_the_end_of_the_input() {
        let (end, _, _) = play(b"", &[Err(Errno::FBIG)]);
        assert_eq!(end, Ok(Next::Done));
        let (end, _, _) = play(b"0123456789", &[Err(Errno::FBIG)]);
        assert_eq!(end.map_err(|halt| halt.errno), Err(Errno::FBIG));
    }
}
