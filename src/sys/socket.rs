// SPDX-License-Identifier: MIT OR Apache-2.0

//! Calls for sockets, by the names that every architecture has (Linux 4.3).

use super::count;
use crate::errno::Result;
use core::ffi::{c_int, c_long, c_void};
use core::ptr;

/// recv(2), by way of recvfrom(2), which every architecture has.
pub(crate) fn recv(fd: c_int, into: &mut [u8], flags: c_int) -> Result<usize> {
    let (buffer, len) = (into.as_mut_ptr(), into.len());
    let nobody: *const c_void = ptr::null();
    // SAFETY: the kernel writes at most `len` bytes to `buffer`, which `into` borrows exclusively;
    // the two null pointers say that the sender's address is not wanted.
    count(unsafe { libc::syscall(libc::SYS_recvfrom, fd, buffer, len, flags, nobody, nobody) })
}

/// send(2), by way of sendto(2), which every architecture has.
pub(crate) fn send(fd: c_int, from: &[u8], flags: c_int) -> Result<usize> {
    let (buffer, len) = (from.as_ptr(), from.len());
    let nobody: *const c_void = ptr::null();
    // SAFETY: the kernel reads `len` bytes at `buffer`, which `from` borrows; the null pointer says
    // that the receiver is the peer of the socket.
    count(unsafe { libc::syscall(libc::SYS_sendto, fd, buffer, len, flags, nobody, 0_usize) })
}

/// shutdown(2).
pub(crate) fn shutdown(fd: c_int, how: c_int) -> Result<()> {
    // SAFETY: the arguments are numbers, so the kernel accesses no memory of ours.
    count(unsafe { libc::syscall(libc::SYS_shutdown, fd, how) }).map(drop)
}

/// getpeername(2), without the name: fails unless the socket has a peer.
pub(crate) fn getpeername(fd: c_int) -> Result<()> {
    let mut name = [0_u64; 16];
    let mut len = size_of_val(&name) as libc::socklen_t;
    let (into, room) = (name.as_mut_ptr(), ptr::from_mut(&mut len));
    // SAFETY: the kernel writes at most `len` bytes to `name`, which has the size and the alignment
    // of a struct sockaddr_storage, and a socklen_t to `len`; both are variables of our own.
    count(unsafe { libc::syscall(libc::SYS_getpeername, fd, into, room) }).map(drop)
}

/// getsockopt(2) at SOL_SOCKET, of an option of at most 16 bytes.
pub(crate) fn getsockopt(fd: c_int, option: c_int) -> Result<[u8; 16]> {
    getsockopt_at(fd, libc::SOL_SOCKET, option)
}

/// getsockopt(2), of an option of at most 16 bytes.
fn getsockopt_at(fd: c_int, level: c_int, option: c_int) -> Result<[u8; 16]> {
    let mut value = [0; 16];
    let mut len: libc::socklen_t = 16;
    let (into, room) = (value.as_mut_ptr(), ptr::from_mut(&mut len));
    // SAFETY: the kernel writes at most `len` bytes to `value`, which has 16, and a socklen_t to
    // `len`; both are variables of our own.
    count(unsafe { libc::syscall(libc::SYS_getsockopt, fd, level, option, into, room) })?;
    Ok(value)
}

/// getsockopt(2) at SOL_SOCKET, of an option that is an int.
pub(crate) fn getsockopt_int(fd: c_int, option: c_int) -> Result<c_int> {
    getsockopt_int_at(fd, libc::SOL_SOCKET, option)
}

/// getsockopt(2), of an option that is an int.
pub(crate) fn getsockopt_int_at(fd: c_int, level: c_int, option: c_int) -> Result<c_int> {
    let [a, b, c, d, ..] = getsockopt_at(fd, level, option)?;
    Ok(c_int::from_ne_bytes([a, b, c, d]))
}

/// getsockopt(2) at SOL_SOCKET, of an option that is a struct timeval (socket(7)), in nanoseconds.
pub(crate) fn getsockopt_time(fd: c_int, option: c_int) -> Result<i64> {
    const HALF: usize = size_of::<c_long>();
    let value = getsockopt(fd, option)?;
    let number = |at: usize| {
        let bytes = value.get(at..)?.first_chunk::<HALF>()?;
        #[allow(clippy::useless_conversion)] // their types differ from one architecture to the next
        Some(i64::from(c_long::from_ne_bytes(*bytes)))
    };
    let (seconds, micro) = (number(0).unwrap_or(0), number(HALF).unwrap_or(0));
    Ok(seconds.saturating_mul(1_000_000_000).saturating_add(micro.saturating_mul(1000)))
}
