// SPDX-License-Identifier: MIT OR Apache-2.0
//! zproxy forwards, and does what is expected of a proxy when something goes wrong.

use crate::network::{
    accept, answers, await_client, await_delivery, echo_server, how_it_ends, limited,
    reset_at_close, server,
};
use crate::process::{within, Process, LIMIT};
use crate::support::{c, root, succeed, Scratch};
use crate::{example, fs};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// A running zproxy.
struct Proxy {
    process: Process,
    /// Where it listens, as it says itself.
    listens: String,
    _scratch: Scratch,
}

impl Proxy {
    /// Forwards to `connect` what comes in at a port of its choice.
    fn to(connect: &str) -> Proxy {
        Proxy::start(&["-t", "60", "127.0.0.1:0", connect])
    }

    fn start(arguments: &[&str]) -> Proxy {
        let scratch = Scratch::new();
        let mut command = example("zproxy.c", &scratch);
        Proxy::of(command.args(arguments), scratch)
    }

    fn of(command: &mut Command, scratch: Scratch) -> Proxy {
        let process = Process::start(command.arg("-v").stdin(Stdio::null()));
        assert!(process.tells("\n", LIMIT));
        let told = process.told();
        let listens = told.lines().next().unwrap().strip_prefix("zproxy: listening at ");
        let listens = listens.unwrap_or_else(|| panic!("{told}")).to_owned();
        Proxy { process, listens, _scratch: scratch }
    }

    fn client(&self) -> TcpStream {
        limited(TcpStream::connect(self.listens.as_str()).unwrap())
    }

    fn finish(&mut self) -> Option<i32> {
        self.process.signal(libc::SIGTERM);
        self.process.wait().code()
    }
}

/// How and why it refuses to begin.
fn refused(listen: &str, connect: &str) -> String {
    let scratch = Scratch::new();
    let mut command = example("zproxy.c", &scratch);
    let mut process = Process::start(command.args([listen, connect]).stdin(Stdio::null()));
    assert_eq!(process.wait().code(), Some(1), "{listen} {connect}");
    assert!(process.tells("\n", LIMIT));
    process.told()
}

fn accept_unix(listener: &UnixListener) -> UnixStream {
    await_client(listener);
    let stream = listener.accept().unwrap().0;
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// A server that does not accept, and whose backlog is full: whoever connects now has to wait.
fn hanging_server() -> (TcpListener, Vec<TcpStream>, String) {
    let (listener, address) = server();
    listen_without_backlog(&listener);
    let target: SocketAddr = address.parse().unwrap();
    let connect = || TcpStream::connect_timeout(&target, Duration::from_millis(200)).ok();
    // Once more: a busy machine may have been late.
    let waiting = std::iter::from_fn(|| connect().or_else(connect)).collect();
    (listener, waiting, address)
}

fn listen_without_backlog(listener: &impl AsFd) {
    // SAFETY: listen(2) touches no memory.
    assert_eq!(unsafe { libc::listen(listener.as_fd().as_raw_fd(), 0) }, 0);
}

/// With few descriptors clients wait, and are not closed; with more they are served, although no
/// connection has ended.
#[test]
fn accepts_again_when_there_are_descriptors() {
    let proxy = Proxy::to(&echo_server());
    let mut first = proxy.client();
    assert!(answers(&mut first));
    let idle = proxy.process.descriptors();
    for left in 0..4 {
        assert!(within(LIMIT, || proxy.process.descriptors() <= idle));
        let before = proxy.process.limit_descriptors(idle as libc::rlim_t + left);
        let mut clients: Vec<_> = (0..4).map(|_| proxy.client()).collect();
        for client in &mut clients {
            client.write_all(b"x").unwrap();
            client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        }
        let mut byte = [0];
        let mut read: Vec<_> = clients.iter_mut().map(|client| client.read(&mut byte)).collect();
        assert!(!read.iter().any(|got| matches!(got, Ok(0))), "{left} descriptors: {read:?}");
        read.retain(|got| got.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
        assert!(!read.is_empty(), "there were enough descriptors");
        proxy.process.limit_descriptors(before);
        for client in &mut clients {
            client.set_read_timeout(Some(LIMIT)).unwrap();
            assert!(answers(client), "{left} descriptors: {}", proxy.process.told());
        }
    }
}

/// A limit below what is spared for pipes leaves room for several connections, also with several threads.
#[test]
fn few_descriptors_serve_several_clients() {
    let scratch = Scratch::new();
    let mut command = example("zproxy.c", &scratch);
    command.args(["-j", "2", "127.0.0.1:0", &echo_server()]);
    let few = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: the kernel reads `few`.
    let limit = move || match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const few) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    };
    // SAFETY: setrlimit(2) may be called after fork(2).
    unsafe { command.pre_exec(limit) };
    let proxy = Proxy::of(&mut command, scratch);
    let mut clients: Vec<_> = (0..8).map(|_| proxy.client()).collect();
    assert!(clients.iter_mut().all(answers), "{}", proxy.process.told());
}

