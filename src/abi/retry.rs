//! Retry: one transfer, however often it has to be asked for
//!
//! As the call of the same name, but made again after EINTR, and after EAGAIN once poll(2) says that
//! the side that stood in the way is ready. EAGAIN is passed on with SPLICE_F_NONBLOCK in `flags`,
//! where both sides are ready and the call still declines (TCP urgent data), and where the time of a
//! blocking socket has run out (SO_RCVTIMEO, SO_SNDTIMEO). A length that the kernel would refuse as
//! too large is cut down. Unknown flags are EINVAL, also with `len` 0.

use crate::engine::retry;
use crate::errno::answer;
use crate::sys::FdAt;
use libc::{c_int, c_uint, size_t, ssize_t};

/// Moves up to `len` bytes between a pipe and another descriptor, waiting for the first of them.
///
/// @param fd_in    where from
/// @param off_in   where in it, advanced by what has moved; NULL for its own position, and always
///                 NULL for a pipe
/// @param fd_out   where to; one of the two is a pipe
/// @param off_out  where in it, likewise
/// @param len      the most to move, in bytes
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @return bytes moved, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_splice_retry(
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
    answer(|| retry::splice(from, to, len, flags).map(|moved| moved as ssize_t))
}

/// Duplicates up to `len` bytes from one pipe to another, waiting for the first of them.
///
/// @param fd_in    the pipe to look into, from its head
/// @param fd_out   the pipe that gets them too
/// @param len      the most to duplicate, in bytes
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @return bytes duplicated, 0 if there are none and no writer either, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub extern "C" fn zs_tee_retry(fd_in: c_int, fd_out: c_int, len: size_t, flags: c_uint) -> ssize_t {
    answer(|| retry::tee(fd_in, fd_out, len, flags).map(|copied| copied as ssize_t))
}

/// Copies up to `len` bytes between two files.
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
pub unsafe extern "C" fn zs_copy_range_retry(
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
    answer(|| retry::copy_range(from, to, len, flags).map(|copied| copied as ssize_t))
}

/// Copies up to `len` bytes from a file to any descriptor, waiting until it takes some.
///
/// @param fd_out   where to, at its own position
/// @param fd_in    the file to copy from
/// @param off_in   where in it, advanced by what was copied; NULL for its own position
/// @param len      the most to copy, in bytes
/// @param flags    0, or SPLICE_F_NONBLOCK: do not wait
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_sendfile_retry(
    fd_out: c_int,
    fd_in: c_int,
    off_in: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    answer(|| retry::sendfile(fd_out, from, len, flags).map(|copied| copied as ssize_t))
}
