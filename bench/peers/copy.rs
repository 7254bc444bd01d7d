//! std::io::copy from standard input to standard output; given "generic", through types that
//! hide the files, so that the standard library copies through a buffer.
//!
//! SPDX-License-Identifier: MIT OR Apache-2.0
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;

fn main() -> io::Result<()> {
    // SAFETY: nothing else in this program owns descriptors 0 and 1.
    let (mut from, mut to) = unsafe { (File::from_raw_fd(0), File::from_raw_fd(1)) };
    if std::env::args().nth(1).as_deref() == Some("generic") {
        let (from, to): (&mut dyn Read, &mut dyn Write) = (&mut from, &mut to);
        return io::copy(from, to).map(drop);
    }
    io::copy(&mut from, &mut to).map(drop)
}
