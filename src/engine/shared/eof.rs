// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a 0 means: whether the input has ended.

use super::endpoint::{peek, FdKind};
use super::{readiness, refusal, retry_on_intr};
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt};
use core::ffi::c_int;

/// File systems whose files may consume what is read (trace_pipe, relay channels): never probe them
/// with a read (docs/kernel.md, "Reading on trial consumes on tracefs and debugfs"). From
/// linux/magic.h; debugfs holds relay files and, mounted, tracefs.
const CONSUMING: [i64; 2] = [0x7472_6163, 0x6462_6720];

/// Whether an input has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Eof {
    /// It has.
    Yes,
    /// It has not: bytes are there.
    No,
    /// It has not, although nothing is there now: a FIFO before its first writer (docs/kernel.md,
    /// "A FIFO before its first writer returns 0"), a silent connection.
    NotYet,
    /// It cannot be found out.
    Unknown,
}

/// Probes `input`, of which a call has just returned 0. EAGAIN: there is more, but that call cannot
/// deliver it.
///
/// A 0 is no end of file from files that do not know their size (procfs before Linux 5.19,
/// overlays, FUSE), from a file that grows meanwhile, from a blocking TCP socket at an urgent mark,
/// and from a FIFO before its first writer (docs/kernel.md, "A 0 is not always the end of the
/// input").
pub(crate) fn after_zero(input: FdAt<'_>) -> Result<Eof> {
    let kind = sys::fstat(input.fd).map_or(FdKind::Other, |stat| FdKind::of(stat.kind));
    match (kind, probe(input, kind)?) {
        (FdKind::Char | FdKind::Other, _) => Ok(Eof::Unknown),
        // The stream goes on, but splice(2) and sendfile(2) do not get past the urgent mark.
        (FdKind::Socket, Eof::No | Eof::NotYet) => Err(Errno::AGAIN),
        (_, eof) => Ok(eof),
    }
}

/// Probes `input` after EAGAIN, when poll(2) reports it readable: a full output may have hidden its
/// end (docs/kernel.md, "A full pipe hides the end").
pub(crate) fn after_would_block(input: FdAt<'_>) -> Result<Eof> {
    match sys::fstat(input.fd).map_or(FdKind::Other, |stat| FdKind::of(stat.kind)) {
        // An error is reported once, and the call itself has to get it.
        FdKind::Socket
            if readiness::revents(input.fd, 0)
                .is_ok_and(|revents| revents & libc::POLLERR != 0) =>
        {
            Ok(Eof::Unknown)
        }
        kind => probe(input, kind),
    }
}

/// The one probe: finds out whether `input` has ended, and takes nothing from it.
pub(crate) fn probe(input: FdAt<'_>, kind: FdKind) -> Result<Eof> {
    match kind {
        FdKind::File | FdKind::Block => file(input),
        FdKind::Socket => stream(input.fd),
        FdKind::Pipe => Ok(pipe(input.fd)),
        FdKind::Char | FdKind::Other => Ok(device(input.fd, kind)),
    }
}

/// One byte, read at the offset. If the read itself is refused (EINVAL from O_DIRECT, ESPIPE from a
/// file without a usable position), the answer is `Unknown`; any other error is the input's.
fn file(input: FdAt<'_>) -> Result<Eof> {
    if sys::fstatfs(input.fd).is_ok_and(|stat| CONSUMING.contains(&stat.kind)) {
        return Ok(Eof::Unknown);
    }
    let Ok(offset) = input.offset().map_or_else(|| sys::lseek(input.fd, 0, libc::SEEK_CUR), Ok)
    else {
        return Ok(Eof::Unknown);
    };
    judge(retry_on_intr(|| sys::read(input.fd, &mut [0], Some(offset))), None)
}

/// recv(2) gets past an urgent mark, unlike splice(2) (docs/kernel.md, "TCP urgent data stops
/// splice(2)"). A reset that it meets must not be lost: the kernel reports it once (docs/kernel.md,
/// "A reset is reported once per socket").
fn stream(fd: c_int) -> Result<Eof> {
    if sys::getsockopt_int(fd, libc::SO_TYPE) != Ok(libc::SOCK_STREAM) {
        return Ok(Eof::Unknown);
    }
    judge(peek(fd), Some(fd))
}

/// What a look at the input returned, which may be a `socket`.
fn judge(answer: Result<usize>, socket: Option<c_int>) -> Result<Eof> {
    match answer {
        Ok(0) => Ok(Eof::Yes),
        Ok(_) => Ok(Eof::No),
        Err(Errno::AGAIN) => Ok(Eof::NotYet),
        Err(errno) if refusal::is_one(socket, errno, &mut || peek(socket.unwrap_or(-1))) => {
            Ok(Eof::Unknown)
        }
        Err(errno) => Err(errno),
    }
}

/// poll(2) is enough for a pipe: it has ended once it is hung up and empty.
fn pipe(fd: c_int) -> Eof {
    match readiness::revents(fd, libc::POLLIN) {
        Err(_) => Eof::Unknown,
        Ok(0) => Eof::NotYet,
        Ok(events) if events & libc::POLLIN != 0 => Eof::No,
        Ok(_) => Eof::Yes,
    }
}

/// Terminals and the like. If it is readable and FIONREAD reports no bytes, it may or may not have
/// ended.
fn device(fd: c_int, kind: FdKind) -> Eof {
    let held = if kind == FdKind::Char { sys::fionread(fd).unwrap_or(0) } else { 0 };
    match readiness::revents(fd, libc::POLLIN) {
        _ if held > 0 => Eof::No,
        Ok(0) => Eof::NotYet,
        _ => Eof::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn an_error_that_is_told_once_is_left_to_the_call() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(b"unread").unwrap();
        drop(theirs);
        assert_eq!(after_would_block(FdAt::own(ours.as_raw_fd())), Ok(Eof::Unknown));
        assert_eq!(
            ours.read(&mut [0]).map_err(|error| error.kind()),
            Err(ErrorKind::ConnectionReset)
        );
    }

    #[test]
    fn what_has_no_position_is_not_read_on_trial() {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC).unwrap();
        sys::write(writer.0, b"!", None).unwrap();
        assert_eq!(probe(FdAt::own(reader.0), FdKind::File), Ok(Eof::Unknown));
        assert_eq!(sys::fionread(reader.0), Ok(1));
    }
}
