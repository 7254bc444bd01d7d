// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the functions with handles share: making one, and the caller's memory as a slice.

use crate::errno::{Errno, Result};
use crate::mem::alloc::TryBox;
use core::slice;

/// A handle for C. TryBox::from_raw takes it back.
pub(super) fn into_handle<T>(value: T) -> Result<*mut T> {
    TryBox::new(value).map(TryBox::into_raw).ok_or(Errno::NOMEM)
}

/// The caller's bytes.
///
/// # Safety
///
/// `bytes` points to `len` bytes that nobody changes while the slice lives.
pub(super) unsafe fn readable<'a>(bytes: *const u8, len: usize) -> Result<&'a [u8]> {
    match len {
        0 => Ok(&[]),
        _ if bytes.is_null() || isize::try_from(len).is_err() => Err(Errno::FAULT),
        // SAFETY: it is not null, `len` fits an isize, and the caller vouches for the bytes.
        _ => Ok(unsafe { slice::from_raw_parts(bytes, len) }),
    }
}

/// The caller's buffer.
///
/// # Safety
///
/// `bytes` points to `len` bytes that nobody else uses while the slice lives.
pub(super) unsafe fn writable<'a>(bytes: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    match len {
        0 => Ok(&mut []),
        _ if bytes.is_null() || isize::try_from(len).is_err() => Err(Errno::FAULT),
        // SAFETY: it is not null, `len` fits an isize, and the caller vouches for the bytes. They
        // need not be initialized: the engine only writes them.
        _ => Ok(unsafe { slice::from_raw_parts_mut(bytes, len) }),
    }
}
