// SPDX-License-Identifier: MIT OR Apache-2.0

//! Mechanisms that take one system call from input to output.

use super::eof::{self, Attempts};
#[cfg(test)]
use super::transfer::scratch::{cursor, file};
use super::transfer::{Transfer, Tried};
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::{Answer, Error, Side};
use crate::engine::shared::refusal;
use crate::errno::{Errno, Result};
use crate::sys;

/// The system call that is repeated.
enum Call {
    CopyRange,
    Sendfile,
    /// With these flags, and SPLICE_F_MORE or 0 while the length is not cut.
    Splice(u32, u32),
    #[cfg(test)]
    Played(std::boxed::Box<dyn FnMut() -> Result<usize>>),
}

impl Call {
    const fn via(&self) -> u32 {
        match self {
            Call::CopyRange => ZS_VIA_COPY_RANGE,
            Call::Sendfile => ZS_VIA_SENDFILE,
            Call::Splice(..) => ZS_VIA_SPLICE,
            #[cfg(test)]
            Call::Played(_) => ZS_VIA_COPY_RANGE,
        }
    }

    fn make(&mut self, transfer: &Transfer<'_>, len: usize) -> Result<usize> {
        match self {
            Call::CopyRange => copy_range_step(transfer, len),
            Call::Sendfile => sendfile_step(transfer, len),
            Call::Splice(flags, more) => splice_step(transfer, len, *flags, *more),
            #[cfg(test)]
            Call::Played(call) => call(),
        }
    }
}

pub(super) fn copy_range(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    repeat(transfer, Call::CopyRange)
}

fn copy_range_step(transfer: &Transfer<'_>, len: usize) -> Result<usize> {
    let (mut off_in, mut off_out) = (transfer.input.offset, transfer.output.offset);
    let (from, to) = (transfer.input.at(&mut off_in), transfer.output.at(&mut off_out));
    sys::copy_file_range(from, to, len, 0).count()
}

/// sendfile(2) writes at the output's own position only.
pub(super) fn sendfile(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    if transfer.output.has_caller_offset() {
        return Ok(Tried::NotForThis);
    }
    if transfer.output.has_own_offset() {
        transfer.output.store_position().map_err(|errno| transfer.failed(errno))?;
        transfer.output.forget_position();
    }
    repeat(transfer, Call::Sendfile)
}

fn sendfile_step(transfer: &Transfer<'_>, len: usize) -> Result<usize> {
    let mut off_in = transfer.input.offset;
    // Asked for more than the file has, it lets a socket hold the last packet (docs/kernel.md,
    // "SPLICE_F_MORE and MSG_MORE hold the last packet back").
    let len = match transfer.remaining_by_size().min(len as u64) as usize {
        0 => len,
        rest => rest,
    };
    sys::sendfile(transfer.output.fd, transfer.input.at(&mut off_in), len).count()
}

/// splice(2), if one side is a pipe of the caller's.
pub(super) fn splice(transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
    let more = if transfer.has(ZS_MORE) { libc::SPLICE_F_MORE } else { 0 };
    // For pipes alone the kernel waits with their locks released (ipipe_prep, wait_for_space;
    // docs/kernel.md, "splice(2) waits with the pipe's lock held"), which saves a refusal and two
    // calls of poll(2) each time. `ready` has made sure that the input has not ended.
    let (from, to) = (transfer.input.kind, transfer.output.kind);
    let may_block = transfer.watch.may_block()
        && to == FdKind::Pipe
        && (from.is_file() || from == FdKind::Pipe);
    let wait = if may_block { 0 } else { libc::SPLICE_F_NONBLOCK };
    repeat(transfer, Call::Splice(wait, more))
}

fn splice_step(transfer: &Transfer<'_>, len: usize, wait: u32, more: u32) -> Result<usize> {
    let (mut off_in, mut off_out) = (transfer.input.offset, transfer.output.offset);
    let (from, to) = (transfer.input.at(&mut off_in), transfer.output.at(&mut off_out));
    // Cut to what the output can take now: no SPLICE_F_MORE, or the socket would hold these
    // bytes back (docs/kernel.md, "SPLICE_F_MORE and MSG_MORE hold the last packet back").
    let more = if len < transfer.step() { 0 } else { more };
    sys::splice(from, to, len, wait | more).count()
}

