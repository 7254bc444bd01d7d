// SPDX-License-Identifier: MIT OR Apache-2.0

//! (tests only) A kernel in memory. While a thread has a `World`, calls on its descriptors come to it, and all
//! others to the kernel.

mod calls;
mod queue;
mod socket;
mod stream;
mod world;

pub(crate) use queue::Queue;
pub(crate) use socket::Socket;
pub(crate) use stream::Pipe;
pub(crate) use world::{End, Hiccup, World};

use super::{descriptor, file, poll as real_poll, socket as real_socket, splice as real_splice};
use super::{FdAt, Owned, Poll, Returned, Stat};
use crate::errno::{Errno, Result};
use core::ffi::{c_int, c_uint};
use std::cell::RefCell;

/// The number of a world's first descriptor; the kernel's stay below.
pub(crate) const FIRST: c_int = 1 << 20;

std::thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Runs `work` with its calls coming to `world`.
pub(crate) fn within<T>(world: &mut World, work: impl FnOnce() -> T) -> T {
    let replaced = WORLD.replace(Some(world.clone()));
    assert!(replaced.is_none(), "one world at a time");
    let outcome = work();
    *world = WORLD.take().expect("it was set above");
    outcome
}

/// What `call` comes to in this thread's world. None: it has none, or `fd` is the kernel's.
fn model<T>(fd: c_int, call: impl FnOnce(&mut World) -> T) -> Option<T> {
    if fd < FIRST {
        return None;
    }
    WORLD.with_borrow_mut(|world| world.as_mut().map(call))
}

pub(crate) fn close(fd: c_int) {
    // A world that is gone has closed everything.
    if fd < FIRST {
        descriptor::close(fd);
    } else {
        model(fd, |world| world.close(fd));
    }
}

pub(crate) fn pipe2(flags: c_int) -> Result<(Owned, Owned)> {
    model(FIRST, World::pipe2).unwrap_or_else(|| descriptor::pipe2(flags))
}

pub(crate) fn set_pipe_size(fd: c_int, size: c_int) -> Result<c_int> {
    model(fd, |_| Ok(size)).unwrap_or_else(|| descriptor::set_pipe_size(fd, size))
}

pub(crate) fn status_flags(fd: c_int) -> Result<c_int> {
    model(fd, |_| Ok(libc::O_RDWR | libc::O_NONBLOCK))
        .unwrap_or_else(|| descriptor::status_flags(fd))
}

pub(crate) fn fionread(fd: c_int) -> Result<usize> {
    model(fd, |world| world.fionread(fd)).unwrap_or_else(|| descriptor::fionread(fd))
}

pub(crate) fn fstat(fd: c_int) -> Result<Stat> {
    model(fd, |world| Ok(world.fstat(fd))).unwrap_or_else(|| file::fstat(fd))
}

pub(crate) fn read(fd: c_int, into: &mut [u8], offset: Option<i64>) -> Result<usize> {
    match model(fd, |world| world.read(fd, into, false)) {
        Some(answer) => answer,
        None => file::read(fd, into, offset),
    }
}

pub(crate) fn write(fd: c_int, from: &[u8], offset: Option<i64>) -> Result<usize> {
    model(fd, |world| world.write(fd, from)).unwrap_or_else(|| file::write(fd, from, offset))
}

pub(crate) fn recv(fd: c_int, into: &mut [u8], flags: c_int) -> Result<usize> {
    match model(fd, |world| world.read(fd, into, flags & libc::MSG_PEEK != 0)) {
        Some(answer) => answer,
        None => real_socket::recv(fd, into, flags),
    }
}

pub(crate) fn send(fd: c_int, from: &[u8], flags: c_int) -> Result<usize> {
    model(fd, |world| world.write(fd, from)).unwrap_or_else(|| real_socket::send(fd, from, flags))
}

pub(crate) fn splice(from: FdAt<'_>, to: FdAt<'_>, len: usize, flags: c_uint) -> Returned {
    match model(from.fd, |world| world.splice(from.fd, to.fd, len)) {
        Some(answer) => answer.into(),
        None => real_splice::splice(from, to, len, flags),
    }
}

pub(crate) fn shutdown(fd: c_int, how: c_int) -> Result<()> {
    model(fd, |world| world.shutdown(fd)).unwrap_or_else(|| real_socket::shutdown(fd, how))
}

pub(crate) fn getpeername(fd: c_int) -> Result<()> {
    model(fd, |world| world.getpeername(fd)).unwrap_or_else(|| real_socket::getpeername(fd))
}

pub(crate) fn getsockopt(fd: c_int, option: c_int) -> Result<[u8; 16]> {
    model(fd, |world| world.getsockopt(fd, libc::SOL_SOCKET, option).map(|_| [0; 16]))
        .unwrap_or_else(|| real_socket::getsockopt(fd, option))
}

pub(crate) fn getsockopt_int(fd: c_int, option: c_int) -> Result<c_int> {
    model(fd, |world| world.getsockopt(fd, libc::SOL_SOCKET, option))
        .unwrap_or_else(|| real_socket::getsockopt_int(fd, option))
}

pub(crate) fn getsockopt_int_at(fd: c_int, level: c_int, option: c_int) -> Result<c_int> {
    model(fd, |world| world.getsockopt(fd, level, option))
        .unwrap_or_else(|| real_socket::getsockopt_int_at(fd, level, option))
}

pub(crate) fn poll(fds: &mut [Poll], nanoseconds: Option<i64>) -> Result<usize> {
    let fd = fds.first().map_or(-1, |poll| poll.fd);
    match model(fd, |world| world.poll(fds)) {
        Some(answer) => answer,
        None => real_poll::poll(fds, nanoseconds),
    }
}

impl From<Result<usize>> for Returned {
    fn from(answer: Result<usize>) -> Returned {
        Returned(answer.map_or_else(Errno::leave_behind, |count| count as _))
    }
}
