// SPDX-License-Identifier: MIT OR Apache-2.0

//! What each call on the descriptors of a world does.

use super::world::{place, End, Hiccup, Place, World, PIPES};
use super::Pipe;
use crate::errno::{Errno, Result};
use crate::sys::{Owned, Poll, Stat};
use core::ffi::c_int;
use std::vec::Vec;

/// No run makes so many calls.
const CALLS: u32 = 200;

impl World {
    fn call(&mut self) -> Result<()> {
        self.calls += 1;
        if self.calls > CALLS {
            self.fault = Some("a run that does not end");
            return Err(Errno::IO);
        }
        if self.hiccup == Hiccup::Interrupt {
            self.hiccup = Hiccup::None;
            return Err(Errno::INTR);
        }
        Ok(())
    }

    /// The most that a call for `len` bytes moves.
    fn limit(&mut self, len: usize) -> usize {
        if self.hiccup == Hiccup::Short && len > 1 {
            self.hiccup = Hiccup::None;
            return 1;
        }
        len
    }

    pub(super) fn read(&mut self, fd: c_int, into: &mut [u8], is_peek: bool) -> Result<usize> {
        self.call()?;
        let end = match place(fd) {
            Place::End(end) => end,
            Place::Writer(_) => return Err(Errno::BADF),
            Place::Reader(pipe) => {
                let count = self.pipes[pipe].readable()?.min(into.len());
                into[..count].fill_with(|| self.pipes[pipe].pop().unwrap());
                return Ok(count);
            }
        };
        let before = self.ends[end];
        let count = self.readable(end, true)?.min(into.len());
        into[..count].fill_with(|| self.taken_from(end));
        if is_peek {
            // Only an error is consumed.
            self.ends[end] = before;
            for _ in 0..count {
                let flow = &mut self.flows[end];
                flow.expected.unpush();
                flow.taken -= 1;
            }
        }
        Ok(count)
    }

    fn readable(&mut self, end: usize, may_pass: bool) -> Result<usize> {
        match &mut self.ends[end] {
            End::Socket(socket) => socket.readable(may_pass),
            End::Pipe(pipe) => pipe.readable(),
            End::File(left) => Ok(left.len()),
        }
    }

    /// The next byte of an end, which is now in flight.
    fn taken_from(&mut self, end: usize) -> u8 {
        let byte = match &mut self.ends[end] {
            End::Socket(socket) => socket.arrived.pop(),
            End::Pipe(pipe) => pipe.pop(),
            End::File(left) => left.pop(),
        };
        let flow = &mut self.flows[end];
        flow.taken += 1;
        flow.expected.push(byte.unwrap());
        byte.unwrap()
    }

    pub(super) fn write(&mut self, fd: c_int, bytes: &[u8]) -> Result<usize> {
        self.call()?;
        let Place::End(end) = place(fd) else { return Err(Errno::BADF) };
        let room = match &mut self.ends[end] {
            End::Socket(socket) => socket.writable(bytes.len())?,
            End::Pipe(pipe) => pipe.writable(bytes.len())?,
            End::File(_) => bytes.len(),
        };
        let count = self.limit(room);
        self.give(end, &bytes[..count]);
        Ok(count)
    }

    /// Puts bytes into an end that has room for them.
    fn give(&mut self, end: usize, bytes: &[u8]) {
        match &mut self.ends[end] {
            End::Socket(socket) => socket.sent += bytes.len(),
            End::Pipe(pipe) => pipe.put(bytes),
            End::File(_) => {}
        }
        self.flows[1 - end].delivered += bytes.len() as u64;
        bytes.iter().for_each(|&byte| self.came_out(1 - end, byte));
    }

