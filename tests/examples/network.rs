// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clients and servers for the proxies to be tested.

use super::process::{within, LIMIT};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _};
use std::thread::spawn;

pub fn limited(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

pub fn server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// The next one to connect, who has to come in time.
pub fn accept(listener: &TcpListener) -> TcpStream {
    await_client(listener);
    limited(listener.accept().unwrap().0)
}

pub fn await_client(listener: &impl AsFd) {
    let fd = listener.as_fd().as_raw_fd();
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let limit = i32::try_from(LIMIT.as_millis()).unwrap();
    // SAFETY: the kernel reads and writes one pollfd.
    assert_eq!(unsafe { libc::poll(&raw mut poll, 1, limit) }, 1, "nobody connects");
}

/// Answers every connection with what it sends, until the test ends.
pub fn echo_server() -> String {
    let (listener, address) = server();
    spawn(move || {
        for stream in listener.incoming() {
            let (mut reader, mut writer) = (stream.unwrap(), None);
            spawn(move || {
                let writer = writer.get_or_insert_with(|| reader.try_clone().unwrap());
                std::io::copy(&mut reader, writer)
            });
        }
    });
    address
}

/// Waits until the other side's kernel has all that was sent.
pub fn await_delivery(stream: &TcpStream) {
    let is_there = || {
        let mut unsent = 0;
        // SAFETY: the kernel writes an int.
        let done = unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &raw mut unsent) };
        done == 0 && unsent == 0
    };
    assert!(within(LIMIT, is_there), "not all that was sent has arrived");
}

/// From now on closing it sends a reset.
pub fn reset_at_close(stream: &TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = libc::socklen_t::try_from(size_of::<libc::linger>()).unwrap();
    let value = (&raw const linger).cast();
    let (fd, level) = (stream.as_raw_fd(), libc::SOL_SOCKET);
    // SAFETY: the kernel reads `size` bytes at `value`, which is `linger`.
    assert_eq!(unsafe { libc::setsockopt(fd, level, libc::SO_LINGER, value, size) }, 0);
}

pub fn answers(client: &mut TcpStream) -> bool {
    let mut byte = [0];
    client.write_all(b"x").is_ok() && client.read_exact(&mut byte).is_ok() && byte == *b"x"
}

/// How reading ends: the error, or none at the end of the input.
pub fn how_it_ends(stream: &mut impl Read) -> Option<ErrorKind> {
    std::io::copy(stream, &mut std::io::sink()).err().map(|error| error.kind())
}
