// SPDX-License-Identifier: MIT OR Apache-2.0

//! A whole length with one mechanism.

use super::retry::{self, check_flags, COPY_RANGE_FLAGS, SENDFILE_FLAGS, SPLICE_FLAGS};
use super::shared::eof::{self, Eof};
use super::shared::outcome::{side_of, Error, Progress};
use super::shared::readiness;
use super::shared::tuning;
use crate::constants::*;
use crate::errno::{Errno, Result};
use crate::sys::FdAt;
use core::ffi::{c_int, c_uint};

pub(crate) fn splice(from: FdAt<'_>, to: FdAt<'_>, len: u64, flags: c_uint) -> Progress {
    if let Err(errno) = check_flags(SPLICE_FLAGS, flags) {
        return Progress::refused(errno);
    }
    let steps = repeat(len, |left| retry::splice(from, to, left, flags), || ended(from, flags));
    steps.up_to(from).progress(ZS_VIA_SPLICE, from.fd, to.fd)
}

pub(crate) fn copy_range(from: FdAt<'_>, to: FdAt<'_>, len: u64, flags: c_uint) -> Progress {
    if let Err(errno) = check_flags(COPY_RANGE_FLAGS, flags) {
        return Progress::refused(errno);
    }
    let steps = repeat(len, |left| retry::copy_range(from, to, left, flags), || ended(from, flags));
    steps.progress(ZS_VIA_COPY_RANGE, from.fd, to.fd)
}

pub(crate) fn sendfile(to: c_int, from: FdAt<'_>, len: u64, flags: c_uint) -> Progress {
    if let Err(errno) = check_flags(SENDFILE_FLAGS, flags) {
        return Progress::refused(errno);
    }
    let steps = repeat(len, |left| retry::sendfile(to, from, left, flags), || ended(from, flags));
    steps.up_to(from).progress(ZS_VIA_SENDFILE, from.fd, to)
}

/// Moves from `from` to `to` and leaves a copy in `copy`.
pub(crate) fn tee(from: c_int, copy: c_int, to: c_int, len: u64, flags: c_uint) -> Progress {
    if let Err(errno) = check_flags(SPLICE_FLAGS, flags) {
        return Progress::refused(errno);
    }
    let (input, output) = (FdAt::own(from), FdAt::own(to));
    let (steps, in_flight) = duplicate(
        len,
        |left| retry::tee(from, copy, left, flags),
        |left| retry::splice(input, output, left, flags),
        || ended(input, flags),
    );
    Progress { in_flight, ..steps.progress(ZS_VIA_TEE | ZS_VIA_SPLICE, from, to) }
}

/// Whether `input`, from which a call has just returned 0, has ended. If not, the call is worth
/// making again. If that cannot be found out, the 0 counts as the end.
fn ended(input: FdAt<'_>, flags: c_uint) -> Result<bool> {
    match eof::after_zero(input)? {
        Eof::Yes | Eof::Unknown => Ok(true),
        Eof::No => Ok(false),
        Eof::NotYet if flags & libc::SPLICE_F_NONBLOCK != 0 => Err(Errno::AGAIN),
        Eof::NotYet => readiness::forever(&mut [readiness::readable(input.fd)]).map(|_| false),
    }
}

/// How far a loop came, and how it ended.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
struct Steps {
    bytes: u64,
    end: Result<(), Error>,
}

impl Steps {
    /// An input that was read up to the largest offset has ended there, although the next step is EINVAL.
    fn up_to(self, input: FdAt<'_>) -> Steps {
        match self.end {
            Err(Error { errno: Errno::INVAL, .. })
                if self.bytes > 0 && retry::place(input) == Some(i64::MAX) =>
            {
                Steps { end: Ok(()), ..self }
            }
            _ => self,
        }
    }

    fn progress(self, by: u32, input: c_int, output: c_int) -> Progress {
        let end = self.end.map_err(|error| Error {
            side: error.side.or_else(|| side_of(error.errno, input, output)),
            ..error
        });
        let via = if self.bytes > 0 { by } else { 0 };
        Progress { bytes: self.bytes, via, end, ..Progress::NONE }
    }
}