    pub(super) fn splice(&mut self, from: c_int, to: c_int, len: usize) -> Result<usize> {
        self.call()?;
        if self.refuses_splice {
            return Err(Errno::INVAL);
        }
        let len = self.limit(len);
        match (place(from), place(to)) {
            (Place::End(end), Place::Writer(pipe)) => {
                let room = self.pipes[pipe].writable(len)?;
                let bytes = self.taken(end, room)?;
                if !bytes.is_empty() {
                    self.pipes[pipe].put(&bytes);
                }
                Ok(bytes.len())
            }
            (Place::Reader(pipe), Place::End(end)) => self.splice_out(pipe, end, len),
            (Place::End(from), Place::End(to)) => self.pass(from, to, len),
            _ => Err(Errno::INVAL),
        }
    }

    /// splice(2) from a private pipe, slot by slot.
    fn splice_out(&mut self, pipe: usize, end: usize, len: usize) -> Result<usize> {
        self.pipes[pipe].readable()?;
        let mut moved = 0;
        while moved < len && self.has_room_after(end, moved)? {
            let slot = self.pipes[pipe].slots.first().map_or(0, usize::from);
            if slot == 0 || self.dies_after(end, moved) {
                break;
            }
            let count = self.room(end, slot.min(len - moved))?;
            let bytes: Vec<u8> = (0..count).filter_map(|_| self.pipes[pipe].pop()).collect();
            self.give(end, &bytes);
            moved += count;
        }
        Ok(moved)
    }

    /// splice(2) between the caller's descriptors, one of which is a pipe.
    fn pass(&mut self, from: usize, to: usize, len: usize) -> Result<usize> {
        let bytes = match (&self.ends[from], &self.ends[to]) {
            (End::Pipe(input), _) if input.readable()? == 0 => return Ok(0),
            (End::Pipe(input), _) => {
                let count = input.slots.first().map_or(0, usize::from).min(len);
                let room = self.room(to, count)?;
                self.taken(from, room)?
            }
            (_, End::Pipe(output)) => {
                let room = output.writable(len)?;
                self.taken(from, room)?
            }
            _ => return Err(Errno::INVAL),
        };
        if !bytes.is_empty() {
            self.give(to, &bytes);
        }
        Ok(bytes.len())
    }

    fn room(&mut self, end: usize, count: usize) -> Result<usize> {
        match &mut self.ends[end] {
            End::Socket(socket) => socket.writable(count),
            End::Pipe(pipe) => pipe.writable(count),
            End::File(_) => Ok(count),
        }
    }

