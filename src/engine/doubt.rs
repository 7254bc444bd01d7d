//! Whether a 0 is the end of the input.

use super::wait;
use crate::errno::{Errno, Result};
use crate::sys::{self, End};
use core::ffi::c_int;

/// File systems whose files may give up what is read from them (trace_pipe, relay channels): no
/// reading on trial there. From linux/magic.h; debugfs holds relay files and, mounted, tracefs.
const CONSUMING: [i64; 2] = [0x7472_6163, 0x6462_6720];

/// Whether `input`, of which a call has just said 0, has ended. If not, the call is worth making
/// again; `patient` allows to wait for that. "Would block" where there is no waiting for it.
///
/// A 0 is made up by files that do not know their size (procfs before Linux 5.19, overlays, FUSE),
/// by a file that grows meanwhile, by a blocking TCP socket at an urgent mark, and by a FIFO that
/// nobody has opened for writing yet.
pub(super) fn ended(input: End, patient: bool) -> Result<bool> {
    match sys::fstat(input.fd).map(|stat| stat.kind) {
        Ok(libc::S_IFREG) => file_ended(input),
        Ok(libc::S_IFSOCK) => stream_ended(input.fd),
        Ok(libc::S_IFIFO) => pipe_ended(input.fd, patient),
        _ => Ok(true),
    }
}

/// Has a one-byte read agree. Where that is refused the kernel's 0 is all there is to go by
/// (EINVAL from O_DIRECT, ESPIPE from what only looks like a file); a read that fails has failed.
fn file_ended(input: End) -> Result<bool> {
    if sys::fstatfs(input.fd).is_ok_and(|kind| CONSUMING.contains(&kind)) {
        return Ok(true);
    }
    let Ok(offset) = input.offset().map_or_else(|| sys::lseek(input.fd, 0, libc::SEEK_CUR), Ok)
    else {
        return Ok(true);
    };
    loop {
        match sys::preadv(input.fd, &mut [0], offset) {
            Err(Errno::INTR) => {}
            Err(Errno::IO) => return Err(Errno::IO),
            answer => return Ok(matches!(answer, Ok(0) | Err(_))),
        }
    }
}

/// Has recv(2) agree, which unlike splice(2) gets past an urgent mark. Where it finds a byte, or
/// would wait for one, the stream goes on, but not for splice(2).
fn stream_ended(fd: c_int) -> Result<bool> {
    let is_stream =
        |[a, b, c, d, ..]: [u8; 16]| c_int::from_ne_bytes([a, b, c, d]) == libc::SOCK_STREAM;
    if !sys::getsockopt(fd, libc::SO_TYPE).is_ok_and(is_stream) {
        return Ok(true);
    }
    match sys::recv(fd, &mut [0], libc::MSG_PEEK | libc::MSG_DONTWAIT) {
        Ok(1..) | Err(Errno::AGAIN) => Err(Errno::AGAIN),
        _ => Ok(true),
    }
}

/// Has poll(2) agree: a pipe has ended once it is hung up and empty. One that is neither is a FIFO
/// before its first writer.
fn pipe_ended(fd: c_int, patient: bool) -> Result<bool> {
    let mut fds = [wait::readable(fd)];
    if sys::poll(&mut fds, true).is_err() {
        return Ok(true);
    }
    let [pipe] = fds;
    if pipe.revents != 0 {
        return Ok(pipe.revents & libc::POLLIN == 0);
    }
    if !patient {
        return Err(Errno::AGAIN);
    }
    wait::forever(&mut fds).map(|()| false)
}
