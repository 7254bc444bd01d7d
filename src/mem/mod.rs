// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the library owns: memory, whose allocation may fail, and pipes.

pub(crate) mod alloc;
pub(crate) mod buffer;
pub(crate) mod pipe;
