//! Loops, waits, fallbacks: what makes single system calls into whole transfers.

#![forbid(unsafe_code)]

mod doubt;
pub(crate) mod full;
mod progress;
pub(crate) mod retry;
mod wait;

#[cfg(test)]
mod script;

pub(crate) use progress::{via, Progress, Side};
