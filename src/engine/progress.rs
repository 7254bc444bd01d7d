//! What has become of a transfer.

use crate::constants::*;
use crate::errno::{Errno, Result};
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

/// How far a transfer came, and how it ended: always both.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Progress {
    pub(crate) bytes: u64,
    pub(crate) in_flight: u64,
    pub(crate) copied: u64,
    pub(crate) holes: u64,
    pub(crate) via: u32,
    pub(crate) side: Option<Side>,
    pub(crate) end: Result<()>,
}

impl Progress {
    /// Nothing has moved so far.
    pub(crate) const NONE: Progress =
        Progress { bytes: 0, in_flight: 0, copied: 0, holes: 0, via: 0, side: None, end: Ok(()) };

    /// Nothing has moved, since the arguments make no sense.
    pub(crate) const fn refused(errno: Errno) -> Progress {
        Progress { side: Some(Side::Call), end: Err(errno), ..Progress::NONE }
    }
}

/// The side that `errno` came from, of one system call that touches both; None where it does not
/// tell.
#[cold]
pub(crate) fn side_of(errno: Errno, input: c_int, output: c_int) -> Option<Side> {
    match errno.0 {
        libc::EPIPE | libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::EROFS => Some(Side::Out),
        libc::EBADF | libc::EFAULT | libc::ESPIPE | libc::EOVERFLOW => Some(Side::Call),
        libc::ECONNRESET => connection(input, output, |_| true),
        // Network file systems know these, too.
        libc::ECONNREFUSED
        | libc::ECONNABORTED
        | libc::ENOTCONN
        | libc::ETIMEDOUT
        | libc::EHOSTUNREACH
        | libc::ENETUNREACH
        | libc::ENETDOWN
        | libc::EHOSTDOWN
        | libc::ENOPROTOOPT
        | libc::ENONET
        | libc::EPROTO
        | libc::EMSGSIZE => connection(input, output, is_pipe),
        _ => None,
    }
}

/// The side that is a socket, where only one is, and the other is nothing else that says the like.
fn connection(input: c_int, output: c_int, is_innocent: impl Fn(c_int) -> bool) -> Option<Side> {
    match (is_socket(input), is_socket(output)) {
        (true, false) if is_innocent(output) => Some(Side::In),
        (false, true) if is_innocent(input) => Some(Side::Out),
        _ => None,
    }
}

fn is_pipe(fd: c_int) -> bool {
    sys::fstat(fd).is_ok_and(|stat| stat.kind == libc::S_IFIFO)
}

pub(crate) fn is_socket(fd: c_int) -> bool {
    sys::getsockopt(fd, libc::SO_TYPE).is_ok()
}
