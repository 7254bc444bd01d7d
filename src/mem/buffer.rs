// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory that reads and writes go through.

use crate::errno::Result;
use crate::sys;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

/// The alignment of a buffer: enough for O_DIRECT (docs/kernel.md, "O_DIRECT takes whole blocks
/// only").
const PAGE: usize = 4096;

/// A buffer that begins on a page.
pub(crate) struct Buffer {
    start: NonNull<u8>,
    len: usize,
    /// How many of the bytes are initialized, from the first on.
    initialized: usize,
    /// The pointer from malloc(3) or calloc(3), less than a page before `start`.
    memory: NonNull<c_void>,
}

impl Buffer {
    /// A buffer of `len` zeroes. None: there is no memory.
    pub(crate) fn new(len: usize) -> Option<Buffer> {
        // SAFETY: the arguments are numbers. (calloc(3) clears only memory that has been used before.)
        let memory = unsafe { libc::calloc(1, len.checked_add(PAGE)?) };
        Buffer::at(memory, len, len)
    }

    /// A buffer of `len` bytes for `read`, which are not cleared. None: there is no memory.
    pub(crate) fn for_reads(len: usize) -> Option<Buffer> {
        // SAFETY: the argument is a number.
        let memory = unsafe { libc::malloc(len.checked_add(PAGE)?) };
        Buffer::at(memory, len, 0)
    }

    /// A buffer of `len` zeroes, or a smaller one if memory is short.
    pub(crate) fn up_to(len: usize) -> Option<Buffer> {
        Buffer::sizes(len).find_map(Buffer::new)
    }

    /// A buffer of `len` bytes for `read`, or a smaller one if memory is short.
    pub(crate) fn for_reads_up_to(len: usize) -> Option<Buffer> {
        Buffer::sizes(len).find_map(Buffer::for_reads)
    }

    fn sizes(len: usize) -> impl Iterator<Item = usize> {
        [len, 16 << 10, PAGE].into_iter().map(move |size| size.min(len))
    }

    /// The buffer in `memory`, which has PAGE bytes more than `len`.
    fn at(memory: *mut c_void, len: usize, initialized: usize) -> Option<Buffer> {
        let memory = NonNull::new(memory)?;
        let start = memory.cast::<u8>();
        let before = start.align_offset(PAGE).min(PAGE);
        // SAFETY: `before` is at most PAGE, and the allocation has PAGE bytes more than `len`.
        let start = unsafe { start.add(before) };
        Some(Buffer { start, len, initialized, memory })
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// All bytes; zeroes where nothing has been read or written yet.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        let rest = self.len.saturating_sub(self.initialized);
        // SAFETY: `initialized` is at most `len`, so this stays inside our allocation.
        let first = unsafe { self.start.add(self.initialized) };
        // SAFETY: from there on `rest` bytes are part of our allocation.
        unsafe { first.write_bytes(0, rest) };
        self.initialized = self.len;
        // SAFETY: the `len` bytes from `start` on are part of our allocation, are initialized, and are
        // borrowed exclusively for as long as `self` is.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

/// Memory for a small piece, to be put on the stack. It need not begin on a page.
pub(crate) struct Piece([MaybeUninit<u8>; PAGE]);

impl Piece {
    pub(crate) const SIZE: u64 = PAGE as u64;

    pub(crate) const fn new() -> Piece {
        Piece([MaybeUninit::uninit(); PAGE])
    }

    /// read(2), or pread(2) with an offset, of at most `len` bytes; returns those that were read.
    pub(crate) fn read(&mut self, fd: c_int, len: usize, offset: Option<i64>) -> Result<&[u8]> {
        let into = self.0.get_mut(..len).unwrap_or_default();
        let count = sys::read_uninit(fd, into, offset)?;
        let bytes = into.get(..count).unwrap_or_default();
        // SAFETY: `read_uninit` has initialized as many bytes as it returned, and these are borrowed for as long
        // as `self` is.
        Ok(unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) })
    }
}

/// What a piece is read into.
pub(crate) trait Room {
    fn len(&self) -> usize;

    /// read(2), or pread(2) with an offset, of at most `len` bytes to the beginning.
    fn read(&mut self, fd: c_int, len: usize, offset: Option<i64>) -> Result<usize>;

    /// All bytes; zeroes where nothing has been read or written yet.
    fn bytes(&mut self) -> &mut [u8];

    /// The first `count` bytes, which `read` has returned.
    fn filled(&self, count: usize) -> &[u8];
}

impl Room for [u8; 1] {
    fn len(&self) -> usize {
        1
    }

    fn read(&mut self, fd: c_int, len: usize, offset: Option<i64>) -> Result<usize> {
        sys::read(fd, self.get_mut(..len).unwrap_or_default(), offset)
    }

    fn bytes(&mut self) -> &mut [u8] {
        self
    }

    fn filled(&self, count: usize) -> &[u8] {
        self.get(..count).unwrap_or_default()
    }
}

impl Room for Buffer {
    fn len(&self) -> usize {
        self.len
    }

    fn read(&mut self, fd: c_int, len: usize, offset: Option<i64>) -> Result<usize> {
        let len = len.min(self.len);
        // SAFETY: the first `len` bytes are part of our allocation, borrowed exclusively, and need not be
        // initialized as this type.
        let into = unsafe { slice::from_raw_parts_mut(self.start.as_ptr().cast(), len) };
        let count = sys::read_uninit(fd, into, offset)?.min(len);
        self.initialized = self.initialized.max(count);
        Ok(count)
    }

    fn bytes(&mut self) -> &mut [u8] {
        Buffer::bytes(self)
    }

    fn filled(&self, count: usize) -> &[u8] {
        let count = count.min(self.initialized);
        // SAFETY: `count` bytes from `start` on are initialized, and borrowed for as long as `self` is.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), count) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the memory came from malloc or calloc, and nobody uses it any more.
        unsafe { libc::free(self.memory.as_ptr()) };
    }
}
