//! What two directions of one connection tell each other: the kernel tells of a reset once per
//! socket, to whichever asks first.

use crate::errno::Errno;
use crate::mem::alloc::Rc;
use core::cell::Cell;

/// The errors of the two sockets, as far as anybody has been told.
pub(super) struct Errors([Cell<Option<Errno>>; 2]);

/// One relay's part in it: which of the two its input and its output are.
#[derive(Default)]
pub(super) struct SharedErrors {
    errors: Option<Rc<Errors>>,
    input: Option<u8>,
    output: Option<u8>,
}

impl SharedErrors {
    /// Links for the relays a and b, where the input of a is the output of b, or the other way round.
    pub(super) fn pair(a_to_b: bool, b_to_a: bool) -> Option<(SharedErrors, SharedErrors)> {
        let errors = Rc::new(Errors([Cell::new(None), Cell::new(None)]))?;
        let (first, second) = (a_to_b.then_some(0), b_to_a.then_some(1));
        let other = errors.share();
        let a = SharedErrors { errors: Some(errors), input: first, output: second };
        let b = SharedErrors { errors: Some(other), input: second, output: first };
        Some((a, b))
    }

    /// What the other direction has learned of our input.
    pub(super) fn input_error(&self) -> Option<Errno> {
        self.place(self.input)?.get()
    }

    /// What the other direction has learned of our output.
    pub(super) fn output_error(&self) -> Option<Errno> {
        self.place(self.output)?.get()
    }

    pub(super) fn note_input_error(&self, errno: Errno) {
        self.note(self.input, errno);
    }

    pub(super) fn note_output_error(&self, errno: Errno) {
        self.note(self.output, errno);
    }

    fn note(&self, which: Option<u8>, errno: Errno) {
        if let Some(place) = self.place(which).filter(|_| errno.kills_connection()) {
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
        let (a, b) = SharedErrors::pair(true, true).unwrap();
        a.note_input_error(Errno::TIMEDOUT);
        assert_eq!((b.output_error(), b.input_error()), (Some(Errno::TIMEDOUT), None));
        b.note_input_error(Errno::PIPE);
        assert_eq!(a.output_error(), None);
    }

    #[test]
    fn sockets_that_are_not_shared_tell_nothing() {
        let (a, b) = SharedErrors::pair(true, false).unwrap();
        b.note_input_error(Errno::TIMEDOUT);
        assert_eq!((a.output_error(), a.input_error()), (None, None));
        SharedErrors::default().note_output_error(Errno::TIMEDOUT);
        assert_eq!(SharedErrors::default().output_error(), None);
    }
}
