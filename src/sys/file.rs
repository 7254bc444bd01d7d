// SPDX-License-Identifier: MIT OR Apache-2.0

//! Calls for files.

use super::{count, done, long, FdAt, Returned};
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_long, c_uint};
use core::mem::MaybeUninit;
use core::{ptr, slice};

// Where a long has 32 bits, the calls with 64-bit offsets have names of their own.
#[cfg(all(not(target_pointer_width = "32"), not(target_arch = "aarch64")))]
use libc::SYS_sendfile as SYS_SENDFILE64;
#[cfg(all(
    target_pointer_width = "32",
    not(any(target_arch = "aarch64", target_arch = "riscv32", target_arch = "csky"))
))]
use libc::SYS_sendfile64 as SYS_SENDFILE64;
#[cfg(not(any(
    target_arch = "x86",
    target_arch = "arm",
    all(target_env = "gnu", target_pointer_width = "32")
)))]
use libc::{fstat as fstat64, stat as stat64};
#[cfg(all(
    target_env = "gnu",
    target_pointer_width = "32",
    not(any(target_arch = "x86", target_arch = "arm"))
))]
use libc::{fstat64, stat64};
#[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
use libc::{fstatfs as fstatfs64, lseek as lseek64, statfs as statfs64};
#[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
use libc::{fstatfs64, lseek64, statfs64};

/// The number in the kernel's generic table (asm-generic/unistd.h): libc has no SYS_sendfile for
/// aarch64 before 0.2.187, and no SYS_sendfile64 for the 32-bit architectures of that table.
#[cfg(any(target_arch = "aarch64", target_arch = "riscv32", target_arch = "csky"))]
const SYS_SENDFILE64: c_long = 71;

/// copy_file_range(2). 0: the input has ended, or the file system does not know the file's size
/// (docs/kernel.md, "A 0 is not always the end of the input").
pub(crate) fn copy_file_range(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Returned {
    let (call, off_in, off_out) = (libc::SYS_copy_file_range, from.pointer(), to.pointer());
    // SAFETY: the kernel accesses our memory through the two offsets only. An FdAt owns the use of
    // the int64_t it points to; if the pointer is null or invalid the kernel does not follow it.
    Returned(unsafe { libc::syscall(call, from.fd, off_in, to.fd, off_out, len, long(flags)) })
}

/// sendfile(2), with a 64-bit offset on every architecture. It writes at the file position of `to`.
pub(crate) fn sendfile(to: c_int, from: FdAt<'_>, len: usize) -> Returned {
    // SAFETY: the kernel accesses our memory through the offset only. An FdAt owns the use of the
    // int64_t it points to; if the pointer is null or invalid the kernel does not follow it.
    Returned(unsafe { libc::syscall(SYS_SENDFILE64, to, from.fd, from.pointer(), len) })
}

/// ioctl(2), FICLONERANGE: lets `to` share blocks of `from`. A length of 0: up to the end of
/// `from`.
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
    // SAFETY: the kernel reads one struct file_clone_range, a variable of our own.
    done(unsafe { libc::ioctl(to, libc::FICLONERANGE as _, ptr::from_ref(&range)) })
}

/// read(2), or pread(2) with an offset.
pub(crate) fn read(fd: c_int, into: &mut [u8], offset: Option<i64>) -> Result<usize> {
    let (start, len) = (into.as_mut_ptr().cast(), into.len());
    // SAFETY: these are the bytes of `into`, borrowed exclusively. `read_uninit` leaves them initialized:
    // it lets only the kernel write to them.
    read_uninit(fd, unsafe { slice::from_raw_parts_mut(start, len) }, offset)
}

/// `read` into memory that need not be initialized; as many bytes as it returns are so afterwards.
pub(crate) fn read_uninit(
    fd: c_int,
    into: &mut [MaybeUninit<u8>],
    offset: Option<i64>,
) -> Result<usize> {
    let (buffer, len) = (into.as_mut_ptr(), into.len());
    let Some(offset) = offset else {
        // SAFETY: the kernel writes at most `len` bytes to `buffer`, which `into` borrows
        // exclusively.
        return count(unsafe { libc::syscall(libc::SYS_read, fd, buffer, len) });
    };
    #[cfg(not(target_pointer_width = "32"))]
    // SAFETY: the kernel writes at most `len` bytes to `buffer`, which `into` borrows exclusively.
    let returned = unsafe { libc::syscall(libc::SYS_pread64, fd, buffer, len, offset) };
    #[cfg(target_pointer_width = "32")]
    let returned = {
        let iov = libc::iovec { iov_base: buffer.cast(), iov_len: len };
        let (call, list, (low, high)) = (libc::SYS_preadv, ptr::from_ref(&iov), halves(offset));
        // SAFETY: the kernel reads one iovec, a variable of our own, and writes to the buffer that
        // it describes, which `into` borrows exclusively.
        unsafe { libc::syscall(call, fd, list, 1_usize, low, high) }
    };
    count(returned)
}

