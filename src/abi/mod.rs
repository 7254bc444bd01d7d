// SPDX-License-Identifier: MIT OR Apache-2.0

//! What zsplice.h declares: one file per section of the header (build.rs).
//!
//! Here C pointers become references and values, and outcomes become counts and errno; nothing is
//! decided. The comments printed into the header say what a function asks of its pointers: an
//! offset or a result is NULL, or an object that nobody else uses until the function returns.

#![allow(clippy::missing_safety_doc)]

mod about;
mod bridge;
mod call;
mod copy;
mod duplex;
mod fanout;
mod full;
mod handle;
mod options;
mod relay;
mod retry;
mod types;

pub use about::*;
pub use bridge::*;
pub use call::*;
pub use copy::*;
pub use duplex::*;
pub use fanout::*;
pub use full::*;
pub use options::*;
pub use relay::*;
pub use retry::*;
pub use types::*;

use crate::sys::FdAt;
use libc::c_int;

/// The two sides of a transfer: what is read from, and what is written to.
///
/// # Safety
///
/// Each offset is null, or nobody else writes the int64_t it points to while its side is used.
/// Both may be the same.
unsafe fn sides<'a>(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
) -> (FdAt<'a>, FdAt<'a>) {
    // SAFETY: the caller vouches for the offset.
    let input = unsafe { side(fd_in, off_in) };
    // SAFETY: the caller vouches for this offset, too. If it is the same as the first, the two
    // sides still read and write it one after the other, in this thread.
    let output = unsafe { side(fd_out, off_out) };
    (input, output)
}

/// One side of a transfer.
///
/// # Safety
///
/// The offset is null, or nobody else writes the int64_t it points to while the side is used.
unsafe fn side<'a>(fd: c_int, offset: *mut i64) -> FdAt<'a> {
    // SAFETY: the caller's promise is the one that FdAt asks for.
    unsafe { FdAt::new(fd, offset) }
}
