//! Deadlines, the cancel descriptor, progress: what can end a transfer that itself goes well.

use super::options::{Options, Told};
use super::progress::{Progress, Side};
use super::wait::DECLINES;
use crate::constants::*;
use crate::errno::Errno;
use crate::sys::{self, Poll};
use core::ffi::{c_int, c_short};

/// The longest step of a transfer that has to notice something: 4 MiB take milliseconds.
const STEP_WATCHED: usize = 4 << 20;
/// The longest step of one that has not. Whole blocks, and no count overflows 32 bits on the way.
const STEP_MAX: usize = 1 << 30;

/// For how long, in nanoseconds, a descriptor is not asked that tells of nothing but errors.
const SHORTEST_PAUSE: i64 = 50_000;
const LONGEST_PAUSE: i64 = 10_000_000;

/// Why a transfer ends before its time.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Halt {
    pub(crate) errno: Errno,
    pub(crate) side: Option<Side>,
}

impl Halt {
    pub(crate) const fn new(side: Side, errno: Errno) -> Halt {
        Halt { errno, side: Some(side) }
    }

    /// The arguments, the timeout, the cancel, or our own resources.
    pub(crate) const fn call(errno: Errno) -> Halt {
        Halt::new(Side::Call, errno)
    }
}

impl From<Errno> for Halt {
    /// Of one system call that touches both sides.
    fn from(errno: Errno) -> Halt {
        Halt { errno, side: None }
    }
}

/// What a part of a transfer came to, where it may also have ended the whole.
pub(crate) type Outcome<T> = core::result::Result<T, Halt>;

