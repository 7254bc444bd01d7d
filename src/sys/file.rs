//! Calls for files: copy_file_range(2), sendfile(2), and those that look.

use super::{count, done, long, End, Returned};
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_long, c_uint};
use core::mem::MaybeUninit;
use core::ptr;

// Where a long has 32 bits, the calls with 64-bit offsets have names of their own.
#[cfg(not(target_pointer_width = "32"))]
use libc::SYS_sendfile as SYS_SENDFILE64;
#[cfg(target_pointer_width = "32")]
use libc::SYS_sendfile64 as SYS_SENDFILE64;
#[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
use libc::{
    fstat as fstat64, fstatfs as fstatfs64, lseek as lseek64, stat as stat64, statfs as statfs64,
};
#[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
use libc::{fstat64, fstatfs64, lseek64, stat64, statfs64};

/// copy_file_range(2). Zero: the input has ended, or the file system would rather not say.
pub(crate) fn copy_file_range(from: End, to: End, len: usize, flags: c_uint) -> Returned {
    let (call, off_in, off_out) = (libc::SYS_copy_file_range, from.pointer(), to.pointer());
    // SAFETY: the kernel reads and writes our memory through the two offsets only, and each is null
    // or was handed to `End::new` for just that; where one leads nowhere the kernel says EFAULT.
    Returned(unsafe { libc::syscall(call, from.fd, off_in, to.fd, off_out, len, long(flags)) })
}

/// sendfile(2), with its 64-bit offset everywhere. The output has none of its own.
pub(crate) fn sendfile(to: c_int, from: End, len: usize) -> Returned {
    // SAFETY: as for copy_file_range, with one offset.
    Returned(unsafe { libc::syscall(SYS_SENDFILE64, to, from.fd, from.pointer(), len) })
}

/// preadv(2) into one buffer. Unlike pread(2) it takes its offset alike on every architecture:
/// as two longs, the lower first, of which the second is ignored where the first holds it all.
pub(crate) fn preadv(fd: c_int, into: &mut [u8], offset: i64) -> Result<usize> {
    let iov = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let (low, high) = (offset as c_long, (offset >> 32) as c_long);
    // SAFETY: the kernel reads one iovec, which lives until the call returns, and writes into the
    // buffer it describes, which `into` borrows exclusively.
    count(unsafe { libc::syscall(libc::SYS_preadv, fd, ptr::from_ref(&iov), 1_usize, low, high) })
}

/// lseek(2).
pub(crate) fn lseek(fd: c_int, offset: i64, whence: c_int) -> Result<i64> {
    // SAFETY: three numbers; the kernel touches no memory of ours.
    match unsafe { lseek64(fd, offset, whence) } {
        position if position >= 0 => Ok(position),
        _ => Err(Errno::last()),
    }
}

/// What fstat(2) tells, as far as anybody here asks.
#[derive(Clone, Copy)]
pub(crate) struct Stat {
    /// The file's type, S_IF….
    pub(crate) kind: libc::mode_t,
}

/// fstat(2).
pub(crate) fn fstat(fd: c_int) -> Result<Stat> {
    let mut stat = MaybeUninit::<stat64>::zeroed();
    // SAFETY: the kernel fills the one struct stat that we own.
    done(unsafe { fstat64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: it is plain numbers, of which zero is one, and the kernel has filled them in.
    let stat = unsafe { stat.assume_init() };
    Ok(Stat { kind: stat.st_mode & libc::S_IFMT })
}

/// fstatfs(2): the file system's magic number.
pub(crate) fn fstatfs(fd: c_int) -> Result<i64> {
    let mut stat = MaybeUninit::<statfs64>::zeroed();
    // SAFETY: the kernel fills the one struct statfs that we own.
    done(unsafe { fstatfs64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: it is plain numbers, of which zero is one, and the kernel has filled them in.
    let stat = unsafe { stat.assume_init() };
    #[allow(clippy::unnecessary_cast)] // its type differs from one architecture to the next
    Ok(stat.f_type as i64)
}