/// Repeats `call` until everything is copied, the input ends, or the mechanism refuses.
fn repeat(transfer: &mut Transfer<'_>, mut call: Call) -> Result<Tried, Error> {
    let (via, mut attempts) = (call.via(), Attempts::default());
    while transfer.remaining > 0 {
        transfer.begin_step()?;
        let len = match ready(transfer, via)? {
            Ready::Ended => return Ok(Tried::Done),
            Ready::NoRoom => return Ok(Tried::Unsupported(Errno::INVAL)),
            Ready::ForRead => return Ok(Tried::NotForThis),
            Ready::For(room) => transfer.step().min(room),
        };
        let socket = transfer.input.socket().or(transfer.output.socket());
        let tried = match refusal::answer(socket, &mut || call.make(transfer, len)) {
            Answer::Moved(count) => moved(transfer, via, count, len, &mut attempts)?,
            Answer::Zero => eof::verdict(transfer, &mut attempts)?,
            Answer::Interrupted => transfer.watch.interrupted().map(|()| None)?,
            Answer::WouldBlock => transfer.after_would_block(&mut attempts.declined)?,
            Answer::Unsupported(errno) => Some(Tried::Unsupported(errno)),
            Answer::Failed(errno) => failed(transfer, via, errno)?,
        };
        if let Some(tried) = tried {
            return Ok(tried);
        }
    }
    Ok(Tried::Done)
}

/// What the waits before a call have found.
enum Ready {
    /// The call can be made, for so many bytes at most.
    For(usize),
    /// The output takes nothing from a pipe without blocking.
    NoRoom,
    /// Only a read knows whether the input has ended, or has failed.
    ForRead,
    /// The input has ended.
    Ended,
}

/// Waits for the sides that the call must not wait for. For a blocking socket or terminal splice(2) waits
/// with the lock of the pipe held; for the pipe itself it need not wait.
fn ready(transfer: &mut Transfer<'_>, via: u32) -> Result<Ready, Error> {
    let splices = via == ZS_VIA_SPLICE;
    let from_pipe = splices && transfer.input.kind == FdKind::Pipe;
    if splices && transfer.output.kind == FdKind::Pipe {
        return Ok(match transfer.eof_before_pipe()? {
            Eof::Yes => Ready::Ended,
            // A socket that is not connected, for example.
            Eof::Unknown if !transfer.avoids(ZS_VIA_READ_WRITE) => Ready::ForRead,
            _ => Ready::For(usize::MAX),
        });
    }
    if !from_pipe {
        transfer.await_input(splices)?;
    }
    if via == ZS_VIA_SENDFILE && !transfer.watch.may_block() && transfer.has_file_ended()? {
        return Ok(Ready::Ended);
    }
    match transfer.await_output(from_pipe) {
        Ok(0) => Ok(Ready::NoRoom),
        Ok(room) => Ok(Ready::For(room)),
        // An input that has ended, or has failed, comes before an output that has.
        Err(error) if error.side == Some(Side::Out) => {
            transfer.input.find_position();
            if transfer.has_file_ended()? {
                Ok(Ready::Ended)
            } else {
                Err(error)
            }
        }
        Err(error) => Err(error),
    }
}

fn moved(
    transfer: &mut Transfer<'_>,
    via: u32,
    count: usize,
    len: usize,
    attempts: &mut Attempts,
) -> Result<Option<Tried>, Error> {
    *attempts = Attempts::default();
    let len = transfer.remaining_by_size().min(len as u64).max(1) as usize;
    transfer.moved(via, count)?;
    if transfer.is_at_size() && eof::after_zero(transfer)? == Eof::Yes {
        return Ok(Some(Tried::Done));
    }
    if transfer.remaining > 0 {
        transfer.check_short_count(count, len)?;
    }
    Ok(None)
}

