//! A proxy by std::io::copy and two threads per connection. Arguments: the address to listen at and that
//! of the server.
//!
//! SPDX-License-Identifier: MIT OR Apache-2.0
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

fn serve(client: TcpStream, server: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(|| pass(client, server));
    thread::spawn(|| pass(server_too, client_too));
    Ok(())
}

fn main() -> io::Result<()> {
    let addresses: Vec<String> = std::env::args().skip(1).collect();
    for client in TcpListener::bind(&addresses[0])?.incoming() {
        serve(client?, TcpStream::connect(&addresses[1])?)?;
    }
    Ok(())
}
