// SPDX-License-Identifier: MIT OR Apache-2.0

//! Deadlines, the cancel descriptor, progress: what can end a transfer that itself goes well.

use super::options::{Options, ProgressFn};
use super::outcome::{Error, Progress, Side};
use super::readiness::{self, Ready, Sides};
use super::tuning::{DECLINES, POLLERR_BACKOFF, POLLERR_BACKOFF_MAX, STEP_MAX, STEP_WATCHED};
use crate::constants::*;
use crate::errno::{Errno, Result};
use crate::sys::{self, Poll};
use core::ffi::{c_int, c_short};

/// Watches over a transfer.
pub(crate) struct Watch<'a> {
    deadline: Option<i64>,
    idle: Option<i64>,
    moved_at: i64,
    cancel_fd: Option<c_int>,
    interrupt: bool,
    progress: Option<ProgressFn<'a>>,
    /// Nothing is noticed, for the time being.
    is_mute: bool,
    /// For how long the next wait leaves out those that have told of errors only, of which nothing came.
    pause: i64,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(options: &mut Options<'a>) -> Watch<'a> {
        let timed = options.timeout > 0 || options.idle > 0;
        let now = if timed { sys::now() } else { 0 };
        Watch {
            deadline: (options.timeout > 0).then(|| now.saturating_add(options.timeout)),
            idle: (options.idle > 0).then_some(options.idle),
            moved_at: now,
            cancel_fd: options.has(ZS_CANCEL_FD).then_some(options.cancel_fd),
            interrupt: options.has(ZS_INTERRUPT),
            progress: options.progress.take(),
            is_mute: false,
            pause: 0,
        }
    }

    /// Lets nothing end what must not be left half done.
    pub(crate) fn mute(&mut self, is_mute: bool) {
        self.is_mute = is_mute;
    }

    /// Whether there is anything to notice while a step runs, so that none may take long.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_timed() || self.cancel_fd.is_some() || self.progress.is_some()
    }

    /// Whether a step may wait in the kernel for as long as it likes.
    pub(crate) fn may_block(&self) -> bool {
        !self.is_watched() && !self.interrupt
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
        if self.is_mute {
            return Ok(());
        }
        if let Some(fd) = self.cancel_fd {
            if fd < 0 {
                return Err(Error::call(Errno::BADF));
            }
            let mut fds = [sys::interest(fd, libc::POLLIN)];
            let _ = sys::poll(&mut fds, Some(0));
            let [cancel] = fds;
            cancelled(cancel)?;
        }
        if self.is_timed() && self.time_left(sys::now()) == Some(0) {
            return Err(Error::call(Errno::TIMEDOUT));
        }
        Ok(())
    }

    /// After bytes have moved.
    #[inline(never)]
    pub(crate) fn moved(&mut self, so_far: &Progress) -> Result<(), Error> {
        self.pause = 0;
        if self.idle.is_some() {
            self.moved_at = sys::now();
        }
        self.report(so_far)
    }

    /// Calls the progress function, which may cancel the transfer.
    pub(crate) fn report(&mut self, so_far: &Progress) -> Result<(), Error> {
        let Some(told) = self.progress.as_mut().filter(|_| !self.is_mute) else { return Ok(()) };
        if told(so_far) {
            return Err(Error::call(Errno::CANCELED));
        }
        Ok(())
    }

    /// After a signal.
    pub(crate) fn interrupted(&self) -> Result<(), Error> {
        if self.interrupt {
            Err(Error::call(Errno::INTR))
        } else {
            Ok(())
        }
    }

    /// Says which of the two is ready, other than to tell of an error. A negative descriptor never is.
    pub(crate) fn look(&self, first: Poll, second: Poll) -> Result<(bool, bool), Error> {
        let mut fds = [first, second];
        loop {
            match sys::poll(&mut fds, Some(0)) {
                Err(Errno::INTR) => self.interrupted()?,
                Err(errno) => return Err(Error::call(errno)),
                Ok(_) => return Ok(fds.map(|poll| poll.revents & !libc::POLLERR != 0).into()),
            }
        }
    }

    /// After "would block" of a read or a write: waits until poll(2) says that it is worth making
    /// again. One that declines although poll says so all the time is given up.
    pub(crate) fn wait_to_retry(&mut self, poll: Poll, declined: &mut u32) -> Result<(), Error> {
        self.check()?;
        let (is_ready, _) = self.look(poll, NO_FD)?;
        if !is_ready {
            *declined = 0;
            return self.wait(&mut [poll]);
        }
        *declined = declined.saturating_add(1);
        if *declined > DECLINES {
            return Err(Errno::AGAIN.into());
        }
        Ok(())
    }

    /// After "would block" of a call from `input` to `output`: waits until it is worth making again.
    /// EAGAIN: it never will be.
    pub(crate) fn after_would_block(
        &mut self,
        input: c_int,
        output: c_int,
        declined: &mut u32,
    ) -> Result<(), Error> {
        readiness::after_would_block(&mut Watched { watch: self, input, output }, declined)
    }

    /// Waits until something is to be said of one of (up to four) descriptors, and says what.
    #[inline(never)]
    pub(crate) fn wait(&mut self, asked: &mut [Poll]) -> Result<(), Error> {
        // Each once: poll(2) refuses more places than there may be descriptors (RLIMIT_NOFILE).
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
        self.wait_for_any(fds.get_mut(..used).unwrap_or_default())?;
        for poll in asked {
            let said = fds.iter().skip(1).find(|said| said.fd == poll.fd && poll.fd >= 0);
            const ALWAYS: c_short = libc::POLLERR | libc::POLLHUP | libc::POLLNVAL;
            poll.revents = said.map_or(0, |said| said.revents & (poll.events | ALWAYS));
        }
        Ok(())
    }

    /// Likewise, of any number: the first of `fds` is a place for the cancel descriptor.
    ///
    /// A socket whose queue of errors has something to say (MSG_ERRQUEUE: time stamps, zero-copy sends)
    /// says POLLERR for as long as its owner does not read that, though nothing comes of asking it.
    /// From the second time in a row on it is left out for a moment, and longer every time.
    pub(crate) fn wait_for_any(&mut self, fds: &mut [Poll]) -> Result<(), Error> {
        let complains = |poll: &Poll| poll.revents == libc::POLLERR;
        // What poll(2) takes for none, and back.
        let hide = |poll: &mut Poll| poll.fd = (-2_i32).saturating_sub(poll.fd);
        self.poll(fds, None)?;
        let only_complains = fds.iter().skip(1).all(|poll| poll.revents == 0 || complains(poll));
        let pause = self.pause;
        if only_complains {
            self.pause = pause.saturating_mul(2).clamp(POLLERR_BACKOFF, POLLERR_BACKOFF_MAX);
        }
        if !only_complains || pause == 0 {
            return Ok(());
        }
        fds.iter_mut().skip(1).filter(|poll| complains(poll)).for_each(hide);
        let end = self.poll(fds, Some(pause));
        for poll in fds.iter_mut().skip(1).filter(|poll| poll.fd < NO_FD.fd) {
            hide(poll);
            poll.revents = libc::POLLERR;
        }
        end
    }

    /// poll(2), with the cancel descriptor at the first place, for a `moment` at the most.
    fn poll(&self, fds: &mut [Poll], mut moment: Option<i64>) -> Result<(), Error> {
        // Not one place more than it takes: poll(2) refuses more than there may be descriptors.
        let unused = usize::from(self.cancel_fd.is_none());
        let least = if unused == 0 { 2 } else { 1 };
        let mut fds = fds.get_mut(unused..).unwrap_or_default();
        loop {
            let left = if self.is_timed() { self.time_left(sys::now()) } else { None };
            if left == Some(0) {
                return Err(Error::call(Errno::TIMEDOUT));
            }
            if let (Some(fd), Some(cancel)) = (self.cancel_fd, fds.first_mut()) {
                *cancel = sys::interest(fd, libc::POLLIN);
            }
            match sys::poll(fds, [left, moment].into_iter().flatten().min()) {
                // Whoever is hidden for a moment is not to be so for longer, however many signals come.
                Err(Errno::INTR) if moment.is_some() => return self.interrupted(),
                Err(Errno::INTR) => self.interrupted()?,
                // They are more than there may be by now: some are asked for a moment, the others tried.
                Err(Errno::INVAL) if fds.len() > least => {
                    let (asked, others) = fds.split_at_mut((fds.len() / 2).max(least));
                    others.iter_mut().for_each(|poll| poll.revents = poll.events);
                    (fds, moment) = (asked, Some(POLLERR_BACKOFF_MAX));
                }
                Err(errno) => return Err(Error::call(errno)),
                Ok(0) if moment.is_none() => return Err(Error::call(Errno::TIMEDOUT)),
                Ok(_) if unused > 0 => return Ok(()),
                Ok(_) => return fds.first().map_or(Ok(()), |cancel| cancelled(*cancel)),
            }
        }
    }

    fn is_timed(&self) -> bool {
        self.deadline.is_some() || self.idle.is_some()
    }

    /// Nanoseconds until the nearer of the two limits.
    fn time_left(&self, now: i64) -> Option<i64> {
        let idle = self.idle.map(|idle| self.moved_at.saturating_add(idle));
        let end = [self.deadline, idle].into_iter().flatten().min()?;
        Some(end.saturating_sub(now).max(0))
    }
}

