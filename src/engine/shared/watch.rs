// SPDX-License-Identifier: MIT OR Apache-2.0

//! What can end a transfer that itself goes well: deadlines, the cancel descriptor, progress.

use super::options::{Options, ProgressFn};
use super::outcome::{Error, Progress};
use super::readiness;
use super::tuning::{
    DECLINES, LATE_TRIES, POLLERR_BACKOFF, POLLERR_BACKOFF_MAX, STEP_MAX, STEP_WATCHED,
};
use crate::constants::*;
use crate::errno::Errno;
use crate::sys::{self, Poll};
use core::cell::Cell;
use core::ffi::{c_int, c_short};

/// The limits of a transfer.
pub(crate) struct Watch<'a> {
    deadline: Option<i64>,
    /// How often the deadline has been found to have passed, with nothing moved since.
    lateness: u8,
    /// Whether a wait has looked once more at the end of the time, without progress since.
    has_looked_late: bool,
    idle: Option<i64>,
    /// As `idle`, but only since one of two directions is over.
    half_idle: Option<i64>,
    /// When that happened; None: not yet, or nobody asks.
    half_over_at: Option<i64>,
    moved_at: i64,
    cancel_fd: Option<c_int>,
    interrupt: bool,
    progress: Option<ProgressFn<'a>>,
    /// While set, deadline, cancel and progress are not checked between steps.
    is_uninterruptible: bool,
    /// Whether poll(2) is refused (a sandbox, RLIMIT_NOFILE 0), so that nothing can be waited for.
    is_blind: Cell<bool>,
    /// Current back-off for descriptors that reported only POLLERR, without progress since.
    pause: i64,
}

impl<'a> Watch<'a> {
    #[inline(never)]
    pub(crate) fn new(options: &mut Options<'a>) -> Watch<'a> {
        let timed = options.timeout > 0 || options.idle > 0;
        let now = if timed { sys::now() } else { 0 };
        Watch {
            deadline: (options.timeout > 0).then(|| now.saturating_add(options.timeout)),
            lateness: 0,
            has_looked_late: false,
            idle: (options.idle > 0).then_some(options.idle),
            half_idle: None,
            half_over_at: None,
            moved_at: now,
            cancel_fd: options.has(ZS_CANCEL_FD).then_some(options.cancel_fd),
            interrupt: options.has(ZS_INTERRUPT),
            progress: options.progress.take(),
            is_uninterruptible: false,
            is_blind: Cell::new(false),
            pause: 0,
        }
    }

    /// The limits of two transfers, one in each direction.
    pub(crate) fn of_two(options: &mut Options<'a>) -> Watch<'a> {
        let half_idle = (options.half_idle > 0).then_some(options.half_idle);
        Watch { half_idle, ..Watch::new(options) }
    }

    /// Lets time pass between two steps, which only the caller ends.
    pub(crate) fn sleep(&mut self, nanoseconds: i64) -> Result<(), Error> {
        self.wait_for(Some(nanoseconds), &mut [])
    }

    /// Whether to leave out the checks between steps, so that nothing interrupts the transfer.
    pub(crate) fn set_uninterruptible(&mut self, is_uninterruptible: bool) {
        self.is_uninterruptible = is_uninterruptible;
    }

    /// Whether anything has to be noticed while a step runs, so that steps must be short.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_timed() || self.cancel_fd.is_some() || self.progress.is_some()
    }

    /// Whether a step may wait in the kernel without limit.
    pub(crate) fn may_block(&self) -> bool {
        !self.is_watched() && !self.interrupt
    }

    /// Whether poll(2) is refused, so that only the calls themselves can wait.
    pub(crate) fn is_blind(&self) -> bool {
        self.is_blind.get()
    }

    /// How much one step may move.
    pub(crate) fn step(&self) -> usize {
        if self.is_watched() {
            STEP_WATCHED
        } else {
            STEP_MAX
        }
    }

    /// Between two steps.
    #[inline(never)]
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        if self.cancel_fd.is_some() {
            self.check_cancel()?;
        }
        match self.deadline {
            Some(_) => self.check_deadline(),
            None => Ok(()),
        }
    }

