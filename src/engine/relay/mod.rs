//! One direction, in the caller's event loop.

mod dash;
mod give;
mod hold;
mod link;
mod pool;
mod take;

pub(crate) use pool::Pool;

use super::avoid;
use super::pace::{Halt, Outcome};
use super::port::{Kind, Port};
use super::progress::{Progress, Side};
use crate::constants::*;
use crate::errno::{Errno, Result};
use crate::heap::Shared;
use crate::sys;
use core::ffi::c_int;
use hold::Hold;
use link::Link;
use take::Take;

const KNOWN: u32 = ZS_NOSIGPIPE | ZS_STABLE | ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL;

/// What a small piece is: up to here a buffer is faster, and an input that fills it at once has more.
pub(super) const SMALL: usize = 16 << 10;
/// The most that one step takes, and the budget of a run that is given none.
const STEP: usize = 1 << 20;

/// Bytes on their way from one descriptor to another.
///
/// In this order: what small pieces need (`dash`) lies together in the processor's cache. With thousands
/// of relays that is what time goes to.
#[repr(C)]
pub(crate) struct Relay {
    input: Port,
    output: Port,
    ways: Ways,
    flags: u32,
    via: u32,
    /// What may still be taken from the input.
    left: u64,
    /// How many bytes have been delivered through the buffer.
    copied: u64,
    failed: Option<Halt>,
    hold: Hold,
    /// How many have been delivered by splice(2).
    spliced: u64,
    link: Link,
    /// Why the input has ended, if not well: to be told once what came before is delivered.
    input_error: Option<Errno>,
}

/// How bytes go, for the time being.
struct Ways {
    /// The input comes in large pieces.
    is_bulk: bool,
    /// splice(2) does not do it for this pair, or is not to be used.
    no_splice: bool,
    /// Nor are read(2) and write(2).
    no_buffer: bool,
    has_ended: bool,
    has_shut_down: bool,
    /// The last read was short, which in a level-triggered loop is as good as "would block".
    is_drained: bool,
    /// An output that has hung up without an error may still be written to, for all that we know.
    hang_up_is_fine: bool,
    /// The input had bytes of which splice(2) took none.
    has_declined: bool,
    /// Nothing is held.
    is_idle: bool,
}

impl Relay {
    /// For the caller's loop.
    pub(crate) fn new(
        input: c_int,
        output: c_int,
        len: u64,
        pool: Option<Shared<Pool>>,
        flags: u32,
    ) -> Result<Relay> {
        if flags & !KNOWN != 0 {
            return Err(Errno::INVAL);
        }
        let ports = [Port::new(input)?, Port::new(output)?];
        if ports.iter().any(|port| port.blocks) {
            return Err(Errno::INVAL);
        }
        if ports.iter().any(|port| port.kind == Kind::Other) {
            return Err(Errno::PROTOTYPE);
        }
        let [input, output] = ports;
        Ok(Relay::of(input, output, len, pool, flags, 0))
    }

    /// For a loop of ours, which also has descriptors that block.
    pub(super) fn of(
        input: Port,
        output: Port,
        len: u64,
        pool: Option<Shared<Pool>>,
        flags: u32,
        avoid: u32,
    ) -> Relay {
        let avoid = avoid | avoid::by_environment();
        let ways = Ways {
            is_bulk: input.kind.is_file() && len > SMALL as u64,
            no_splice: flags & ZS_STABLE != 0 || avoid & ZS_VIA_SPLICE != 0,
            no_buffer: avoid & ZS_VIA_READ_WRITE != 0,
            has_ended: false,
            has_shut_down: false,
            is_drained: false,
            hang_up_is_fine: false,
            has_declined: false,
            is_idle: true,
        };
        Relay {
            input,
            output,
            ways,
            flags,
            via: 0,
            left: len,
            copied: 0,
            failed: None,
            hold: Hold::new(pool),
            spliced: 0,
            link: Link::default(),
            input_error: None,
        }
    }

    /// Lets two directions of one connection share what either learns; where there is no memory for
    /// that, each learns by itself.
    pub(crate) fn pair(a: &mut Relay, b: &mut Relay) {
        let (a_to_b, b_to_a) = (a.input.is_same(b.output), b.input.is_same(a.output));
        let Some(links) = Link::pair(a_to_b, b_to_a) else { return };
        let known = [a.knows(), b.knows()];
        (a.link, b.link) = links;
        for (relay, (input, output)) in [a, b].into_iter().zip(known) {
            input.into_iter().for_each(|errno| relay.link.tell_of_input(errno));
            output.into_iter().for_each(|errno| relay.link.tell_of_output(errno));
        }
    }

