// SPDX-License-Identifier: MIT OR Apache-2.0

//! Private pipes, and the capacity of the caller's.

use crate::errno::Result;
use crate::sys::{self, Owned};
use core::ffi::c_int;

/// A pipe that only the library uses: O_NONBLOCK (docs/kernel.md, "O_NONBLOCK of one pipe is that of
/// both") and O_CLOEXEC.
pub(crate) struct Pipe {
    pub(crate) reader: Owned,
    pub(crate) writer: Owned,
}

impl Pipe {
    /// A pipe with a capacity of `size` bytes, or less if the user's quota does not allow that
    /// (docs/kernel.md, "The quota for pipes").
    pub(crate) fn new(size: usize) -> Result<Pipe> {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC | libc::O_NONBLOCK)?;
        let (reader, writer) = (above_stdio(reader)?, above_stdio(writer)?);
        let _ = sys::set_pipe_size(writer.0, c_int::try_from(size).unwrap_or(c_int::MAX));
        Ok(Pipe { reader, writer })
    }

    /// The capacity in bytes.
    pub(crate) fn size(&self) -> usize {
        sys::pipe_size(self.writer.0).map_or(0, |size| usize::try_from(size).unwrap_or(0))
    }
}

/// The same descriptor with a number above 2: where the caller has closed standard output or
/// standard error, a stray write to it would end up in the data.
fn above_stdio(fd: Owned) -> Result<Owned> {
    if fd.0 > libc::STDERR_FILENO {
        return Ok(fd);
    }
    sys::dupfd_cloexec(fd.0, libc::STDERR_FILENO.saturating_add(1))
}

/// Grows the pipe `fd` to `capacity` bytes, or to a half or a quarter of that if the user's quota
/// does not allow more.
pub(crate) fn grow(fd: c_int, capacity: c_int) {
    if sys::pipe_size(fd).is_ok_and(|size| size < capacity) {
        // any() stops at the first size that is granted.
        let sizes = [capacity, capacity / 2, capacity / 4];
        let _ = sizes.iter().any(|&size| sys::set_pipe_size(fd, size).is_ok());
    }
}