    #[inline(never)]
    pub(crate) fn check_cancel(&self) -> Result<(), Error> {
        match self.cancel_fd.filter(|_| !self.is_uninterruptible) {
            None => Ok(()),
            Some(fd) if fd < 0 => Err(Error::call(Errno::BADF)),
            Some(fd) => cancelled(readiness::revents(fd, libc::POLLIN).unwrap_or(0)),
        }
    }

    /// After the deadline one more step may move bytes, those that are ready by then: the process may have
    /// been stopped (SIGSTOP). For the same reason idle_ns ends a wait only, never a step.
    #[inline(never)]
    pub(crate) fn check_deadline(&mut self) -> Result<(), Error> {
        let is_in_time = self.deadline.is_none_or(|deadline| sys::now() < deadline);
        if is_in_time || self.is_uninterruptible {
            return Ok(());
        }
        if self.lateness >= LATE_TRIES {
            return Err(Error::call(Errno::TIMEDOUT));
        }
        self.lateness = self.lateness.wrapping_add(1);
        Ok(())
    }

    /// After bytes have moved.
    #[inline(never)]
    pub(crate) fn moved(&mut self, so_far: &Progress) -> Result<(), Error> {
        (self.pause, self.has_looked_late) = (0, false);
        if self.lateness > 0 {
            self.lateness = LATE_TRIES;
        }
        if self.idle.is_some() || self.half_idle.is_some() {
            self.moved_at = sys::now();
        }
        self.report(so_far)
    }

    /// One of two directions is over: from now on half_idle_ns counts.
    pub(crate) fn half_over(&mut self) {
        if self.half_idle.is_some() && self.half_over_at.is_none() {
            self.half_over_at = Some(sys::now());
        }
    }

    /// Calls the progress function, which may cancel the transfer.
    pub(crate) fn report(&mut self, so_far: &Progress) -> Result<(), Error> {
        let is_uninterruptible = self.is_uninterruptible;
        match self.progress.as_mut().is_some_and(|progress| !is_uninterruptible && progress(so_far))
        {
            true => Err(Error::call(Errno::CANCELED)),
            false => Ok(()),
        }
    }

    /// After a signal. One that comes after bytes have moved is not seen (docs/kernel.md, "A signal
    /// may only shorten the count").
    pub(crate) fn interrupted(&self) -> Result<(), Error> {
        if self.interrupt {
            Err(Error::call(Errno::INTR))
        } else {
            Ok(())
        }
    }

    /// Polls without waiting. POLLERR alone is not reported: it may be the error queue.
    pub(crate) fn look(&self, fds: &mut [Poll]) -> Result<(), Error> {
        match sys::poll(fds, Some(0)) {
            Err(Errno::INTR) => self.interrupted()?,
            // More descriptors at once than RLIMIT_NOFILE: one after the other.
            Err(Errno::INVAL) if fds.len() > 1 => {
                let (first, others) = fds.split_at_mut(1);
                self.look(first)?;
                return self.look(others);
            }
            Err(_) => {
                self.is_blind.set(true);
                assume_ready(fds);
            }
            Ok(_) => {}
        }
        fds.iter_mut().filter(|poll| is_only_pollerr(poll)).for_each(|poll| poll.revents = 0);
        Ok(())
    }

    /// Whether poll(2) reports a descriptor ready now.
    pub(crate) fn is_ready(&self, poll: Poll) -> Result<bool, Error> {
        let mut fds = [poll];
        self.look(&mut fds)?;
        Ok(fds.iter().any(|poll| poll.revents != 0))
    }

