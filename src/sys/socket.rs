//! Calls for sockets, and what fcntl(2) tells of any descriptor.

use super::{count, done};
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_void};
use core::ptr;

/// recv(2). (recvfrom(2), since that is the call that every architecture has.)
pub(crate) fn recv(fd: c_int, into: &mut [u8], flags: c_int) -> Result<usize> {
    let (buffer, len) = (into.as_mut_ptr(), into.len());
    let nobody: *const c_void = ptr::null();
    // SAFETY: the kernel writes into the buffer only, which `into` borrows exclusively; the two
    // null pointers say that nobody asks for the sender's address.
    count(unsafe { libc::syscall(libc::SYS_recvfrom, fd, buffer, len, flags, nobody, nobody) })
}

/// getsockopt(2) at SOL_SOCKET, for an option of at most 16 bytes.
pub(crate) fn getsockopt(fd: c_int, option: c_int) -> Result<[u8; 16]> {
    let mut value = [0; 16];
    let mut len: libc::socklen_t = 16;
    let into: *mut c_void = value.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most `len` bytes into `value`, and how many into `len`; both are
    // ours until the call returns.
    done(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, into, &mut len) })?;
    Ok(value)
}

/// fcntl(2), F_GETFL: O_NONBLOCK, O_APPEND and the like.
pub(crate) fn status_flags(fd: c_int) -> Result<c_int> {
    // SAFETY: two numbers; the kernel touches no memory of ours.
    match unsafe { libc::fcntl(fd, libc::F_GETFL) } {
        -1 => Err(Errno::last()),
        flags => Ok(flags),
    }
}
