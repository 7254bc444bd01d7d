//! Deadlines, the cancel descriptor, progress: what can end a transfer that itself goes well.

use super::options::{flag, Options, Told};
use super::progress::{Progress, Side};
use crate::errno::{Errno, Result};
use crate::sys::{self, Poll};
use core::ffi::{c_int, c_short};

/// The longest step of a transfer that has to notice something: 4 MiB take milliseconds.
const STEP_WATCHED: usize = 4 << 20;
/// The longest step of one that has not. Whole blocks, and no count overflows 32 bits on the way.
const STEP_MAX: usize = 1 << 30;

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
}

impl<'a> Pace<'a> {
    pub(crate) fn new(options: &mut Options<'a>) -> Pace<'a> {
        let timed = options.timeout > 0 || options.idle > 0;
        let now = if timed { sys::now() } else { 0 };
        Pace {
            deadline: (options.timeout > 0).then(|| now.saturating_add(options.timeout)),
            idle: (options.idle > 0).then_some(options.idle),
            moved_at: now,
            cancel_fd: options.has(flag::CANCEL_FD).then_some(options.cancel_fd),
            interrupt: options.has(flag::INTERRUPT),
            progress: options.progress.take(),
            is_mute: false,
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

    /// Says which of the two is ready. A negative descriptor never is.
    pub(crate) fn look(&self, first: Poll, second: Poll) -> Outcome<(bool, bool)> {
        let mut fds = [first, second];
        loop {
            match sys::poll(&mut fds, Some(0)) {
                Err(Errno::INTR) => self.interrupted()?,
                Err(errno) => return Err(Halt::call(errno)),
                Ok(_) => return Ok(fds.map(|poll| poll.revents != 0).into()),
            }
        }
    }

    /// Waits until one of the two is ready, and says which.
    #[inline(never)]
    pub(crate) fn wait(&mut self, first: Poll, second: Poll) -> Outcome<(bool, bool)> {
        // Not one place more: poll(2) refuses more than there may be descriptors.
        let mut fds = [NOBODY, first, second];
        self.wait_for_any(&mut fds)?;
        let [_, first, second] = fds.map(|poll| poll.revents != 0);
        Ok((first, second))
    }

    /// Waits until something is to be said of one of the four, and says what.
    pub(crate) fn wait_for(&mut self, [a, b, c, d]: [Poll; 4]) -> Outcome<[c_short; 4]> {
        let mut fds = [NOBODY, a, b, c, d];
        self.wait_for_any(&mut fds)?;
        let [_, a, b, c, d] = fds.map(|poll| poll.revents);
        Ok([a, b, c, d])
    }

    /// Waits until something is to be said of one of `fds`, the first of which is the cancel
    /// descriptor.
    fn poll(&mut self, fds: &mut [Poll]) -> Outcome<()> {
        loop {
            let limit = if self.is_timed() { self.time_left(sys::now()) } else { None };
            match sys::poll(fds, limit) {
                Err(Errno::INTR) => self.interrupted()?,
                Err(errno) => return Err(Halt::call(errno)),
                Ok(0) => return Err(Halt::call(Errno::TIMEDOUT)),
                Ok(_) => return fds.first().map_or(Ok(()), |cancel| cancelled(*cancel)),
            }
        }
    }

    /// Like `wait_for`, of any number: the first of `fds` is overwritten by the cancel descriptor.
    pub(crate) fn wait_for_any(&mut self, fds: &mut [Poll]) -> Outcome<()> {
        if let Some(first) = fds.first_mut() {
            *first = sys::interest(self.cancel_fd.unwrap_or(-1), libc::POLLIN);
        }
        self.poll(fds)
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

/// read(2) of the fallbacks, and its like: made again after a signal, as the options have it.
pub(crate) fn uninterrupted<T>(
    pace: &Pace<'_>,
    mut call: impl FnMut() -> Result<T>,
) -> Outcome<Result<T>> {
    loop {
        match call() {
            Err(Errno::INTR) => pace.interrupted()?,
            answer => return Ok(answer),
        }
    }
}

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
        let flags = flag::CANCEL_FD;
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
        assert_eq!(interrupted(flag::INTERRUPT), Err(Halt::call(Errno::INTR)));
    }
}