    /// After "would block" of a read or a write: waits until poll(2) reports the descriptor ready. Fails
    /// with EAGAIN if the call keeps refusing although poll(2) does.
    pub(crate) fn wait_to_retry(&mut self, poll: Poll, declined: &mut u32) -> Result<(), Error> {
        self.check()?;
        if self.is_declined(poll, declined)? {
            return Ok(());
        }
        self.wait(&mut [poll])
    }

    /// After "would block": whether poll(2) reports the descriptor ready all the same. Fails with EAGAIN
    /// if it has done so too often.
    pub(crate) fn is_declined(&self, poll: Poll, declined: &mut u32) -> Result<bool, Error> {
        let is_ready = self.is_ready(poll)?;
        *declined = if is_ready { declined.saturating_add(1) } else { 0 };
        match *declined > DECLINES {
            true => Err(Errno::AGAIN.into()),
            false => Ok(is_ready),
        }
    }

    /// Polls up to four descriptors and fills in their revents.
    pub(crate) fn wait(&mut self, asked: &mut [Poll]) -> Result<(), Error> {
        self.wait_for(None, asked)
    }

    /// The same, for a `moment` at most. It is a pause of our own, so idle_ns counts from the end of it.
    #[inline(never)]
    pub(crate) fn wait_for(
        &mut self,
        moment: Option<i64>,
        asked: &mut [Poll],
    ) -> Result<(), Error> {
        // Each descriptor once: poll(2) refuses more places than RLIMIT_NOFILE.
        let mut fds = [NO_FD; 5];
        let mut used = 1_usize;
        for poll in asked.iter().filter(|poll| poll.fd >= 0) {
            let known = fds.iter().take(used).skip(1).position(|known| known.fd == poll.fd);
            let place = known.map_or(used, |place| place.saturating_add(1));
            if let Some(place) = fds.get_mut(place) {
                place.fd = poll.fd;
                place.events |= poll.events;
            }
            used = used.saturating_add(usize::from(known.is_none()));
        }
        if let Some(moment) = moment {
            self.moved_at = sys::now().saturating_add(moment);
        }
        self.wait_for_any_until(moment, fds.get_mut(..used).unwrap_or_default())?;
        for poll in asked {
            let said = fds.iter().skip(1).find(|said| said.fd == poll.fd && poll.fd >= 0);
            const ALWAYS: c_short = libc::POLLERR | libc::POLLHUP | libc::POLLNVAL;
            poll.revents = said.map_or(0, |said| said.revents & (poll.events | ALWAYS));
        }
        Ok(())
    }

    /// Polls any number of descriptors; the first of `fds` is a place for the cancel descriptor.
    ///
    /// A socket with an unread error queue (MSG_ERRQUEUE: time stamps, zero-copy sends) reports
    /// POLLERR until its owner reads that, although polling it has no use (docs/kernel.md, "POLLERR
    /// may come from the error queue"). After the second report in a row it is left out of poll(2)
    /// for a while that doubles each time.
    pub(crate) fn wait_for_any(&mut self, fds: &mut [Poll]) -> Result<(), Error> {
        self.wait_for_any_until(None, fds)
    }

    fn wait_for_any_until(&mut self, moment: Option<i64>, fds: &mut [Poll]) -> Result<(), Error> {
        // poll(2) ignores a negative descriptor; -1 stays what it is.
        let hide = |poll: &mut Poll| poll.fd = (-2_i32).saturating_sub(poll.fd);
        self.poll(fds, moment)?;
        if !fds.iter().skip(1).any(is_only_pollerr) {
            return Ok(());
        }
        let only_errors = fds.iter().skip(1).all(|poll| poll.revents == 0 || is_only_pollerr(poll));
        let pause = self.pause;
        if only_errors {
            self.pause = pause.saturating_mul(2).clamp(POLLERR_BACKOFF, POLLERR_BACKOFF_MAX);
        }
        if !only_errors || pause == 0 {
            return Ok(());
        }
        fds.iter_mut().skip(1).filter(|poll| is_only_pollerr(poll)).for_each(hide);
        let end = self.poll(fds, Some(pause));
        for poll in fds.iter_mut().skip(1).filter(|poll| poll.fd < NO_FD.fd) {
            hide(poll);
            poll.revents = libc::POLLERR;
        }
        end
    }

