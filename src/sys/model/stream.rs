// SPDX-License-Identifier: MIT OR Apache-2.0

//! A pipe, private or the caller's.

use super::Queue;
use crate::errno::{Errno, Result};
use core::ffi::c_short;

/// Bytes in slots. Each write or splice takes a slot of its own.
#[derive(Clone, Copy)]
pub(crate) struct Pipe {
    pub(crate) bytes: Queue,
    /// How many bytes each slot holds.
    pub(crate) slots: Queue,
    pub(crate) has_writer: bool,
    /// There was one: without one now it has hung up.
    pub(crate) had_writer: bool,
    pub(crate) has_reader: bool,
}

impl Pipe {
    pub(crate) const SLOTS: usize = 2;
    pub(crate) const CLOSED: Pipe = Pipe::new(false, false);
    pub(crate) const OPEN: Pipe = Pipe::new(true, true);

    pub(crate) const fn new(has_writer: bool, has_reader: bool) -> Pipe {
        let empty = Queue::EMPTY;
        Pipe { bytes: empty, slots: empty, has_writer, had_writer: has_writer, has_reader }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.slots.len() == Pipe::SLOTS
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.bytes.push(byte));
        self.slots.push(bytes.len() as u8);
    }

    pub(crate) fn pop(&mut self) -> Option<u8> {
        let byte = self.bytes.pop()?;
        match self.slots.first_mut() {
            Some(slot) if *slot > 1 => *slot -= 1,
            _ => drop(self.slots.pop()),
        }
        Some(byte)
    }

    /// What poll(2) reports of the read end.
    pub(crate) fn reader_revents(&self) -> c_short {
        let hung_up = !self.has_writer && self.had_writer;
        (if self.bytes.is_empty() { 0 } else { libc::POLLIN })
            | if hung_up { libc::POLLHUP } else { 0 }
    }

    /// What poll(2) reports of the write end.
    pub(crate) fn writer_revents(&self) -> c_short {
        (if self.is_full() { 0 } else { libc::POLLOUT })
            | if self.has_reader { 0 } else { libc::POLLERR }
    }

    pub(super) fn readable(&self) -> Result<usize> {
        match self.bytes.len() {
            0 if self.has_writer => Err(Errno::AGAIN),
            count => Ok(count),
        }
    }

    pub(super) fn writable(&self, count: usize) -> Result<usize> {
        match self.has_reader {
            false => Err(Errno::PIPE),
            true if self.is_full() => Err(Errno::AGAIN),
            true => Ok(count),
        }
    }
}
