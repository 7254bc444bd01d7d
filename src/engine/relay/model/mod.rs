// SPDX-License-Identifier: MIT OR Apache-2.0

//! (tests only) Every state of a relay between two tiny descriptors: two bytes in each socket, two slots in
//! each pipe, pieces of two bytes (tuning.rs), and every order of what may happen. What holds in each of
//! them is what zs_relay(3) promises.

mod checks;
mod scenes;

use super::{Pool, Relay};
use crate::constants::*;
use crate::engine::shared::endpoint::Endpoint;
use crate::engine::shared::explore::Model;
use crate::engine::shared::outcome::Error;
use crate::errno::Errno;
use crate::mem::alloc::Rc;
use crate::sys::model::{self, End, Hiccup, World};
use core::ffi::c_int;
use std::format;
use std::string::String;
use std::vec::Vec;

/// The most that a relay holds in its pipe: more than slots.
const CAPACITY: usize = 3;
/// More than anything delivers.
const ALL: u64 = 0;

const IN: usize = 0;
const OUT: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The caller runs the relay, with this budget.
    Run(u64),
    /// The input's peer sends bytes.
    Arrive(usize),
    /// It sends urgent data.
    Urgent,
    /// It ends.
    End,
    /// The first writer of a FIFO comes.
    Writer,
    /// The output's peer reads bytes.
    Room(usize),
    /// It half-closes its side.
    EndOfOutput,
    /// A connection dies, or the last reader of a pipe goes.
    Death(usize),
    /// Something comes to the error queue of a socket.
    Notice(usize),
    /// The next call is interrupted, cut short, or the connection dies in it.
    Hiccup(Hiccup),
    RefuseSplice,
    RefusePipes,
    Feed,
    /// The caller takes back a byte in flight.
    TakeBack,
    /// One more byte may be taken.
    More,
}

/// What is explored.
struct Scene<'a> {
    ends: [End; 2],
    flags: u32,
    /// ZS_VIA_READ_WRITE, or nothing.
    avoid: u32,
    len: u64,
    events: &'a [&'a [Event]],
    /// How many states there are.
    states: usize,
}

/// What the relay has said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    /// Nothing that still holds: it has to be run.
    Nothing,
    Wants(c_int),
    Over,
    Failed(Errno),
}

struct State<'a> {
    scene: &'a Scene<'a>,
    world: World,
    pool: Rc<Pool>,
    relay: Relay,
    /// How many bytes it may take, in all.
    limit: u64,
    said: Said,
}

