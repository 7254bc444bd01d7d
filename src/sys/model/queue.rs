// SPDX-License-Identifier: MIT OR Apache-2.0

//! A few bytes, first in, first out.

/// Up to sixteen bytes, so that a whole world is copied at once.
#[derive(Clone, Copy, Default)]
pub(crate) struct Queue {
    bytes: [u8; 16],
    len: usize,
}

impl Queue {
    pub(crate) const EMPTY: Queue = Queue { bytes: [0; 16], len: 0 };

    pub(crate) fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<u8> {
        let first = self.first()?;
        self.bytes.copy_within(1..self.len, 0);
        self.len -= 1;
        Some(first)
    }

    /// Takes back what was pushed last.
    pub(crate) fn unpush(&mut self) {
        self.len -= 1;
    }

    pub(crate) fn first(&self) -> Option<u8> {
        self.bytes().first().copied()
    }

    pub(crate) fn first_mut(&mut self) -> Option<&mut u8> {
        self.bytes[..self.len].first_mut()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        self.bytes().contains(&byte)
    }
}
