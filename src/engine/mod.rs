//! Loops, waits, fallbacks: what makes single system calls into whole transfers.

#![forbid(unsafe_code)]

mod avoid;
pub(crate) mod bridge;
pub(crate) mod copy;
mod doubt;
pub(crate) mod fanout;
mod fate;
pub(crate) mod full;
mod options;
mod pace;
mod port;
mod progress;
pub(crate) mod relay;
pub(crate) mod retry;
mod sigpipe;
mod spot;
mod wait;

#[cfg(test)]
mod script;

pub(crate) use options::Options;
pub(crate) use progress::Progress;
