// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is explored: between which descriptors, and what happens there. All events at once would make too many
//! states for a test.

use super::Event::*;
use super::{Event, Scene, State, ALL, IN, OUT};
use crate::constants::*;
use crate::engine::shared::explore::explore;
use crate::sys::model::{self, End, Pipe, Queue, Socket};

const SOCKET: End = End::Socket(Socket::NEW);
const PIPE: End = End::Pipe(Pipe::OPEN);
const FIFO: End = End::Pipe(Pipe::new(false, true));
const FILE: End = End::File(Queue::EMPTY);

/// What always happens.
const TRAFFIC: &[Event] = &[Run(ALL), Arrive(1), Arrive(2), Room(1), End];
const ROOM: &[Event] = &[Room(2)];
const BUDGET: &[Event] = &[Run(1)];
const DEATHS: &[Event] = &[Death(IN), Death(OUT)];
const CALLER: &[Event] = &[Feed, TakeBack];
const URGENT: &[Event] = &[Urgent];

/// A relay between sockets that passes the end on, in an edge-triggered event loop.
const SOCKETS: Scene = Scene {
    ends: [SOCKET; 2],
    flags: ZS_RELAY_SHUTDOWN,
    avoid: 0,
    len: ZS_TO_END,
    events: &[TRAFFIC],
    states: 0,
};

/// Explores a scene, and says what was found.
fn explored(name: &str, scene: &Scene) {
    explore(name, State::new(scene), scene.states);
}

#[test]
fn ends_and_deaths() {
    const ELSE: &[Event] = &[EndOfOutput, Hiccup(model::Hiccup::Death)];
    let events = &[TRAFFIC, BUDGET, DEATHS, ELSE];
    explored("relay, ends and deaths", &Scene { events, states: 17_000, ..SOCKETS });
}

#[test]
fn error_queues() {
    let events = &[TRAFFIC, DEATHS, &[Notice(IN), Notice(OUT)]];
    explored("relay, error queues", &Scene { events, states: 12_000, ..SOCKETS });
}

#[test]
fn what_is_fed_and_taken_back() {
    let events = &[TRAFFIC, ROOM, BUDGET, CALLER];
    explored("relay, feed and take", &Scene { events, states: 4_000, ..SOCKETS });
}

#[test]
fn level_triggered() {
    let flags = ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL;
    let events = &[TRAFFIC, ROOM, BUDGET, URGENT, &[Death(IN), Feed]];
    explored("relay, level-triggered", &Scene { flags, events, states: 13_000, ..SOCKETS });
}

#[test]
fn interrupted_and_short() {
    let hiccups = [model::Hiccup::Interrupt, model::Hiccup::Short].map(Hiccup);
    let events = &[TRAFFIC, ROOM, BUDGET, URGENT, &hiccups];
    explored("relay, interrupted and short", &Scene { events, states: 9_000, ..SOCKETS });
}

#[test]
fn refused() {
    let events = &[TRAFFIC, ROOM, &[Feed, RefuseSplice, RefusePipes]];
    explored("relay, refused", &Scene { events, states: 12_000, ..SOCKETS });
}

#[test]
fn without_read_and_write() {
    let avoid = ZS_VIA_READ_WRITE;
    let events = &[TRAFFIC, ROOM, BUDGET, DEATHS];
    explored("relay, splice only", &Scene { avoid, events, states: 1_000, ..SOCKETS });
}

#[test]
fn a_length() {
    let events = &[TRAFFIC, ROOM, BUDGET, DEATHS, CALLER, &[More]];
    explored("relay, a length", &Scene { len: 2, events, states: 13_000, ..SOCKETS });
}

/// With a pipe or a file of the caller's.
fn streams(name: &str, ends: [End; 2], states: usize) {
    let events = &[TRAFFIC, ROOM, BUDGET, DEATHS, &[Writer, Feed, RefuseSplice]];
    explored(name, &Scene { ends, events, states, ..SOCKETS });
}

#[test]
fn from_a_pipe() {
    streams("relay, pipe to socket", [PIPE, SOCKET], 4_000);
}

#[test]
fn to_a_pipe() {
    streams("relay, socket to pipe", [SOCKET, PIPE], 17_000);
}

#[test]
fn between_pipes() {
    streams("relay, FIFO to pipe", [FIFO, PIPE], 19_000);
}

#[test]
fn from_a_file() {
    streams("relay, file to socket", [FILE, SOCKET], 2_000);
}
