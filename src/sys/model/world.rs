// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a world consists of, and what happens in it beside the calls on its descriptors.

use super::{Pipe, Queue, Socket, FIRST};
use core::ffi::{c_int, c_short};
use std::vec::Vec;

/// What the caller has at one end.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Socket(Socket),
    /// An input has its read end, an output its write end.
    Pipe(Pipe),
    /// What is left to read of it.
    File(Queue),
}

/// What befalls the next call that moves bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hiccup {
    None,
    /// It is interrupted by a signal.
    Interrupt,
    /// It moves one byte at most.
    Short,
    /// After the first slot of a pipe the connection dies, which the count hides.
    Death,
}

/// What is known of the bytes from one end to the other.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flow {
    /// The next byte of the source.
    source: u8,
    /// The next byte that is fed.
    fed: u8,
    /// The bytes in flight, as they have to be delivered.
    pub(crate) expected: Queue,
    /// How many were read from the input.
    pub(crate) taken: u64,
    pub(crate) delivered: u64,
}

/// A number of bytes after which they repeat: more than there are at any moment.
const PERIOD: u8 = 0x20;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) ends: [End; 2],
    /// From the end with that number to the other one.
    pub(crate) flows: [Flow; 2],
    pub(super) pipes: [Pipe; 2],
    pub(crate) hiccup: Hiccup,
    pub(crate) refuses_splice: bool,
    pub(crate) refuses_pipes: bool,
    /// Calls since this was set to 0.
    pub(crate) calls: u32,
    /// What went wrong.
    pub(crate) fault: Option<&'static str>,
}

/// What a number of a descriptor stands for.
#[derive(Clone, Copy)]
pub(super) enum Place {
    End(usize),
    Reader(usize),
    Writer(usize),
}

pub(super) const PIPES: c_int = FIRST + 2;

pub(super) fn place(fd: c_int) -> Place {
    let index = usize::try_from(fd - PIPES).unwrap_or(0) / 2;
    match fd - PIPES {
        ..0 => Place::End(if fd == FIRST { 0 } else { 1 }),
        at if at % 2 == 0 => Place::Reader(index),
        _ => Place::Writer(index),
    }
}

/// What happens outside.
impl World {
    pub(crate) const INPUT: c_int = FIRST;
    pub(crate) const OUTPUT: c_int = FIRST + 1;

    pub(crate) fn new(ends: [End; 2]) -> World {
        World {
            ends,
            flows: [Flow::default(); 2],
            pipes: [Pipe::CLOSED; 2],
            hiccup: Hiccup::None,
            refuses_splice: false,
            refuses_pipes: false,
            calls: 0,
            fault: None,
        }
    }

    /// `count` bytes arrive at an end.
    pub(crate) fn arrive(&mut self, end: usize, count: usize) {
        let bytes: Vec<u8> = (0..count).map(|_| self.next(end, false)).collect();
        match &mut self.ends[end] {
            End::Socket(socket) => {
                bytes.iter().for_each(|&byte| socket.arrived.push(byte));
                socket.has_event = true;
            }
            End::Pipe(pipe) => pipe.put(&bytes),
            End::File(left) => bytes.iter().for_each(|&byte| left.push(byte)),
        }
    }

    /// The next byte from an end, which is read or fed.
    fn next(&mut self, end: usize, is_fed: bool) -> u8 {
        let flow = &mut self.flows[end];
        let (counter, kind) = if is_fed { (&mut flow.fed, PERIOD) } else { (&mut flow.source, 0) };
        let byte = end as u8 * 2 * PERIOD + kind + *counter;
        *counter = (*counter + 1) % PERIOD;
        byte
    }

    /// A byte that the caller has read from an end: it follows those that were taken.
    pub(crate) fn fed(&mut self, end: usize) -> u8 {
        let byte = self.next(end, true);
        self.flows[end].expected.push(byte);
        byte
    }

    /// The peer of an end takes `count` bytes.
    pub(crate) fn take(&mut self, end: usize, count: usize) {
        match &mut self.ends[end] {
            End::Socket(socket) => {
                socket.sent -= count;
                socket.has_event |= core::mem::take(&mut socket.wants_room);
            }
            End::Pipe(pipe) => (0..count).for_each(|_| {
                pipe.pop();
            }),
            End::File(_) => {}
        }
    }

    /// The peer of an end will send no more.
    pub(crate) fn end(&mut self, end: usize) {
        match &mut self.ends[end] {
            End::Socket(socket) => (socket.has_ended, socket.has_event) = (true, true),
            End::Pipe(pipe) => pipe.has_writer = false,
            End::File(_) => {}
        }
    }

