// SPDX-License-Identifier: MIT OR Apache-2.0

//! Duplex: both directions, in the caller's event loop
//!
//! What a proxy does with two connections. The descriptors are O_NONBLOCK (EINVAL), open for reading
//! and writing (EBADF) and stream-like (EPROTOTYPE), or regular files or block devices, which are
//! always ready. The ends and failures are those of zs_bridge. A program with edge-triggered
//! epoll(7) adds both descriptors once, with EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
//! and runs the duplex with the events that come; others wait for what zs_duplex_wants says.

use super::handle::{into_handle, readable};
use super::relay::zs_pool;
use super::types::{write_results, zs_result};
use crate::engine::duplex::Duplex;
use crate::engine::Progress;
use crate::errno::{self, Errno, Result};
use crate::mem::alloc::TryBox;
use core::ptr;
use libc::{c_int, c_uint, c_void, size_t};

const _: () = assert!(size_of::<zs_duplex>() < 512);

/// Both directions. Opaque to C.
#[allow(non_camel_case_types)]
pub struct zs_duplex(Duplex);

/// Frees a duplex. The caller's descriptors stay open; bytes in flight are lost.
///
/// @param duplex  duplex to free; NULL: nothing is done
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_duplex_free(duplex: *mut zs_duplex) {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a duplex from zs_duplex_new that is not used any more.
    let duplex = unsafe { TryBox::from_raw(duplex) };
    drop(duplex);
    saved.restore();
}

/// Makes a duplex. Nothing is moved before zs_duplex_run.
///
/// @param fd_a   descriptor of side a
/// @param fd_b   descriptor of side b
/// @param pool   pool to borrow pipes from; NULL: each direction makes a pipe when it first needs
///               one, and keeps it
/// @param flags  ZS_NOSIGPIPE, ZS_STABLE
/// @return duplex, to be freed by zs_duplex_free, or NULL with errno set
///
/// @since 0.1
/// cbindgen:postfix=ZS_NOEXCEPT ZS_FREED_BY(zs_duplex_free)
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_duplex_new(
    fd_a: c_int,
    fd_b: c_int,
    pool: *mut zs_pool,
    flags: c_uint,
) -> *mut zs_duplex {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a pool that no other thread uses until we return.
    let pool = unsafe { pool.as_ref() }.map(|pool| pool.0.share());
    let duplex = Duplex::new(fd_a, fd_b, pool, flags);
    saved.to_c_or(ptr::null_mut(), duplex.map(zs_duplex).and_then(into_handle))
}

/// Moves what can be moved without blocking, in the directions that the events concern.
///
/// The events are those of poll(2) and epoll(7). A side of which something was not reported yet does
/// no harm; an event that was reported and is not passed on may never come again.
///
/// @param duplex    duplex to run
/// @param events_a  what was reported of side a since the last run, or ZS_EVENTS_ALL if that is not
///                  known, as before the first run
/// @param events_b  the same of side b
/// @param budget    most bytes to deliver in each direction; 0: 1 MiB
/// @return 1: wait for what zs_duplex_wants says; or ZS_WANT_RUN: run it again, with events or
///         without; or 0 once both directions have ended well; or -1 once both are over, with the
///         errno of the one that failed first
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_duplex_run(
    duplex: *mut zs_duplex,
    events_a: c_uint,
    events_b: c_uint,
    budget: u64,
) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a duplex that nobody else uses until we return.
    let duplex = unsafe { exclusive(duplex) };
    saved.to_c(duplex.and_then(|duplex| duplex.run_in_loop([events_a, events_b], budget)))
}

/// Returns what to wait for after a run that returned 1: POLLIN, POLLOUT, both or, if a side is not
/// to be waited for, 0. The answer is exact, as that of zs_relay_run.
///
/// @param duplex    duplex to ask
/// @param events_a  events to wait for of side a; may be NULL
/// @param events_b  events to wait for of side b; may be NULL
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_duplex_wants(
    duplex: *const zs_duplex,
    events_a: *mut c_uint,
    events_b: *mut c_uint,
) {
    // SAFETY: zsplice.h asks for NULL, or a duplex that no other thread uses until we return.
    let duplex = unsafe { duplex.as_ref() };
    let [of_a, of_b] = duplex.map_or([0; 2], |duplex| duplex.0.wanted());
    // SAFETY: zsplice.h asks for NULL, or an object that nobody else uses until we return.
    unsafe { write_unless_null(events_a, of_a) };
    // SAFETY: as for the first.
    unsafe { write_unless_null(events_b, of_b) };
}

/// Queues bytes that the caller has already read from a side. They follow what was read from there
/// so far, and precede the rest. Run the duplex then: no event follows.
///
/// @param duplex  duplex to deliver them
/// @param side    0: they were read from side a; 1: from side b
/// @param bytes   bytes to queue; they are copied
/// @param len     number of bytes
/// @return 0, or -1 with errno set and nothing queued
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_duplex_feed(
    duplex: *mut zs_duplex,
    side: c_int,
    bytes: *const c_void,
    len: size_t,
) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a duplex that nobody else uses until we return.
    let duplex = unsafe { exclusive(duplex) };
    // SAFETY: zsplice.h asks for `len` bytes that nobody changes until we return.
    let bytes = unsafe { readable(bytes.cast(), len) };
    saved.to_c(duplex.and_then(|duplex| duplex.feed(side, bytes?)).map(|()| 0))
}

/// Returns the outcome of both directions so far.
///
/// @param duplex   duplex to report on
/// @param results  two outcomes, first from a to b, then from b to a
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_duplex_result(duplex: *const zs_duplex, results: *mut zs_result) {
    // SAFETY: zsplice.h asks for NULL, or a duplex that no other thread uses until we return.
    let duplex = unsafe { duplex.as_ref() };
    let none = Progress::refused(Errno::FAULT).of_both();
    let both = duplex.map_or(none, |duplex| duplex.0.results(Ok(())));
    // SAFETY: zsplice.h asks for NULL, or two results that nobody else uses.
    unsafe { write_results(results, &both) };
}

/// The duplex behind a handle.
///
/// # Safety
///
/// `duplex` is null, or came from zs_duplex_new, was not freed, and nobody else uses it while the
/// reference lives.
unsafe fn exclusive<'a>(duplex: *mut zs_duplex) -> Result<&'a mut Duplex> {
    // SAFETY: a handle points to a zs_duplex until it is freed; the caller vouches for the rest.
    let duplex = unsafe { duplex.as_mut() };
    duplex.map(|duplex| &mut duplex.0).ok_or(Errno::FAULT)
}

/// Writes a number of the caller's, unless `into` is null.
///
/// # Safety
///
/// `into` is null, or memory for a number that nobody else uses.
unsafe fn write_unless_null(into: *mut c_uint, value: c_uint) {
    if !into.is_null() {
        // SAFETY: it is not null; the caller vouches for the rest.
        unsafe { into.write(value) };
    }
}
