// SPDX-License-Identifier: MIT OR Apache-2.0

//! The connection errors that two directions of one connection share: the kernel reports a reset
//! only once per socket, to whichever direction asks first (docs/kernel.md, "A reset is reported
//! once per socket").

use crate::errno::Errno;
use crate::mem::alloc::Rc;
use core::cell::Cell;

/// The errors of the two sockets, as far as they are known.
pub(super) struct Errors([Cell<Option<Errno>>; 2]);

/// The view of one relay: which of the two errors belongs to its input, and which to its output.
#[derive(Default)]
pub(super) struct SharedErrors {
    errors: Option<Rc<Errors>>,
    input: Option<u8>,
    output: Option<u8>,
}

impl SharedErrors {
    /// The views of the relays a and b: the input of a is the output of b (`a_to_b`), the input of b is
    /// the output of a (`b_to_a`).
    pub(super) fn pair(a_to_b: bool, b_to_a: bool) -> Option<(SharedErrors, SharedErrors)> {
        let errors = Rc::new(Errors([Cell::new(None), Cell::new(None)]))?;
        let (first, second) = (a_to_b.then_some(0), b_to_a.then_some(1));
        let other = errors.share();
        let a = SharedErrors { errors: Some(errors), input: first, output: second };
        let b = SharedErrors { errors: Some(other), input: second, output: first };
        Some((a, b))
    }

    /// The error that the other direction has met at our input.
    pub(super) fn input_error(&self) -> Option<Errno> {
        self.place(self.input)?.get()
    }

    /// The error that the other direction has met at our output.
    pub(super) fn output_error(&self) -> Option<Errno> {
        self.place(self.output)?.get()
    }

    pub(super) fn note_input_error(&self, errno: Errno) {
        self.note(self.input, errno);
    }

    pub(super) fn note_output_error(&self, errno: Errno) {
        self.note(self.output, errno);
    }

    /// Only fatal connection errors are shared.
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

    impl SharedErrors {
        /// The same state, for the model: of two that are a pair, or of two that share nothing.
        pub(in crate::engine::relay) fn fork(of: [&SharedErrors; 2]) -> [SharedErrors; 2] {
            let errors = of[0].errors.as_ref().map(|errors| Rc::new(Errors(errors.0.clone())));
            let errors = errors.flatten();
            of.map(|SharedErrors { input, output, .. }| SharedErrors {
                errors: errors.as_ref().map(Rc::share),
                input: *input,
                output: *output,
            })
        }

        /// What tells this state from others.
        pub(in crate::engine::relay) fn key(&self, key: &mut std::vec::Vec<u8>) {
            let known = [self.input_error(), self.output_error()];
            key.extend(known.map(|errno| errno.map_or(0, |errno| errno.0 as u8)));
        }
    }

    #[test]
    fn what_one_direction_meets_the_other_knows() {
        let (a, b) = SharedErrors::pair(true, true).unwrap();
        a.note_input_error(Errno::TIMEDOUT);
        assert_eq!((b.output_error(), b.input_error()), (Some(Errno::TIMEDOUT), None));
        b.note_input_error(Errno::PIPE);
        assert_eq!(a.output_error(), None);
    }

    #[test]
    fn errors_of_sockets_that_are_not_shared_stay_private() {
        let (a, b) = SharedErrors::pair(true, false).unwrap();
        b.note_input_error(Errno::TIMEDOUT);
        assert_eq!((a.output_error(), a.input_error()), (None, None));
        SharedErrors::default().note_output_error(Errno::TIMEDOUT);
        assert_eq!(SharedErrors::default().output_error(), None);
    }
}