    /// What its input and its output have died of, as far as it has learned.
    fn knows(&self) -> (Option<Errno>, Option<Errno>) {
        let failed =
            |side| self.failed.filter(|halt| halt.side == Some(side)).map(|halt| halt.errno);
        let input = self.link.of_input().or(self.input_error).or(failed(Side::In));
        (input, self.link.of_output().or(failed(Side::Out)))
    }

    /// For an engine that hears of a dead output in time by other means.
    pub(super) fn bear_with_hang_up(&mut self) {
        self.ways.hang_up_is_fine = true;
    }

    pub(super) const fn ports(&self) -> (Port, Port) {
        (self.input, self.output)
    }

    /// Lets `len` more bytes be taken.
    pub(crate) fn more(&mut self, len: u64) {
        self.left = self.left.saturating_add(len);
    }

    /// Queues bytes behind what was taken so far.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.ways.is_idle = false;
        if self.hold.append(bytes) {
            Ok(())
        } else {
            Err(Errno::NOMEM)
        }
    }

    /// Hands back bytes that were taken and not delivered, oldest first.
    pub(crate) fn take_back(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.hold.take_back(into);
        self.hold.rest();
        count
    }

    /// What has become of it so far.
    pub(crate) fn result(&self) -> Progress {
        let (side, end) = match self.failed {
            Some(halt) => (halt.side, Err(halt.errno)),
            None => (None, Ok(())),
        };
        Progress {
            bytes: self.bytes(),
            in_flight: self.hold.len(),
            copied: self.copied,
            via: self.via,
            side,
            end,
            ..Progress::NONE
        }
    }

    const fn bytes(&self) -> u64 {
        self.spliced.saturating_add(self.copied)
    }

    /// Moves what can be moved without blocking, and says what to wait for; 0: all is delivered.
    pub(crate) fn run(&mut self, budget: u64) -> Outcome<c_int> {
        if let Some(halt) = self.failed {
            return Err(halt);
        }
        let budget = if budget == 0 { STEP as u64 } else { budget };
        let mut moved = 0;
        let dashed = match self.ways.is_idle && self.may_dash() {
            true => self.dash(budget, &mut moved),
            false => Ok(None),
        };
        let end = match dashed {
            Ok(Some(wanted)) => return Ok(wanted),
            Ok(None) => self.turn(self.bytes().saturating_sub(moved), budget),
            Err(halt) => Err(halt),
        };
        self.hold.rest();
        self.ways.is_idle = self.hold.len() == 0;
        if let Err(halt) = end {
            self.failed = Some(halt);
        }
        end
    }

    /// Delivers up to `budget` bytes more than the `before` there were when the run began.
    #[inline(never)]
    fn turn(&mut self, before: u64, budget: u64) -> Outcome<c_int> {
        let until = before.saturating_add(budget);
        let mut held_up = false;
        loop {
            while self.hold.len() > 0 && !held_up {
                if self.bytes() >= until {
                    return Ok(ZS_WANT_RUN);
                }
                held_up = !self.deliver(until)?;
            }
            if self.ways.has_ended || self.left == 0 {
                return if self.hold.len() > 0 { Ok(ZS_WANT_WRITE) } else { self.finish(before) };
            }
            if self.bytes() >= until {
                return Ok(ZS_WANT_RUN);
            }
            match self.take(until)? {
                Take::Some => {}
                Take::Full | Take::Blocked => return self.wait_for(ZS_WANT_WRITE, before),
                Take::Empty if self.hold.len() > 0 => return Ok(ZS_WANT_READ | ZS_WANT_WRITE),
                Take::Empty => return self.wait_for(ZS_WANT_READ, before),
            }
        }
    }

    /// All that was taken is delivered, and there is no more to be taken.
    fn finish(&mut self, before: u64) -> Outcome<c_int> {
        if let Some(errno) = self.input_error {
            return Err(Halt::new(Side::In, errno));
        }
        if !self.ways.has_ended || core::mem::replace(&mut self.ways.has_shut_down, true) {
            return Ok(0);
        }
        // An output that has only hung up has nothing to complain of.
        self.look_for(libc::POLLERR | libc::POLLNVAL, before)?;
        if self.flags & ZS_RELAY_SHUTDOWN == 0 || self.output.kind != Kind::Socket {
            return Ok(0);
        }
        if self.is_connecting() {
            // It would be given up.
            self.ways.has_shut_down = false;
            return Ok(ZS_WANT_WRITE);
        }
        match sys::shutdown(self.output.fd, libc::SHUT_WR) {
            Ok(()) => Ok(0),
            Err(Errno::NOTCONN) => match sys::getsockopt_int(self.output.fd, libc::SO_ERROR) {
                Ok(0) | Err(_) => Ok(0),
                Ok(told) => Err(self.output_failed(Errno(told))),
            },
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    fn is_connecting(&self) -> bool {
        sys::getpeername(self.output.fd) == Err(Errno::NOTCONN)
            && self.output.poll(libc::POLLOUT) == 0
    }
}
