// SPDX-License-Identifier: MIT OR Apache-2.0

//! Relay: one direction, in the caller's event loop
//!
//! A relay moves bytes between two descriptors that are O_NONBLOCK (EINVAL) and stream-like
//! (EPROTOTYPE), or regular files or block devices, which are always ready. It never blocks: each
//! run returns what to wait for. Only one thread may use a handle at a time, and a pool with all
//! its relays counts as one handle. After fork a child may only free handles. A handle that is NULL
//! is EFAULT, except for the _free functions.

use super::handle::{into_handle, readable, writable};
use super::types::{write_result, zs_result};
use crate::engine::relay::{Pool, Relay};
use crate::engine::Progress;
use crate::errno::{self, Errno, Result};
use crate::mem::alloc::{Rc, TryBox};
use core::ptr;
use libc::{c_int, c_uint, c_void, size_t, ssize_t};

const _: () = assert!(size_of::<zs_relay>() < 256);

/// Pipes that relays share. Opaque to C.
#[allow(non_camel_case_types)]
pub struct zs_pool(pub(super) Rc<Pool>);

/// One direction. Opaque to C.
#[allow(non_camel_case_types)]
pub struct zs_relay(Relay);

/// Frees a pool and closes its pipes. All relays that use it have to be freed before.
///
/// @param pool  pool to free; NULL: nothing is done
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_pool_free(pool: *mut zs_pool) {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a pool from zs_pool_new that is not used any more.
    let pool = unsafe { TryBox::from_raw(pool) };
    drop(pool);
    saved.restore();
}

/// Makes a pool of pipes. A relay borrows one while bytes are in flight.
///
/// @param pipes      most idle pipes to keep
/// @param pipe_size  capacity of a pipe in bytes; 0: the best
/// @return pool, to be freed by zs_pool_free, or NULL with errno set
///
/// @since 0.1
/// cbindgen:postfix=ZS_NOEXCEPT ZS_FREED_BY(zs_pool_free)
#[must_use]
#[no_mangle]
pub extern "C" fn zs_pool_new(pipes: size_t, pipe_size: size_t) -> *mut zs_pool {
    let saved = errno::save();
    let pool = Pool::new(pipes, pipe_size).ok_or(Errno::NOMEM);
    saved.to_c_or(ptr::null_mut(), pool.map(zs_pool).and_then(into_handle))
}

/// Limits the pipes that the relays of a pool hold at once. Beyond the limit they copy through a
/// buffer.
///
/// @param pool   pool to limit; NULL: nothing is done
/// @param pipes  most pipes out of the pool at once; 0: no limit
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_pool_limit(pool: *mut zs_pool, pipes: size_t) {
    // SAFETY: zsplice.h asks for NULL, or a pool that no other thread uses until we return.
    if let Some(pool) = unsafe { pool.as_ref() } {
        pool.0.set_limit(pipes);
    }
}

/// Frees a relay. The caller's descriptors stay open; bytes in flight are lost.
///
/// @param relay  relay to free; NULL: nothing is done
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_free(relay: *mut zs_relay) {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a relay from zs_relay_new that is not used any more.
    let relay = unsafe { TryBox::from_raw(relay) };
    drop(relay);
    saved.restore();
}

/// Makes a relay. Nothing is moved before zs_relay_run.
///
/// @param fd_in   descriptor to read from
/// @param fd_out  descriptor to write to
/// @param len     most bytes to read from fd_in, or ZS_TO_END; what follows stays there
/// @param pool    pool to borrow pipes from; NULL: the relay makes a pipe when it first needs one,
///                and keeps it
/// @param flags   ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_SHUTDOWN, ZS_RELAY_LEVEL
/// @return relay, to be freed by zs_relay_free, or NULL with errno set
///
/// @since 0.1
/// cbindgen:postfix=ZS_NOEXCEPT ZS_FREED_BY(zs_relay_free)
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_relay_new(
    fd_in: c_int,
    fd_out: c_int,
    len: u64,
    pool: *mut zs_pool,
    flags: c_uint,
) -> *mut zs_relay {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a pool that no other thread uses until we return.
    let pool = unsafe { pool.as_ref() }.map(|pool| pool.0.share());
    let relay = Relay::new(fd_in, fd_out, len, pool, flags);
    saved.to_c_or(ptr::null_mut(), relay.map(zs_relay).and_then(into_handle))
}

/// Moves what can be moved without blocking, and returns what to wait for.
///
/// The answer is exact for level- and edge-triggered epoll(7), poll(2) and polls of io_uring.
/// (Remove a descriptor that is not named from a level-triggered epoll set: its errors cannot be
/// masked.) Bytes that came before an error of the input are delivered first.
///
/// @param relay   relay to run
/// @param budget  most bytes to deliver; 0: 1 MiB
/// @return ZS_WANT_*; or 0 once `len` bytes, or all until the end of the input, are delivered; or
///         -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_relay_run(relay: *mut zs_relay, budget: u64) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a relay that nobody else uses until we return.
    let relay = unsafe { exclusive(relay) };
    saved.to_c(relay.and_then(|relay| run(relay, budget)))
}

