// SPDX-License-Identifier: MIT OR Apache-2.0

//! (tests only) Every state of a duplex between two tiny sockets, as src/engine/relay/model does it for one
//! direction, with a poller that reports each change of a socket once (epoll(7), edge-triggered) or, for
//! what is wanted of it, its state (poll(2)). What holds is what zs_duplex(3) promises.

mod checks;

use super::{bits, Direction, Duplex, DEAD, READABLE, WRITABLE};
use crate::constants::*;
use crate::engine::relay::{Pool, Relay};
use crate::engine::shared::explore::{explore, Model};
use crate::errno::Errno;
use crate::mem::alloc::Rc;
use crate::sys::model::{self, End, Socket, World};
use core::ffi::c_int;
use std::format;
use std::string::String;
use std::vec::Vec;

const CAPACITY: usize = 3;
/// A budget that is never used up.
const ALL: u64 = 0;

/// An end.
const A: usize = 0;
const B: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The caller runs the duplex with this budget, and with what its poller reports of both ends.
    Run(u64),
    /// With what it reports of one end: the other one's turn comes later.
    RunFor(usize),
    /// With ZS_EVENTS_ALL.
    RunForAll,
    Arrive(usize, usize),
    Urgent(usize),
    End(usize),
    Room(usize, usize),
    Death(usize),
    Feed(usize),
}

struct Scene<'a> {
    /// What a socket's buffers hold.
    room: usize,
    is_level: bool,
    events: &'a [&'a [Event]],
    /// How many states there are.
    states: usize,
}

/// What the duplex has said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    /// Nothing that still holds: it has to be run.
    Nothing,
    Wait,
    Run,
    Over(Result<(), Errno>),
}

struct State<'a> {
    scene: &'a Scene<'a>,
    world: World,
    pool: Rc<Pool>,
    duplex: Duplex,
    said: Said,
}

impl Duplex {
    fn fork(&self, pool: &Rc<Pool>) -> Duplex {
        let of = self.directions.each_ref();
        let [there, back] = Relay::fork(of.map(|direction| &direction.relay), pool);
        let [first, second] = of;
        let directions =
            [Direction { relay: there, ..*first }, Direction { relay: back, ..*second }];
        Duplex { directions, ..*self }
    }
}

