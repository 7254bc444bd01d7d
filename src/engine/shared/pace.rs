// SPDX-License-Identifier: MIT OR Apache-2.0

//! How fast: at most so many bytes a second.

use super::tuning::{DIRECT_BLOCK, RATE_LOOK, RATE_MAX, RATE_SHARE};
use crate::sys;

const SECOND: u64 = 1_000_000_000;

/// A bucket of bytes that may move. Moving empties it, time fills it.
///
/// In a second no more can move than the full bucket holds and what is filled in meanwhile. Both together
/// are the rate, so that no second sees more, wherever it begins. The bucket holds what comes in some
/// milliseconds: as much may be made up for when a step comes late.
pub(crate) struct Throttle {
    /// Bytes that are filled in per second; 0: there is no limit.
    speed: u64,
    /// Bytes that the full bucket holds.
    depth: u64,
    /// What a step is a multiple of, as a mask: whole blocks, as O_DIRECT wants them, if the rate has some.
    piece: u64,
    /// How long before the bucket is full a step is worth it, in nanoseconds.
    early: i64,
    /// When the bucket was, or will be, full.
    full_at: i64,
    /// Bytes that may move now.
    allowance: u64,
}

impl Throttle {
    /// With the bucket full; 0: no limit.
    #[inline(never)]
    pub(crate) fn new(rate: u64) -> Throttle {
        if rate == 0 {
            let all = u64::MAX;
            return Throttle {
                speed: 0,
                depth: all,
                piece: all,
                early: 0,
                full_at: 0,
                allowance: all,
            };
        }
        let rate = rate.min(RATE_MAX);
        // A second from one byte to another has room for one byte more than are filled in meanwhile.
        let depth = (rate / RATE_SHARE).saturating_add(1);
        let speed = rate.saturating_sub(rate / RATE_SHARE);
        let block = DIRECT_BLOCK as u64;
        let piece = if depth >= block.saturating_mul(2) { block.wrapping_neg() } else { u64::MAX };
        let depth = depth & piece;
        let least = depth.div_ceil(2) & piece;
        let early = depth.saturating_sub(least).saturating_mul(SECOND).checked_div(speed);
        let early = early.unwrap_or(0) as i64;
        Throttle { speed, depth, piece, early, full_at: 0, allowance: depth }
    }

    pub(crate) const fn is_limited(&self) -> bool {
        self.speed != 0
    }

    /// What the next step may move: a byte at least, since the 0 of a call for nothing is no end.
    pub(crate) fn allowance(&self) -> usize {
        usize::try_from(self.allowance).unwrap_or(usize::MAX)
    }

    /// Finds out what may move now; how many nanoseconds to wait before it asks again if that is not worth a
    /// step.
    pub(crate) fn pause(&mut self) -> Option<i64> {
        if self.is_limited() {
            self.pause_at(sys::now())
        } else {
            None
        }
    }

    #[inline(always)]
    fn pause_at(&mut self, now: i64) -> Option<i64> {
        let empty_for = self.full_at.saturating_sub(now).max(0);
        let lacking = (empty_for as u64).saturating_mul(self.speed).div_ceil(SECOND);
        self.allowance = (self.depth.saturating_sub(lacking) & self.piece).max(1);
        let pause = empty_for.saturating_sub(self.early);
        (pause > 0).then_some(pause.min(RATE_LOOK))
    }

    /// Bytes have moved: now, as far as is known, or a little earlier.
    pub(crate) fn spend(&mut self, bytes: u64) {
        if self.is_limited() {
            self.spend_at(bytes, sys::now());
        }
    }

