// SPDX-License-Identifier: MIT OR Apache-2.0

//! Calls that make and close descriptors, and that ask about them.

use super::{count, done};
use crate::errno::{Errno, Result};
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

/// A descriptor that belongs to the library; closed when dropped.
pub(crate) struct Owned(pub(crate) c_int);

impl Drop for Owned {
    fn drop(&mut self) {
        super::close(self.0);
    }
}

/// close(2) of a descriptor that belongs to the library. (On Linux it is closed whatever this returns.)
pub(crate) fn close(fd: c_int) {
    // SAFETY: the argument is a number. The descriptor belongs to an `Owned`, which nobody uses any more.
    unsafe { libc::syscall(libc::SYS_close, fd) };
}

/// pipe2(2): the read end, then the write end.
pub(crate) fn pipe2(flags: c_int) -> Result<(Owned, Owned)> {
    let mut ends = [-1; 2];
    // SAFETY: the kernel writes two ints, and `ends` is an array of two ints of our own.
    count(unsafe { libc::syscall(libc::SYS_pipe2, ends.as_mut_ptr(), flags) })?;
    let [reader, writer] = ends;
    Ok((Owned(reader), Owned(writer)))
}

/// fcntl(2), F_GETFL: the access mode, O_NONBLOCK, O_APPEND and the like.
pub(crate) fn status_flags(fd: c_int) -> Result<c_int> {
    fcntl(fd, libc::F_GETFL, 0)
}

/// fcntl(2), F_GETPIPE_SZ: the capacity of a pipe in bytes.
pub(crate) fn pipe_size(fd: c_int) -> Result<c_int> {
    fcntl(fd, libc::F_GETPIPE_SZ, 0)
}

/// fcntl(2), F_SETPIPE_SZ: sets the capacity of a pipe; returns what it is then.
pub(crate) fn set_pipe_size(fd: c_int, size: c_int) -> Result<c_int> {
    fcntl(fd, libc::F_SETPIPE_SZ, size)
}

/// tcgetattr(3): whether the terminal processes its output (OPOST). None: not a terminal. (A
/// pseudoterminal master returns the settings of its slave.)
pub(crate) fn terminal_processes(fd: c_int) -> Option<bool> {
    let mut settings = MaybeUninit::<libc::termios>::zeroed();
    // SAFETY: tcgetattr writes one struct termios, and `settings` has room for one.
    if unsafe { libc::tcgetattr(fd, settings.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: a struct termios is made of integers, for which the zeroes it began with are valid
    // too.
    let settings = unsafe { settings.assume_init() };
    Some(settings.c_oflag & libc::OPOST != 0)
}

/// ioctl(2), TIOCGPTN: whether this is a pseudoterminal master (ioctl_tty(2)).
pub(crate) fn is_master(fd: c_int) -> bool {
    let mut number: c_int = 0;
    // SAFETY: the kernel writes one int, and the pointer is to an int of our own.
    done(unsafe { libc::ioctl(fd, libc::TIOCGPTN as _, ptr::from_mut(&mut number)) }).is_ok()
}

/// ioctl(2), FIONREAD: the number of bytes that a terminal or a pipe has ready.
pub(crate) fn fionread(fd: c_int) -> Result<usize> {
    let mut bytes: c_int = 0;
    // SAFETY: the kernel writes one int, and the pointer is to an int of our own.
    done(unsafe { libc::ioctl(fd, libc::FIONREAD as _, ptr::from_mut(&mut bytes)) })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// ioctl(2), SIOCOUTQ (unix(7), tcp(7)): how many bytes of a socket's send buffer are in use.
pub(crate) fn outq(fd: c_int) -> Result<usize> {
    let mut bytes: c_int = 0;
    // SAFETY: the kernel writes one int, and the pointer is to an int of our own.
    done(unsafe { libc::ioctl(fd, libc::TIOCOUTQ as _, ptr::from_mut(&mut bytes)) })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// ioctl(2), BLKGETSIZE64: the size of a disk in bytes.
pub(crate) fn blkgetsize64(fd: c_int) -> Result<i64> {
    // _IOR(0x12, 114, size_t), from linux/fs.h. Architectures differ in direction and size, which are those
    // of _IOR('f', 1, long). (_IOR is private in libc 0.2.169.)
    const BLKGETSIZE64: u32 = libc::FS_IOC_GETFLAGS as u32 & 0xffff_0000 | 0x12 << 8 | 114;
    let mut bytes: u64 = 0;
    // SAFETY: the kernel writes one 64-bit integer, and the pointer is to one of our own.
    done(unsafe { libc::ioctl(fd, BLKGETSIZE64 as _, ptr::from_mut(&mut bytes)) })?;
    Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn fcntl(fd: c_int, command: c_int, argument: c_int) -> Result<c_int> {
    // SAFETY: the commands above take an int or nothing, so the kernel accesses no memory of ours.
    match unsafe { libc::fcntl(fd, command, argument) } {
        -1 => Err(Errno::last()),
        answer => Ok(answer),
    }
}
