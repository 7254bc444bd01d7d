//! Calls for files.

use super::{count, done, long, FdAt, Returned};
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
    fstat as fstat64, fstatfs as fstatfs64, ftruncate as ftruncate64, lseek as lseek64,
    stat as stat64, statfs as statfs64,
};
#[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
use libc::{fstat64, fstatfs64, ftruncate64, lseek64, stat64, statfs64};

/// copy_file_range(2). Zero: the input has ended, or the file system would rather not say.
pub(crate) fn copy_file_range(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Returned {
    let (call, off_in, off_out) = (libc::SYS_copy_file_range, from.pointer(), to.pointer());
    // SAFETY: the kernel reads and writes our memory through the two offsets only, and each is null
    // or was handed to `FdAt` for just that; where one leads nowhere the kernel says EFAULT.
    Returned(unsafe { libc::syscall(call, from.fd, off_in, to.fd, off_out, len, long(flags)) })
}

/// sendfile(2), with its 64-bit offset everywhere. The output has none of its own.
pub(crate) fn sendfile(to: c_int, from: FdAt<'_>, len: usize) -> Returned {
    // SAFETY: as for copy_file_range, with one offset.
    Returned(unsafe { libc::syscall(SYS_SENDFILE64, to, from.fd, from.pointer(), len) })
}

/// ioctl(2), FICLONERANGE: lets `to` share the blocks of `from`. A length of 0 means to its end.
pub(crate) fn ficlonerange(
    to: c_int,
    off_out: u64,
    from: c_int,
    off_in: u64,
    len: u64,
) -> Result<()> {
    let range = libc::file_clone_range {
        src_fd: from.into(),
        src_offset: off_in,
        src_length: len,
        dest_offset: off_out,
    };
    // SAFETY: the kernel reads the one struct, which lives until the call returns.
    done(unsafe { libc::ioctl(to, libc::FICLONERANGE as _, ptr::from_ref(&range)) })
}

/// read(2), or, with an offset, pread(2).
pub(crate) fn read(fd: c_int, into: &mut [u8], offset: Option<i64>) -> Result<usize> {
    let (buffer, len) = (into.as_mut_ptr(), into.len());
    let Some(offset) = offset else {
        // SAFETY: the kernel writes into the buffer only, which `into` borrows exclusively.
        return count(unsafe { libc::syscall(libc::SYS_read, fd, buffer, len) });
    };
    #[cfg(not(target_pointer_width = "32"))]
    // SAFETY: likewise.
    let returned = unsafe { libc::syscall(libc::SYS_pread64, fd, buffer, len, offset) };
    #[cfg(target_pointer_width = "32")]
    let returned = {
        let iov = libc::iovec { iov_base: buffer.cast(), iov_len: len };
        let (call, list, (low, high)) = (libc::SYS_preadv, ptr::from_ref(&iov), halves(offset));
        // SAFETY: the kernel reads one iovec, which lives until the call returns, and writes into
        // the buffer it describes, which `into` borrows exclusively.
        unsafe { libc::syscall(call, fd, list, 1_usize, low, high) }
    };
    count(returned)
}

/// write(2), or, with an offset, pwrite(2).
pub(crate) fn write(fd: c_int, from: &[u8], offset: Option<i64>) -> Result<usize> {
    let (buffer, len) = (from.as_ptr(), from.len());
    let Some(offset) = offset else {
        // SAFETY: the kernel reads the buffer only, which `from` borrows.
        return count(unsafe { libc::syscall(libc::SYS_write, fd, buffer, len) });
    };
    #[cfg(not(target_pointer_width = "32"))]
    // SAFETY: likewise.
    let returned = unsafe { libc::syscall(libc::SYS_pwrite64, fd, buffer, len, offset) };
    #[cfg(target_pointer_width = "32")]
    let returned = {
        let iov = libc::iovec { iov_base: buffer.cast_mut().cast(), iov_len: len };
        let (call, list, (low, high)) = (libc::SYS_pwritev, ptr::from_ref(&iov), halves(offset));
        // SAFETY: the kernel reads one iovec, which lives until the call returns, and the buffer
        // it describes, which `from` borrows; it writes neither.
        unsafe { libc::syscall(call, fd, list, 1_usize, low, high) }
    };
    count(returned)
}

/// preadv2(2) into one buffer, at the descriptor's own position (Linux 4.6).
pub(crate) fn preadv2(fd: c_int, into: &mut [u8], flags: c_int) -> Result<usize> {
    let iov = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let (call, list) = (libc::SYS_preadv2, ptr::from_ref(&iov));
    // SAFETY: the kernel reads one iovec, which lives until the call returns, and writes into the
    // buffer it describes, which `into` borrows exclusively.
    count(unsafe { libc::syscall(call, fd, list, 1_usize, OWN, OWN, long(flags as c_uint)) })
}

/// pwritev2(2) of one buffer, likewise.
pub(crate) fn pwritev2(fd: c_int, from: &[u8], flags: c_int) -> Result<usize> {
    let iov = libc::iovec { iov_base: from.as_ptr().cast_mut().cast(), iov_len: from.len() };
    let (call, list) = (libc::SYS_pwritev2, ptr::from_ref(&iov));
    // SAFETY: the kernel reads one iovec, which lives until the call returns, and the buffer it
    // describes, which `from` borrows; it writes neither.
    count(unsafe { libc::syscall(call, fd, list, 1_usize, OWN, OWN, long(flags as c_uint)) })
}

/// Half an offset of -1.
const OWN: c_long = -1;

/// An offset as preadv(2) and pwritev(2) take it alike on every architecture where a long does not hold
/// it, unlike pread(2): as two longs, the lower first.
#[cfg(target_pointer_width = "32")]
const fn halves(offset: i64) -> (c_long, c_long) {
    (offset as c_long, (offset >> 32) as c_long)
}

/// lseek(2).
pub(crate) fn lseek(fd: c_int, offset: i64, whence: c_int) -> Result<i64> {
    // SAFETY: three numbers; the kernel touches no memory of ours.
    match unsafe { lseek64(fd, offset, whence) } {
        position if position >= 0 => Ok(position),
        _ => Err(Errno::last()),
    }
}

/// ftruncate(2).
pub(crate) fn ftruncate(fd: c_int, len: i64) -> Result<()> {
    // SAFETY: two numbers; the kernel touches no memory of ours.
    done(unsafe { ftruncate64(fd, len) })
}

/// fallocate(2). libc's own is a cancellation point.
pub(crate) fn fallocate(fd: c_int, mode: c_int, offset: i64, len: i64) -> Result<()> {
    #[cfg(not(target_pointer_width = "32"))]
    // SAFETY: four numbers; the kernel touches no memory of ours.
    let returned = unsafe { libc::syscall(libc::SYS_fallocate, fd, mode, offset, len) };
    #[cfg(target_pointer_width = "32")]
    let returned = {
        let ((a, b), (c, d)) = (registers(offset), registers(len));
        // SAFETY: numbers; the kernel touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_fallocate, fd, mode, a, b, c, d) }
    };
    count(returned).map(drop)
}

/// A 64-bit number as two registers of 32 bits, in the order in which memory would hold them.
#[cfg(target_pointer_width = "32")]
const fn registers(number: i64) -> (c_long, c_long) {
    let (low, high) = halves(number);
    if cfg!(target_endian = "big") {
        (high, low)
    } else {
        (low, high)
    }
}

/// What fstat(2) tells, as far as anybody here asks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stat {
    /// The file's type, S_IF….
    pub(crate) kind: libc::mode_t,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// Of a device: which.
    pub(crate) special: u64,
    pub(crate) size: i64,
    /// How much of it is stored, in bytes.
    pub(crate) stored: i64,
    pub(crate) block: i64,
}

