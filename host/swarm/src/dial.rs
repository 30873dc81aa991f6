//! Opening a connection to a peer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::handshaking::handshake_outgoing;
use crate::wire::handshake::Handshake;

/// Longest time until a peer has accepted a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Longest time until a peer has answered the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection whose handshakes are done.
pub struct Dialed {
    /// The connection.
    pub stream: TcpStream,
    /// The peer's handshake.
    pub handshake: Handshake,
    /// Bytes that arrived after the peer's handshake.
    pub received: Vec<u8>,
}

/// Connects and exchanges handshakes.
///
/// # Errors
/// When the peer cannot be reached, does not answer in time, or answers for another torrent.
pub async fn dial(address: SocketAddr, ours: Handshake) -> io::Result<Dialed> {
    let mut stream = timeout(CONNECT, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let (handshake, received) = timeout(HANDSHAKE, handshake_outgoing(&mut stream, ours)).await??;
    if handshake.info_hash != ours.info_hash {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "another torrent's handshake"));
    }
    Ok(Dialed { stream, handshake, received })
}