/// Watches over a transfer.
pub(crate) struct Pace<'a> {
    deadline: Option<i64>,
    idle: Option<i64>,
    moved_at: i64,
    cancel_fd: Option<c_int>,
    interrupt: bool,
    progress: Option<Told<'a>>,
    /// Nothing is noticed, for the time being.
    is_mute: bool,
    /// For how long the next wait leaves out those that have told of errors only, of which nothing came.
    pause: i64,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(options: &mut Options<'a>) -> Pace<'a> {
        let timed = options.timeout > 0 || options.idle > 0;
        let now = if timed { sys::now() } else { 0 };
        Pace {
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
    pub(crate) fn may_sleep(&self) -> bool {
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
    pub(crate) fn check(&mut self) -> Outcome<()> {
        if self.is_mute {
            return Ok(());
        }
        if let Some(fd) = self.cancel_fd {
            if fd < 0 {
                return Err(Halt::call(Errno::BADF));
            }
            let mut fds = [sys::interest(fd, libc::POLLIN)];
            let _ = sys::poll(&mut fds, Some(0));
            let [cancel] = fds;
            cancelled(cancel)?;
        }
        if self.is_timed() && self.time_left(sys::now()) == Some(0) {
            return Err(Halt::call(Errno::TIMEDOUT));
        }
        Ok(())
    }

    /// After bytes have moved.
    #[inline(never)]
    pub(crate) fn moved(&mut self, so_far: &Progress) -> Outcome<()> {
        self.pause = 0;
        if self.idle.is_some() {
            self.moved_at = sys::now();
        }
        let Some(told) = self.progress.as_mut().filter(|_| !self.is_mute) else { return Ok(()) };
        if told(so_far) {
            return Err(Halt::call(Errno::CANCELED));
        }
        Ok(())
    }

    /// After a signal.
    pub(crate) fn interrupted(&self) -> Outcome<()> {
        if self.interrupt {
            Err(Halt::call(Errno::INTR))
        } else {
            Ok(())
        }
    }

    /// Says which of the two is ready, other than to tell of an error. A negative descriptor never is.
    pub(crate) fn look(&self, first: Poll, second: Poll) -> Outcome<(bool, bool)> {
        let mut fds = [first, second];
        loop {
            match sys::poll(&mut fds, Some(0)) {
                Err(Errno::INTR) => self.interrupted()?,
                Err(errno) => return Err(Halt::call(errno)),
                Ok(_) => return Ok(fds.map(|poll| poll.revents & !libc::POLLERR != 0).into()),
            }
        }
    }

    /// After "would block" of a read or a write: waits until poll(2) says that it is worth making
    /// again. One that declines although poll says so all the time is given up.
    pub(crate) fn await_again(&mut self, poll: Poll, declined: &mut u32) -> Outcome<()> {
        self.check()?;
        let (is_ready, _) = self.look(poll, NOBODY)?;
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

    /// Waits until something is to be said of one of (up to four) descriptors, and says what.
    #[inline(never)]
    pub(crate) fn wait(&mut self, asked: &mut [Poll]) -> Outcome<()> {
        // Each once: poll(2) refuses more places than there may be descriptors (RLIMIT_NOFILE).
        let mut fds = [NOBODY; 5];
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
    pub(crate) fn wait_for_any(&mut self, fds: &mut [Poll]) -> Outcome<()> {
        let complains = |poll: &Poll| poll.revents == libc::POLLERR;
        // What poll(2) takes for none, and back.
        let hide = |poll: &mut Poll| poll.fd = (-2_i32).saturating_sub(poll.fd);
        self.poll(fds, None)?;
        let only_complains = fds.iter().skip(1).all(|poll| poll.revents == 0 || complains(poll));
        let pause = self.pause;
        if only_complains {
            self.pause = pause.saturating_mul(2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        }
        if !only_complains || pause == 0 {
            return Ok(());
        }
        fds.iter_mut().skip(1).filter(|poll| complains(poll)).for_each(hide);
        let end = self.poll(fds, Some(pause));
        for poll in fds.iter_mut().skip(1).filter(|poll| poll.fd < NOBODY.fd) {
            hide(poll);
            poll.revents = libc::POLLERR;
        }
        end
    }

    /// poll(2), with the cancel descriptor at the first place, for a `moment` at the most.
    fn poll(&self, fds: &mut [Poll], mut moment: Option<i64>) -> Outcome<()> {
        // Not one place more than it takes: poll(2) refuses more than there may be descriptors.
        let unused = usize::from(self.cancel_fd.is_none());
        let least = if unused == 0 { 2 } else { 1 };
        let mut fds = fds.get_mut(unused..).unwrap_or_default();
        loop {
            let left = if self.is_timed() { self.time_left(sys::now()) } else { None };
            if left == Some(0) {
                return Err(Halt::call(Errno::TIMEDOUT));
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
                    (fds, moment) = (asked, Some(LONGEST_PAUSE));
                }
                Err(errno) => return Err(Halt::call(errno)),
                Ok(0) if moment.is_none() => return Err(Halt::call(Errno::TIMEDOUT)),
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

fn cancelled(poll: Poll) -> Outcome<()> {
    match poll.revents {
        0 => Ok(()),
        libc::POLLNVAL => Err(Halt::call(Errno::BADF)),
        _ => Err(Halt::call(Errno::CANCELED)),
    }
}

/// Waits for nothing but `fd`.
pub(crate) const NOBODY: Poll = sys::interest(-1, 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(options: Options<'_>) -> Outcome<()> {
        let mut options = options;
        Pace::new(&mut options).check()
    }

    #[test]
    fn without_limits_nothing_ends_and_steps_are_long() {
        let mut options = Options::default();
        let mut pace = Pace::new(&mut options);
        assert_eq!(pace.check(), Ok(()));
        assert_eq!((pace.is_watched(), pace.step()), (false, STEP_MAX));
    }

    #[test]
    fn a_deadline_that_has_passed_ends_it() {
        let timeout = Err(Halt::call(Errno::TIMEDOUT));
        assert_eq!(ended(Options { timeout: 1, ..Options::default() }), timeout);
        assert_eq!(ended(Options { idle: 1, ..Options::default() }), timeout);
        assert_eq!(ended(Options { timeout: i64::MAX, ..Options::default() }), Ok(()));
    }

    #[test]
    fn bytes_that_move_put_the_idle_end_off() {
        let mut pace = Pace::new(&mut Options { idle: 1 << 40, ..Options::default() });
        pace.moved_at = 0;
        assert_eq!(pace.time_left(1 << 40), Some(0));
        assert_eq!(pace.moved(&Progress::NONE), Ok(()));
        assert!(pace.time_left(sys::now()) > Some(1 << 39));
    }

    #[test]
    fn a_readable_cancel_descriptor_ends_it_and_a_bad_one_is_an_error() {
        let (reader, writer) = sys::pipe2(libc::O_CLOEXEC).unwrap();
        let flags = ZS_CANCEL_FD;
        let options = |cancel_fd| Options { flags, cancel_fd, ..Options::default() };
        assert_eq!(ended(options(reader.0)), Ok(()));
        sys::write(writer.0, b"!", None).unwrap();
        assert_eq!(ended(options(reader.0)), Err(Halt::call(Errno::CANCELED)));
        assert_eq!(ended(options(i32::MAX)), Err(Halt::call(Errno::BADF)));
        assert_eq!(ended(options(-1)), Err(Halt::call(Errno::BADF)));
    }

    #[test]
    fn progress_is_told_and_may_cancel() {
        let mut told = |so_far: &Progress| so_far.bytes > 1;
        let mut pace = Pace::new(&mut Options { progress: Some(&mut told), ..Options::default() });
        assert_eq!(pace.step(), STEP_WATCHED);
        assert_eq!(pace.moved(&Progress { bytes: 1, ..Progress::NONE }), Ok(()));
        let so_far = Progress { bytes: 2, ..Progress::NONE };
        assert_eq!(pace.moved(&so_far), Err(Halt::call(Errno::CANCELED)));
    }

    #[test]
    fn a_signal_ends_it_only_where_asked_for() {
        let interrupted =
            |flags| Pace::new(&mut Options { flags, ..Options::default() }).interrupted();
        assert_eq!(interrupted(0), Ok(()));
        assert_eq!(interrupted(ZS_INTERRUPT), Err(Halt::call(Errno::INTR)));
    }
}
