// SPDX-License-Identifier: MIT OR Apache-2.0

//! Progress, errors, and what one call of a mechanism came to.

use crate::constants::*;
use crate::errno::{Class, Errno, Origin, Result};
use crate::sys;
use core::ffi::c_int;

/// Where an error came from, numbered as in `zs_result.side`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
#[repr(u32)]
pub(crate) enum Side {
    In = ZS_SIDE_IN,
    Out = ZS_SIDE_OUT,
    Call = ZS_SIDE_CALL,
}

/// Why a transfer, or a part of it, failed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Error {
    pub(crate) errno: Errno,
    /// None: one system call touches both sides, and its errno does not say which one failed.
    pub(crate) side: Option<Side>,
}

impl Error {
    pub(crate) const fn new(side: Side, errno: Errno) -> Error {
        Error { errno, side: Some(side) }
    }

    pub(crate) const fn input(errno: Errno) -> Error {
        Error::new(Side::In, errno)
    }

    pub(crate) const fn output(errno: Errno) -> Error {
        Error::new(Side::Out, errno)
    }

    /// The arguments, the timeout, the cancel, or our own resources.
    pub(crate) const fn call(errno: Errno) -> Error {
        Error::new(Side::Call, errno)
    }
}

impl From<Errno> for Error {
    /// The error of one system call that touches both sides.
    fn from(errno: Errno) -> Error {
        Error { errno, side: None }
    }
}

/// How far a transfer came and how it ended: never one without the other.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Progress {
    pub(crate) bytes: u64,
    pub(crate) in_flight: u64,
    pub(crate) copied: u64,
    pub(crate) holes: u64,
    pub(crate) via: u32,
    /// Mechanisms that were tried and have refused.
    pub(crate) refused: u32,
    /// Why the first of them did; `Errno::NONE` if there are none.
    pub(crate) refusal: Errno,
    /// Which direction or output this is the progress of.
    pub(crate) index: u32,
    pub(crate) end: Result<(), Error>,
}

impl Progress {
    /// The state before the first byte.
    pub(crate) const NONE: Progress = Progress {
        bytes: 0,
        in_flight: 0,
        copied: 0,
        holes: 0,
        via: 0,
        refused: 0,
        refusal: Errno::NONE,
        index: 0,
        end: Ok(()),
    };

    /// Accounts for `count` bytes that `via` has delivered.
    pub(crate) fn count(&mut self, via: u32, count: u64) {
        self.via |= via;
        self.bytes = self.bytes.saturating_add(count);
        if via == ZS_VIA_READ_WRITE {
            self.copied = self.copied.saturating_add(count);
        }
    }

    /// A transfer that failed before it moved anything.
    pub(crate) const fn failed(error: Error) -> Progress {
        Progress { end: Err(error), ..Progress::NONE }
    }

    /// A transfer whose arguments are not valid.
    pub(crate) const fn refused(errno: Errno) -> Progress {
        Progress::failed(Error::call(errno))
    }

    /// Notes that the mechanism `via` was tried and has refused.
    #[cold]
    pub(crate) fn note_refusal(&mut self, via: u32, errno: Errno) {
        if self.refused == 0 {
            self.refusal = errno;
        }
        self.refused |= via;
    }

    /// The same, of both directions of a connection.
    pub(crate) fn of_both(self) -> [Progress; 2] {
        [self.of(0), self.of(1)]
    }

    /// The same, of the direction or output `index`.
    pub(crate) const fn of(self, index: usize) -> Progress {
        Progress { index: index as u32, ..self }
    }
}

/// What one call of a mechanism came to. Every loop judges it by one match.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Answer {
    /// So many bytes moved, at least one.
    Moved(usize),
    /// 0: the input may have ended (eof.rs).
    Zero,
    Interrupted,
    WouldBlock,
    /// The mechanism refuses: the next one has to do it.
    Unsupported(Errno),
    Failed(Errno),
}

impl From<Result<usize>> for Answer {
    fn from(returned: Result<usize>) -> Answer {
        match returned {
            Ok(0) => Answer::Zero,
            Ok(count) => Answer::Moved(count),
            Err(errno) => match errno.class() {
                Class::Interrupted => Answer::Interrupted,
                Class::WouldBlock => Answer::WouldBlock,
                Class::Unsupported => Answer::Unsupported(errno),
                Class::Failed => Answer::Failed(errno),
            },
        }
    }
}

/// The side of a failure (`Answer::Failed`) of a call that touches both. An errno that can be a refusal and
/// was none came from the connection.
#[cold]
pub(crate) fn side_of_failure(errno: Errno, input: c_int, output: c_int) -> Option<Side> {
    match errno.class() {
        Class::Unsupported => connection(input, output, false),
        _ => side_of(errno, input, output),
    }
}

/// The side that `errno` came from, if one system call touches both. None: the errno does not say.
#[cold]
pub(crate) fn side_of(errno: Errno, input: c_int, output: c_int) -> Option<Side> {
    match errno.origin() {
        Origin::Unknown => None,
        Origin::Call => Some(Side::Call),
        Origin::Output => Some(Side::Out),
        Origin::Socket => connection(input, output, false),
        Origin::SocketOrFile => connection(input, output, true),
    }
}

/// The side that is a socket, if only one is and the other could not have returned this errno: any other, or
/// (`beside_pipe`) a pipe only.
#[inline(never)]
fn connection(input: c_int, output: c_int, beside_pipe: bool) -> Option<Side> {
    let is_innocent = |fd| !beside_pipe || is_pipe(fd);
    match (is_socket(input), is_socket(output)) {
        (true, false) if is_innocent(output) => Some(Side::In),
        (false, true) if is_innocent(input) => Some(Side::Out),
        _ => None,
    }
}

pub(crate) fn is_pipe(fd: c_int) -> bool {
    sys::fstat(fd).is_ok_and(|stat| stat.kind == libc::S_IFIFO)
}

pub(crate) fn is_socket(fd: c_int) -> bool {
    sys::getsockopt(fd, libc::SO_TYPE).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_that_of_the_first_refusal() {
        let mut progress = Progress::NONE;
        progress.note_refusal(ZS_VIA_SENDFILE, Errno::INVAL);
        progress.note_refusal(ZS_VIA_CLONE, Errno::OPNOTSUPP);
        assert_eq!(progress.refused, ZS_VIA_CLONE | ZS_VIA_SENDFILE);
        assert_eq!(progress.refusal, Errno::INVAL);
    }

    #[test]
    fn an_index_changes_nothing_else() {
        let failed = Progress::failed(Error::input(Errno::IO));
        assert_eq!(failed.of(3), Progress { index: 3, ..failed });
    }
}