/// The two sides of a call that would block, waited for with everything that may end the wait.
struct Watched<'a, 'b> {
    watch: &'a mut Watch<'b>,
    input: c_int,
    output: c_int,
}

impl Sides for Watched<'_, '_> {
    type Stop = Error;

    fn ready(&mut self) -> Result<Ready, Error> {
        let (input, output) = (readiness::readable(self.input), readiness::writable(self.output));
        let (input, output) = self.watch.look(input, output)?;
        Ok(Ready { input, output })
    }

    fn either(&mut self) -> Result<(), Error> {
        let (input, output) = (readiness::readable(self.input), readiness::writable(self.output));
        self.watch.wait(&mut [input, output])
    }

    fn one(&mut self, side: Side, _: Option<i64>) -> Result<(), Error> {
        let fd = match side {
            Side::In => readiness::readable(self.input),
            _ => readiness::writable(self.output),
        };
        self.watch.wait(&mut [fd])
    }

    /// Engines wait on, whatever SO_RCVTIMEO says.
    fn limit(&mut self, _: Side) -> Option<i64> {
        None
    }

    fn declines(&mut self) -> u32 {
        readiness::declines(self.input)
    }
}

fn cancelled(poll: Poll) -> Result<(), Error> {
    match poll.revents {
        0 => Ok(()),
        libc::POLLNVAL => Err(Error::call(Errno::BADF)),
        _ => Err(Error::call(Errno::CANCELED)),
    }
}

/// Waits for nothing but `fd`.
pub(crate) const NO_FD: Poll = sys::interest(-1, 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(options: Options<'_>) -> Result<(), Error> {
        let mut options = options;
        Watch::new(&mut options).check()
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
        assert_eq!(ended(Options { idle: 1, ..Options::default() }), timeout);
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
