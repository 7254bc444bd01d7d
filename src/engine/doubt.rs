//! Whether a 0 is the end of the input.

use super::wait;
use crate::errno::{Errno, Result};
use crate::sys::{self, End};
use core::ffi::c_int;

/// File systems whose files may give up what is read from them (trace_pipe, relay channels): no
/// reading on trial there. From linux/magic.h; debugfs holds relay files and, mounted, tracefs.
const CONSUMING: [i64; 2] = [0x7472_6163, 0x6462_6720];

/// What a 0 turns out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Zero {
    /// The input has ended.
    End,
    /// There is more: the call is worth making again.
    More,
    /// A FIFO that nobody has opened for writing yet: to be waited for.
    Early,
    /// Nobody can tell.
    Unknown,
}

/// Finds out about `input`, of which a call has just said 0. "Would block": it goes on, but not for
/// that call.
///
/// A 0 is made up by files that do not know their size (procfs before Linux 5.19, overlays, FUSE),
/// by a file that grows meanwhile, by a blocking TCP socket at an urgent mark, and by a FIFO before
/// its first writer.
pub(super) fn zero(input: End<'_>) -> Result<Zero> {
    match sys::fstat(input.fd).map(|stat| stat.kind) {
        Ok(libc::S_IFREG | libc::S_IFBLK) => file(input),
        Ok(libc::S_IFSOCK) => stream(input.fd),
        Ok(libc::S_IFIFO) => Ok(pipe(input.fd)),
        _ => Ok(Zero::Unknown),
    }
}

/// Has a one-byte read agree. Where that is refused the kernel's 0 is all there is to go by
/// (EINVAL from O_DIRECT, ESPIPE from what only looks like a file); a read that fails has failed.
fn file(input: End<'_>) -> Result<Zero> {
    if sys::fstatfs(input.fd).is_ok_and(|stat| CONSUMING.contains(&stat.kind)) {
        return Ok(Zero::Unknown);
    }
    let Ok(offset) = input.offset().map_or_else(|| sys::lseek(input.fd, 0, libc::SEEK_CUR), Ok)
    else {
        return Ok(Zero::Unknown);
    };
    loop {
        match sys::read(input.fd, &mut [0], Some(offset)) {
            Ok(0) => return Ok(Zero::End),
            Ok(_) => return Ok(Zero::More),
            Err(Errno::INTR) => {}
            Err(errno) => return refused(errno),
        }
    }
}

/// Where the look itself is refused nobody can tell; any other error is the input's.
fn refused(errno: Errno) -> Result<Zero> {
    match errno {
        Errno::INVAL
        | Errno::SPIPE
        | Errno::OPNOTSUPP
        | Errno::NOSYS
        | Errno::PERM
        | Errno::ISDIR
        | Errno::BADF
        | Errno::NOTSOCK => Ok(Zero::Unknown),
        errno => Err(errno),
    }
}

/// Has recv(2) agree, which unlike splice(2) gets past an urgent mark (and must not lose a reset, of
/// which the kernel tells once). Where it finds a byte, or would wait for one, the stream goes on, but
/// not for splice(2).
fn stream(fd: c_int) -> Result<Zero> {
    if sys::getsockopt_int(fd, libc::SO_TYPE) != Ok(libc::SOCK_STREAM) {
        return Ok(Zero::Unknown);
    }
    loop {
        match sys::recv(fd, &mut [0], libc::MSG_PEEK | libc::MSG_DONTWAIT) {
            Ok(0) => return Ok(Zero::End),
            Ok(_) | Err(Errno::AGAIN) => return Err(Errno::AGAIN),
            Err(Errno::INTR) => {}
            Err(errno) => return refused(errno),
        }
    }
}

/// Has poll(2) agree: a pipe has ended once it is hung up and empty.
fn pipe(fd: c_int) -> Zero {
    let mut fds = [wait::readable(fd)];
    if sys::poll(&mut fds, Some(0)).is_err() {
        return Zero::Unknown;
    }
    let [pipe] = fds;
    match pipe.revents {
        0 => Zero::Early,
        events if events & libc::POLLIN != 0 => Zero::More,
        _ => Zero::End,
    }
}
