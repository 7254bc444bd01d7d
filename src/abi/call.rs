//! Calls: one system call each
//!
//! The kernel's meaning, argument order, counts and errors to the letter: a program whose own calls
//! are replaced by these behaves the same. No retry, no limit, no check ahead of the kernel's, and
//! none of them is a cancellation point. The flags SPLICE_F_* are those of splice(2), in
//! <fcntl.h> with _GNU_SOURCE.

use crate::sys::{self, FdAt};
use libc::{c_int, c_uint, iovec, size_t, ssize_t};

/// Moves up to `len` bytes between a pipe and another descriptor: splice(2).
///
/// @param fd_in    where from
/// @param off_in   where in it, advanced by what has moved; NULL for its own position, and always
///                 NULL for a pipe
/// @param fd_out   where to; one of the two is a pipe
/// @param off_out  where in it, likewise
/// @param len      the most to move, in bytes
/// @param flags    SPLICE_F_*
/// @return bytes moved, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_splice(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: likewise.
    let to = unsafe { FdAt::new(fd_out, off_out) };
    sys::splice(from, to, len, flags).raw()
}

/// Duplicates up to `len` bytes from one pipe to another, without taking them: tee(2).
///
/// @param fd_in    the pipe to look into, from its head
/// @param fd_out   the pipe that gets them too
/// @param len      the most to duplicate, in bytes
/// @param flags    SPLICE_F_*
/// @return bytes duplicated, 0 if there are none and no writer either, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub extern "C" fn zs_tee(fd_in: c_int, fd_out: c_int, len: size_t, flags: c_uint) -> ssize_t {
    sys::tee(fd_in, fd_out, len, flags).raw()
}

/// Hands memory to a pipe, or fills memory from one: vmsplice(2).
///
/// What lies in the memory later may be what the reader gets: it has to stay as it is until the
/// pipe is drained (Linux up to 7.1 at least; newer kernels may copy).
///
/// @param fd       a pipe
/// @param iov      the memory, in pieces
/// @param count    how many pieces
/// @param flags    SPLICE_F_*
/// @return bytes moved, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_vmsplice(
    fd: c_int,
    iov: *const iovec,
    count: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: what zsplice.h says of the memory is what vmsplice asks for.
    unsafe { sys::vmsplice(fd, iov, count, flags) }.raw()
}

/// Copies up to `len` bytes between two files: copy_file_range(2).
///
/// @param fd_in    the file to copy from
/// @param off_in   where in it, advanced by what was copied; NULL for its own position
/// @param fd_out   the file to copy to
/// @param off_out  where in it, likewise
/// @param len      the most to copy, in bytes
/// @param flags    0
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_copy_range(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: likewise.
    let to = unsafe { FdAt::new(fd_out, off_out) };
    sys::copy_file_range(from, to, len, flags).raw()
}

/// Copies up to `len` bytes from a file to any descriptor: sendfile(2), the output first.
///
/// @param fd_out   where to, at its own position
/// @param fd_in    the file to copy from
/// @param off_in   where in it, advanced by what was copied; NULL for its own position
/// @param len      the most to copy, in bytes
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_sendfile(
    fd_out: c_int,
    fd_in: c_int,
    off_in: *mut i64,
    len: size_t,
) -> ssize_t {
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    sys::sendfile(fd_out, from, len).raw()
}
