//! Relay: one direction, in the caller's event loop
//!
//! A relay moves bytes between two descriptors that are O_NONBLOCK (EINVAL) and stream-like
//! (EPROTOTYPE), or regular files or block devices, which are always ready. It never blocks: a run
//! says what to wait for. One handle is used by one thread at a time, and a pool with all its relays
//! counts as one. After fork a child may only free handles. A handle that is NULL is EFAULT, but for
//! the _free functions.

use super::types::{store, zs_result};
use crate::engine::relay::{Pool, Relay};
use crate::engine::Progress;
use crate::errno::{answer, answer_or, preserved, Errno, Result};
use crate::mem::alloc::{Rc, TryBox};
use core::{ptr, slice};
use libc::{c_int, c_uint, c_void, size_t, ssize_t};

const _: () = assert!(size_of::<zs_relay>() < 256);

/// Pipes that relays share. C sees no more of it than its name.
#[allow(non_camel_case_types)]
pub struct zs_pool(Rc<Pool>);

/// One direction. C sees no more of it than its name.
#[allow(non_camel_case_types)]
pub struct zs_relay(Relay);

/// Makes a pool of pipes, which relays borrow while bytes are in flight.
///
/// @param pipes      how many idle pipes it keeps, at the most
/// @param pipe_size  how many bytes a pipe is to hold; 0: as many as are best
/// @return the pool, to be freed by zs_pool_free, or NULL with errno set
///
/// @since 0.1
#[no_mangle]
pub extern "C" fn zs_pool_new(pipes: size_t, pipe_size: size_t) -> *mut zs_pool {
    let pool = || TryBox::new(zs_pool(Pool::new(pipes, pipe_size)?));
    answer_or(ptr::null_mut(), || pool().map(TryBox::into_raw).ok_or(Errno::NOMEM))
}

/// Frees a pool and closes its pipes, after all relays that use it.
///
/// @param pool  the pool; NULL is fine
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_pool_free(pool: *mut zs_pool) {
    // SAFETY: zsplice.h asks for NULL, or a pool that is not used any more.
    let pool = unsafe { TryBox::from_raw(pool) };
    preserved(|| drop(pool));
}

/// Makes a relay. It does nothing before zs_relay_run.
///
/// @param fd_in   where from
/// @param fd_out  where to
/// @param len     how much to take from fd_in at the most, in bytes, or ZS_TO_END; what follows stays
///                there
/// @param pool    where it borrows pipes; NULL: it makes its own when first needed, and keeps it
/// @param flags   ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_SHUTDOWN, ZS_RELAY_LEVEL
/// @return the relay, to be freed by zs_relay_free, or NULL with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_new(
    fd_in: c_int,
    fd_out: c_int,
    len: u64,
    pool: *mut zs_pool,
    flags: c_uint,
) -> *mut zs_relay {
    // SAFETY: zsplice.h asks for NULL, or a pool.
    let pool = unsafe { pool.as_ref() }.map(|pool| pool.0.share());
    answer_or(ptr::null_mut(), || {
        let relay = Relay::new(fd_in, fd_out, len, pool, flags)?;
        TryBox::new(zs_relay(relay)).map(TryBox::into_raw).ok_or(Errno::NOMEM)
    })
}

/// Moves what can be moved without blocking, and says what to wait for.
///
/// That is exact: it holds for level- and edge-triggered epoll(7), poll(2) and io_uring polls alike.
/// (In a level-triggered epoll set remove a descriptor that is not named: its errors cannot be
/// masked.) Bytes that came before an error of the input are delivered first.
///
/// @param relay   the relay
/// @param budget  how much to deliver at the most, in bytes; 0: 1 MiB
/// @return ZS_WANT_*, or 0 when `len` bytes, or all until the end of the input, are delivered, or -1
///         with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_run(relay: *mut zs_relay, budget: u64) -> c_int {
    // SAFETY: zsplice.h asks for a relay that nobody else uses meanwhile.
    let relay = unsafe { relay.as_mut() };
    answer(|| {
        let wanted = relay.ok_or(Errno::FAULT)?.0.run(budget);
        wanted.map_err(|error| error.errno)
    })
}

