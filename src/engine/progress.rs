//! What has become of a transfer.

use crate::errno::{Errno, Result};
use crate::sys;
use core::ffi::c_int;

/// The mechanisms, as bits: those of `zs_result.via`.
pub(crate) mod via {
    pub(crate) const COPY_RANGE: u32 = 0x02;
    pub(crate) const SENDFILE: u32 = 0x04;
    pub(crate) const SPLICE: u32 = 0x08;
    pub(crate) const TEE: u32 = 0x10;
}

/// Where an error came from, numbered as in `zs_result.side`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Side {
    In = 1,
    Out = 2,
    Call = 3,
}

/// How far a transfer came, and how it ended: always both.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Progress {
    pub(crate) bytes: u64,
    pub(crate) in_flight: u64,
    pub(crate) via: u32,
    pub(crate) side: Option<Side>,
    pub(crate) end: Result<()>,
}

impl Progress {
    /// Nothing has moved, since the arguments make no sense.
    pub(crate) const fn refused(errno: Errno) -> Progress {
        Progress { bytes: 0, in_flight: 0, via: 0, side: Some(Side::Call), end: Err(errno) }
    }
}

/// The side that `errno` came from, of one system call that touches both; None where it does not
/// tell.
pub(crate) fn side_of(errno: Errno, input: c_int, output: c_int) -> Option<Side> {
    match errno.0 {
        libc::EPIPE | libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::EROFS => Some(Side::Out),
        libc::EBADF | libc::EFAULT | libc::ESPIPE | libc::EOVERFLOW => Some(Side::Call),
        libc::ECONNRESET
        | libc::ECONNREFUSED
        | libc::ECONNABORTED
        | libc::ENOTCONN
        | libc::ETIMEDOUT
        | libc::EHOSTUNREACH
        | libc::ENETUNREACH
        | libc::ENETDOWN
        | libc::EHOSTDOWN => connection(input, output),
        _ => None,
    }
}

/// The side that is a socket, where only one is.
fn connection(input: c_int, output: c_int) -> Option<Side> {
    match (is_socket(input), is_socket(output)) {
        (true, false) => Some(Side::In),
        (false, true) => Some(Side::Out),
        _ => None,
    }
}

pub(crate) fn is_socket(fd: c_int) -> bool {
    sys::getsockopt(fd, libc::SO_TYPE).is_ok()
}
