//! Memory of ours.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::slice;

/// What O_DIRECT asks of memory, and more.
const PAGE: usize = 4096;

/// A buffer that starts on a page, freed when it is dropped.
pub(crate) struct Buffer {
    start: NonNull<u8>,
    len: usize,
    /// What calloc(3) gave, somewhat before `start`.
    memory: NonNull<c_void>,
}

impl Buffer {
    /// None: there is no memory.
    pub(crate) fn new(len: usize) -> Option<Buffer> {
        // SAFETY: two numbers. Memory new to the process is zero as it is: no page of it is touched.
        let memory = NonNull::new(unsafe { libc::calloc(1, len.checked_add(PAGE)?) })?;
        let start = memory.cast::<u8>();
        let before = start.align_offset(PAGE);
        if before > PAGE {
            return None;
        }
        // SAFETY: that is no more than the page that was asked for beside the `len` bytes.
        let start = unsafe { start.add(before) };
        Some(Buffer { start, len, memory })
    }

    /// Likewise, or a smaller one where memory is short.
    pub(crate) fn up_to(len: usize) -> Option<Buffer> {
        [len, 16 << 10, PAGE].into_iter().find_map(|size| Buffer::new(size.min(len)))
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: `len` bytes at `start` are ours until we are dropped, have been zero from the
        // beginning, and are borrowed as exclusively as we are.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: it came from calloc, and nobody has it any more.
        unsafe { libc::free(self.memory.as_ptr()) };
    }
}
