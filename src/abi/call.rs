// SPDX-License-Identifier: MIT OR Apache-2.0

//! Calls: one system call each
//!
//! Meaning, argument order, counts and errors are exactly the kernel's: a program that calls these
//! instead of the system calls behaves the same. They do not retry, limit a length or check
//! arguments before the kernel does, and none is a cancellation point. The flags SPLICE_F_* are
//! those of splice(2), declared by <fcntl.h> with _GNU_SOURCE.

use super::{side, sides};
use crate::sys;
use libc::{c_int, c_uint, iovec, size_t, ssize_t};

/// Moves up to `len` bytes between a pipe and another descriptor: splice(2).
///
/// @param fd_in    descriptor to read from
/// @param off_in   offset to read at, advanced by the bytes moved; NULL: the descriptor's own
///                 offset; has to be NULL for a pipe
/// @param fd_out   descriptor to write to; one of the two is a pipe
/// @param off_out  offset to write at, advanced by the bytes moved; NULL: the descriptor's own
///                 offset; has to be NULL for a pipe
/// @param len      most bytes to move
/// @param flags    SPLICE_F_*
/// @return bytes moved, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_splice(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    sys::splice(from, to, len, flags).raw()
}

/// Duplicates up to `len` bytes from one pipe to another, without consuming them: tee(2).
///
/// @param fd_in    pipe to duplicate from, always from its first byte
/// @param fd_out   pipe to duplicate to
/// @param len      most bytes to duplicate
/// @param flags    SPLICE_F_*
/// @return bytes duplicated, 0 if the pipe is empty and has no writer, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub extern "C" fn zs_tee(fd_in: c_int, fd_out: c_int, len: size_t, flags: c_uint) -> ssize_t {
    sys::tee(fd_in, fd_out, len, flags).raw()
}

/// Moves memory into a pipe, or fills memory from one: vmsplice(2).
///
/// The pipe may refer to the memory instead of holding a copy: do not change it until the pipe has
/// been read (as of Linux 7.1; newer kernels may copy).
///
/// @param fd       pipe
/// @param iov      pieces of memory
/// @param count    number of pieces
/// @param flags    SPLICE_F_*
/// @return bytes moved, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_vmsplice(
    fd: c_int,
    iov: *const iovec,
    count: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: zsplice.h asks of the memory what vmsplice(2) asks, which is what this needs.
    unsafe { sys::vmsplice(fd, iov, count, flags) }.raw()
}

/// Copies up to `len` bytes between two files: copy_file_range(2).
///
/// @param fd_in    file to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param fd_out   file to write to
/// @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param len      most bytes to copy
/// @param flags    0
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_copy_range(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    sys::copy_file_range(from, to, len, flags).raw()
}

/// Copies up to `len` bytes from a file to any descriptor: sendfile(2), the output first.
///
/// @param fd_out   descriptor to write to, at its own offset
/// @param fd_in    file to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param len      most bytes to copy
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_sendfile(
    fd_out: c_int,
    fd_in: c_int,
    off_in: *mut i64,
    len: size_t,
) -> ssize_t {
    // SAFETY: zsplice.h asks for an offset that is NULL, or that nobody else uses until we return.
    let from = unsafe { side(fd_in, off_in) };
    sys::sendfile(fd_out, from, len).raw()
}
