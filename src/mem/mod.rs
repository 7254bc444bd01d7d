// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the library allocates for itself: memory, where that may fail, and pipes.

pub(crate) mod alloc;
pub(crate) mod buffer;
pub(crate) mod pipe;