/// Queues bytes that the caller has already read. They follow what was read from fd_in so far,
/// precede the rest, and do not count into `len`.
///
/// @param relay  relay to deliver them
/// @param bytes  bytes to queue; they are copied
/// @param len    number of bytes
/// @return 0, or -1 with errno set and nothing queued
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_relay_feed(
    relay: *mut zs_relay,
    bytes: *const c_void,
    len: size_t,
) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a relay that nobody else uses until we return.
    let relay = unsafe { exclusive(relay) };
    // SAFETY: zsplice.h asks for `len` bytes that nobody changes until we return.
    let bytes = unsafe { readable(bytes.cast(), len) };
    saved.to_c(relay.and_then(|relay| relay.feed(bytes?)).map(|()| 0))
}

/// Takes back bytes that were read and not delivered, oldest first, to deliver them some other way
/// or after an error. They are no longer counted in `in_flight`.
///
/// @param relay  relay that has read them
/// @param bytes  buffer for the bytes
/// @param len    size of the buffer
/// @return bytes taken back, 0 if there are none, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_relay_take(
    relay: *mut zs_relay,
    bytes: *mut c_void,
    len: size_t,
) -> ssize_t {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a relay that nobody else uses until we return.
    let relay = unsafe { exclusive(relay) };
    // SAFETY: zsplice.h asks for a buffer of `len` bytes that nobody else uses until we return.
    let bytes = unsafe { writable(bytes.cast(), len) };
    saved.to_c(relay.and_then(|relay| relay.drain_to(bytes?)).map(|count| count as ssize_t))
}

/// Allows more bytes to be read from fd_in.
///
/// @param relay  relay that may read more
/// @param len    bytes to add to the limit, or ZS_TO_END
/// @return 0, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_more(relay: *mut zs_relay, len: u64) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a relay that nobody else uses until we return.
    let relay = unsafe { exclusive(relay) };
    saved.to_c(relay.map(|relay| relay.more(len)).map(|()| 0))
}

/// Makes the two relays of a connection share connection errors: the kernel reports a reset only
/// once for each socket. Nobody else may read, write or query SO_ERROR on that socket.
///
/// @param a  relay of one direction
/// @param b  relay of the other direction
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_pair(a: *mut zs_relay, b: *mut zs_relay) {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or relays that nobody else uses until we return.
    if let Some((a, b)) = unsafe { both(a, b) } {
        Relay::pair(a, b);
    }
    saved.restore();
}

/// Returns whether the input of a relay has ended. An input that failed has not.
///
/// @param relay  relay to ask
/// @return 1 if it has, 0 if it has not or that is not known yet, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_relay_has_ended(relay: *const zs_relay) -> c_int {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for NULL, or a relay that no other thread uses until we return.
    let relay = unsafe { relay.as_ref() };
    saved.to_c(relay.map(|relay| relay.0.has_ended().into()).ok_or(Errno::FAULT))
}

/// Returns the outcome of a relay so far.
///
/// @param relay   relay to report on
/// @param result  outcome so far
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_result(relay: *const zs_relay, result: *mut zs_result) {
    // SAFETY: zsplice.h asks for NULL, or a relay that no other thread uses until we return.
    let relay = unsafe { relay.as_ref() };
    let so_far = relay.map_or(Progress::refused(Errno::FAULT), |relay| relay.0.result());
    // SAFETY: zsplice.h asks for a result that is NULL, or that nobody else uses until we return.
    unsafe { write_result(result, &so_far) };
}

/// The relay behind a handle.
///
/// # Safety
///
/// `relay` is null, or came from zs_relay_new, was not freed, and nobody else uses it while the
/// reference lives.
unsafe fn exclusive<'a>(relay: *mut zs_relay) -> Result<&'a mut Relay> {
    // SAFETY: a handle points to a zs_relay until it is freed; the caller vouches for the rest.
    let relay = unsafe { relay.as_mut() };
    relay.map(|relay| &mut relay.0).ok_or(Errno::FAULT)
}

/// The relays behind two handles. None: one is null, or both are the same.
///
/// # Safety
///
/// As for `exclusive`, for each of the two.
unsafe fn both<'a>(a: *mut zs_relay, b: *mut zs_relay) -> Option<(&'a mut Relay, &'a mut Relay)> {
    if ptr::eq(a, b) {
        return None;
    }
    // SAFETY: the caller vouches for this relay.
    let a = unsafe { exclusive(a) }.ok()?;
    // SAFETY: the caller vouches for this relay, too; it is another one, so the references do not
    // overlap.
    let b = unsafe { exclusive(b) }.ok()?;
    Some((a, b))
}

fn run(relay: &mut Relay, budget: u64) -> Result<c_int> {
    relay.run(budget).map_err(|error| error.errno)
}
