// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proxies in the event loops of libraries: examples/loops.

use crate::network::{accept, answers, echo_server, how_it_ends, limited, reset_at_close, server};
use crate::process::{within, Process, LIMIT};
use crate::support::{built, c, have, pkg_config, root, skip, Scratch};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::Duration;

#[test]
fn epoll() {
    in_c("epoll.c", &[]);
}

#[test]
fn poll() {
    in_c("poll.c", &[]);
}

#[test]
fn libuv() {
    in_c_with("libuv.c", "libuv");
}

#[test]
fn libevent() {
    in_c_with("libevent.c", "libevent_core");
}

#[test]
fn asyncio() {
    if !have("python3") {
        return;
    }
    let mut python = Command::new("python3");
    python.arg(root().join("examples/loops/asyncio_proxy.py")).env("LD_LIBRARY_PATH", built());
    forwards(python);
}

/// A proxy whose library pkg-config knows as `package`.
fn in_c_with(name: &str, package: &str) {
    let exists = Command::new("pkg-config").args(["--exists", package]).status();
    if !exists.is_ok_and(|status| status.success()) {
        skip(&format!("no {package} for pkg-config (Debian: libuv1-dev, libevent-dev)"));
        return;
    }
    in_c(name, &pkg_config(built(), &["--cflags", "--libs", package]));
}

fn in_c(name: &str, more: &[String]) {
    let scratch = Scratch::new();
    let mut arguments = pkg_config(built(), &["--cflags", "--libs"]);
    arguments.extend_from_slice(more);
    arguments.extend([format!("-Wl,-rpath,{}", built().display()), "-U_GNU_SOURCE".to_owned()]);
    let source = root().join("examples/loops").join(name);
    forwards(Command::new(c::program(&source, scratch.path(), &arguments)));
}

/// What is expected of a proxy.
fn forwards(mut program: Command) {
    let small_and_large = Proxy::start(&mut program, &echo_server());
    let mut small = small_and_large.client();
    assert!((0..100).all(|_| answers(&mut small)), "{}", small_and_large.process.told());
    bulk_comes_back(small_and_large.client());
    assert!(answers(&mut small));

    let (listener, address) = server();
    let proxy = Proxy::start(&mut program, &address);
    waits_without_spinning(&proxy, proxy.client(), accept(&listener));
    for by_client in [true, false] {
        let (client, server) = (proxy.client(), accept(&listener));
        passes_the_reset_on(if by_client { (client, server) } else { (server, client) });
    }
}

struct Proxy {
    process: Process,
    address: String,
}

impl Proxy {
    fn start(program: &mut Command, target: &str) -> Proxy {
        let mut command = Command::new(program.get_program());
        command.args(program.get_args());
        for (name, value) in program.get_envs() {
            command.env(name, value.unwrap());
        }
        let port = target.rsplit(':').next().unwrap();
        let process = Process::start(command.args(["0", port]).stdin(Stdio::null()));
        assert!(process.tells("\n", LIMIT), "{}", process.told());
        let address = process.told().trim_end().strip_prefix("listening at ").unwrap().to_owned();
        Proxy { process, address }
    }

    fn client(&self) -> TcpStream {
        limited(TcpStream::connect(&self.address).unwrap())
    }
}

/// The client has shut down its side and does not read yet; the proxy waits for room.
fn waits_without_spinning(proxy: &Proxy, mut client: TcpStream, mut server: TcpStream) {
    const LEN: usize = 16 << 20;
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
    let sender = spawn(move || server.write_all(&vec![b'x'; LEN]));
    let waits = || {
        let before = proxy.process.cpu_time();
        sleep(Duration::from_millis(300));
        proxy.process.cpu_time() - before < Duration::from_millis(50)
    };
    assert!(within(LIMIT, waits), "it never stops using the processor");
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    sender.join().unwrap().unwrap();
    assert_eq!(got.len(), LEN);
}

fn passes_the_reset_on((mut dies, mut sees): (TcpStream, TcpStream)) {
    dies.write_all(b"half of it").unwrap();
    sees.read_exact(&mut [0; 10]).unwrap();
    reset_at_close(&dies);
    drop(dies);
    assert_eq!(how_it_ends(&mut sees), Some(ErrorKind::ConnectionReset));
}

/// 8 MiB there and back, and the end after it.
fn bulk_comes_back(mut client: TcpStream) {
    let bytes: Vec<u8> = (0..8_u32 << 20).map(|at| (at % 251) as u8).collect();
    let (mut sender, sent) = (client.try_clone().unwrap(), bytes.clone());
    let sender = spawn(move || {
        sender.write_all(&sent).unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    client.read_to_end(&mut back).unwrap();
    sender.join().unwrap();
    assert!(back == bytes, "{} of {} bytes", back.len(), bytes.len());
}