    /// poll(2), with the cancel descriptor in the first place, for a `moment` at most. At the end of the
    /// time it looks once more: the process may have been stopped.
    fn poll(&mut self, fds: &mut [Poll], mut moment: Option<i64>) -> Result<(), Error> {
        // Not one place more than needed: docs/kernel.md, "poll(2) refuses more places than there
        // may be descriptors".
        let unused = usize::from(self.cancel_fd.is_none());
        let least = if unused == 0 { 2 } else { 1 };
        let mut fds = fds.get_mut(unused..).unwrap_or_default();
        loop {
            let left = if self.is_timed() { self.time_left(sys::now()) } else { None };
            if left == Some(0) && core::mem::replace(&mut self.has_looked_late, true) {
                return Err(Error::call(Errno::TIMEDOUT));
            }
            if let (Some(fd), Some(cancel)) = (self.cancel_fd, fds.first_mut()) {
                *cancel = sys::interest(fd, libc::POLLIN);
            }
            match sys::poll(fds, [left, moment].into_iter().flatten().min()) {
                // Signals must not prolong the back-off.
                Err(Errno::INTR) if moment.is_some() => return self.interrupted(),
                Err(Errno::INTR) => self.interrupted()?,
                // RLIMIT_NOFILE was lowered meanwhile: poll as many as allowed, briefly, and just try
                // the others.
                Err(Errno::INVAL) if fds.len() > least => {
                    let (asked, others) = fds.split_at_mut((fds.len() / 2).max(least));
                    assume_ready(others);
                    (fds, moment) = (asked, Some(POLLERR_BACKOFF_MAX));
                }
                // A sandbox, or RLIMIT_NOFILE is 0: the calls themselves wait.
                Err(_) if self.may_block() => {
                    self.is_blind.set(true);
                    assume_ready(fds);
                    return Ok(());
                }
                Err(errno) => return Err(Error::call(errno)),
                Ok(0) if moment.is_none() || left == Some(0) => {
                    return Err(Error::call(Errno::TIMEDOUT))
                }
                Ok(_) if unused > 0 => return Ok(()),
                Ok(_) => return fds.first().map_or(Ok(()), |cancel| cancelled(cancel.revents)),
            }
        }
    }

    fn is_timed(&self) -> bool {
        self.deadline.is_some() || self.idle.is_some() || self.half_idle.is_some()
    }

    /// Nanoseconds until the nearest of the limits.
    fn time_left(&self, now: i64) -> Option<i64> {
        let idle = self.idle.map(|idle| self.moved_at.saturating_add(idle));
        let half_idle = self.half_over_at.zip(self.half_idle);
        let half_idle = half_idle.map(|(at, idle)| self.moved_at.max(at).saturating_add(idle));
        let end = [self.deadline, idle, half_idle].into_iter().flatten().min()?;
        Some(end.saturating_sub(now).max(0))
    }
}

fn cancelled(revents: c_short) -> Result<(), Error> {
    match revents {
        0 => Ok(()),
        libc::POLLNVAL => Err(Error::call(Errno::BADF)),
        _ => Err(Error::call(Errno::CANCELED)),
    }
}

/// POLLERR and nothing else: an unread error queue, as a rule.
fn is_only_pollerr(poll: &Poll) -> bool {
    poll.revents == libc::POLLERR
}

/// Without poll(2) the calls themselves have to find out.
fn assume_ready(fds: &mut [Poll]) {
    fds.iter_mut().for_each(|poll| poll.revents = poll.events);
}

