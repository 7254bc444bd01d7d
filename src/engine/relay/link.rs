//! What two directions of one connection tell each other: the kernel tells of a reset once per
//! socket, to whichever asks first.

use crate::errno::Errno;
use crate::heap::Shared;
use core::cell::Cell;

/// The errors of the two sockets, as far as anybody has been told.
pub(super) struct Errors([Cell<Option<Errno>>; 2]);

/// One relay's part in it: which of the two its input and its output are.
#[derive(Default)]
pub(super) struct Link {
    errors: Option<Shared<Errors>>,
    input: Option<u8>,
    output: Option<u8>,
}

impl Link {
    /// Links for the relays a and b, where the input of a is the output of b, or the other way round.
    pub(super) fn pair(a_to_b: bool, b_to_a: bool) -> Option<(Link, Link)> {
        let errors = Shared::new(Errors([Cell::new(None), Cell::new(None)]))?;
        let (first, second) = (a_to_b.then_some(0), b_to_a.then_some(1));
        let other = errors.share();
        let a = Link { errors: Some(errors), input: first, output: second };
        let b = Link { errors: Some(other), input: second, output: first };
        Some((a, b))
    }

    /// What the other direction has learned of our input.
    pub(super) fn of_input(&self) -> Option<Errno> {
        self.place(self.input)?.get()
    }

    /// What the other direction has learned of our output.
    pub(super) fn of_output(&self) -> Option<Errno> {
        self.place(self.output)?.get()
    }

    pub(super) fn tell_of_input(&self, errno: Errno) {
        self.tell(self.input, errno);
    }

    pub(super) fn tell_of_output(&self, errno: Errno) {
        self.tell(self.output, errno);
    }

    /// Only what the connection has died of: EPIPE is what the side that has shut down gets, a lack of
    /// memory passes, and the rest is about the call.
    fn tell(&self, which: Option<u8>, errno: Errno) {
        let is_fatal = !matches!(
            errno.0,
            libc::EPIPE
                | libc::ENOMEM
                | libc::ENOBUFS
                | libc::EAGAIN
                | libc::EINTR
                | libc::EBADF
                | libc::EINVAL
                | libc::EFAULT
                | libc::EPERM
                | libc::ENOSYS
        );
        if let Some(place) = self.place(which).filter(|_| is_fatal) {
            place.set(Some(errno));
        }
    }

    fn place(&self, which: Option<u8>) -> Option<&Cell<Option<Errno>>> {
        self.errors.as_ref()?.0.get(usize::from(which?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_direction_learns_the_other_knows() {
        let (a, b) = Link::pair(true, true).unwrap();
        a.tell_of_input(Errno::TIMEDOUT);
        assert_eq!((b.of_output(), b.of_input()), (Some(Errno::TIMEDOUT), None));
        b.tell_of_input(Errno::PIPE);
        assert_eq!(a.of_output(), None);
    }

    #[test]
    fn sockets_that_are_not_shared_tell_nothing() {
        let (a, b) = Link::pair(true, false).unwrap();
        b.tell_of_input(Errno::TIMEDOUT);
        assert_eq!((a.of_output(), a.of_input()), (None, None));
        Link::default().tell_of_output(Errno::TIMEDOUT);
        assert_eq!(Link::default().of_output(), None);
    }
}
