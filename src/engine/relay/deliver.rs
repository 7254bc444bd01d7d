//! Giving to the output, and hearing of its death.

use super::intake::failed;
use super::Relay;
use crate::constants::*;
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::outcome::Error;
use crate::engine::shared::sigpipe;
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_short};

impl Relay {
    /// Delivers something of what is held; whether the output took it.
    pub(super) fn deliver(&mut self, until: u64) -> Result<bool, Error> {
        let most = usize::try_from(until.saturating_sub(self.bytes())).unwrap_or(usize::MAX);
        let (output, flags) = (self.output, self.flags);
        let piped = self.in_flight.piped();
        if piped == 0 {
            let sent = self.in_flight.drain_buffer(most, |bytes| put(output, flags, bytes));
            return self.delivered(ZS_VIA_READ_WRITE, sent);
        }
        match quietly(flags, piped.min(most), || {
            self.in_flight.drain_pipe(most, |pipe, len| output.splice_from(pipe, len, 0))
        }) {
            Ok(count @ 1..) => self.delivered(ZS_VIA_SPLICE, Ok(count)),
            Err(errno) if errno == Errno::AGAIN || failed(errno) => {
                self.delivered(ZS_VIA_SPLICE, Err(errno))
            }
            // The output does not take it from a pipe.
            _ if self.ways.no_buffer => Err(Error::call(Errno::OPNOTSUPP)),
            _ => {
                self.ways.no_splice = true;
                if self.in_flight.spill_to_buffer() {
                    return Ok(true);
                }
                Err(Error::call(Errno::NOMEM))
            }
        }
    }

    fn delivered(&mut self, by: u32, count: Result<usize>) -> Result<bool, Error> {
        match count {
            Ok(0) => Err(self.output_failed(Errno::IO)),
            Ok(count) => {
                self.account(by, count);
                Ok(true)
            }
            Err(Errno::AGAIN) => Ok(false),
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    pub(super) fn account(&mut self, by: u32, count: usize) {
        let sum = if by == ZS_VIA_READ_WRITE { &mut self.copied } else { &mut self.spliced };
        *sum = sum.saturating_add(count as u64);
        self.via |= by;
    }

    /// What is wanted now; an output that has died is an error even when nothing is held for it.
    pub(super) fn wait_for(&mut self, wanted: c_int, before: u64) -> Result<c_int, Error> {
        let hang_up = if self.ways.hang_up_is_fine { 0 } else { libc::POLLHUP };
        self.look_for(libc::POLLERR | libc::POLLNVAL | hang_up, before)?;
        Ok(wanted)
    }

    /// Whether the output has died, where nothing has moved that would have shown it.
    #[inline(never)]
    pub(super) fn look_for(&self, fatal: c_short, before: u64) -> Result<(), Error> {
        if self.bytes() > before || self.output.kind.is_file() {
            return Ok(());
        }
        if let Some(errno) = self.shared_errors.output_error() {
            return Err(Error::output(errno));
        }
        match self.output.poll(0) & fatal {
            0 => Ok(()),
            events => self.output.death(events).map_or(Ok(()), |why| Err(self.output_failed(why))),
        }
    }

    /// What the other direction has heard of it is not asked for before: that lies far away.
    #[cold]
    pub(super) fn output_failed(&self, errno: Errno) -> Error {
        let errno = match errno {
            Errno::PIPE => self.shared_errors.output_error().unwrap_or(errno),
            errno => errno,
        };
        self.shared_errors.note_output_error(errno);
        Error::output(errno)
    }
}

pub(super) fn put(output: Endpoint, flags: u32, bytes: &[u8]) -> Result<usize> {
    if output.kind == FdKind::Socket {
        let quiet = if flags & ZS_NOSIGPIPE == 0 { 0 } else { libc::MSG_NOSIGNAL };
        return output.write(bytes, quiet);
    }
    quietly(flags, bytes.len(), || output.write(bytes, 0))
}

/// Without SIGPIPE, where that is asked for. (splice(2) has no flag for it.) A call that comes to less
/// than it was `asked` for may have raised one, too: it writes to a socket in pieces.
pub(super) fn quietly(
    flags: u32,
    asked: usize,
    work: impl FnOnce() -> Result<usize>,
) -> Result<usize> {
    if flags & ZS_NOSIGPIPE == 0 {
        work()
    } else {
        sigpipe::without(work, |outcome| match *outcome {
            Ok(count) => count < asked,
            Err(errno) => errno == Errno::PIPE,
        })
    }
}