    #[inline(always)]
    fn spend_at(&mut self, bytes: u64, now: i64) {
        let time = bytes.saturating_mul(SECOND).div_ceil(self.speed.max(1));
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        self.full_at = self.full_at.max(now).saturating_add(time);
        self.allowance = self.allowance.saturating_sub(bytes).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// What a transfer moves in `seconds` that always moves what it may, each step `late` nanoseconds after
    /// it could have come: when, and how many bytes.
    fn steps(rate: u64, seconds: u64, mut late: impl FnMut() -> i64) -> Vec<(i64, u64)> {
        let (mut pace, mut now, mut steps) = (Throttle::new(rate), 1 << 40, Vec::new());
        let end = now + (seconds * SECOND) as i64;
        while now < end {
            match pace.pause_at(now) {
                Some(pause) => {
                    now += pause;
                    if pause < RATE_LOOK {
                        assert_eq!(pace.pause_at(now), None, "one wait is enough");
                        now += late();
                    }
                }
                None => {
                    let bytes = pace.allowance;
                    assert!(bytes > 0 && bytes <= pace.depth && bytes & !pace.piece == 0);
                    steps.push((now, bytes));
                    pace.spend_at(bytes, now);
                }
            }
        }
        steps
    }

    /// The most that any stretch of `seconds` has seen.
    fn most(steps: &[(i64, u64)], seconds: u64) -> u64 {
        let sum_from = |(index, &(from, _)): (usize, &(i64, u64))| {
            let within = |&&(at, _): &&(i64, u64)| at < from + (seconds * SECOND) as i64;
            steps[index..].iter().take_while(within).map(|(_, bytes)| bytes).sum()
        };
        steps.iter().enumerate().map(sum_from).max().unwrap_or(0)
    }

    fn sum(steps: &[(i64, u64)]) -> u64 {
        steps.iter().map(|(_, bytes)| bytes).sum()
    }

    const RATES: [u64; 12] =
        [1, 2, 3, 10, 99, 100, 1000, 12_345, 1 << 20, 10_000_000, 1 << 34, 1 << 40];

    #[test]
    fn no_second_sees_more_than_the_rate_and_five_see_nearly_all_of_it() {
        for rate in RATES {
            let steps = steps(rate, 5, || 0);
            assert!(most(&steps, 1) <= rate && most(&steps, 2) <= 2 * rate, "{rate}");
            assert!(sum(&steps) <= 5 * rate && sum(&steps) >= 5 * rate - 5 * rate / 50, "{rate}");
        }
    }

    #[test]
    fn what_a_late_step_has_missed_is_made_up_for() {
        for rate in RATES {
            let mut chance = 0_u64;
            let steps = steps(rate, 5, || {
                chance = chance.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (chance >> 33) as i64 % 4_000_000
            });
            assert!(most(&steps, 1) <= rate, "{rate}");
            // A rate of some bytes has no room for that: it loses what each is late.
            assert!(rate < 1000 || sum(&steps) >= 5 * rate - 5 * rate / 50, "{rate}");
        }
    }

    #[test]
    fn a_pause_gives_no_right_to_a_burst() {
        for rate in RATES {
            let mut count = 0;
            let steps = steps(rate, 5, || {
                count += 1;
                if count % 100 == 0 {
                    700_000_000
                } else {
                    0
                }
            });
            assert!(most(&steps, 1) <= rate, "{rate}");
        }
    }

    #[test]
    fn there_are_some_hundred_steps_a_second_and_no_more() {
        for rate in RATES {
            assert!(steps(rate, 1, || 0).len() <= 3 * RATE_SHARE as usize, "{rate}");
        }
    }

    #[test]
    fn steps_are_whole_blocks_where_the_rate_has_some() {
        for (rate, blocks) in [(100_000, false), (1 << 20, true), (10_000_000, true)] {
            let steps = steps(rate, 1, || 0);
            assert_eq!(steps.iter().all(|(_, bytes)| bytes % 4096 == 0), blocks, "{rate}");
        }
    }

    #[test]
    fn more_than_was_allowed_is_paid_for_later() {
        let mut pace = Throttle::new(1000);
        assert_eq!(pace.pause_at(0), None);
        pace.spend_at(5000, 0);
        assert_eq!(pace.allowance(), 1);
        assert!(pace.pause_at(4_900_000_000).is_some());
        assert_eq!(pace.pause_at(5_100_000_000), None);
        pace.spend_at(u64::MAX, i64::MAX);
        assert!(pace.pause_at(0).is_some());
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let mut pace = Throttle::new(0);
        assert_eq!((pace.is_limited(), pace.pause(), pace.allowance()), (false, None, usize::MAX));
        pace.spend(1 << 40);
        assert_eq!((pace.pause(), pace.allowance()), (None, usize::MAX));
        assert!(Throttle::new(u64::MAX).is_limited());
    }
}