/// write(2), or pwrite(2) with an offset.
pub(crate) fn write(fd: c_int, from: &[u8], offset: Option<i64>) -> Result<usize> {
    let (buffer, len) = (from.as_ptr(), from.len());
    let Some(offset) = offset else {
        // SAFETY: the kernel reads `len` bytes at `buffer`, which `from` borrows.
        return count(unsafe { libc::syscall(libc::SYS_write, fd, buffer, len) });
    };
    #[cfg(not(target_pointer_width = "32"))]
    // SAFETY: the kernel reads `len` bytes at `buffer`, which `from` borrows.
    let returned = unsafe { libc::syscall(libc::SYS_pwrite64, fd, buffer, len, offset) };
    #[cfg(target_pointer_width = "32")]
    let returned = {
        let iov = libc::iovec { iov_base: buffer.cast_mut().cast(), iov_len: len };
        let (call, list, (low, high)) = (libc::SYS_pwritev, ptr::from_ref(&iov), halves(offset));
        // SAFETY: the kernel reads one iovec, a variable of our own, and the buffer that it
        // describes, which `from` borrows; it writes to neither.
        unsafe { libc::syscall(call, fd, list, 1_usize, low, high) }
    };
    count(returned)
}

/// preadv2(2) into one buffer, at the file position (Linux 4.6).
pub(crate) fn preadv2(fd: c_int, into: &mut [u8], flags: c_int) -> Result<usize> {
    let iov = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let (call, list) = (libc::SYS_preadv2, ptr::from_ref(&iov));
    // SAFETY: the kernel reads one iovec, a variable of our own, and writes to the buffer that it
    // describes, which `into` borrows exclusively.
    count(unsafe {
        libc::syscall(call, fd, list, 1_usize, NO_OFFSET, NO_OFFSET, long(flags as c_uint))
    })
}

/// pwritev2(2) of one buffer, at the file position (Linux 4.6).
pub(crate) fn pwritev2(fd: c_int, from: &[u8], flags: c_int) -> Result<usize> {
    let iov = libc::iovec { iov_base: from.as_ptr().cast_mut().cast(), iov_len: from.len() };
    let (call, list) = (libc::SYS_pwritev2, ptr::from_ref(&iov));
    // SAFETY: the kernel reads one iovec, a variable of our own, and the buffer that it describes,
    // which `from` borrows; it writes to neither.
    count(unsafe {
        libc::syscall(call, fd, list, 1_usize, NO_OFFSET, NO_OFFSET, long(flags as c_uint))
    })
}

/// Each half of the offset -1, with which preadv2(2) and pwritev2(2) use the file position.
const NO_OFFSET: c_long = -1;

/// An offset as two longs, the lower one first: so preadv(2) and pwritev(2) take it on every
/// architecture with 32-bit longs. (pread(2) differs from one to the next.)
#[cfg(target_pointer_width = "32")]
const fn halves(offset: i64) -> (c_long, c_long) {
    (offset as c_long, (offset >> 32) as c_long)
}

/// lseek(2).
pub(crate) fn lseek(fd: c_int, offset: i64, whence: c_int) -> Result<i64> {
    // SAFETY: the arguments are numbers, so the kernel accesses no memory of ours.
    match unsafe { lseek64(fd, offset, whence) } {
        position if position >= 0 => Ok(position),
        _ => Err(Errno::last()),
    }
}

/// fallocate(2).
pub(crate) fn fallocate(fd: c_int, mode: c_int, offset: i64, len: i64) -> Result<()> {
    #[cfg(not(target_pointer_width = "32"))]
    // SAFETY: the arguments are numbers, so the kernel accesses no memory of ours.
    let returned = unsafe { libc::syscall(libc::SYS_fallocate, fd, mode, offset, len) };
    #[cfg(target_pointer_width = "32")]
    let returned = {
        let ((a, b), (c, d)) = (registers(offset), registers(len));
        // SAFETY: the arguments are numbers, so the kernel accesses no memory of ours.
        unsafe { libc::syscall(libc::SYS_fallocate, fd, mode, a, b, c, d) }
    };
    count(returned).map(drop)
}

/// A 64-bit number as two 32-bit arguments, in the order of its halves in memory.
#[cfg(target_pointer_width = "32")]
const fn registers(number: i64) -> (c_long, c_long) {
    let (low, high) = halves(number);
    if cfg!(target_endian = "big") {
        (high, low)
    } else {
        (low, high)
    }
}

