//! A pipe of ours.

use crate::errno::Result;
use crate::sys::{self, Owned};
use core::ffi::c_int;

/// What a pipe is made to hold where much is to go through it, and what a pipe of the caller's may
/// grow to: the kernel's default limit for everybody (/proc/sys/fs/pipe-max-size, pipe(7)).
pub(crate) const LARGE: c_int = 1 << 20;
/// Tried in turn where more than that is not to be had.
const SIZES: [c_int; 3] = [LARGE, LARGE / 2, LARGE / 4];

/// A pipe that nobody else sees: never blocking, and closed on exec.
pub(crate) struct Pipe {
    pub(crate) reader: Owned,
    pub(crate) writer: Owned,
}

impl Pipe {
    /// One that holds `size` bytes, or as much as the user's quota gives.
    pub(crate) fn new(size: usize) -> Result<Pipe> {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC | libc::O_NONBLOCK)?;
        let _ = sys::set_pipe_size(writer.0, c_int::try_from(size).unwrap_or(LARGE));
        Ok(Pipe { reader, writer })
    }

    /// How many bytes it holds at the most.
    pub(crate) fn size(&self) -> usize {
        sys::pipe_size(self.writer.0).map_or(0, |size| usize::try_from(size).unwrap_or(0))
    }
}

/// Lets the pipe `fd` hold up to 1 MiB, as far as the user's quota goes.
pub(crate) fn grow(fd: c_int) {
    if sys::pipe_size(fd).is_ok_and(|size| size < LARGE) {
        // any() stops at the first that is to be had.
        let _ = SIZES.iter().any(|&size| sys::set_pipe_size(fd, size).is_ok());
    }
}