/// A place that poll(2) ignores.
pub(crate) const NO_FD: Poll = sys::interest(-1, 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(options: Options<'_>) -> Result<(), Error> {
        let mut options = options;
        let mut watch = Watch::new(&mut options);
        watch.check()?;
        watch.moved(&Progress::NONE)?;
        watch.check()
    }

    #[test]
    fn without_limits_nothing_ends_and_steps_are_long() {
        let mut options = Options::default();
        let mut watch = Watch::new(&mut options);
        assert_eq!(watch.check(), Ok(()));
        assert_eq!((watch.is_watched(), watch.step()), (false, STEP_MAX));
    }

    #[test]
    fn a_deadline_that_has_passed_ends_it() {
        let timeout = Err(Error::call(Errno::TIMEDOUT));
        assert_eq!(ended(Options { timeout: 1, ..Options::default() }), timeout);
        let mut watch = Watch::new(&mut Options { idle: 1, ..Options::default() });
        assert_eq!((watch.check(), watch.wait(&mut [])), (Ok(()), timeout));
        assert_eq!(ended(Options { timeout: i64::MAX, ..Options::default() }), Ok(()));
    }

    #[test]
    fn bytes_that_move_put_the_idle_end_off() {
        let mut watch = Watch::new(&mut Options { idle: 1 << 40, ..Options::default() });
        watch.moved_at = 0;
        assert_eq!(watch.time_left(1 << 40), Some(0));
        assert_eq!(watch.moved(&Progress::NONE), Ok(()));
        assert!(watch.time_left(sys::now()) > Some(1 << 39));
    }

    #[test]
    fn half_idle_counts_since_one_direction_is_over_and_since_the_last_byte() {
        let mut watch = Watch::of_two(&mut Options { half_idle: 100, ..Options::default() });
        assert_eq!((watch.is_watched(), watch.time_left(i64::MAX)), (true, None));
        watch.half_over();
        let over_at = watch.half_over_at.unwrap();
        (watch.moved_at, watch.half_over_at) = (0, Some(1000));
        assert_eq!((over_at > 0, watch.time_left(1000)), (true, Some(100)));
        watch.half_over();
        watch.moved_at = 5000;
        assert_eq!((watch.half_over_at, watch.time_left(5040)), (Some(1000), Some(60)));
        assert_eq!(watch.time_left(5100), Some(0));
        watch.idle = Some(30);
        assert_eq!(watch.time_left(5000), Some(30));
    }

    #[test]
    fn a_readable_cancel_descriptor_ends_it_and_a_bad_one_is_an_error() {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC).unwrap();
        let flags = ZS_CANCEL_FD;
        let options = |cancel_fd| Options { flags, cancel_fd, ..Options::default() };
        assert_eq!(ended(options(reader.0)), Ok(()));
        sys::write(writer.0, b"!", None).unwrap();
        assert_eq!(ended(options(reader.0)), Err(Error::call(Errno::CANCELED)));
        assert_eq!(ended(options(i32::MAX)), Err(Error::call(Errno::BADF)));
        assert_eq!(ended(options(-1)), Err(Error::call(Errno::BADF)));
    }

    #[test]
    fn progress_is_told_and_may_cancel() {
        let mut told = |so_far: &Progress| so_far.bytes > 1;
        let mut watch =
            Watch::new(&mut Options { progress: Some(&mut told), ..Options::default() });
        assert_eq!(watch.step(), STEP_WATCHED);
        assert_eq!(watch.moved(&Progress { bytes: 1, ..Progress::NONE }), Ok(()));
        let so_far = Progress { bytes: 2, ..Progress::NONE };
        assert_eq!(watch.moved(&so_far), Err(Error::call(Errno::CANCELED)));
    }

    #[test]
    fn a_signal_ends_it_only_where_asked_for() {
        let interrupted =
            |flags| Watch::new(&mut Options { flags, ..Options::default() }).interrupted();
        assert_eq!(interrupted(0), Ok(()));
        assert_eq!(interrupted(ZS_INTERRUPT), Err(Error::call(Errno::INTR)));
    }
}
