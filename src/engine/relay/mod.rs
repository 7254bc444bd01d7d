// SPDX-License-Identifier: MIT OR Apache-2.0

//! One direction, in the caller's event loop.

mod deliver;
mod in_flight;
mod intake;
#[cfg(test)]
mod model;
mod pool;
mod shared_errors;
mod small;
mod state;

pub(crate) use pool::Pool;
pub(in crate::engine) use state::Known;
pub(crate) use state::Relay;

use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning::RELAY_STEP;
use crate::errno::Errno;
use crate::sys;
use core::ffi::c_int;
use deliver::Delivery;
use intake::Intake;
use state::{Reading, Writing};

impl Relay {
    /// Moves what can be moved without blocking and returns what to wait for; 0: all is delivered.
    pub(crate) fn run(&mut self, budget: u64) -> Result<c_int, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let budget = if budget == 0 { RELAY_STEP as u64 } else { budget };
        let mut moved = 0;
        let small = match self.in_flight.is_empty() && self.expects_small_messages() {
            true => self.pass_small_messages(budget, &mut moved),
            false => Ok(None),
        };
        let end = match small {
            Ok(Some(wanted)) => return Ok(wanted),
            Ok(None) => self.pump(self.bytes().saturating_sub(moved), budget),
            Err(error) => Err(error),
        };
        self.in_flight.release_idle();
        self.failed = end.err();
        end
    }

    /// Delivers up to `budget` bytes more than the `before` there were when the run began.
    #[inline(never)]
    fn pump(&mut self, before: u64, budget: u64) -> Result<c_int, Error> {
        let until = before.saturating_add(budget);
        let mut is_blocked = self.output_is_full();
        loop {
            match self.deliver_all(until, is_blocked)? {
                Delivery::Done => {}
                Delivery::OverBudget => return Ok(ZS_WANT_RUN),
                Delivery::Blocked => is_blocked = true,
            }
            if !self.is_open() || self.remaining == 0 {
                return if is_blocked { Ok(ZS_WANT_WRITE) } else { self.finish(before) };
            }
            if self.bytes() >= until {
                return Ok(ZS_WANT_RUN);
            }
            match self.take(until)? {
                Intake::Some => {}
                Intake::Empty if is_blocked => return Ok(ZS_WANT_READ | ZS_WANT_WRITE),
                Intake::Empty => return self.wait_for(ZS_WANT_READ, before),
                Intake::Full | Intake::Blocked => return self.wait_for(ZS_WANT_WRITE, before),
            }
        }
    }

    /// All that was taken is delivered, and nothing more is to be taken.
    fn finish(&mut self, before: u64) -> Result<c_int, Error> {
        if let Some(errno) = self.input_error {
            return Err(Error::input(errno));
        }
        if self.reading != Reading::Ended || self.writing == Writing::ShutDown {
            return Ok(0);
        }
        // A hang-up alone is no error here: nothing more is to be written.
        if !self.is_in_duplex() || self.output.kind == FdKind::Socket {
            self.check_output(libc::POLLERR | libc::POLLNVAL, before)?;
        }
        if self.flags & ZS_RELAY_SHUTDOWN != 0 && self.output.kind == FdKind::Socket {
            // docs/kernel.md, "shutdown(2) aborts a connect in progress"
            if self.is_connecting() {
                return Ok(ZS_WANT_WRITE);
            }
            self.shut_down()?;
        }
        self.writing = Writing::ShutDown;
        Ok(0)
    }

    /// Passes the end of the input on.
    fn shut_down(&self) -> Result<(), Error> {
        match sys::shutdown(self.output.fd, libc::SHUT_WR) {
            Ok(()) => Ok(()),
            Err(Errno::NOTCONN) => match sys::getsockopt_int(self.output.fd, libc::SO_ERROR) {
                Ok(0) | Err(_) => Ok(()),
                Ok(error) => Err(self.output_failed(Errno(error))),
            },
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    fn is_connecting(&self) -> bool {
        sys::getpeername(self.output.fd) == Err(Errno::NOTCONN)
            && self.output.can_be_written() == Ok(true)
            && self.output.poll(libc::POLLOUT) == 0
    }
}