impl<'a> State<'a> {
    fn new(scene: &'a Scene<'a>) -> State<'a> {
        let mut world = World::new([End::Socket(Socket::with_room(scene.room)); 2]);
        let pool = Pool::new(1, CAPACITY).unwrap();
        let share = pool.share();
        let duplex = model::within(&mut world, || {
            Duplex::new(World::INPUT, World::OUTPUT, Some(share), 0).unwrap()
        });
        State { scene, world, pool, duplex, said: Said::Nothing }
    }

    fn fork(&self) -> State<'a> {
        let pool = self.pool.fork();
        let duplex = self.duplex.fork(&pool);
        State { pool, duplex, world: self.world.clone(), ..*self }
    }

    fn socket(&self, end: usize) -> Socket {
        match self.world.ends[end] {
            End::Socket(socket) => socket,
            _ => panic!("both ends are sockets"),
        }
    }

    fn revents(&self, end: usize) -> u32 {
        bits(self.socket(end).revents())
    }

    /// What the poller reports of an end.
    fn report(&mut self, end: usize) -> u32 {
        let wanted = match self.scene.is_level {
            true => self.duplex.wanted()[end],
            false => u32::from(self.report_change(end)) * ZS_EVENTS_ALL,
        };
        match wanted {
            0 => 0,
            wanted => self.revents(end) & (wanted | DEAD),
        }
    }

    /// Whether an end has changed since this was last asked.
    fn report_change(&mut self, end: usize) -> bool {
        self.world.socket(end).is_some_and(|socket| core::mem::take(&mut socket.has_event))
    }

    fn run(&mut self, events: [u32; 2], budget: u64) {
        let State { world, duplex, .. } = self;
        world.calls = 0;
        let outcome = model::within(world, || duplex.run_in_loop(events, budget));
        self.said = match outcome {
            Ok(0) => Said::Over(Ok(())),
            Ok(ZS_WANT_RUN) => Said::Run,
            Ok(_) => Said::Wait,
            Err(errno) => Said::Over(Err(errno)),
        };
    }

    /// How many bytes have come and gone in the direction from `end`.
    fn moved(&self, end: usize) -> (u64, u64) {
        (self.world.flows[end].taken, self.world.flows[end].delivered)
    }

    fn wants(&self, end: usize) -> c_int {
        self.duplex.directions[end].wants
    }

    fn ran(&self, of: impl Fn(&mut State) -> [u32; 2], budget: u64) -> Result<State<'a>, String> {
        let mut next = self.fork();
        let events = of(&mut next);
        next.run(events, budget);
        let wrong = |what: &str| {
            let wants = [next.wants(A), next.wants(B)];
            format!("{what}: {:?} {wants:?} by {events:x?}, before {:?}", next.said, self.said)
        };
        next.check_bytes()?;
        for end in [A, B] {
            let delivered = next.moved(end).1 - self.moved(end).1;
            if budget != ALL && delivered > budget {
                return Err(wrong("more than the budget"));
            }
            if self.is_due(end, events) && !self.is_news(end, &next) {
                return Err(wrong("a wait in vain"));
            }
            let has_used_up = budget != ALL && delivered == budget;
            let has_failed = next.duplex.first_error.is_some();
            if next.wants(end) & ZS_WANT_RUN != 0 && !has_used_up && !has_failed {
                return Err(wrong("it runs without need"));
            }
            next.check_direction(end).map_err(wrong)?;
        }
        match (self.said, next.said) {
            (Said::Over(before), said) if said != Said::Over(before) => {
                Err(wrong("an end that does not stay"))
            }
            _ => Ok(next),
        }
    }

    /// Whether what a direction waits for has been reported.
    fn is_due(&self, end: usize, events: [u32; 2]) -> bool {
        let (wants, other) = (self.wants(end), 1 - end);
        let is_readable = events[end] & self.revents(end) & bits(libc::POLLIN) != 0;
        let is_writable = events[other] & self.revents(other) & bits(libc::POLLOUT) != 0;
        self.said == Said::Wait
            && (wants & ZS_WANT_READ != 0 && is_readable
                || wants & ZS_WANT_WRITE != 0 && is_writable)
    }

    /// Whether a direction has moved bytes, or tells something new.
    fn is_news(&self, end: usize, next: &State) -> bool {
        let direction = &next.duplex.directions[end];
        let has_learned = direction.is_over() || !direction.relay.is_open();
        let wants_more = direction.wants & !self.wants(end) != 0;
        self.moved(end) != next.moved(end) || wants_more || has_learned
    }

    /// Whether every direction has learned of everything that the poller reports.
    fn is_settled(&self) -> bool {
        let is_due = |end: usize| {
            let (wants, other) = (self.wants(end), 1 - end);
            wants & ZS_WANT_READ != 0 && self.revents(end) & READABLE != 0
                || wants & ZS_WANT_WRITE != 0 && self.revents(other) & WRITABLE != 0
                || wants != 0 && self.socket(other).is_reset
        };
        match self.said {
            Said::Nothing | Said::Run => false,
            Said::Over(_) => true,
            Said::Wait => ![A, B].into_iter().any(is_due),
        }
    }

    fn may(&self, event: Event) -> bool {
        let is_alive = |end| {
            let socket = self.socket(end);
            !socket.has_ended && !socket.is_reset
        };
        let room = |end| self.scene.room.saturating_sub(self.socket(end).arrived.len());
        match event {
            Event::Run(_) | Event::RunForAll | Event::RunFor(_) => true,
            Event::Arrive(end, count) => is_alive(end) && count <= room(end),
            Event::Urgent(end) => is_alive(end) && !self.socket(end).has_mark() && room(end) > 0,
            Event::End(end) => is_alive(end),
            Event::Room(end, count) => count <= self.socket(end).sent && !self.socket(end).is_reset,
            Event::Death(end) => !self.socket(end).is_reset,
            Event::Feed(end) => {
                let direction = &self.duplex.directions[end];
                let is_open = !direction.is_over() && direction.relay.is_open();
                is_open && self.world.fed_in_flight(end) == 0
            }
        }
    }

    fn happens(&mut self, event: Event) -> Result<(), String> {
        let State { world, duplex, said, .. } = self;
        match event {
            Event::Run(_) | Event::RunForAll | Event::RunFor(_) => {}
            Event::Arrive(end, count) => world.arrive(end, count),
            Event::Urgent(end) => world.socket(end).expect("a socket").urge(),
            Event::End(end) => world.end(end),
            Event::Room(end, count) => world.take(end, count),
            Event::Death(end) => world.kill(end),
            Event::Feed(end) => {
                let byte = world.fed(end);
                let fed = model::within(world, || duplex.feed(end as c_int, &[byte]));
                fed.map_err(|errno| format!("{errno:?}"))?;
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
        match event {
            Event::Run(budget) => return self.ran(|s| [s.report(A), s.report(B)], budget),
            Event::RunForAll => return self.ran(|_| [ZS_EVENTS_ALL; 2], ALL),
            Event::RunFor(A) => return self.ran(|s| [s.report(A), 0], ALL),
            Event::RunFor(_) => return self.ran(|s| [0, s.report(B)], ALL),
            _ => {}
        }
        let mut next = self.fork();
        next.happens(event)?;
        if next.scene.is_level {
            // Only its state counts.
            [A, B].into_iter().for_each(|end| {
                next.report_change(end);
            });
        }
        next.check_bytes()?;
        Ok(next)
    }

    /// Unless something has been reported, another run changes nothing: it is never needed.
    fn check(&self) -> Result<(), String> {
        if !self.is_settled() {
            return Ok(());
        }
        let mut again = self.fork();
        again.run([ZS_EVENTS_ALL; 2], ALL);
        let is_same =
            |end| again.moved(end) == self.moved(end) && again.wants(end) == self.wants(end);
        match again.said == self.said && is_same(A) && is_same(B) {
            true => Ok(()),
            false => {
                Err(format!("{:?}, but another run changes that: {:?}", self.said, again.said))
            }
        }
    }

    fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(128);
        self.world.key(&mut key);
        for direction in &self.duplex.directions {
            direction.relay.key(&mut key, |byte| self.world.relative(byte));
            key.extend([direction.wants as u8, direction.is_suspect.into()]);
        }
        self.pool.key(&mut key);
        key.push(self.duplex.first_error.map_or(0, |error| error.errno.0 as u8));
        key.push(match self.said {
            Said::Nothing => 0,
            Said::Wait => 1,
            Said::Run => 2,
            Said::Over(Ok(())) => 3,
            Said::Over(Err(errno)) => errno.0 as u8 + 4,
        });
        key
    }
}