/// What fstat(2) tells, but asked of statx(2) (Linux 4.11) and without the times: who asks for those
/// makes the next write take new ones (multigrain timestamps, Linux 6.13), which costs a small copy
/// half as much again. Where statx(2) is not to be had, fstat(2) it is.
pub(crate) fn fstat(fd: c_int) -> Result<Stat> {
    const ASKED: c_uint =
        libc::STATX_TYPE | libc::STATX_INO | libc::STATX_SIZE | libc::STATX_BLOCKS;
    let mut stat = MaybeUninit::<libc::statx>::zeroed();
    let (path, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
    // SAFETY: the kernel reads the empty path, and fills the one struct statx that we own.
    let returned =
        unsafe { libc::syscall(libc::SYS_statx, fd, path, flags, ASKED, stat.as_mut_ptr()) };
    match count(returned) {
        Ok(_) => {}
        Err(Errno::BADF) => return Err(Errno::BADF),
        Err(_) => return fstat_old(fd),
    }
    // SAFETY: it is plain numbers, of which zero is one, and the kernel has filled them in.
    let stat = unsafe { stat.assume_init() };
    Ok(Stat {
        kind: libc::mode_t::from(stat.stx_mode) & libc::S_IFMT,
        device: numbered(stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        special: numbered(stat.stx_rdev_major, stat.stx_rdev_minor),
        size: i64::try_from(stat.stx_size).unwrap_or(i64::MAX),
        stored: i64::try_from(stat.stx_blocks).unwrap_or(i64::MAX).saturating_mul(512),
        block: stat.stx_blksize.into(),
    })
}

/// A device in one number.
fn numbered(major: u32, minor: u32) -> u64 {
    (u64::from(major) << 32) | u64::from(minor)
}

/// fstat(2).
#[cold]
fn fstat_old(fd: c_int) -> Result<Stat> {
    let mut stat = MaybeUninit::<stat64>::zeroed();
    // SAFETY: the kernel fills the one struct stat that we own.
    done(unsafe { fstat64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: it is plain numbers, of which zero is one, and the kernel has filled them in.
    let stat = unsafe { stat.assume_init() };
    #[allow(clippy::unnecessary_cast)] // their types differ from one architecture to the next
    Ok(Stat {
        kind: stat.st_mode & libc::S_IFMT,
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        special: stat.st_rdev as u64,
        size: stat.st_size as i64,
        stored: (stat.st_blocks as i64).saturating_mul(512),
        block: stat.st_blksize as i64,
    })
}

/// What fstatfs(2) tells of a file system, likewise.
pub(crate) struct Statfs {
    /// Its magic number.
    pub(crate) kind: i64,
    pub(crate) block: i64,
}

/// fstatfs(2).
pub(crate) fn fstatfs(fd: c_int) -> Result<Statfs> {
    let mut stat = MaybeUninit::<statfs64>::zeroed();
    // SAFETY: the kernel fills the one struct statfs that we own.
    done(unsafe { fstatfs64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: it is plain numbers, of which zero is one, and the kernel has filled them in.
    let stat = unsafe { stat.assume_init() };
    #[allow(clippy::unnecessary_cast)] // their types differ from one architecture to the next
    Ok(Statfs { kind: stat.f_type as i64, block: stat.f_bsize as i64 })
}
