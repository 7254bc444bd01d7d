//! Calls that make descriptors, close them, or tell of them.

use super::{count, done};
use crate::errno::{Errno, Result};
use core::ffi::{c_int, CStr};
use core::mem::MaybeUninit;
use core::ptr;

/// A descriptor of ours, closed when it is dropped.
pub(crate) struct Owned(pub(crate) c_int);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: a number, of a descriptor that is ours and is not used any more. (close(2) has
        // closed it whatever it returns, on Linux; libc's own is a cancellation point.)
        unsafe { libc::syscall(libc::SYS_close, self.0) };
    }
}

/// pipe2(2): the read end, then the write end.
pub(crate) fn pipe2(flags: c_int) -> Result<(Owned, Owned)> {
    let mut ends = [-1; 2];
    // SAFETY: the kernel writes two numbers into the array, which is ours.
    done(unsafe { libc::pipe2(ends.as_mut_ptr(), flags) })?;
    let [reader, writer] = ends;
    Ok((Owned(reader), Owned(writer)))
}

/// openat(2) of an absolute path.
pub(crate) fn open(path: &CStr, flags: c_int) -> Result<Owned> {
    // SAFETY: the kernel reads the path, which ends with a NUL and lives until the call returns.
    let fd = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0) };
    Ok(Owned(c_int::try_from(count(fd)?).map_err(|_| Errno::INVAL)?))
}

/// fcntl(2), F_GETFL: O_NONBLOCK, O_APPEND and the like.
pub(crate) fn status_flags(fd: c_int) -> Result<c_int> {
    fcntl(fd, libc::F_GETFL, 0)
}

/// fcntl(2), F_GETPIPE_SZ: how many bytes a pipe holds, at the most.
pub(crate) fn pipe_size(fd: c_int) -> Result<c_int> {
    fcntl(fd, libc::F_GETPIPE_SZ, 0)
}

/// fcntl(2), F_SETPIPE_SZ.
pub(crate) fn set_pipe_size(fd: c_int, size: c_int) -> Result<c_int> {
    fcntl(fd, libc::F_SETPIPE_SZ, size)
}

/// tcgetattr(3), as far as the output goes: whether the terminal turns what is written into something
/// else (OPOST). None: it is no terminal. (A master tells what its slave does.)
pub(crate) fn terminal_processes(fd: c_int) -> Option<bool> {
    let mut settings = MaybeUninit::<libc::termios>::zeroed();
    // SAFETY: the one struct termios that is written is ours.
    if unsafe { libc::tcgetattr(fd, settings.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: it is plain numbers, of which zero is one, and tcgetattr has filled them in.
    let settings = unsafe { settings.assume_init() };
    Some(settings.c_oflag & libc::OPOST != 0)
}

/// ioctl(2), TIOCGPTN: whether it is the master of a pseudoterminal (ioctl_tty(2)).
pub(crate) fn is_master(fd: c_int) -> bool {
    let mut number: c_int = 0;
    // SAFETY: the kernel writes the one number, which is ours.
    done(unsafe { libc::ioctl(fd, libc::TIOCGPTN as _, ptr::from_mut(&mut number)) }).is_ok()
}

/// ioctl(2), FIONREAD: how many bytes a terminal or a pipe has to be read.
pub(crate) fn fionread(fd: c_int) -> Result<usize> {
    let mut bytes: c_int = 0;
    // SAFETY: the kernel writes the one number, which is ours.
    done(unsafe { libc::ioctl(fd, libc::FIONREAD as _, ptr::from_mut(&mut bytes)) })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

fn fcntl(fd: c_int, command: c_int, argument: c_int) -> Result<c_int> {
    // SAFETY: three numbers, for the three commands above: the kernel touches no memory of ours.
    match unsafe { libc::fcntl(fd, command, argument) } {
        -1 => Err(Errno::last()),
        answer => Ok(answer),
    }
}