use Event::*;

/// What comes from a and goes to b.
const THERE: &[Event] = &[Arrive(A, 1), Room(B, 1), End(A)];
const BACK: &[Event] = &[Arrive(B, 1), Room(A, 1), End(B)];
const BULK: &[Event] = &[Arrive(A, 2)];
const DEATHS: &[Event] = &[Death(A), Death(B)];

fn explored(name: &str, scene: &Scene) {
    explore(name, State::new(scene), scene.states);
}

#[test]
fn both_directions() {
    let events = &[&[Run(ALL), RunForAll], THERE, BACK, &[Death(A)]];
    explored(
        "duplex, both directions",
        &Scene { room: 1, is_level: false, events, states: 10_000 },
    );
}

#[test]
fn bulk_in_one_direction() {
    let events = &[&[Run(ALL), RunFor(A), RunFor(B)], THERE, BULK, DEATHS];
    explored("duplex, bulk", &Scene { room: 2, is_level: false, events, states: 14_000 });
}

#[test]
fn urgent_and_fed() {
    let events = &[&[Run(ALL), Run(1)], THERE, BULK, &[Urgent(A), Feed(A)]];
    explored("duplex, urgent and fed", &Scene { room: 2, is_level: false, events, states: 22_000 });
}

#[test]
fn level_triggered() {
    let events = &[&[Run(ALL), Run(1)], THERE, BULK, DEATHS];
    explored("duplex, level-triggered", &Scene { room: 2, is_level: true, events, states: 11_000 });
}