    /// Something comes to the error queue of a socket.
    pub(crate) fn notice(&mut self, end: usize) {
        if let End::Socket(socket) = &mut self.ends[end] {
            (socket.has_notice, socket.has_event) = (true, true);
        }
    }

    /// A connection dies, or the last reader of a pipe goes.
    pub(crate) fn kill(&mut self, end: usize) {
        match &mut self.ends[end] {
            End::Socket(socket) => socket.reset(),
            End::Pipe(pipe) => pipe.has_reader = false,
            End::File(_) => {}
        }
    }

    /// The first writer of a FIFO comes.
    pub(crate) fn open(&mut self, end: usize) {
        if let End::Pipe(pipe) = &mut self.ends[end] {
            (pipe.has_writer, pipe.had_writer) = (true, true);
        }
    }

    /// A byte of the flow from `end` has come out.
    pub(crate) fn came_out(&mut self, end: usize, byte: u8) {
        if self.flows[end].expected.pop() != Some(byte) {
            self.fault = Some("a byte is lost, doubled or out of order");
        }
    }
}

/// What can be seen.
impl World {
    pub(crate) fn socket(&mut self, end: usize) -> Option<&mut Socket> {
        match &mut self.ends[end] {
            End::Socket(socket) => Some(socket),
            _ => None,
        }
    }

    /// What poll(2) reports, all of it.
    pub(crate) fn revents(&self, fd: c_int) -> c_short {
        match place(fd) {
            Place::Reader(pipe) => self.pipes[pipe].reader_revents(),
            Place::Writer(pipe) => self.pipes[pipe].writer_revents(),
            Place::End(end) => match &self.ends[end] {
                End::Socket(socket) => socket.revents(),
                End::Pipe(pipe) if end == 0 => pipe.reader_revents(),
                End::Pipe(pipe) => pipe.writer_revents(),
                End::File(_) => libc::POLLIN | libc::POLLOUT,
            },
        }
    }

    /// How many bytes in flight from an end were fed.
    pub(crate) fn fed_in_flight(&self, end: usize) -> usize {
        let held = self.flows[end].expected.bytes();
        held.iter().filter(|&&byte| byte & PERIOD != 0).count()
    }

    /// How many private pipes are open.
    pub(crate) fn open_pipes(&self) -> usize {
        self.pipes.iter().filter(|pipe| pipe.has_reader || pipe.has_writer).count()
    }

    /// A byte by its distance from the next one, so that a state does not depend on how many came before.
    pub(crate) fn relative(&self, byte: u8) -> u8 {
        let Some(flow) = self.flows.get(usize::from(byte / (2 * PERIOD))) else { return byte };
        let kind = byte & !(PERIOD - 1);
        let next = if kind & PERIOD == 0 { flow.source } else { flow.fed };
        kind | next.wrapping_sub(byte) & (PERIOD - 1)
    }

    /// Everything, but for how many bytes came before.
    pub(crate) fn key(&self, key: &mut Vec<u8>) {
        for end in &self.ends {
            match end {
                End::Socket(s) => {
                    self.queue_key(&s.arrived, key);
                    let bits = [s.has_ended, s.is_reset, s.ended_first, s.error != 0, s.has_notice];
                    key.extend([s.sent as u8, bits_of(&bits)]);
                    key.push(bits_of(&[s.is_shut, s.wants_room, s.has_event]));
                }
                End::Pipe(pipe) => self.pipe_key(pipe, key),
                End::File(left) => self.queue_key(left, key),
            }
        }
        self.pipes.iter().for_each(|pipe| self.pipe_key(pipe, key));
        self.flows.iter().for_each(|flow| self.queue_key(&flow.expected, key));
        key.push(self.hiccup as u8);
        key.push(bits_of(&[self.refuses_splice, self.refuses_pipes]));
    }

    fn queue_key(&self, queue: &Queue, key: &mut Vec<u8>) {
        key.push(queue.len() as u8);
        key.extend(queue.bytes().iter().map(|&byte| self.relative(byte)));
    }

    fn pipe_key(&self, pipe: &Pipe, key: &mut Vec<u8>) {
        key.push(bits_of(&[pipe.has_writer, pipe.had_writer, pipe.has_reader]));
        self.queue_key(&pipe.bytes, key);
        key.extend(pipe.slots.bytes());
    }
}

fn bits_of(bits: &[bool]) -> u8 {
    bits.iter().fold(0, |sum, &bit| sum * 2 + u8::from(bit))
}