/// Repeats `step` until `len` bytes have moved, or it returns 0 and the input has `ended`. A second 0 in
/// a row, with data still there, means that this call cannot move it (EOPNOTSUPP).
fn repeat(
    len: u64,
    mut step: impl FnMut(usize) -> Result<usize>,
    mut ended: impl FnMut() -> Result<bool>,
) -> Steps {
    let mut bytes = 0_u64;
    let mut contradicted = false;
    let end = loop {
        let left = len.saturating_sub(bytes);
        match step(left.min(tuning::STEP_MAX as u64) as usize) {
            Ok(0) if left == 0 => break Ok(()),
            Ok(0) => match ended() {
                Ok(true) => break Ok(()),
                Ok(false) if contradicted => break Err(Errno::OPNOTSUPP.into()),
                Ok(false) => contradicted = true,
                Err(errno) => break Err(Error::input(errno)),
            },
            Ok(moved) => {
                contradicted = false;
                bytes = bytes.saturating_add(moved as u64);
                if bytes >= len {
                    break Ok(());
                }
            }
            Err(errno) => break Err(errno.into()),
        }
    };
    Steps { bytes, end }
}

/// Repeats `tee`, and after each call passes on exactly the bytes that it duplicated: tee(2) starts
/// at the head of its input every time (docs/kernel.md, "tee(2) begins at the head every time").
/// Also returns how many bytes are duplicated, but not passed on.
fn duplicate(
    len: u64,
    mut tee: impl FnMut(usize) -> Result<usize>,
    mut pass_on: impl FnMut(usize) -> Result<usize>,
    ended: impl FnMut() -> Result<bool>,
) -> (Steps, u64) {
    let (mut bytes, mut in_flight) = (0_u64, 0_u64);
    let copied = repeat(
        len,
        |left| {
            let copied = tee(left)?;
            if copied == 0 {
                return Ok(0);
            }
            let passed = repeat(copied as u64, &mut pass_on, || Ok(true));
            bytes = bytes.saturating_add(passed.bytes);
            in_flight = (copied as u64).saturating_sub(passed.bytes);
            match passed.end {
                // The pipe has another reader after all.
                Ok(()) if in_flight > 0 => Err(Errno::IO),
                Ok(()) => Ok(copied),
                Err(error) => Err(error.errno),
            }
        },
        ended,
    );
    (Steps { bytes, end: copied.end }, in_flight)
}

#[cfg(test)]
mod tests {
    use super::super::shared::script::Script;
    use super::*;
    use std::vec::Vec;

    const STEP_AGAIN: Error = Error { errno: Errno::AGAIN, side: None };

    /// Plays `answers` to the steps and `ends` to the probes; returns also what was asked for.
    fn play(len: u64, answers: &[Result<usize>], ends: &[Result<bool>]) -> (Steps, Vec<usize>) {
        let (mut answers, mut ends) = (Script::new(answers), Script::new(ends));
        let mut asked = Vec::new();
        let step = |left| {
            asked.push(left);
            answers.next()
        };
        let steps = repeat(len, step, || ends.next());
        answers.assert_over();
        ends.assert_over();
        (steps, asked)
    }

    #[test]
    fn resumes_after_a_short_count() {
        let (steps, asked) = play(10, &[Ok(4), Ok(6)], &[]);
        assert_eq!(steps, Steps { bytes: 10, end: Ok(()) });
        assert_eq!(asked, [10, 6]);
    }

    #[test]
    fn ends_early_when_the_end_is_proved() {
        let (steps, asked) = play(10, &[Ok(4), Ok(0)], &[Ok(true)]);
        assert_eq!(steps, Steps { bytes: 4, end: Ok(()) });
        assert_eq!(asked, [10, 6]);
    }

    #[test]
    fn asks_the_kernel_once_even_for_nothing() {
        let (steps, asked) = play(0, &[Ok(0)], &[]);
        assert_eq!(steps, Steps { bytes: 0, end: Ok(()) });
        assert_eq!(asked, [0]);
        let (steps, _) = play(0, &[Err(Errno::INVAL)], &[]);
        assert_eq!(steps, Steps { bytes: 0, end: Err(Errno::INVAL.into()) });
    }

    #[test]
    fn asks_again_when_a_zero_is_contradicted() {
        let (steps, _) = play(10, &[Ok(0), Ok(10)], &[Ok(false)]);
        assert_eq!(steps, Steps { bytes: 10, end: Ok(()) });
    }

    #[test]
    fn a_growing_file_may_be_contradicted_any_number_of_times() {
        let answers = [Ok(0), Ok(3), Ok(0), Ok(3), Ok(0), Ok(4)];
        let (steps, _) = play(10, &answers, &[Ok(false); 3]);
        assert_eq!(steps, Steps { bytes: 10, end: Ok(()) });
    }

    #[test]
    fn a_second_zero_in_a_row_is_no_way_to_move_bytes() {
        let (steps, _) = play(10, &[Ok(3), Ok(0), Ok(0)], &[Ok(false), Ok(false)]);
        assert_eq!(steps, Steps { bytes: 3, end: Err(Errno::OPNOTSUPP.into()) });
    }