/// The members of struct stat that the engines use.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stat {
    /// The type of the file: S_IFREG and so on.
    pub(crate) kind: libc::mode_t,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// The number of the device that a special file stands for (st_rdev).
    pub(crate) special: u64,
    pub(crate) size: i64,
    /// The bytes allocated on the file system (st_blocks, in bytes).
    pub(crate) stored: i64,
    /// The preferred size of a read or a write (st_blksize).
    pub(crate) block: i64,
}

/// fstat(2), by way of statx(2) (Linux 4.11) without the time stamps (docs/kernel.md, "Asking for
/// time stamps makes the next write slower"): with them a small copy takes 1.5 times as long. Falls
/// back to fstat(2).
pub(crate) fn fstat(fd: c_int) -> Result<Stat> {
    const ASKED: c_uint =
        libc::STATX_TYPE | libc::STATX_INO | libc::STATX_SIZE | libc::STATX_BLOCKS;
    let mut stat = MaybeUninit::<libc::statx>::uninit();
    let into = stat.as_mut_ptr();
    // SAFETY: `into` points to a struct statx, which need not be initialized for the address of a member.
    let mask = unsafe { &raw mut (*into).stx_mask };
    // SAFETY: it is a member of a variable of our own.
    unsafe { mask.write(0) };
    let (path, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
    // SAFETY: the kernel reads the empty path, a constant, and writes one struct statx, for which
    // `stat` has room.
    let returned = unsafe { libc::syscall(libc::SYS_statx, fd, path, flags, ASKED, into) };
    // SAFETY: the member was written above, or by the kernel.
    match (count(returned), unsafe { mask.read() }) {
        (Ok(_), 1..) => {}
        (Err(Errno::BADF), _) => return Err(Errno::BADF),
        // Also if a seccomp filter has answered instead of the kernel, with a 0.
        _ => return fstat_itself(fd),
    }
    // SAFETY: the kernel has written all of the structure, since it has written the mask.
    let stat = unsafe { stat.assume_init() };
    Ok(Stat {
        kind: libc::mode_t::from(stat.stx_mode) & libc::S_IFMT,
        device: device(stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        special: device(stat.stx_rdev_major, stat.stx_rdev_minor),
        size: i64::try_from(stat.stx_size).unwrap_or(i64::MAX),
        stored: i64::try_from(stat.stx_blocks).unwrap_or(i64::MAX).saturating_mul(512),
        block: stat.stx_blksize.into(),
    })
}

/// The number of a device; only compared with others from here.
fn device(major: u32, minor: u32) -> u64 {
    (u64::from(major) << 32) | u64::from(minor)
}

/// What SYS_fstat64 writes. The struct stat64 of libc may have other time stamps.
#[cfg(any(target_arch = "x86", target_arch = "arm"))]
#[allow(non_camel_case_types)]
#[repr(C)]
struct stat64 {
    st_dev: u64,
    _lower_inode: [u32; 2],
    st_mode: libc::mode_t,
    _links_and_owners: [u32; 3],
    st_rdev: u64,
    _unused: u32,
    st_size: i64,
    st_blksize: u32,
    st_blocks: u64,
    _times: [u32; 6],
    st_ino: u64,
}

/// fstat64(2) itself: on 32-bit processors that of libc is statx(2), too, and only does without it where it is missing,
/// not where a seccomp filter refuses it with EPERM.
#[cfg(any(target_arch = "x86", target_arch = "arm"))]
unsafe fn fstat64(fd: c_int, into: *mut stat64) -> c_int {
    // SAFETY: the kernel writes one struct stat64, for which the caller has room.
    unsafe { libc::syscall(libc::SYS_fstat64, fd, into) as c_int }
}

/// fstat(2), where statx(2) is missing or refused.
#[cold]
fn fstat_itself(fd: c_int) -> Result<Stat> {
    let mut stat = MaybeUninit::<stat64>::zeroed();
    // SAFETY: fstat writes one struct stat, for which `stat` has room.
    done(unsafe { fstat64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: a struct stat is made of integers, for which the zeroes it began with are valid too.
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

/// The members of struct statfs that the engines use.
pub(crate) struct Statfs {
    /// The magic number of the file system's type (f_type).
    pub(crate) kind: i64,
    /// Its block size (f_bsize).
    pub(crate) block: i64,
}

/// fstatfs(2).
pub(crate) fn fstatfs(fd: c_int) -> Result<Statfs> {
    let mut stat = MaybeUninit::<statfs64>::zeroed();
    // SAFETY: fstatfs writes one struct statfs, for which `stat` has room.
    done(unsafe { fstatfs64(fd, stat.as_mut_ptr()) })?;
    // SAFETY: a struct statfs is made of integers, for which the zeroes it began with are valid
    // too.
    let stat = unsafe { stat.assume_init() };
    #[allow(clippy::unnecessary_cast)] // their types differ from one architecture to the next
    Ok(Statfs { kind: stat.f_type as i64, block: stat.f_bsize as i64 })
}
