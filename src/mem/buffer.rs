// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory that reads and writes go through.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::slice;

/// The alignment of a buffer: enough for O_DIRECT (docs/kernel.md, "O_DIRECT takes whole blocks
/// only").
const PAGE: usize = 4096;

/// A buffer that begins on a page.
pub(crate) struct Buffer {
    start: NonNull<u8>,
    len: usize,
    /// The pointer from calloc(3), less than a page before `start`.
    memory: NonNull<c_void>,
}

impl Buffer {
    /// A buffer of `len` bytes. None: there is no memory.
    pub(crate) fn new(len: usize) -> Option<Buffer> {
        // SAFETY: the arguments are numbers. (calloc(3) clears only memory that has been used
        // before.)
        let memory = NonNull::new(unsafe { libc::calloc(1, len.checked_add(PAGE)?) })?;
        let start = memory.cast::<u8>();
        let before = start.align_offset(PAGE);
        if before > PAGE {
            return None;
        }
        // SAFETY: `before` is at most PAGE, and the allocation has PAGE bytes more than `len`.
        let start = unsafe { start.add(before) };
        Some(Buffer { start, len, memory })
    }

    /// A buffer of `len` bytes, or a smaller one if memory is short.
    pub(crate) fn up_to(len: usize) -> Option<Buffer> {
        [len, 16 << 10, PAGE].into_iter().find_map(|size| Buffer::new(size.min(len)))
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the `len` bytes from `start` on are part of our allocation, were initialized by
        // calloc, and are borrowed exclusively for as long as `self` is.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the memory came from calloc, and nobody uses it any more.
        unsafe { libc::free(self.memory.as_ptr()) };
    }
}