#[test]
fn resets_what_it_cuts_off() {
    let (listener, address) = server();
    let mut proxy = Proxy::to(&address);
    let mut client = proxy.client();
    let mut server = accept(&listener);
    server.write_all(b"the beginning").unwrap();
    client.read_exact(&mut [0; 13]).unwrap();
    proxy.process.signal(libc::SIGTERM);
    let refuses = || TcpStream::connect(proxy.listens.as_str()).is_err();
    assert!(within(LIMIT, refuses), "still listens");
    server.write_all(b", and more").unwrap();
    client.read_exact(&mut [0; 10]).unwrap();
    assert_eq!(proxy.finish(), Some(1));
    assert_eq!(how_it_ends(&mut client), Some(ErrorKind::ConnectionReset));
    assert_eq!(how_it_ends(&mut server), Some(ErrorKind::ConnectionReset));
}

#[test]
fn lets_connections_end_before_it_does() {
    let mut proxy = Proxy::to(&echo_server());
    let mut client = proxy.client();
    assert!(answers(&mut client));
    proxy.process.signal(libc::SIGTERM);
    sleep(Duration::from_millis(100));
    assert!(answers(&mut client));
    drop(client);
    assert_eq!(proxy.process.wait().code(), Some(0));
}

#[test]
fn gives_up_connecting() {
    let (_listener, _waiting, address) = hanging_server();
    let proxy = Proxy::start(&["-t", "0.3", "127.0.0.1:0", &address]);
    let mut client = proxy.client();
    assert_eq!(how_it_ends(&mut client), Some(ErrorKind::ConnectionReset));
    assert!(proxy.process.tells("connect: Connection timed out", LIMIT));
}

#[test]
fn forgets_clients_that_left_before_the_server_was_there() {
    let (_listener, _waiting, address) = hanging_server();
    let proxy = Proxy::to(&address);
    let before = proxy.process.descriptors();
    for index in 0..20 {
        let client = proxy.client();
        if index % 2 == 1 {
            reset_at_close(&client);
        }
    }
    assert!(proxy.process.tells("closed by client, not connected yet", LIMIT));
    // One may be open for the next client.
    let gone = within(LIMIT, || proxy.process.descriptors() <= before + 1);
    assert!(gone, "{} descriptors, {before} before", proxy.process.descriptors());
}

/// A client that has sent nothing and shut down its sending side may still want an answer, although the
/// server takes a moment to accept.
#[test]
fn serves_a_client_that_only_listens() {
    let (listener, target, _scratch) = full_unix_server();
    let proxy = Proxy::to(&target);
    let (_first, mut client) = (proxy.client(), proxy.client());
    client.shutdown(std::net::Shutdown::Write).unwrap();
    sleep(Duration::from_millis(200));
    for _ in 0..3 {
        let _ = accept_unix(&listener).write_all(b"the time");
    }
    let mut got = String::new();
    client.read_to_string(&mut got).unwrap();
    assert_eq!(got, "the time");
}

/// A server whose backlog has room for one, who is there already.
fn full_unix_server() -> (UnixListener, String, (Scratch, UnixStream)) {
    let scratch = Scratch::new();
    let path = scratch.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    listen_without_backlog(&listener);
    let first = UnixStream::connect(&path).unwrap();
    (listener, format!("unix:{}", path.display()), (scratch, first))
}

/// A name with two addresses: the server is at the second one.
#[test]
fn tries_every_address() {
    let (listener, address) = server();
    let port = listener.local_addr().unwrap().port();
    let (scratch, name) = (Scratch::new(), format!("two.test:{port}"));
    preloaded("two_addresses.c", &scratch);
    let mut command = example("zproxy.c", &scratch);
    // The linker takes a space in a path for the end of it.
    command.current_dir(scratch.path()).env("LD_PRELOAD", "./preloaded.so");
    let proxy = Proxy::of(command.args(["127.0.0.1:0", &name]), scratch);
    let client = proxy.client();
    drop((accept(&listener), client));
    assert!(proxy.process.tells(&format!("-> {address}: "), LIMIT));
}

/// A shared object, preloaded.so, made from C in this folder.
fn preloaded(name: &str, scratch: &Scratch) {
    let object = scratch.path().join("preloaded.so");
    let source = root().join("tests/examples").join(name);
    succeed(c::compiler(&source).args(["-shared", "-fPIC", "-ldl", "-o"]).arg(&object));
}