/// Queues bytes that the caller has already read: they follow what was taken from fd_in so far and
/// precede the rest, and do not count into `len`.
///
/// @param relay  the relay
/// @param bytes  the bytes; they are copied
/// @param len    how many
/// @return 0, or -1 with errno set and nothing queued
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_feed(
    relay: *mut zs_relay,
    bytes: *const c_void,
    len: size_t,
) -> c_int {
    // SAFETY: zsplice.h asks for a relay that nobody else uses meanwhile.
    let relay = unsafe { relay.as_mut() };
    // SAFETY: zsplice.h asks for `len` bytes that stay as they are until we return.
    let bytes = unsafe { readable(bytes.cast(), len) };
    answer(|| relay.ok_or(Errno::FAULT)?.0.feed(bytes?).map(|()| 0))
}

/// Hands back bytes that were taken and not delivered, oldest first, to go on another way or after an
/// error. They leave `in_flight`.
///
/// @param relay  the relay
/// @param bytes  where to put them
/// @param len    how many there is room for
/// @return how many there were, 0 if none, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_take(
    relay: *mut zs_relay,
    bytes: *mut c_void,
    len: size_t,
) -> ssize_t {
    // SAFETY: zsplice.h asks for a relay that nobody else uses meanwhile.
    let relay = unsafe { relay.as_mut() };
    // SAFETY: zsplice.h asks for room for `len` bytes that nobody else uses until we return.
    let bytes = unsafe { writable(bytes.cast(), len) };
    answer(|| relay.ok_or(Errno::FAULT)?.0.drain_to(bytes?).map(|count| count as ssize_t))
}

/// Lets more bytes be taken from fd_in.
///
/// @param relay  the relay
/// @param len    how many more, or ZS_TO_END
/// @return 0, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_more(relay: *mut zs_relay, len: u64) -> c_int {
    // SAFETY: zsplice.h asks for a relay that nobody else uses meanwhile.
    let relay = unsafe { relay.as_mut() };
    answer(|| {
        relay.ok_or(Errno::FAULT)?.0.more(len);
        Ok(0)
    })
}

/// Lets the two directions of one connection share what either learns: the kernel tells of a reset
/// once per socket. Using the socket outside the pair voids that.
///
/// @param a  one direction
/// @param b  the other
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_pair(a: *mut zs_relay, b: *mut zs_relay) {
    if ptr::eq(a, b) {
        return;
    }
    // SAFETY: zsplice.h asks for a relay that nobody else uses meanwhile.
    let a = unsafe { a.as_mut() };
    // SAFETY: likewise, and it is another one.
    let b = unsafe { b.as_mut() };
    if let (Some(a), Some(b)) = (a, b) {
        preserved(|| Relay::pair(&mut a.0, &mut b.0));
    }
}

/// Tells what has become of a relay so far.
///
/// @param relay   the relay
/// @param result  where to write it
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_result(relay: *const zs_relay, result: *mut zs_result) {
    // SAFETY: zsplice.h asks for a relay.
    let relay = unsafe { relay.as_ref() };
    let so_far = relay.map_or(Progress::refused(Errno::FAULT), |relay| relay.0.result());
    // SAFETY: zsplice.h asks for NULL, or a result that is ours until we return.
    unsafe { store(result, 0, so_far) };
}

/// Frees a relay. It closes no descriptor of the caller's; what is in flight is lost.
///
/// @param relay  the relay; NULL is fine
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_relay_free(relay: *mut zs_relay) {
    // SAFETY: zsplice.h asks for NULL, or a relay that is not used any more.
    let relay = unsafe { TryBox::from_raw(relay) };
    preserved(|| drop(relay));
}

/// # Safety
///
/// There are `len` bytes at `bytes`, which stay as they are for as long as the slice is used.
unsafe fn readable<'a>(bytes: *const u8, len: usize) -> Result<&'a [u8]> {
    match len {
        0 => Ok(&[]),
        _ if bytes.is_null() || isize::try_from(len).is_err() => Err(Errno::FAULT),
        // SAFETY: the caller's promise, and it is not null.
        _ => Ok(unsafe { slice::from_raw_parts(bytes, len) }),
    }
}

/// # Safety
///
/// There is room for `len` bytes at `bytes`, which nobody else uses for as long as the slice is used.
unsafe fn writable<'a>(bytes: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    match len {
        0 => Ok(&mut []),
        _ if bytes.is_null() || isize::try_from(len).is_err() => Err(Errno::FAULT),
        // SAFETY: the caller's promise, and it is not null.
        _ => Ok(unsafe { slice::from_raw_parts_mut(bytes, len) }),
    }
}
