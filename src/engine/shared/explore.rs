// SPDX-License-Identifier: MIT OR Apache-2.0

//! (tests only) Every state that something can get into, whatever happens, in whatever order.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;
use std::string::String;
use std::vec::Vec;

/// A state, with all that it depends on.
pub(crate) trait Model: Sized {
    type Event: Copy + Debug;

    /// What may happen now.
    fn events(&self) -> Vec<Self::Event>;

    /// The state after that. Err: what is wrong with it.
    fn after(&self, event: Self::Event) -> Result<Self, String>;

    /// What is wrong with a state, however it came about.
    fn check(&self) -> Result<(), String>;

    /// What tells this state from all others.
    fn key(&self) -> Vec<u8>;
}

/// Goes to every state once, those first that take the fewest events. Panics with the events that lead to one
/// that is wrong, or if there are not as many as `expected`: somewhat more or fewer are a change that
/// somebody has to look at, and very few would prove nothing.
pub(crate) fn explore<M: Model>(name: &str, start: M, expected: usize) {
    let mut known = HashSet::from([start.key()]);
    // How each state came about: after which one, by which event.
    let mut origins = std::vec![None];
    let mut open = VecDeque::from([(0, start)]);
    let mut transitions = 0;
    while let Some((at, state)) = open.pop_front() {
        for event in state.events() {
            transitions += 1;
            let next = state.after(event).and_then(|next| match known.insert(next.key()) {
                true => next.check().map(|()| Some(next)),
                false => Ok(None),
            });
            let next = next.unwrap_or_else(|wrong| {
                let path = path_to(&origins, at);
                panic!("{wrong}\nafter {path:?}, {event:?}")
            });
            if let Some(next) = next {
                open.push_back((origins.len(), next));
                origins.push(Some((at, event)));
                assert!(origins.len() <= 2 * expected, "{name}: more than {} states", 2 * expected);
            }
        }
    }
    let states = origins.len();
    std::println!("{name}: {states} states, {transitions} transitions");
    assert!(states >= expected / 2, "{name}: only {states} states, not {expected}");
}

fn path_to<E: Copy>(origins: &[Option<(usize, E)>], mut at: usize) -> Vec<E> {
    let mut path = Vec::new();
    while let Some((before, event)) = origins[at] {
        path.push(event);
        at = before;
    }
    path.reverse();
    path
}