#[test]
fn reads_addresses() {
    let refusals = [
        ("::1:80", "an IPv6 address is written [ADDRESS]:PORT"),
        ("[::1]", "not [ADDRESS]:PORT"),
        ("127.0.0.1", "neither HOST:PORT nor unix:PATH"),
        ("127.0.0.1:", "no port"),
        ("127.0.0.1:99999", "no such port"),
        ("127.0.0.1:0", "no such port"),
        ("unix:", "no path"),
    ];
    for (address, reason) in refusals {
        assert_eq!(refused("127.0.0.1:0", address), format!("zproxy: {address}: {reason}\n"));
    }
    if let Ok(listener) = TcpListener::bind("[::1]:0") {
        let proxy = Proxy::start(&["[::1]:0", &listener.local_addr().unwrap().to_string()]);
        assert!(proxy.listens.starts_with("[::1]:"));
        proxy.client().write_all(b"x").unwrap();
        accept(&listener).read_exact(&mut [0]).unwrap();
    }
}

#[test]
fn does_not_connect_to_itself() {
    // Below the ports that the kernel gives to the sockets of other tests.
    let port = 20000 + std::process::id() % 10000;
    let (address, any) = (format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}"));
    for (listen, connect) in [(&address, &address), (&any, &address), (&address, &any)] {
        let told = refused(listen, connect);
        assert!(told.contains("zproxy itself listens"), "{told}");
    }
    let scratch = Scratch::new();
    let path = scratch.path().join("socket");
    let folder = scratch.path().display();
    let told = refused(&format!("unix:{folder}/socket"), &format!("unix:{folder}/./socket"));
    assert!(told.contains("zproxy itself listens") && !path.exists(), "{told}");
}

#[test]
fn replaces_a_socket_file_that_nobody_listens_at() {
    let scratch = Scratch::new();
    let (path, file) = (scratch.path().join("socket"), scratch.write("file", "of the user"));
    let listen = format!("unix:{}", path.display());
    drop(UnixListener::bind(&path).unwrap());
    let mut proxy = Proxy::start(&[&listen, &echo_server()]);
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
    drop(client);

    assert!(refused(&listen, "127.0.0.1:1").contains("Address already in use"));
    assert!(UnixStream::connect(&path).is_ok());
    let occupied = refused(&format!("unix:{}", file.display()), "127.0.0.1:1");
    assert!(occupied.contains("Address already in use"));
    assert_eq!(fs::read(file).unwrap(), b"of the user");

    assert_eq!(proxy.finish(), Some(0));
    assert!(!path.exists());
}

#[test]
fn waits_for_a_full_backlog() {
    let (listener, target, kept) = full_unix_server();
    let proxy = Proxy::to(&target);
    let clients: Vec<_> = (0..10).map(|_| proxy.client()).collect();
    clients.iter().for_each(|mut client| client.write_all(b"x").unwrap());
    sleep(Duration::from_millis(200));
    drop(accept_unix(&listener));
    for _ in &clients {
        accept_unix(&listener).read_exact(&mut [0]).unwrap();
    }
    drop(kept);
}

/// What a server has said before it was reset arrives, also where the client reads slowly.
#[test]
fn bytes_come_before_the_reset() {
    const LEN: usize = 400_000;
    let (listener, address) = server();
    let proxy = Proxy::to(&address);
    let mut client = proxy.client();
    let mut server = accept(&listener);
    server.write_all(&[b'x'; LEN]).unwrap();
    await_delivery(&server);
    reset_at_close(&server);
    drop(server);
    sleep(Duration::from_millis(300));
    client.read_exact(&mut [0; LEN]).unwrap();
    assert_eq!(how_it_ends(&mut client), Some(ErrorKind::ConnectionReset));
}

/// The server answers and closes while the client still sends: 20 answers of 20 arrive.
#[test]
fn early_answers_arrive() {
    let (listener, address) = server();
    let proxy = Proxy::to(&address);
    for _ in 0..20 {
        let mut client = proxy.client();
        let mut sender = client.try_clone().unwrap();
        let upload = spawn(move || while sender.write_all(&[b'y'; 65536]).is_ok() {});
        let mut server = accept(&listener);
        server.read_exact(&mut [0; 1000]).unwrap();
        sleep(Duration::from_millis(20));
        // So that zproxy sees the answer no sooner than that it cannot send any more.
        proxy.process.signal(libc::SIGSTOP);
        server.write_all(b"413 Content Too Large").unwrap();
        drop(server);
        proxy.process.signal(libc::SIGCONT);
        let mut answer = [0; 21];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"413 Content Too Large");
        drop(client);
        upload.join().unwrap();
    }
}

