// SPDX-License-Identifier: MIT OR Apache-2.0

//! A kernel that answers what a test has written down.

use std::collections::VecDeque;

/// Answers still to come.
pub(crate) struct Script<T>(VecDeque<T>);

impl<T: Clone> Script<T> {
    pub(crate) fn new(answers: &[T]) -> Script<T> {
        Script(answers.iter().cloned().collect())
    }

    /// The next answer. Asking for more than were written down fails the test.
    pub(crate) fn next(&mut self) -> T {
        self.0.pop_front().expect("asked once too often")
    }

    /// Fails the test if something was not asked for.
    pub(crate) fn assert_over(&self) {
        assert!(self.0.is_empty(), "answers that nobody asked for");
    }
}