fn failed(transfer: &mut Transfer<'_>, via: u32, errno: Errno) -> Result<Option<Tried>, Error> {
    match errno {
        // copy_file_range(2) at the end of the input, to the largest offset (docs/kernel.md, "EFBIG
        // instead of 0 at the largest offset").
        Errno::FBIG if via == ZS_VIA_COPY_RANGE && eof::after_zero(transfer)? == Eof::Yes => {
            Ok(Some(Tried::Done))
        }
        _ => Err(transfer.failed(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shared::options::Options;
    use crate::engine::shared::outcome::{Error, Progress};
    use crate::engine::shared::script::Script;
    use crate::errno::Result;
    use std::boxed::Box;
    use std::cell::RefCell;
    use std::io::{Read, Seek};
    use std::rc::Rc;

    /// Plays the kernel's answers to a copy of `content`. A count also takes that many bytes from the
    /// input. Returns what read and write have delivered on the way, too.
    fn play(
        content: &[u8],
        answers: &[Result<usize>],
    ) -> (Result<Tried, Error>, Progress, std::string::String) {
        let (from, mut to) = (file(content), file(b""));
        let (mut options, mut input, mut output) = (Options::default(), cursor(&from), cursor(&to));
        let mut transfer =
            Transfer::new(&mut input, &mut output, u64::MAX, Progress::NONE, &mut options);
        let script = Rc::new(RefCell::new(Script::new(answers)));
        let (played, mut reader) = (Rc::clone(&script), from.try_clone().unwrap());
        let call = Call::Played(Box::new(move || {
            let answer = played.borrow_mut().next();
            reader.seek_relative(answer.unwrap_or(0) as i64).unwrap();
            answer
        }));
        let end = repeat(&mut transfer, call);
        script.borrow().assert_over();
        let mut delivered = std::string::String::new();
        to.rewind().unwrap();
        to.read_to_string(&mut delivered).unwrap();
        (end, transfer.so_far, delivered)
    }

    #[test]
    fn a_file_of_known_size_is_done_when_a_read_agrees() {
        let (end, so_far, _) = play(b"0123456789", &[Ok(4), Err(Errno::INTR), Ok(6)]);
        assert_eq!((end, so_far.bytes, so_far.via), (Ok(Tried::Done), 10, ZS_VIA_COPY_RANGE));
    }

    #[test]
    fn a_refusal_leads_on_at_the_exact_byte() {
        let (end, so_far, _) = play(b"0123456789", &[Ok(4), Err(Errno::OPNOTSUPP)]);
        assert_eq!((end, so_far.bytes), (Ok(Tried::Unsupported(Errno::OPNOTSUPP)), 4));
    }

    #[test]
    fn a_failure_ends_the_copy_and_keeps_the_count() {
        let (end, so_far, _) = play(b"0123456789", &[Ok(4), Err(Errno::IO)]);
        assert_eq!(end, Err(Errno::IO.into()));
        assert_eq!(so_far.bytes, 4);
        let (end, _, _) = play(b"0123456789", &[Err(Errno::NOSPC)]);
        assert_eq!(end.map_err(|error| error.side), Err(Some(Side::Out)));
    }

    #[test]
    fn a_zero_that_a_read_contradicts_is_asked_again_once() {
        let (end, so_far, delivered) = play(b"0123456789", &[Ok(0), Ok(0)]);
        assert_eq!(end, Ok(Tried::Unsupported(Errno::OPNOTSUPP)));
        assert_eq!((so_far.bytes, so_far.copied, delivered.as_str()), (1, 1, "0"));
        let (end, so_far, delivered) = play(b"0123456789", &[Ok(4), Ok(0), Ok(5)]);
        assert_eq!((end, so_far.bytes, delivered.as_str()), (Ok(Tried::Done), 10, "4"));
    }

    #[test]
    fn a_zero_at_the_end_is_the_end() {
        let (end, so_far, delivered) = play(b"", &[Ok(0)]);
        assert_eq!((end, so_far, delivered.as_str()), (Ok(Tried::Done), Progress::NONE, ""));
    }

    #[test]
    fn a_mechanism_that_would_block_on_two_ready_files_is_given_up() {
        let (end, _, _) = play(b"0123456789", &[Err(Errno::AGAIN); 1001]);
        assert_eq!(end, Ok(Tried::Unsupported(Errno::AGAIN)));
    }

    #[test]
    fn the_largest_offset_is_no_failure_at_the_end_of_the_input() {
        let (end, _, _) = play(b"", &[Err(Errno::FBIG)]);
        assert_eq!(end, Ok(Tried::Done));
        let (end, _, _) = play(b"0123456789", &[Err(Errno::FBIG)]);
        assert_eq!(end.map_err(|error| error.errno), Err(Errno::FBIG));
    }
}
