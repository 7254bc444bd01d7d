// SPDX-License-Identifier: MIT OR Apache-2.0

//! Private pipes, and the capacity of the caller's.

use crate::errno::Result;
use crate::sys::{self, Owned};
use core::ffi::c_int;

/// A pipe that only the library uses: O_NONBLOCK (docs/kernel.md, "O_NONBLOCK of one pipe is that of
/// both") and O_CLOEXEC.
pub(crate) struct Pipe {
    // Closed first, so that nobody is killed who writes to a descriptor with this number by mistake.
    pub(crate) writer: Owned,
    pub(crate) reader: Owned,
}

impl Pipe {
    /// A pipe with a capacity of `size` bytes, or less if the user's quota does not allow that
    /// (docs/kernel.md, "The quota for pipes").
    pub(crate) fn new(size: usize) -> Result<Pipe> {
        Pipe::sized(size).map(|(pipe, _)| pipe)
    }

    /// The same, if it holds `least` bytes.
    pub(crate) fn of_at_least(least: usize, size: usize) -> Option<Pipe> {
        Pipe::sized(size).ok().and_then(|(pipe, capacity)| (capacity >= least).then_some(pipe))
    }

    /// The same, and its capacity.
    pub(crate) fn sized(size: usize) -> Result<(Pipe, usize)> {
        let pipe = Pipe::above_stdio()?;
        let size = c_int::try_from(size).unwrap_or(c_int::MAX);
        let capacity = sys::set_pipe_size(pipe.writer.0, size)
            .map_or_else(|_| pipe.size(), |capacity| usize::try_from(capacity).unwrap_or(0));
        Ok((pipe, capacity))
    }

    /// A pipe whose descriptors have numbers above 2. Where the caller has closed standard input,
    /// output or error, a pipe gets their numbers: nothing is ever moved through it, since a stray
    /// write to standard output would end up in the data, and it is closed as soon as the next one
    /// is made.
    fn above_stdio() -> Result<Pipe> {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC | libc::O_NONBLOCK)?;
        let pipe = Pipe { reader, writer };
        let is_above = |fd: &Owned| fd.0 > libc::STDERR_FILENO;
        if is_above(&pipe.reader) && is_above(&pipe.writer) {
            return Ok(pipe);
        }
        Pipe::above_stdio()
    }

    /// The capacity in bytes.
    pub(crate) fn size(&self) -> usize {
        sys::pipe_size(self.writer.0).map_or(0, |size| usize::try_from(size).unwrap_or(0))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    impl Pipe {
        /// Another owner of the same descriptors, which are those of a kernel in memory.
        pub(crate) fn fork(&self) -> Pipe {
            Pipe { writer: Owned(self.writer.0), reader: Owned(self.reader.0) }
        }
    }
}