#[test]
fn resets_are_passed_on() {
    let (listener, address) = server();
    let proxy = Proxy::to(&address);
    for by_client in [true, false] {
        let client = proxy.client();
        let server = accept(&listener);
        let (mut dies, mut sees) = if by_client { (client, server) } else { (server, client) };
        dies.write_all(b"half of it").unwrap();
        sees.read_exact(&mut [0; 10]).unwrap();
        reset_at_close(&dies);
        drop(dies);
        assert_eq!(how_it_ends(&mut sees), Some(ErrorKind::ConnectionReset));
        let who = if by_client { "client" } else { "server" };
        assert!(proxy.process.tells(&format!("{who}: Connection reset by peer"), LIMIT));
    }
}

#[test]
fn logs_every_connection() {
    let target = echo_server();
    let proxy = Proxy::to(&target);
    let mut client = proxy.client();
    let peer = client.local_addr().unwrap();
    assert!(answers(&mut client));
    drop(client);
    let line = format!("zproxy: {peer} -> {target}: 1 bytes sent, 1 back, ");
    assert!(proxy.process.tells(&line, LIMIT), "{}", proxy.process.told());
    assert!(proxy.process.tells("closed by client\n", LIMIT));
    let told = proxy.process.told();
    let seconds = told.split(&line).nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(seconds.contains('.') && seconds.parse::<f64>().is_ok(), "{told}");

    let (listener, nobody) = server();
    drop(listener);
    let proxy = Proxy::to(&nobody);
    assert_eq!(how_it_ends(&mut proxy.client()), Some(ErrorKind::ConnectionReset));
    assert!(proxy.process.tells("connect: Connection refused\n", LIMIT));
}

/// Two threads serve at one port, both of them; the last one to end ends the process.
#[test]
fn threads_share_the_connections() {
    let mut proxy = Proxy::start(&["-j", "2", "127.0.0.1:0", &echo_server()]);
    let before = proxy.process.waits();
    assert_eq!(before.len(), 2);
    let both_serve = || {
        assert!(answers(&mut proxy.client()));
        proxy.process.waits().iter().zip(&before).all(|(now, before)| now > &(before + 3))
    };
    assert!(within(LIMIT, both_serve), "{:?} {before:?}", proxy.process.waits());
    assert_eq!(proxy.finish(), Some(0), "{}", proxy.process.told());
}

/// Two threads wait at one AF_UNIX socket. (The kernel wakes the second one while the first is busy.)
#[test]
fn threads_share_a_unix_socket() {
    let scratch = Scratch::new();
    let path = scratch.path().join("socket");
    let listen = format!("unix:{}", path.display());
    let mut proxy = Proxy::start(&["-j", "2", &listen, &echo_server()]);
    assert_eq!(proxy.process.waits().len(), 2);
    let mut clients: Vec<_> = (0..40).map(|_| UnixStream::connect(&path).unwrap()).collect();
    assert!(clients.iter_mut().all(unix_answers));
    drop(clients);
    assert_eq!(proxy.finish(), Some(0), "{}", proxy.process.told());
    assert!(!path.exists());
}

fn unix_answers(client: &mut UnixStream) -> bool {
    let mut byte = [0];
    client.set_read_timeout(Some(LIMIT)).unwrap();
    client.write_all(b"x").is_ok() && client.read_exact(&mut byte).is_ok() && byte == *b"x"
}

#[test]
fn threads_cut_off_what_stays_open() {
    let mut proxy = Proxy::start(&["-j", "3", "127.0.0.1:0", &echo_server()]);
    let mut clients: Vec<_> = (0..12).map(|_| proxy.client()).collect();
    assert!(clients.iter_mut().all(answers));
    proxy.process.signal(libc::SIGINT);
    let mut accepted = 0;
    let refuses = || TcpStream::connect(proxy.listens.as_str()).map(|_| accepted += 1).is_err();
    assert!(within(LIMIT, refuses), "still listens");
    assert!(clients.iter_mut().all(answers));
    assert_eq!(proxy.finish(), Some(1));
    assert!(clients
        .iter_mut()
        .all(|client| how_it_ends(client) == Some(ErrorKind::ConnectionReset)));
    // One that only tried may not have been over, either.
    let told = proxy.process.told();
    assert!(
        (12..=12 + accepted).any(|count| told.contains(&format!(" {count} cut off"))),
        "{told}"
    );
}

/// Also with SO_REUSEPORT.
#[test]
fn threads_do_not_share_an_address_with_another_zproxy() {
    let first = Proxy::start(&["-j", "2", "127.0.0.1:0", "127.0.0.1:1"]);
    let scratch = Scratch::new();
    let mut command = example("zproxy.c", &scratch);
    command.args(["-j", "2", &first.listens, "127.0.0.1:1"]).stdin(Stdio::null());
    let mut second = Process::start(&mut command);
    assert_eq!(second.wait().code(), Some(1));
    assert!(second.tells("Address already in use", LIMIT), "{}", second.told());
}
