//! A proxy by tokio::io::copy_bidirectional, in one thread; given "splice", by that of tokio-splice2.
//! Arguments: the address to listen at and that of the server.
//!
//! SPDX-License-Identifier: MIT OR Apache-2.0
use std::io;
use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpSocket, TcpStream};

async fn serve(mut client: TcpStream, to: SocketAddr, splices: bool) -> io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    if splices {
        tokio_splice2::copy_bidirectional(&mut client, &mut server).await?;
    } else {
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

async fn relay(from: SocketAddr, to: SocketAddr, splices: bool) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(from)?;
    let listener = socket.listen(4096)?;
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(serve(client, to, splices));
    }
}

fn main() -> io::Result<()> {
    let address = |at| std::env::args().nth(at).and_then(|text| text.parse().ok());
    let (Some(from), Some(to)) = (address(1), address(2)) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let splices = std::env::args().nth(3).is_some_and(|word| word == "splice");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(relay(from, to, splices))
}
