//! One direction, in the caller's event loop.

mod deliver;
mod in_flight;
mod intake;
mod pool;
mod shared_errors;
mod small;

pub(crate) use pool::Pool;

use crate::constants::*;
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::options::avoided_by_environment;
use crate::engine::shared::outcome::{Error, Progress, Side};
use crate::engine::shared::tuning::{RELAY_STEP, SMALL_PIECE};
use crate::errno::{Errno, Result};
use crate::mem::alloc::Rc;
use crate::sys;
use core::ffi::c_int;
use in_flight::InFlight;
use intake::Intake;
use shared_errors::SharedErrors;

const KNOWN: u32 = ZS_NOSIGPIPE | ZS_STABLE | ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL;

/// Bytes on their way from one descriptor to another.
///
/// In this order: what small pieces need (`pass_small_messages`) lies together in the processor's cache. With thousands
/// of relays that is what time goes to.
#[repr(C)]
pub(crate) struct Relay {
    input: Endpoint,
    output: Endpoint,
    ways: Ways,
    flags: u32,
    via: u32,
    /// What may still be taken from the input.
    left: u64,
    /// How many bytes have been delivered through the buffer.
    copied: u64,
    failed: Option<Error>,
    in_flight: InFlight,
    /// How many have been delivered by splice(2).
    spliced: u64,
    shared_errors: SharedErrors,
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
        pool: Option<Rc<Pool>>,
        flags: u32,
    ) -> Result<Relay> {
        if flags & !KNOWN != 0 {
            return Err(Errno::INVAL);
        }
        let ports = [Endpoint::new(input)?, Endpoint::new(output)?];
        if ports.iter().any(|port| port.blocks) {
            return Err(Errno::INVAL);
        }
        if ports.iter().any(|port| port.kind == FdKind::Other) {
            return Err(Errno::PROTOTYPE);
        }
        let [input, output] = ports;
        Ok(Relay::of(input, output, len, pool, flags, 0))
    }

    /// For a loop of ours, which also has descriptors that block.
    pub(super) fn of(
        input: Endpoint,
        output: Endpoint,
        len: u64,
        pool: Option<Rc<Pool>>,
        flags: u32,
        avoid: u32,
    ) -> Relay {
        let avoid = avoid | avoided_by_environment();
        let ways = Ways {
            is_bulk: input.kind.is_file() && len > SMALL_PIECE as u64,
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
            in_flight: InFlight::new(pool),
            spliced: 0,
            shared_errors: SharedErrors::default(),
            input_error: None,
        }
    }

    /// Lets two directions of one connection share what either learns; where there is no memory for
    /// that, each learns by itself.
    pub(crate) fn pair(a: &mut Relay, b: &mut Relay) {
        let (a_to_b, b_to_a) = (a.input.is_same(b.output), b.input.is_same(a.output));
        let Some(links) = SharedErrors::pair(a_to_b, b_to_a) else { return };
        let known = [a.knows(), b.knows()];
        (a.shared_errors, b.shared_errors) = links;
        for (relay, (input, output)) in [a, b].into_iter().zip(known) {
            input.into_iter().for_each(|errno| relay.shared_errors.note_input_error(errno));
            output.into_iter().for_each(|errno| relay.shared_errors.note_output_error(errno));
        }
    }

    /// What its input and its output have died of, as far as it has learned.
    fn knows(&self) -> (Option<Errno>, Option<Errno>) {
        let failed =
            |side| self.failed.filter(|error| error.side == Some(side)).map(|error| error.errno);
        let input = self.shared_errors.input_error().or(self.input_error).or(failed(Side::In));
        (input, self.shared_errors.output_error().or(failed(Side::Out)))
    }

    /// For an engine that hears of a dead output in time by other means.
    pub(super) fn tolerate_hangup(&mut self) {
        self.ways.hang_up_is_fine = true;
    }

    pub(super) const fn ports(&self) -> (Endpoint, Endpoint) {
        (self.input, self.output)
    }

    /// Lets `len` more bytes be taken.
    pub(crate) fn more(&mut self, len: u64) {
        self.left = self.left.saturating_add(len);
    }

    /// Queues bytes behind what was taken so far.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.ways.is_idle = false;
        if self.in_flight.append(bytes) {
            Ok(())
        } else {
            Err(Errno::NOMEM)
        }
    }

    /// Hands back bytes that were taken and not delivered, oldest first.
    pub(crate) fn drain_to(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.in_flight.drain_to(into);
        self.in_flight.release_idle();
        count
    }

    /// What has become of it so far.
    pub(crate) fn result(&self) -> Progress {
        Progress {
            bytes: self.bytes(),
            in_flight: self.in_flight.len(),
            copied: self.copied,
            via: self.via,
            end: self.failed.map_or(Ok(()), Err),
            ..Progress::NONE
        }
    }

    const fn bytes(&self) -> u64 {
        self.spliced.saturating_add(self.copied)
    }

    /// Moves what can be moved without blocking, and says what to wait for; 0: all is delivered.
    pub(crate) fn run(&mut self, budget: u64) -> Result<c_int, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let budget = if budget == 0 { RELAY_STEP as u64 } else { budget };
        let mut moved = 0;
        let small = match self.ways.is_idle && self.expects_small_messages() {
            true => self.pass_small_messages(budget, &mut moved),
            false => Ok(None),
        };
        let end = match small {
            Ok(Some(wanted)) => return Ok(wanted),
            Ok(None) => self.pump(self.bytes().saturating_sub(moved), budget),
            Err(error) => Err(error),
        };
        self.in_flight.release_idle();
        self.ways.is_idle = self.in_flight.len() == 0;
        if let Err(error) = end {
            self.failed = Some(error);
        }
        end
    }

    /// Delivers up to `budget` bytes more than the `before` there were when the run began.
    #[inline(never)]
    fn pump(&mut self, before: u64, budget: u64) -> Result<c_int, Error> {
        let until = before.saturating_add(budget);
        let mut held_up = false;
        loop {
            while self.in_flight.len() > 0 && !held_up {
                if self.bytes() >= until {
                    return Ok(ZS_WANT_RUN);
                }
                held_up = !self.deliver(until)?;
            }
            if self.ways.has_ended || self.left == 0 {
                return if self.in_flight.len() > 0 {
                    Ok(ZS_WANT_WRITE)
                } else {
                    self.finish(before)
                };
            }
            if self.bytes() >= until {
                return Ok(ZS_WANT_RUN);
            }
            match self.take(until)? {
                Intake::Some => {}
                Intake::Full | Intake::Blocked => return self.wait_for(ZS_WANT_WRITE, before),
                Intake::Empty if self.in_flight.len() > 0 => {
                    return Ok(ZS_WANT_READ | ZS_WANT_WRITE)
                }
                Intake::Empty => return self.wait_for(ZS_WANT_READ, before),
            }
        }
    }

    /// All that was taken is delivered, and there is no more to be taken.
    fn finish(&mut self, before: u64) -> Result<c_int, Error> {
        if let Some(errno) = self.input_error {
            return Err(Error::input(errno));
        }
        if !self.ways.has_ended || core::mem::replace(&mut self.ways.has_shut_down, true) {
            return Ok(0);
        }
        // An output that has only hung up has nothing to complain of.
        self.look_for(libc::POLLERR | libc::POLLNVAL, before)?;
        if self.flags & ZS_RELAY_SHUTDOWN == 0 || self.output.kind != FdKind::Socket {
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
