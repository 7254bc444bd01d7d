// SPDX-License-Identifier: MIT OR Apache-2.0

//! Loops, waits, fallbacks: what makes single system calls into whole transfers.

#![forbid(unsafe_code)]

pub(crate) mod bridge;
pub(crate) mod copy;
pub(crate) mod duplex;
pub(crate) mod fanout;
pub(crate) mod full;
pub(crate) mod relay;
pub(crate) mod retry;
mod shared;

pub(crate) use shared::options::Options;
pub(crate) use shared::outcome::Progress;
