//! A proxy by tokio::io::copy_bidirectional, in one thread. Arguments: the address to listen at and that
//! of the server.
//!
//! SPDX-License-Identifier: MIT OR Apache-2.0
use std::io;
use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpSocket, TcpStream};

async fn serve(mut client: TcpStream, to: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

async fn relay(from: SocketAddr, to: SocketAddr) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(from)?;
    let listener = socket.listen(4096)?;
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(serve(client, to));
    }
}

fn main() -> io::Result<()> {
    let address = |at| std::env::args().nth(at).and_then(|text| text.parse().ok());
    let (Some(from), Some(to)) = (address(1), address(2)) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(relay(from, to))
}