    /// Whether a splice(2) that has `moved` bytes goes on. Its first piece may fail.
    fn has_room_after(&mut self, end: usize, moved: usize) -> Result<bool> {
        match self.room(end, 1) {
            Ok(_) => Ok(true),
            Err(_) if moved > 0 => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Whether the connection dies after the first piece of a splice(2), unseen.
    fn dies_after(&mut self, end: usize, moved: usize) -> bool {
        let End::Socket(socket) = &mut self.ends[end] else { return false };
        let dies = self.hiccup == Hiccup::Death && moved > 0 && !socket.is_reset;
        if dies {
            self.hiccup = Hiccup::None;
            socket.reset();
            socket.error = 0;
        }
        dies
    }

    /// At most `most` bytes for splice(2).
    fn taken(&mut self, end: usize, most: usize) -> Result<Vec<u8>> {
        let count = self.readable(end, false)?.min(most);
        Ok((0..count).map(|_| self.taken_from(end)).collect())
    }

    pub(super) fn poll(&mut self, fds: &mut [Poll]) -> Result<usize> {
        self.call()?;
        for poll in &mut *fds {
            let always = libc::POLLERR | libc::POLLHUP | libc::POLLNVAL;
            poll.revents = self.revents(poll.fd) & (poll.events | always);
            if let Place::End(end) = place(poll.fd) {
                let waits = poll.events & libc::POLLOUT != 0;
                if let Some(socket) = self.socket(end) {
                    socket.wants_room |= waits && !socket.has_room();
                }
            }
        }
        Ok(fds.iter().filter(|poll| poll.revents != 0).count())
    }

    pub(super) fn fstat(&self, fd: c_int) -> Stat {
        let kind = match place(fd) {
            Place::End(end) => match self.ends[end] {
                End::Socket(_) => libc::S_IFSOCK,
                End::Pipe(_) => libc::S_IFIFO,
                End::File(_) => libc::S_IFREG,
            },
            _ => libc::S_IFIFO,
        };
        Stat { kind, inode: fd as u64, ..Stat::default() }
    }

    pub(super) fn fionread(&self, fd: c_int) -> Result<usize> {
        match place(fd) {
            Place::End(end) => match &self.ends[end] {
                End::Socket(socket) => Ok(socket.clone().readable(false).unwrap_or(0)),
                End::Pipe(pipe) => Ok(pipe.bytes.len()),
                End::File(left) => Ok(left.len()),
            },
            _ => Err(Errno::INVAL),
        }
    }

    pub(super) fn shutdown(&mut self, fd: c_int) -> Result<()> {
        let Place::End(end) = place(fd) else { return Err(Errno::BADF) };
        if !self.flows[1 - end].expected.is_empty() {
            self.fault = Some("the end is passed on before all bytes");
        }
        let Some(socket) = self.socket(end) else { return Err(Errno(libc::ENOTSOCK)) };
        if socket.is_reset {
            return Err(Errno::NOTCONN);
        }
        socket.is_shut = true;
        socket.has_event = true;
        Ok(())
    }

    pub(super) fn getpeername(&mut self, fd: c_int) -> Result<()> {
        let Place::End(end) = place(fd) else { return Err(Errno::BADF) };
        match self.socket(end) {
            Some(socket) if socket.is_reset => Err(Errno::NOTCONN),
            Some(_) => Ok(()),
            None => Err(Errno(libc::ENOTSOCK)),
        }
    }

    pub(super) fn getsockopt(&mut self, fd: c_int, level: c_int, option: c_int) -> Result<c_int> {
        let Place::End(end) = place(fd) else { return Err(Errno(libc::ENOTSOCK)) };
        let Some(socket) = self.socket(end) else { return Err(Errno(libc::ENOTSOCK)) };
        match (level, option) {
            (libc::SOL_SOCKET, libc::SO_TYPE) => Ok(libc::SOCK_STREAM),
            (libc::SOL_SOCKET, libc::SO_DOMAIN) => Ok(libc::AF_INET),
            (libc::SOL_SOCKET, libc::SO_PROTOCOL) => Ok(libc::IPPROTO_TCP),
            (libc::SOL_SOCKET, libc::SO_ERROR) => Ok(socket.take_error()),
            (libc::SOL_SOCKET, libc::SO_PEEK_OFF) => Err(Errno::OPNOTSUPP),
            _ => Ok(0),
        }
    }

    pub(super) fn pipe2(&mut self) -> Result<(Owned, Owned)> {
        let free = self.pipes.iter().position(|pipe| !pipe.has_reader && !pipe.has_writer);
        match free.filter(|_| !self.refuses_pipes) {
            None => Err(Errno(libc::EMFILE)),
            Some(index) => {
                self.pipes[index] = Pipe::OPEN;
                let reader = PIPES + 2 * index as c_int;
                Ok((Owned(reader), Owned(reader + 1)))
            }
        }
    }

    pub(super) fn close(&mut self, fd: c_int) {
        match place(fd) {
            Place::Reader(pipe) => self.pipes[pipe].has_reader = false,
            Place::Writer(pipe) => self.pipes[pipe].has_writer = false,
            Place::End(_) => self.fault = Some("a descriptor of the caller's is closed"),
        }
        if let Place::Reader(pipe) | Place::Writer(pipe) = place(fd) {
            if !self.pipes[pipe].has_reader && !self.pipes[pipe].has_writer {
                self.pipes[pipe] = Pipe::CLOSED;
            }
        }
    }
}