impl<'a> State<'a> {
    fn new(scene: &'a Scene<'a>) -> State<'a> {
        let mut world = World::new(scene.ends);
        let pool = Pool::new(0, CAPACITY).unwrap();
        let (share, Scene { len, flags, avoid, .. }) = (Some(pool.share()), scene);
        let relay = model::within(&mut world, || match avoid {
            0 => Relay::new(World::INPUT, World::OUTPUT, *len, share, *flags),
            _ => Endpoint::input(World::INPUT).and_then(|input| {
                let ends = [input, Endpoint::output(World::OUTPUT)?];
                Ok(Relay::in_duplex(ends, share, *flags, *avoid))
            }),
        });
        let relay = relay.unwrap();
        State { scene, world, pool, relay, limit: *len, said: Said::Nothing }
    }

    fn fork(&self) -> State<'a> {
        let pool = self.pool.fork();
        let [relay, _] = Relay::fork([&self.relay; 2], &pool);
        State { pool, relay, world: self.world.clone(), ..*self }
    }

    fn is_readable(&self) -> bool {
        self.world.revents(World::INPUT) & (libc::POLLIN | libc::POLLHUP) != 0
    }

    fn is_writable(&self) -> bool {
        self.world.revents(World::OUTPUT) & libc::POLLOUT != 0 || self.has_dead_output()
    }

    fn has_dead_output(&self) -> bool {
        match self.world.ends[OUT] {
            End::Socket(socket) => socket.is_reset,
            End::Pipe(pipe) => !pipe.has_reader,
            End::File(_) => false,
        }
    }

    fn is_cut_off(&self) -> bool {
        matches!(self.world.ends[IN], End::Socket(socket) if socket.is_reset && !socket.ended_first)
    }

    /// Whether the input has nothing more to give: it has ended.
    fn has_ended_input(&self) -> bool {
        match self.world.ends[IN] {
            End::Socket(socket) => socket.arrived.is_empty() && socket.has_ended,
            End::Pipe(pipe) => pipe.bytes.is_empty() && !pipe.has_writer && pipe.had_writer,
            End::File(left) => left.is_empty(),
        }
    }

    /// Whether what the relay waits for has come true.
    fn is_due(&self) -> bool {
        let Said::Wants(wants) = self.said else { return false };
        wants & ZS_WANT_READ != 0 && self.is_readable()
            || wants & ZS_WANT_WRITE != 0 && self.is_writable()
    }

    fn run(&mut self, budget: u64) -> Result<c_int, Error> {
        let State { world, relay, .. } = self;
        world.calls = 0;
        let outcome = model::within(world, || relay.run(budget));
        self.said = match outcome {
            Ok(0) => Said::Over,
            Ok(wants) => Said::Wants(wants),
            Err(error) => Said::Failed(error.errno),
        };
        outcome
    }

    /// How many bytes have come and gone.
    fn moved(&self) -> (u64, u64) {
        (self.world.flows[IN].taken, self.world.flows[IN].delivered)
    }

    fn ran(&self, budget: u64) -> Result<State<'a>, String> {
        let mut next = self.fork();
        let outcome = next.run(budget);
        next.check_bytes()?;
        let delivered = next.moved().1 - self.moved().1;
        let wrong = |what: &str| format!("{what}: {outcome:?}, before {:?}", self.said);
        if budget != ALL && delivered > budget {
            return Err(wrong("more than the budget"));
        }
        if matches!(self.said, Said::Failed(_)) && next.said != self.said {
            return Err(wrong("an error that does not stay"));
        }
        if self.is_due() && next.moved() == self.moved() && !next.has_news_since(self.said) {
            return Err(wrong("a wait in vain"));
        }
        match outcome {
            Err(error) => next.check_error(error),
            Ok(0) => next.check_end(),
            Ok(ZS_WANT_RUN) if budget != ALL && delivered == budget => Ok(()),
            Ok(ZS_WANT_RUN) => Err("it runs without need"),
            Ok(wants) => next.check_wants(wants, delivered),
        }
        .map_err(wrong)?;
        Ok(next)
    }

    /// Whether a run that has moved nothing has told something new: at least that the input has ended.
    fn has_news_since(&self, before: Said) -> bool {
        match (before, self.said) {
            (Said::Wants(before), Said::Wants(wants)) => {
                wants & !before != 0 || !self.relay.is_open()
            }
            _ => true,
        }
    }

    fn has_stopped(&self) -> bool {
        matches!(self.said, Said::Over | Said::Failed(_))
    }

    fn may(&self, event: Event) -> bool {
        let flow = &self.world.flows[IN];
        let is_running = !self.has_stopped();
        match (event, self.world.ends[IN], self.world.ends[OUT]) {
            (Event::Run(_), ..) => true,
            (Event::Arrive(count), End::Socket(socket), _) => {
                !socket.has_ended && !socket.is_reset && socket.arrived.len() + count <= 2
            }
            (Event::Arrive(_), End::Pipe(pipe), _) => pipe.has_writer && !pipe.is_full(),
            (Event::Arrive(count), End::File(left), _) => {
                !self.relay.has_ended() && left.len() + count <= 2
            }
            (Event::Urgent, End::Socket(socket), _) => {
                !socket.has_ended
                    && !socket.is_reset
                    && !socket.has_mark()
                    && socket.arrived.len() < 2
            }
            (Event::End, End::Socket(socket), _) => !socket.has_ended && !socket.is_reset,
            (Event::End, End::Pipe(pipe), _) => pipe.has_writer,
            (Event::Writer, End::Pipe(pipe), _) => !pipe.had_writer,
            (Event::Room(count), _, End::Socket(socket)) => {
                count <= socket.sent && !socket.is_reset
            }
            (Event::Room(count), _, End::Pipe(pipe)) => {
                count <= pipe.bytes.len() && pipe.has_reader
            }
            (Event::EndOfOutput, _, End::Socket(socket)) => !socket.has_ended && !socket.is_reset,
            (Event::Death(IN), End::Socket(socket), _) => !socket.is_reset,
            (Event::Death(OUT), _, End::Socket(socket)) => !socket.is_reset,
            (Event::Death(OUT), _, End::Pipe(pipe)) => pipe.has_reader,
            (Event::Notice(IN), End::Socket(socket), _) => !socket.has_notice,
            (Event::Notice(OUT), _, End::Socket(socket)) => !socket.has_notice,
            (Event::Hiccup(_), ..) => is_running && self.world.hiccup == Hiccup::None,
            (Event::RefuseSplice, ..) => is_running && !self.world.refuses_splice,
            (Event::RefusePipes, ..) => is_running && !self.world.refuses_pipes,
            (Event::Feed, ..) => is_running && self.world.fed_in_flight(IN) == 0,
            (Event::TakeBack, ..) => !flow.expected.is_empty(),
            (Event::More, ..) => self.relay.remaining == 0 && !self.relay.has_ended(),
            _ => false,
        }
    }

    fn happens(&mut self, event: Event) -> Result<(), String> {
        let State { world, relay, said, limit, .. } = self;
        match event {
            Event::Run(_) => {}
            Event::Arrive(count) => world.arrive(IN, count),
            Event::Urgent => world.socket(IN).unwrap().urge(),
            Event::End => world.end(IN),
            Event::Writer => world.open(IN),
            Event::Room(count) => world.take(OUT, count),
            Event::EndOfOutput => world.end(OUT),
            Event::Death(end) => world.kill(end),
            Event::Notice(end) => world.notice(end),
            Event::Hiccup(hiccup) => world.hiccup = hiccup,
            Event::RefuseSplice => (world.refuses_splice, *said) = (true, Said::Nothing),
            Event::RefusePipes => (world.refuses_pipes, *said) = (true, Said::Nothing),
            Event::Feed => {
                let byte = world.fed(IN);
                model::within(world, || relay.feed(&[byte]))
                    .map_err(|errno| format!("{errno:?}"))?;
                *said = Said::Nothing;
            }
            Event::TakeBack => {
                let mut byte = [0];
                let count = model::within(world, || relay.drain_to(&mut byte));
                if count != Ok(1) {
                    return Err(format!("a byte in flight is not handed back: {count:?}"));
                }
                world.came_out(IN, byte[0]);
                *said = if self.relay.failed.is_some() { *said } else { Said::Nothing };
            }
            Event::More => {
                relay.more(1);
                *limit += 1;
                *said = Said::Nothing;
            }
        }
        Ok(())
    }
}

impl<'a> Model for State<'a> {
    type Event = Event;

    fn events(&self) -> Vec<Event> {
        let mut events = self.scene.events.concat();
        events.retain(|&event| self.may(event));
        events
    }

    fn after(&self, event: Event) -> Result<State<'a>, String> {
        if let Event::Run(budget) = event {
            return self.ran(budget);
        }
        let mut next = self.fork();
        next.happens(event)?;
        next.check_bytes()?;
        Ok(next)
    }

    fn check(&self) -> Result<(), String> {
        self.check_again()?;
        self.check_free()
    }

    fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(96);
        self.world.key(&mut key);
        self.relay.key(&mut key, |byte| self.world.relative(byte));
        self.pool.key(&mut key);
        match self.said {
            Said::Nothing => key.push(0),
            Said::Wants(wants) => key.extend([1, wants as u8]),
            Said::Over => key.push(2),
            Said::Failed(errno) => key.extend([3, errno.0 as u8]),
        }
        key
    }
}