    #[test]
    fn a_second_zero_may_be_the_end_after_all() {
        let (steps, _) = play(10, &[Ok(3), Ok(0), Ok(0)], &[Ok(false), Ok(true)]);
        assert_eq!(steps, Steps { bytes: 3, end: Ok(()) });
    }

    #[test]
    fn an_input_that_fails_when_looked_at_is_blamed() {
        let (steps, _) = play(10, &[Ok(3), Ok(0)], &[Err(Errno::IO)]);
        assert_eq!(steps, Steps { bytes: 3, end: Err(Error::input(Errno::IO)) });
    }

    #[test]
    fn an_error_keeps_the_count_from_before() {
        let (steps, asked) = play(10, &[Ok(1), Ok(2), Err(Errno::AGAIN)], &[]);
        assert_eq!(steps, Steps { bytes: 3, end: Err(STEP_AGAIN) });
        assert_eq!(asked, [10, 9, 7]);
    }

    #[test]
    fn no_step_is_larger_than_the_largest() {
        let (steps, asked) = play(u64::MAX, &[Ok(1 << 30), Ok(5), Ok(0)], &[Ok(true)]);
        assert_eq!(steps, Steps { bytes: (1 << 30) + 5, end: Ok(()) });
        assert_eq!(asked, [1 << 30; 3]);
    }

    #[test]
    fn every_order_of_answers_adds_up() {
        let choices = [Ok(1), Ok(4), Ok(0), Err(Errno::IO)];
        for order in 0..choices.len().pow(5) {
            let answers: Vec<_> =
                (0..5).map(|place| choices[order / 4_usize.pow(place) % 4]).collect();
            let (mut left, mut moved, mut zeros) = (answers.iter(), 0, 0);
            let step = |room: usize| {
                let answer = left.next().copied().unwrap_or(Err(Errno::AGAIN));
                moved += answer.map_or(0, |count| count.min(room));
                answer.map(|count| count.min(room))
            };
            let steps = repeat(8, step, || {
                zeros += 1;
                Ok(false)
            });
            assert_eq!(steps.bytes, moved as u64, "{answers:?}");
            assert_eq!(steps.end.is_ok(), moved == 8, "{answers:?}");
            assert!(zeros <= 5);
        }
    }

    /// Plays tee's and splice's answers; returns also what splice was asked to pass on.
    fn play_tee(
        len: u64,
        tees: &[Result<usize>],
        passes: &[Result<usize>],
        ends: &[Result<bool>],
    ) -> (Steps, u64, Vec<usize>) {
        let (mut tees, mut passes, mut ends) =
            (Script::new(tees), Script::new(passes), Script::new(ends));
        let mut asked = Vec::new();
        let pass_on = |left| {
            asked.push(left);
            passes.next()
        };
        let (steps, in_flight) = duplicate(len, |_| tees.next(), pass_on, || ends.next());
        tees.assert_over();
        passes.assert_over();
        ends.assert_over();
        (steps, in_flight, asked)
    }

    #[test]
    fn passes_on_exactly_what_was_copied_before_copying_more() {
        let (steps, in_flight, asked) = play_tee(10, &[Ok(6), Ok(4)], &[Ok(2), Ok(4), Ok(4)], &[]);
        assert_eq!((steps, in_flight), (Steps { bytes: 10, end: Ok(()) }, 0));
        assert_eq!(asked, [6, 4, 4]);
    }

    #[test]
    fn counts_what_was_copied_and_not_passed_on() {
        let (steps, in_flight, asked) = play_tee(10, &[Ok(6)], &[Ok(2), Err(Errno::AGAIN)], &[]);
        assert_eq!((steps, in_flight), (Steps { bytes: 2, end: Err(STEP_AGAIN) }, 4));
        assert_eq!(asked, [6, 4]);
    }

    #[test]
    fn a_failing_tee_leaves_nothing_in_flight() {
        let (steps, in_flight, _) = play_tee(10, &[Ok(6), Err(Errno::AGAIN)], &[Ok(6)], &[]);
        assert_eq!((steps, in_flight), (Steps { bytes: 6, end: Err(STEP_AGAIN) }, 0));
    }

    #[test]
    fn the_end_of_the_input_is_the_end_of_both() {
        let (steps, in_flight, _) = play_tee(10, &[Ok(6), Ok(0)], &[Ok(6)], &[Ok(true)]);
        assert_eq!((steps, in_flight), (Steps { bytes: 6, end: Ok(()) }, 0));
    }

    #[test]
    fn bytes_that_somebody_else_took_are_an_error() {
        let (steps, in_flight, _) = play_tee(10, &[Ok(6)], &[Ok(2), Ok(0)], &[]);
        assert_eq!((steps, in_flight), (Steps { bytes: 2, end: Err(Errno::IO.into()) }, 4));
    }
}
