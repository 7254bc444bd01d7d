//! A pipe of ours.

use crate::errno::Result;
use crate::sys::{self, Owned};
use core::ffi::c_int;

/// A pipe that nobody else sees: never blocking, and closed on exec.
pub(crate) struct Pipe {
    pub(crate) reader: Owned,
    pub(crate) writer: Owned,
}

impl Pipe {
    /// One that holds `size` bytes, or as much as the user's quota gives.
    pub(crate) fn new(size: usize) -> Result<Pipe> {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC | libc::O_NONBLOCK)?;
        let _ = sys::set_pipe_size(writer.0, c_int::try_from(size).unwrap_or(c_int::MAX));
        Ok(Pipe { reader, writer })
    }

    /// How many bytes it holds at the most.
    pub(crate) fn size(&self) -> usize {
        sys::pipe_size(self.writer.0).map_or(0, |size| usize::try_from(size).unwrap_or(0))
    }
}

/// Grows the pipe `fd` to `capacity` bytes, or to a half or a quarter of that if the user's quota does
/// not allow more.
pub(crate) fn grow(fd: c_int, capacity: c_int) {
    if sys::pipe_size(fd).is_ok_and(|size| size < capacity) {
        // any() stops at the first size that is granted.
        let sizes = [capacity, capacity / 2, capacity / 4];
        let _ = sizes.iter().any(|&size| sys::set_pipe_size(fd, size).is_ok());
    }
}
